//! The log on a real PostgreSQL: its four promises, its refusals and its recovery.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod adapter;
mod append;
mod catalogue;
mod checkpoints;
mod contention;
mod faults;
mod history;
mod idempotency;
mod placement;
mod proxy;
mod restore;
mod rights;
mod selection;
mod subscription;
mod support;
mod underway;
mod verification;
