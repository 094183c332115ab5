//! Events of a ticket's stream.

use super::field::FieldValue;
use super::state::{Assignment, Channel, ExternalReference, Priority, Status};
use crate::event::events;
use crate::ids::{MessageId, TicketId, UserId};
use crate::sla::Metric;
use crate::sla::policy::PolicyRef;
use crate::sla::rule::Rule;
use crate::sla::targets::Targets;
use crate::sla::warning::{Effect, Recipients, Threshold};
use crate::text::{EventName, FieldKey, Reason, Subject, Tag};
use crate::upcast::{SlaBreachedV1, TicketFollowUpOpenedV1};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

events! {
    /// What happened to a ticket.
    TicketEvent {
        /// It was opened.
        Opened(TicketOpened) = "ticket.opened" v 1,
        /// Its requester wrote.
        CustomerReplied(TicketCustomerReplied) = "ticket.customer_replied" v 1,
        /// An agent answered where the requester can read it.
        AgentReplied(TicketAgentReplied) = "ticket.agent_replied" v 1,
        /// An agent wrote what only staff can read.
        NoteAdded(TicketNoteAdded) = "ticket.note_added" v 1,
        /// It was given to an agent, a team, both or nobody.
        Assigned(TicketAssigned) = "ticket.assigned" v 1,
        /// It got another priority.
        PriorityChanged(TicketPriorityChanged) = "ticket.priority_changed" v 1,
        /// It got another subject.
        SubjectChanged(TicketSubjectChanged) = "ticket.subject_changed" v 1,
        /// It moved among new, open, pending and on hold.
        StatusChanged(TicketStatusChanged) = "ticket.status_changed" v 1,
        /// It was resolved.
        Resolved(TicketResolved) = "ticket.resolved" v 1,
        /// It was closed.
        Closed(TicketClosed) = "ticket.closed" v 1,
        /// It came back from resolved or closed.
        Reopened(TicketReopened) = "ticket.reopened" v 1,
        /// It got a tag.
        Tagged(TicketTagged) = "ticket.tagged" v 1,
        /// It lost a tag.
        Untagged(TicketUntagged) = "ticket.untagged" v 1,
        /// A custom field was set or emptied.
        CustomFieldSet(TicketCustomFieldSet) = "ticket.custom_field_set" v 1,
        /// Another ticket continues this closed one.
        FollowUpOpened(TicketFollowUpOpened) = "ticket.follow_up_opened" v 2 { 1: TicketFollowUpOpenedV1 },
        /// It waits for its requester, who will be reminded.
        RemindersSet(TicketRemindersSet) = "ticket.reminders_set" v 1,
        /// Its requester was reminded.
        Reminded(TicketReminded) = "ticket.reminded" v 1,
        /// A deadline passed. `occurred_at` is the deadline itself.
        SlaBreached(SlaBreached) = "sla.breached" v 2 { 1: SlaBreachedV1 },
        /// A clock came to a threshold. What its actions changed follows in the same append.
        SlaWarned(SlaWarned) = "sla.warned" v 1,
        /// What is promised changed.
        SlaApplied(TicketSlaApplied) = "ticket.sla_applied" v 1,
    }
}

/// Why a status moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// Somebody asked for this status.
    Request,
    /// A message.
    Reply {
        /// Which.
        message_id: MessageId,
    },
    /// A new ticket was given to an agent.
    Assignment,
    /// The auto-close delay passed.
    Timer,
    /// Another system's history says so.
    Import,
}

/// A ticket was opened. It starts as `new`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketOpened {
    /// What it is about.
    pub subject: Subject,
    /// Whose ticket it is.
    pub requester_id: UserId,
    /// How urgent it is.
    pub priority: Priority,
    /// How it came in.
    pub channel: Channel,
    /// The first message, if it came with one. It has a stream of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The closed ticket that it continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up_of: Option<TicketId>,
    /// Where it came from, when it was imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalReference>,
    /// What was promised, where it is the organization's settings. A policy's promise follows in
    /// [`TicketSlaApplied`]; imported tickets have none: their timers do not live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla_targets: Option<Targets>,
}

/// The requester wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketCustomerReplied {
    /// What they wrote.
    pub message_id: MessageId,
}

/// An agent answered in public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketAgentReplied {
    /// What they wrote.
    pub message_id: MessageId,
    /// Whether a machine did, which meets no promise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub machine: bool,
}

/// An agent wrote a note for staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketNoteAdded {
    /// What they wrote.
    pub message_id: MessageId,
}

/// Who works on it changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketAssigned {
    /// Who did.
    pub from: Assignment,
    /// Who does.
    pub to: Assignment,
}

/// The priority changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketPriorityChanged {
    /// The old one.
    pub from: Priority,
    /// The new one.
    pub to: Priority,
    /// What is promised from now on, where the organization's settings held and still hold. Absent where nothing was
    /// promised before, and where a policy holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla_targets: Option<Targets>,
}

/// The subject changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketSubjectChanged {
    /// The old one.
    pub from: Subject,
    /// The new one.
    pub to: Subject,
}

