//! The mail outbox on a real PostgreSQL: no letter is lost, none is sent that was not to be.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod delivery;
mod keys;
mod retries;
mod support;
