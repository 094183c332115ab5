//! Queries: tickets, their messages and history, users, teams and the organization, read from the core read models; and
//! the feed, which reads the log as far as the read models show it.
//!
//! Invariants:
//! - Every statement names the partition and the organization of the viewer on every table that it touches, so that
//!   nobody sees a row of another organization.
//! - What only staff may see is taken out here, for customers: in the statement where it decides which rows come,
//!   in the view where it is a field of a row.
//! - What belongs to a private team in which an agent is not is left out before anything else: see `privacy`.
//! - An answer is never older than the `Consistency-Token` that the client sent.
//! - Lists go by keyset: a page costs the same wherever it begins, and items that come meanwhile shift nothing.
//! - The caches change how fast an answer comes, never what it says.
//!
//! Never here: a change of any row, decisions about tickets, poem outside of `http/`.

mod answers;
mod cached;
mod called;
mod conditions;
mod database;
pub mod dry_run;
mod error;
#[cfg(test)]
mod explain;
pub mod export;
pub mod feed;
mod flights;
pub mod http;
mod keyset;
mod lent;
mod models;
mod near;
mod privacy;
mod private_teams;
mod shares;
mod timeline;
mod viewer;

pub mod audit;
pub mod calendars;
pub mod companies;
pub mod history;
pub mod messages;
pub mod organization;
pub mod past;
pub mod policies;
pub mod recompute;
pub mod reports;
pub mod saved_views;
pub mod search;
pub mod sla;
pub mod teams;
pub mod tickets;
pub mod users;

pub use cached::Shown;
pub use error::ReadError;
pub use models::{Options, ReadModels};
pub use viewer::{Tenant, Viewer};