/// The status moved among new, open, pending and on hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketStatusChanged {
    /// The old one.
    pub from: Status,
    /// The new one.
    pub to: Status,
    /// Why.
    pub cause: Cause,
}

/// The ticket was resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketResolved {
    /// The status before.
    pub from: Status,
    /// Why.
    pub cause: Cause,
    /// When it closes by itself, by the organization's delay of this moment. Imported moves have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_close_at: Option<DateTime<Utc>>,
}

/// The ticket was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketClosed {
    /// The status before.
    pub from: Status,
    /// Why.
    pub cause: Cause,
}

/// The ticket came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketReopened {
    /// The status before: resolved or closed.
    pub from: Status,
    /// The new one.
    pub to: Status,
    /// Why.
    pub cause: Cause,
    /// What the agent said about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// The ticket got a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketTagged {
    /// Which.
    pub tag: Tag,
}

/// The ticket lost a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketUntagged {
    /// Which.
    pub tag: Tag,
}

/// A custom field changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketCustomFieldSet {
    /// Which.
    pub key: FieldKey,
    /// The old value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<FieldValue>,
    /// The new value; absent when it was emptied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<FieldValue>,
}

/// Another ticket continues this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketFollowUpOpened {
    /// Which.
    pub follow_up_id: TicketId,
}

/// The ticket waits for its requester, who will be reminded unless the wait ends before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketRemindersSet {
    /// When, the earliest first, by the delays of this moment.
    pub due_at: Vec<DateTime<Utc>>,
}

/// The requester was reminded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketReminded {
    /// Which of the wait's reminders, from 1. Those before it are over, given or lapsed.
    pub number: u32,
    /// When it was due.
    pub due_at: DateTime<Utc>,
    /// How long after that it was given, in milliseconds.
    pub lateness_ms: i64,
}

/// A deadline passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaBreached {
    /// What was missed.
    pub metric: Metric,
    /// The deadline, which is the time of the breach.
    pub due_at: DateTime<Utc>,
    /// How long after the deadline the breach was recorded, in milliseconds.
    pub lateness_ms: i64,
}

/// A clock came to a threshold before its deadline, or at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaWarned {
    /// Which clock.
    pub metric: Metric,
    /// The threshold.
    pub threshold: Threshold,
    /// When it was due. The warning occurred when it was given: it is an act, not a fact of the past.
    pub due_at: DateTime<Utc>,
    /// How long after that it was given, in milliseconds.
    pub lateness_ms: i64,
    /// The deadline that it warns of, as it was when the threshold was due.
    pub deadline_at: DateTime<Utc>,
    /// By which policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// To whom it is written.
    #[serde(default, skip_serializing_if = "Recipients::is_empty")]
    pub notify: Recipients,
    /// The names by which programs know it, each once, in the order of the policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventName>,
    /// What it changed: as many events follow, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
}

/// What is promised from now on, and what was used of it before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketSlaApplied {
    /// What is promised.
    #[serde(flatten)]
    pub rule: Rule,
    /// The time that each clock had used, by the rule that held before. It stays used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<UsedTime>,
    /// Why.
    pub cause: SlaCause,
}

/// How much time a clock had used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedTime {
    /// Which clock.
    pub metric: Metric,
    /// The time, in milliseconds.
    pub used_ms: i64,
}

/// Why a promise was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlaCause {
    /// The ticket was opened.
    Opened,
    /// The ticket changed, and with it what matches it.
    TicketChanged,
    /// Policies, calendars, the organization's settings or the requester's company changed.
    RulesChanged,
    /// Nothing changed: the time used was told, so that less has to be remembered.
    TimeTold,
}

impl TicketEvent {
    /// The business time of an event that a command of `now` yielded: a breach happened at its deadline, not when
    /// somebody noticed; all else happened now.
    #[must_use]
    pub fn occurred_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::SlaBreached(breach) => breach.due_at,
            _ => now,
        }
    }

    /// The move of the status that this event is, if it is one: from, to and why.
    #[must_use]
    pub fn status_move(&self) -> Option<(Status, Status, Cause)> {
        match self {
            Self::StatusChanged(e) => Some((e.from, e.to, e.cause)),
            Self::Resolved(e) => Some((e.from, Status::Resolved, e.cause)),
            Self::Closed(e) => Some((e.from, Status::Closed, e.cause)),
            Self::Reopened(e) => Some((e.from, e.to, e.cause)),
            Self::Opened(_)
            | Self::CustomerReplied(_)
            | Self::AgentReplied(_)
            | Self::NoteAdded(_)
            | Self::Assigned(_)
            | Self::PriorityChanged(_)
            | Self::SubjectChanged(_)
            | Self::Tagged(_)
            | Self::Untagged(_)
            | Self::CustomFieldSet(_)
            | Self::FollowUpOpened(_)
            | Self::RemindersSet(_)
            | Self::Reminded(_)
            | Self::SlaBreached(_)
            | Self::SlaWarned(_)
            | Self::SlaApplied(_) => None,
        }
    }
}
