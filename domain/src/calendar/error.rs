//! Why a command to a calendar was refused.

use super::state::PresentCalendar;
use crate::error::Kind;
use thiserror::Error;

/// A refusal. The message is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CalendarError {
    /// It was never made.
    #[error("there is no such calendar")]
    NotFound,
    /// It was made before.
    #[error("this calendar exists already")]
    AlreadyExists,
    /// Only admins set calendars.
    #[error("only an admin may set calendars")]
    AdminOnly,
    /// It is retired.
    #[error("this calendar is retired: make a new one")]
    Retired,
    /// All that it ever said is too much to be kept in memory.
    #[error("what a calendar ever said takes at most {max} bytes: make a new one", max = PresentCalendar::MAX_HISTORY_BYTES)]
    HistoryFull,
}

impl CalendarError {
    /// What kind of refusal it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::AlreadyExists | Self::Retired | Self::HistoryFull => Kind::Conflict,
            Self::AdminOnly => Kind::Forbidden,
        }
    }
}
