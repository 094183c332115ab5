//! Why a batch, a rebuild or a check did not go through.

use deadpool_postgres::PoolError;
use event_store::{InvalidId, ReadError};
use platform::rows::RowError;
use tokio_postgres::error::SqlState;

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
    /// A row could not be read.
    #[error("a row of the read models could not be read; rebuild them")]
    Row(#[from] RowError),
    /// A checkpoint holds what is not a position.
    #[error("a checkpoint of the read models is damaged; rebuild them")]
    Checkpoint(#[from] InvalidId),
    /// The partition has no checkpoint.
    #[error("the read models have no checkpoint of the partition; rebuild them")]
    NoCheckpoint,
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
        let refused = |state: &SqlState| state.code().starts_with("22") || state.code().starts_with("23");
        error.code().is_some_and(refused)
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
