//! Why a command did not happen.

use domain::event::DecodeError;
use event_store::{AppendError, InvalidAppend, ReadError, Version};
use sealing::SealingError;
use std::error::Error as StdError;
use thiserror::Error;

/// A command that did not happen, or (only [`CommandError::OutcomeUnknown`]) may have.
#[derive(Debug, Error)]
pub enum CommandError {
    /// A rule forbids it. Nothing happened; the same command will be refused again until something else changes.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The resource is not at the version that the caller demanded.
    #[error("the resource is at version {actual}: read it again and decide anew")]
    PreconditionFailed {
        /// Its version.
        actual: Version,
    },
    /// The idempotency key was used before with another request.
    #[error("the idempotency key was used before with another request: use a new key")]
    KeyReused,
    /// The streams changed under the command again and again.
    #[error("too many commands change the same resource at this moment: retry later")]
    Contended,
    /// Too many commands wait for the log.
    #[error("too many commands are waiting: retry later")]
    Overloaded,
    /// The log cannot be reached. Nothing happened.
    #[error("the log cannot be reached: retry later")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
    /// The connection broke at the wrong moment.
    #[error("the outcome is not known: send the command again with the same Idempotency-Key")]
    OutcomeUnknown(#[source] Box<dyn StdError + Send + Sync>),
    /// It changes more than the log takes in one append. Nothing happened.
    #[error("the command changes too much at once: split it")]
    TooLarge(#[source] InvalidAppend),
    /// The log refused the content, holds an event that this program cannot read, or an answer could not be written.
    #[error("the command could not be carried out because of a fault of the server")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

impl From<ReadError> for CommandError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unavailable(_) => Self::Unavailable(Box::new(error)),
            ReadError::Hole { .. } | ReadError::BadRow(_) | ReadError::NoSuchPartition(_) => {
                Self::Internal(Box::new(error))
            }
        }
    }
}

impl From<DecodeError> for CommandError {
    fn from(error: DecodeError) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl From<SealingError> for CommandError {
    fn from(error: SealingError) -> Self {
        match error {
            SealingError::Erased(_) => Self::Refused(Refusal::Conflict {
                detail: error.to_string(),
                pointer: None,
            }),
            error if error.is_unavailable() => Self::Unavailable(Box::new(error)),
            error => Self::Internal(Box::new(error)),
        }
    }
}

impl From<serde_json::Error> for CommandError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl From<AppendError> for CommandError {
    /// Conflicts and repeated keys are handled by the dispatcher before this.
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict { .. } => Self::Contended,
            AppendError::KeyReused => Self::KeyReused,
            AppendError::Overloaded => Self::Overloaded,
            AppendError::Unavailable(_) => Self::Unavailable(Box::new(error)),
            AppendError::OutcomeUnknown(_) => Self::OutcomeUnknown(Box::new(error)),
            AppendError::Invalid(
                too_large @ (InvalidAppend::TooManyEvents(_)
                | InvalidAppend::TooManyStreams(_)
                | InvalidAppend::TooLarge),
            ) => Self::TooLarge(too_large),
            AppendError::Repeated { .. } | AppendError::Rejected(_) | AppendError::Invalid(_) => {
                Self::Internal(Box::new(error))
            }
        }
    }
}

/// A rule that forbids a command. The texts are safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It does not exist, or not for this actor.
    #[error("{what} was not found")]
    NotFound {
        /// What was looked for: `ticket`, `user`.
        what: &'static str,
    },
    /// The actor may not.
    #[error("{0}")]
    Forbidden(String),
    /// The actor's organization is shut.
    #[error(
        "the organization is suspended: nobody may act in it; ask the operator of the installation"
    )]
    OrganizationSuspended,
    /// Fields of the command do not fit.
    #[error("{}", .0.iter().map(|problem| problem.detail.as_str()).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldProblem>),
    /// The present state does not allow it.
    #[error("{detail}")]
    Conflict {
        /// What stands against it, and what to do.
        detail: String,
        /// The field of the request that cannot stand beside another resource, if one is the cause.
        pointer: Option<&'static str>,
    },
}

impl Refusal {
    /// A refusal because of one field.
    #[must_use]
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldProblem {
            pointer: pointer.into(),
            detail: detail.into(),
        }])
    }
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// Where it is in the request body, a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
}
