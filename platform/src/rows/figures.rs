//! What reports count.

use domain::actor::Role;
use domain::message::state::Visibility;
use domain::ticket::state::Status;
use serde::{Deserialize, Serialize};

use super::column::{Column, RowError};

/// What a report counts. The definitions are in docs/METRICS.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Tickets by when they were opened.
    Opened,
    /// Tickets by when a person first answered; the time since they were opened.
    FirstResponse,
    /// Tickets by when they were first done; the time since they were opened.
    FirstResolution,
    /// Tickets by since when they are done; the time since they were opened.
    Resolution,
    /// Tickets by since when they are closed.
    Closed,
    /// Those of [`Figure::FirstResolution`] that came back; how often.
    Reopened,
    /// Those of [`Figure::Resolution`] that went from an agent or team to another; how often.
    Reassigned,
    /// Tickets that are not done at the end of a day.
    Backlog,
    /// Tickets by since when they are with the agent who has them; the time since they were opened.
    Assigned,
}

impl Figure {
    /// Every figure, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Opened,
        Self::FirstResponse,
        Self::FirstResolution,
        Self::Resolution,
        Self::Closed,
        Self::Reopened,
        Self::Reassigned,
        Self::Backlog,
        Self::Assigned,
    ];

    /// Whether times are measured: how long it took from the opening.
    #[must_use]
    pub fn is_timed(self) -> bool {
        match self {
            Self::FirstResponse | Self::FirstResolution | Self::Resolution | Self::Assigned => true,
            Self::Opened | Self::Closed | Self::Reopened | Self::Reassigned | Self::Backlog => {
                false
            }
        }
    }

    /// Whether a ticket may count more than once: how often is summed.
    #[must_use]
    pub fn is_repeated(self) -> bool {
        match self {
            Self::Reopened | Self::Reassigned => true,
            Self::Opened
            | Self::FirstResponse
            | Self::FirstResolution
            | Self::Resolution
            | Self::Closed
            | Self::Backlog
            | Self::Assigned => false,
        }
    }
}

/// Who wrote a message to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// The staff to whoever can read the ticket.
    PublicReply,
    /// A customer.
    CustomerMessage,
    /// The staff to each other.
    InternalNote,
}

impl MessageKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::PublicReply, Self::CustomerMessage, Self::InternalNote];

    /// Of a message that somebody of this role wrote.
    #[must_use]
    pub fn of(role: Role, visibility: Visibility) -> Self {
        match (visibility, role) {
            (Visibility::Internal, _) => Self::InternalNote,
            (Visibility::Public, Role::Customer) => Self::CustomerMessage,
            (Visibility::Public, Role::Agent | Role::Lead | Role::Admin) => Self::PublicReply,
        }
    }
}

macro_rules! numbered {
    ($($type:ident),+) => {
        $(impl Column for $type {
            const TYPE: &'static str = "smallint";
            type Parameter = i16;
            type Stored = i16;

            fn parameter(&self) -> i16 {
                let number = Self::ALL.iter().take_while(|one| *one != self).count();
                i16::try_from(number + 1).unwrap_or(i16::MAX)
            }

            fn from_stored(stored: i16) -> Result<Self, RowError> {
                let mut all = Self::ALL.into_iter();
                let known = all.find(|one| one.parameter() == stored);
                known.ok_or_else(|| RowError::Value {
                    value: stored.to_string(),
                })
            }
        })+
    };
}

pub(super) use numbered;

numbered!(Figure, MessageKind);

impl super::FactsRow {
    /// Whether the ticket is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.status, Status::Resolved | Status::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_come_back_as_they_went() {
        for figure in Figure::ALL {
            assert_eq!(Figure::from_stored(figure.parameter()).ok(), Some(figure));
        }
        for kind in MessageKind::ALL {
            assert_eq!(MessageKind::from_stored(kind.parameter()).ok(), Some(kind));
        }
    }
}
