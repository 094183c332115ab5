//! `insightdesk bench`: how this machine does, as ratios beside a plain single-row INSERT on the same server.
//!
//! Both sides are measured by turns in one run, on a private PostgreSQL with every commit synced to disk. Absolute
//! figures say more about the machine than about the program, so the ratio is what to compare.

pub mod append;
pub mod commands;
mod machine;
mod measure;
mod reference;
mod report;
mod servers;
pub mod verify;
