//! Breaks what InsightDesk runs on, from outside, and checks that nothing that was acknowledged is lost or doubled.
//!
//! A [`load`] client sends commands and writes down in a [`ledger`], synced before it goes on, what it sends and what it is
//! told. One of the [`faults`] does its harm meanwhile. Then the [`checker`] judges the tables by the ledger.
//!
//! Invariants:
//! - The checker names no crate of the product: it folds, hashes and times events by code of its own.
//! - Everything is seeded; a run is repeated by its fault's name and seed. What the kernel schedules is not.
//! - A fault that cannot be tried here is told as skipped, never as passed.
//!
//! Never: a change of the product for the sake of a fault. What is harmed is a process, a server, a volume, a connection.

pub mod checker;
pub mod faults;
pub mod ledger;
pub mod load;
pub mod report;
pub mod scene;
pub mod stage;
