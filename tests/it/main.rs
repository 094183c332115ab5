//! Black-box tests of the whole product: the running server over HTTP, on a real PostgreSQL and Valkey.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod contract;
mod harness;
mod import;
mod journeys;
mod server;
mod support;
