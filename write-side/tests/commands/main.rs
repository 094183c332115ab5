//! The command endpoints over HTTP, in process, on a real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod concurrency;
mod conditions;
mod conversations;
mod edges;
mod exchange;
mod expiry;
mod faults;
mod people;
mod promises;
mod roles;
mod security;
mod support;
mod tickets;
mod tokens;
