//! Errors of starting and reading, and the small causes inside others.

use std::time::Duration;

use crate::append::Cause;
use crate::ids::{Partition, Position};

/// The store is shut down.
#[derive(Debug, thiserror::Error)]
#[error("the store is shut down")]
pub(crate) struct Closed;

/// Nothing came back in time.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {0:?}")]
pub(crate) struct NoAnswer(pub(crate) Duration);

/// Why reading failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database cannot be used now: retry later.
    #[error("the log cannot be read: retry later")]
    Unavailable(#[source] Cause),
    /// A position is missing or out of order: the log is damaged. Run `verify`.
    #[error("partition {partition} has a hole: expected position {expected}, found {found}")]
    Hole {
        /// The damaged partition.
        partition: Partition,
        /// The position that should have come.
        expected: Position,
        /// The position that came.
        found: Position,
    },
    /// A row does not fit the types of the log. Run `verify`.
    #[error("a row of the log cannot be read")]
    BadRow(#[source] Cause),
    /// The partition has no row in the table of heads.
    #[error("partition {0} does not exist")]
    NoSuchPartition(Partition),
}

/// Why the store did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An option makes no sense.
    #[error("option {name} must be at least 1")]
    Option {
        /// Name of the option.
        name: &'static str,
    },
    /// The partitions cannot be read: the database is away or not migrated.
    #[error("the partitions of the log cannot be read: check the database and run the migrations")]
    Read(#[source] ReadError),
    /// There is no partition.
    #[error("the log has no partition: run the migrations")]
    NoPartition,
}
