//! What every InsightDesk service needs and no feature owns: configuration, telemetry,
//! connection pools, the Valkey client, mail, wake-ups between processes, the clock, shutdown,
//! the private servers of `up` and of the tests, and the shared HTTP parts.
//!
//! Invariants:
//! - Everything that waits has a timeout, everything that queues a limit, each with a name.
//! - Valkey is optional: nothing here fails, or answers differently, because it is away.
//! - Secrets never appear in `Debug` output, errors or logs.
//!
//! Never in here: decisions about tickets, SQL of a feature, poem outside of `http/`.

pub mod auth;
pub mod cache;
pub mod clock;
pub mod config;
pub mod consistency;
pub mod cursor;
pub mod freshness;
pub mod http;
pub mod kept;
pub mod mail;
pub mod page;
pub mod permission;
pub mod pools;
pub mod private;
pub mod rows;
pub mod shutdown;
pub mod telemetry;
pub mod tls;
pub mod valkey;
pub mod wakeups;
