//! Why a command to a message was refused.

use crate::error::Kind;
use thiserror::Error;

/// A refusal. The message is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageError {
    /// It was never written, or this customer may not know of it.
    #[error("there is no such message")]
    NotFound,
    /// It was written before.
    #[error("this message exists already")]
    AlreadyExists,
    /// A message needs an author, and only a person can be one.
    #[error("a message needs an author; act as a user")]
    AuthorNeeded,
    /// Customers write in public only.
    #[error("only agents, leads and admins may write notes")]
    NoteByStaffOnly,
    /// Another person wrote it.
    #[error("only its author may edit a message")]
    AuthorOnly,
    /// Only staff may take a text out.
    #[error("only agents, leads and admins may redact a message")]
    RedactByStaffOnly,
    /// There is no text any more.
    #[error("the message was redacted and cannot be edited")]
    Redacted,
    /// Too late.
    #[error("a message may be edited for {minutes} minutes only; write another one")]
    EditWindowPassed {
        /// The organization's edit window.
        minutes: u32,
    },
}

impl MessageError {
    /// What kind of refusal it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::AuthorNeeded
            | Self::NoteByStaffOnly
            | Self::AuthorOnly
            | Self::RedactByStaffOnly => Kind::Forbidden,
            Self::AlreadyExists | Self::Redacted | Self::EditWindowPassed { .. } => Kind::Conflict,
        }
    }
}
