//! Why a command to a ticket was refused.

use super::state::{PresentTicket, Status};
use crate::error::Kind;
use crate::organization::settings::Settings;
use crate::text::FieldKey;
use chrono::{DateTime, Utc};
use thiserror::Error;

/// A refusal. The message is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TicketError {
    /// It was never opened, or it is another customer's.
    #[error("there is no such ticket")]
    NotFound,
    /// It was opened before.
    #[error("this ticket exists already")]
    AlreadyExists,
    /// A customer asked for what agents, leads and admins do.
    #[error("only agents, leads and admins may {what}")]
    StaffOnly {
        /// What was asked.
        what: &'static str,
    },
    /// A customer may open tickets for themself only.
    #[error("customers may open tickets for themselves only")]
    OwnTicketsOnly,
    /// Deadlines are told by timers, not by people.
    #[error("only a timer may say that a deadline came due")]
    TimerOnly,
    /// People move a ticket by its rules; only history is taken over as it was.
    #[error("only an import may {what}")]
    ImportOnly {
        /// What was asked.
        what: &'static str,
    },
    /// A message has an author, and only a person can be one.
    #[error("a message needs an author; act as a user")]
    AuthorNeeded,
    /// A closed ticket is final for its requester; their message begins a follow-up.
    #[error("the ticket is closed; open a follow-up ticket")]
    ClosedNeedsFollowUp,
    /// A closed ticket is final for staff, too, but for reopening it.
    #[error("the ticket is closed; reopen it first, or open a follow-up ticket")]
    Closed,
    /// Only reopening leads out of resolved.
    #[error("the ticket is resolved; reopen it first")]
    Resolved,
    /// Nobody can have not looked at a ticket that somebody looked at.
    #[error("a ticket cannot become new again; set open, pending or on_hold")]
    NewNeverReturns,
    /// Resolving and closing are commands of their own.
    #[error("the status {status} cannot be set; use the {command} command", status = .status.as_str())]
    OwnCommand {
        /// The status that was asked for.
        status: Status,
        /// The command that leads to it.
        command: &'static str,
    },
    /// Only what is resolved can be closed.
    #[error("only a resolved ticket can be closed; resolve it first")]
    NotResolved,
    /// There is nothing to reopen.
    #[error("the ticket is neither resolved nor closed, so it cannot be reopened")]
    NotDone,
    /// Too long after closing.
    #[error("a ticket can be reopened for {days} days after closing; open a follow-up ticket")]
    ReopenWindowPassed {
        /// The organization's reopen window.
        days: u32,
    },
    /// A resolved ticket has somebody who answers for it.
    #[error("a resolved ticket needs an assigned agent; assign one")]
    AssigneeNeeded,
    /// Too many tags.
    #[error("a ticket has at most {max} tags; remove one first", max = PresentTicket::MAX_TAGS)]
    TooManyTags,
    /// As many values as fields can be defined: some are of fields that are no longer.
    #[error("a ticket has at most {max} custom fields; empty one first", max = Settings::MAX_CUSTOM_FIELDS)]
    TooManyFields,
    /// The organization has no such field.
    #[error("the organization has no custom field {key}")]
    UnknownField {
        /// The field.
        key: FieldKey,
    },
    /// The value is not of the field's kind.
    #[error("the custom field {key} must be {expected}")]
    FieldMismatch {
        /// The field.
        key: FieldKey,
        /// What it has to be, in words.
        expected: &'static str,
    },
    /// Only what is closed is continued by another ticket.
    #[error("only a closed ticket has follow-ups; reply to it instead")]
    FollowUpOfUnclosed,
    /// A ticket cannot continue itself.
    #[error("a ticket cannot be its own follow-up")]
    FollowUpOfItself,
    /// What the timer was set for has passed or moved.
    #[error("the timer is stale: what it was set for has passed or moved")]
    TimerStale,
    /// A timer fired before its time.
    #[error("the timer is early: it is due at {due_at}")]
    TimerEarly {
        /// When it is due.
        due_at: DateTime<Utc>,
    },
}

impl TicketError {
    /// What kind of refusal it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::StaffOnly { .. }
            | Self::OwnTicketsOnly
            | Self::TimerOnly
            | Self::ImportOnly { .. }
            | Self::AuthorNeeded => Kind::Forbidden,
            Self::NewNeverReturns | Self::OwnCommand { .. } => Kind::invalid("status"),
            Self::UnknownField { key } | Self::FieldMismatch { key, .. } => {
                Kind::invalid(format!("custom_fields/{key}"))
            }
            Self::FollowUpOfItself => Kind::invalid("follow_up_of"),
            Self::AlreadyExists
            | Self::ClosedNeedsFollowUp
            | Self::Closed
            | Self::Resolved
            | Self::NotResolved
            | Self::NotDone
            | Self::ReopenWindowPassed { .. }
            | Self::AssigneeNeeded
            | Self::TooManyTags
            | Self::TooManyFields
            | Self::FollowUpOfUnclosed
            | Self::TimerStale
            | Self::TimerEarly { .. } => Kind::Conflict,
        }
    }
}
