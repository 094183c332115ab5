//! Why a query has no answer.

use std::error::Error as StdError;
use std::sync::Arc;

use platform::consistency::WaitTimeout;
use tokio_postgres::error::SqlState;

/// Why the read models could not answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database cannot be reached, has no free connection, or took too long.
    #[error("the read models cannot be read now; try again shortly")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
    /// The read models are behind what the client has seen.
    #[error(transparent)]
    Behind(#[from] WaitTimeout),
    /// Too many searches run at once.
    #[error("too many searches run at once; try again shortly")]
    Crowded,
    /// A search took longer than it may, and was cancelled.
    #[error("the search took too long: use rarer words, or conditions that fewer tickets fit")]
    TooSlow,
    /// A statement of ours is wrong, or a row does not have the shape that it should.
    #[error("the read models could not be understood")]
    Broken(#[source] Box<dyn StdError + Send + Sync>),
}

impl ReadError {
    /// The same for one of several who waited for what failed.
    pub(crate) fn shared(error: Arc<Self>) -> Self {
        match Arc::try_unwrap(error) {
            Ok(error) => error,
            Err(error) => match *error {
                Self::Broken(_) => Self::Broken(Box::new(error)),
                Self::Crowded => Self::Crowded,
                Self::TooSlow => Self::TooSlow,
                Self::Unavailable(_) | Self::Behind(_) => Self::Unavailable(Box::new(error)),
            },
        }
    }
}

impl From<deadpool_postgres::PoolError> for ReadError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<tokio_postgres::Error> for ReadError {
    fn from(error: tokio_postgres::Error) -> Self {
        if is_temporary(&error) {
            Self::Unavailable(Box::new(error))
        } else {
            Self::Broken(Box::new(error))
        }
    }
}

impl From<platform::rows::RowError> for ReadError {
    fn from(error: platform::rows::RowError) -> Self {
        Self::Broken(Box::new(error))
    }
}

impl From<event_store::ReadError> for ReadError {
    fn from(error: event_store::ReadError) -> Self {
        match error {
            event_store::ReadError::Unavailable(_) => Self::Unavailable(Box::new(error)),
            _ => Self::Broken(Box::new(error)),
        }
    }
}

impl From<sealing::SealingError> for ReadError {
    fn from(error: sealing::SealingError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

/// Whether the same statement may succeed later: everything but a fault of the statement or of a row.
/// Classes are those of PostgreSQL's appendix A, "Error Codes".
fn is_temporary(error: &tokio_postgres::Error) -> bool {
    let Some(state) = error.code() else {
        // No answer of the server, so the connection failed, or a value could not be converted.
        return error.is_closed()
            || error
                .source()
                .is_some_and(<dyn StdError>::is::<std::io::Error>);
    };
    // 08 connection, 25 read-only server, 40 rollback, 53 resources, 55 not in the right state, 57 operator, 58 system.
    let temporary_classes = ["08", "25", "40", "53", "55", "57", "58"];
    temporary_classes
        .iter()
        .any(|class| state.code().starts_with(class))
        || is_absent(state)
}

/// The read models are not there yet: the first start, before the projector made them.
pub(crate) fn is_absent(state: &SqlState) -> bool {
    [&SqlState::UNDEFINED_TABLE, &SqlState::INVALID_SCHEMA_NAME].contains(&state)
}
