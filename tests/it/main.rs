//! Black-box tests of the whole product: the running server over HTTP, on a real PostgreSQL and Valkey.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod contract;
mod faults;
mod harness;
mod import;
mod isolation;
mod journeys;
mod security;
mod server;
