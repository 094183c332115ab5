//! Why a command to a view was refused.

use crate::error::Kind;
use crate::ticket::query::QueryError;
use thiserror::Error;

/// A refusal. The message is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ViewError {
    /// It was never made, is gone, or is another person's.
    #[error("there is no such view")]
    NotFound,
    /// It was made before.
    #[error("this view exists already")]
    AlreadyExists,
    /// Only staff have views.
    #[error("only agents, leads and admins have views")]
    StaffOnly,
    /// Only leads and admins set the views of teams.
    #[error("only a lead or an admin may set the views of a team")]
    LeadOnly,
    /// Only admins set the views of the organization.
    #[error("only an admin may set the views of the organization")]
    AdminOnly,
    /// A person cannot keep views for another.
    #[error("a personal view can be made for oneself alone")]
    OthersView,
    /// The owner has as many as they may.
    #[error("there can be at most {max} views of this owner; delete one first")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// The query cannot be read.
    #[error("{0}")]
    Query(#[source] QueryError),
    /// The query asks for words.
    #[error("a view has conditions alone; words are searched for, not kept")]
    Words,
    /// A column is named twice.
    #[error("each column can be there once")]
    ColumnTwice,
}

impl ViewError {
    /// What kind of refusal it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::AlreadyExists | Self::TooMany { .. } => Kind::Conflict,
            Self::StaffOnly | Self::LeadOnly | Self::AdminOnly | Self::OthersView => {
                Kind::Forbidden
            }
            Self::Query(_) | Self::Words => Kind::invalid("query"),
            Self::ColumnTwice => Kind::invalid("columns"),
        }
    }
}
