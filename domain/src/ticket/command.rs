//! What may be asked of a ticket.
//!
//! References (an agent, a team, a requester) were checked by the dispatcher: they exist in the organization, are active
//! and have the role.

use super::field::FieldValue;
use super::state::{Assignment, Channel, ExternalReference, Priority, Status};
use crate::ids::{MessageId, TicketId, UserId};
use crate::sla::Metric;
use crate::text::{FieldKey, Reason, Subject, Tag};
use chrono::{DateTime, Utc};

/// A command to a ticket.
#[derive(Debug, Clone, PartialEq)]
pub enum TicketCommand {
    /// Open it. A customer opens for themselves, staff for a customer.
    Open(OpenTicket),
    /// Write where the requester can read it. A customer's reply to a closed ticket is refused with
    /// [`super::error::TicketError::ClosedNeedsFollowUp`]; the dispatcher then opens a follow-up.
    Reply {
        /// The message, which is a stream of its own, appended in the same transaction.
        message_id: MessageId,
    },
    /// Write for staff only.
    AddNote {
        /// The message.
        message_id: MessageId,
    },
    /// Give it to an agent, a team, both or nobody.
    Assign(Assignment),
    /// Change the priority.
    ChangePriority(Priority),
    /// Change the subject.
    ChangeSubject(Subject),
    /// Set open, pending or on hold. Others are refused: they have commands of their own.
    SetStatus(Status),
    /// Resolve it. Without an assignee the resolver becomes it.
    Resolve,
    /// Close it now rather than after the delay.
    Close,
    /// Bring it back from resolved or closed.
    Reopen {
        /// Why.
        reason: Option<Reason>,
    },
    /// Add a tag. It being there already is no error and no event.
    Tag(Tag),
    /// Take a tag away. It not being there is no error and no event.
    Untag(Tag),
    /// Set or empty a custom field.
    SetCustomField {
        /// Which.
        key: FieldKey,
        /// The value; none empties it.
        value: Option<FieldValue>,
    },
    /// Answer the ticket of a colleague. That the actor is a customer who sees it was checked.
    ReplyForColleague {
        /// The message.
        message_id: MessageId,
    },
    /// Note that another ticket continues this closed one.
    LinkFollowUp {
        /// The new ticket.
        ticket_id: TicketId,
    },
    /// A deadline, or a warning before it, came due. Yields [`super::event::SlaBreached`] or [`super::event::SlaWarned`] if the
    /// clock that set it still runs.
    Breach {
        /// Which clock.
        metric: Metric,
        /// The instant that the timer was set to.
        due_at: DateTime<Utc>,
    },
    /// The auto-close delay passed. Closes if the resolution that set the timer still stands.
    AutoClose {
        /// The instant that the timer was set to.
        due_at: DateTime<Utc>,
    },
    /// A reminder of the requester came due. Reminds if the wait that set the timer still lasts.
    Remind {
        /// The instant that the timer was set to.
        due_at: DateTime<Utc>,
    },
    /// See whether policies or calendars that changed promise something else. Work done is left alone: what matches is seen
    /// again when the ticket comes back.
    ReapplySla,
    /// Take over a move of another system's history, whatever it was. Only an import may.
    ImportStatus(Status),
}

/// Opens a ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenTicket {
    /// What it is about.
    pub subject: Subject,
    /// Whose it is.
    pub requester_id: UserId,
    /// How urgent.
    pub priority: Priority,
    /// How it came in.
    pub channel: Channel,
    /// The first message.
    pub message_id: Option<MessageId>,
    /// Its tags from the start.
    pub tags: Vec<Tag>,
    /// Its custom fields from the start.
    pub custom_fields: Vec<(FieldKey, FieldValue)>,
    /// Who works on it from the start. Only staff may say so.
    pub assignment: Assignment,
    /// The closed ticket that it continues.
    pub follow_up_of: Option<TicketId>,
    /// Where it came from, when it is imported.
    pub external: Option<ExternalReference>,
}
