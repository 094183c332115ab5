//! Why a command to a team was refused.

use super::state::PresentTeam;
use crate::error::Kind;
use thiserror::Error;

/// A refusal. The message is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TeamError {
    /// It was never made.
    #[error("there is no such team")]
    NotFound,
    /// It was made before.
    #[error("this team exists already")]
    AlreadyExists,
    /// Only leads and admins set teams.
    #[error("only a lead or an admin may set teams")]
    NotAllowed,
    /// Too many members.
    #[error("a team has at most {max} members", max = PresentTeam::MAX_MEMBERS)]
    TooManyMembers,
}

impl TeamError {
    /// What kind of refusal it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::AlreadyExists => Kind::Conflict,
            Self::NotAllowed => Kind::Forbidden,
            Self::TooManyMembers => Kind::invalid("member_ids"),
        }
    }
}
