//! Why a batch, a rebuild or a check did not go through.

use deadpool_postgres::PoolError;
use event_store::{InvalidId, Partition, ReadError};
use platform::rows::RowError;
use schema::projection::CORE_VERSION;
use sealing::SealingError;
use tokio_postgres::error::SqlState;

use crate::checkpoint::Poison;

/// Why a batch was not committed. Nothing of it is in the tables.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// No connection.
    #[error("no connection to PostgreSQL; the projection waits and tries again")]
    Pool(#[from] PoolError),
    /// A statement failed.
    #[error("a statement of the projection failed")]
    Sql(#[from] tokio_postgres::Error),
    /// The log could not be read.
    #[error("the log could not be read; the projection waits and tries again")]
    Log(#[from] ReadError),
    /// The keys of what is sealed could not be read.
    #[error("what is sealed in the log cannot be opened; the projection waits and tries again")]
    Sealing(#[from] SealingError),
    /// A row could not be read.
    #[error("a row of the read models could not be read; rebuild them")]
    Row(#[from] RowError),
    /// A checkpoint holds what is not a position.
    #[error("a checkpoint of the read models is damaged; rebuild them")]
    Checkpoint(#[from] InvalidId),
    /// The partition has no checkpoint.
    #[error("the read models have no checkpoint of the partition; rebuild them")]
    NoCheckpoint,
    /// The read models belong to another version of the program: writing to them would spoil them.
    #[error(
        "the read models have version {found}, this program makes version {CORE_VERSION}; end the older program, or rebuild with the newer"
    )]
    OtherVersion {
        /// The version of the read models.
        found: i32,
    },
    /// A step took longer than it may.
    #[error("the projection took too long; it tries again")]
    Timeout,
}

impl BatchError {
    /// Whether the data itself was refused (a value that its column does not take), so that trying again is of no use.
    #[must_use]
    pub fn is_refused_data(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        // Class 22: data exception; class 23: integrity constraint violation (PostgreSQL manual, appendix A).
        let refused =
            |state: &SqlState| state.code().starts_with("22") || state.code().starts_with("23");
        error.code().is_some_and(refused)
    }

    /// Whether the statement failed because one before it in the transaction did.
    #[must_use]
    pub fn is_failed_transaction(&self) -> bool {
        matches!(self, Self::Sql(error) if error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION))
    }

    /// The message with its causes, for logs and the checkpoint.
    #[must_use]
    pub fn with_causes(&self) -> String {
        with_causes(self)
    }
}

/// An error's message followed by those of its causes.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// Why a rebuild, a check or the making of the tables did not go through. The live read models are as they were.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// No connection.
    #[error("no connection to PostgreSQL; run it again")]
    Pool(#[from] PoolError),
    /// A statement failed.
    #[error("a statement failed; the live read models are as they were")]
    Sql(#[from] tokio_postgres::Error),
    /// The log could not be read.
    #[error("the log could not be read; run it again")]
    Log(#[from] ReadError),
    /// A batch failed.
    #[error("a batch of the rebuild failed; the live read models are as they were")]
    Batch(#[from] BatchError),
    /// A checkpoint holds what is not a position.
    #[error("a checkpoint of the read models is damaged")]
    Checkpoint(#[from] InvalidId),
    /// An event of the log cannot be applied.
    #[error("event {} of partition {partition} cannot be applied: {}", poison.position, poison.reason)]
    Poisoned {
        /// The partition.
        partition: Partition,
        /// The event, and why.
        poison: Poison,
    },
    /// Another rebuild or check works on the same tables.
    #[error("another rebuild or check is at work; wait for it, then run this again")]
    Busy,
    /// The connection that keeps others away was lost, and another rebuild or check began.
    #[error("what was built so far was replaced by another rebuild or check; run this again")]
    Interrupted,
    /// The log grows faster than the rebuild.
    #[error(
        "the rebuild did not catch up with the log in {attempts} attempts; run it when there is less to do"
    )]
    NeverCaughtUp {
        /// How often it tried.
        attempts: u32,
    },
    /// A replay makes its namespace anew.
    #[error(
        "there is a schema {0} already: choose another name, or drop it with `insightdesk replay --drop {0}`"
    )]
    NamespaceTaken(String),
    /// Only what a replay made is dropped.
    #[error("there is no schema {0} that a replay made")]
    NoReplay(String),
    /// There is nothing to compare with.
    #[error(
        "the live read models were made by another version of this program; rebuild them first"
    )]
    OtherVersion,
}
