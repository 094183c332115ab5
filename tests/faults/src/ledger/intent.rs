//! What a command is meant to do.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A status that is set directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The support team's turn.
    Open,
    /// The requester's turn.
    Pending,
    /// A third party's turn.
    OnHold,
}

impl Status {
    /// As the API spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::OnHold => "on_hold",
        }
    }
}

/// A command of the load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Intent {
    /// A customer opens a ticket with a first message.
    Open,
    /// Somebody writes what the requester can read.
    Reply {
        /// Where.
        ticket: Uuid,
        /// Whether the requester writes, or an agent.
        by_customer: bool,
    },
    /// An agent writes for staff.
    Note {
        /// Where.
        ticket: Uuid,
    },
    /// An agent adds a tag.
    Tag {
        /// Where.
        ticket: Uuid,
        /// Which.
        tag: String,
    },
    /// An agent takes a tag away.
    Untag {
        /// Where.
        ticket: Uuid,
        /// Which.
        tag: String,
    },
    /// An agent gives the ticket to an agent.
    Assign {
        /// Which ticket.
        ticket: Uuid,
        /// To whom.
        agent: Uuid,
    },
    /// An agent sets the status.
    SetStatus {
        /// Which ticket.
        ticket: Uuid,
        /// Which status.
        to: Status,
    },
    /// An agent changes the priority.
    SetPriority {
        /// Which ticket.
        ticket: Uuid,
        /// Which priority.
        to: String,
    },
    /// An agent resolves the ticket.
    Resolve {
        /// Which.
        ticket: Uuid,
    },
    /// An agent brings it back.
    Reopen {
        /// Which.
        ticket: Uuid,
    },
}

impl Intent {
    /// The ticket that it is about; none for a new one.
    #[must_use]
    pub fn ticket(&self) -> Option<Uuid> {
        match self {
            Self::Open => None,
            Self::Reply { ticket, .. }
            | Self::Note { ticket }
            | Self::Tag { ticket, .. }
            | Self::Untag { ticket, .. }
            | Self::Assign { ticket, .. }
            | Self::SetStatus { ticket, .. }
            | Self::SetPriority { ticket, .. }
            | Self::Resolve { ticket }
            | Self::Reopen { ticket } => Some(*ticket),
        }
    }
}
