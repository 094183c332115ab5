//! The SLA saga against a real PostgreSQL, with a clock that the tests move.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod accelerated;
mod auto_close;
mod crashes;
mod deadlines;
mod desk;
mod histories;
mod leases;
mod policies;
mod random;
mod recompute;
mod reminders;
mod server;
mod storms;
mod warnings;
