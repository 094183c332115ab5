//! The view of a ticket.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::ticket::field::FieldValue;
use poem_openapi::{Enum, Object, Union};
use uuid::Uuid;

use super::{ChannelView, PersonView, PriorityView, StatusView, TeamReferenceView};

/// A ticket.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "Ticket", skip_serializing_if_is_none)]
pub struct TicketView {
    /// Its id.
    pub id: Uuid,
    /// The n-th ticket of its organization.
    pub number: i64,
    /// What it is about.
    pub subject: String,
    /// Where it stands.
    pub status: StatusView,
    /// How urgent it is.
    pub priority: PriorityView,
    /// How it came in.
    pub channel: ChannelView,
    /// Whose ticket it is.
    pub requester: PersonView,
    /// The agent who works on it, if one does.
    pub assignee: Option<PersonView>,
    /// The team that works on it, if one does. Staff only.
    pub team: Option<TeamReferenceView>,
    /// Its tags in alphabetical order. Staff only.
    pub tags: Option<Vec<String>>,
    /// Its custom fields by key. Staff only.
    pub custom_fields: Option<BTreeMap<String, FieldValueView>>,
    /// How many messages the requester can read.
    pub public_message_count: i32,
    /// How many internal notes there are. Staff only.
    pub note_count: Option<i32>,
    /// How often it came back from resolved or closed. Staff only.
    pub reopen_count: Option<i32>,
    /// The newest public message, if there is one.
    pub last_message: Option<LastMessageView>,
    /// What was promised and how it stands. Staff only.
    pub sla: Option<SlaView>,
    /// The closed ticket that it continues.
    pub follow_up_of: Option<Uuid>,
    /// The tickets that continue it.
    pub follow_ups: Vec<Uuid>,
    /// Where it was imported from, if it was. Staff only.
    pub external: Option<ExternalReferenceView>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it changed last, as far as the viewer can see.
    pub updated_at: DateTime<Utc>,
    /// Since when it is resolved, if it is.
    pub resolved_at: Option<DateTime<Utc>>,
    /// Since when it is closed, if it is.
    pub closed_at: Option<DateTime<Utc>>,
    /// When it closes by itself, if it does.
    pub auto_close_at: Option<DateTime<Utc>>,
    /// Rises with every event of the ticket; what `ETag` and `If-Match` carry.
    pub version: i64,
}

/// The newest public message of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "LastMessage", skip_serializing_if_is_none)]
pub struct LastMessageView {
    /// Its id.
    pub id: Uuid,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// Who wrote it.
    pub author: PersonView,
    /// Its beginning; absent once it is redacted.
    pub excerpt: Option<String>,
}

/// The service levels of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "Sla", skip_serializing_if_is_none)]
pub struct SlaView {
    /// From the opening to the first public reply of an agent. Each clock is absent where nothing is promised.
    pub first_reply: Option<ClockView>,
    /// From the requester's oldest unanswered reply to the next one of an agent.
    pub next_reply: Option<ClockView>,
    /// From each public reply of an agent to the next one.
    pub periodic_update: Option<ClockView>,
    /// The same, and waits while pending.
    pub pausable_update: Option<ClockView>,
    /// From the opening to resolved, and waits while pending.
    pub requester_wait: Option<ClockView>,
    /// From the opening to resolved, and waits while pending or on hold.
    pub agent_work: Option<ClockView>,
    /// From the opening to resolved.
    pub resolution: Option<ClockView>,
    /// The earliest deadline that still runs and was not missed.
    pub next_deadline_at: Option<DateTime<Utc>>,
}

/// One clock of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "SlaClock", skip_serializing_if_is_none)]
pub struct ClockView {
    /// What it does now.
    pub state: ClockStateView,
    /// The deadline; absent while it is paused and after it was cancelled.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was met or cancelled.
    pub ended_at: Option<DateTime<Utc>>,
    /// The deadline that was missed, if it was.
    pub breached_at: Option<DateTime<Utc>>,
}

/// What a clock does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "SlaClockState", rename_all = "snake_case")]
pub enum ClockStateView {
    /// It runs.
    Running,
    /// It waits for the requester or a third party.
    Paused,
    /// It was reached.
    Met,
    /// It ended without being reached.
    Cancelled,
}

/// Where an imported ticket came from.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "ExternalReference")]
pub struct ExternalReferenceView {
    /// The system or format.
    pub source: String,
    /// Its id there.
    pub id: String,
}

/// The value of a custom field. Its kind is that of the field's definition in the organization's settings;
/// a date is a text such as `2026-03-01`, a choice the text of its option.
#[derive(Debug, Clone, PartialEq, Union)]
#[oai(rename = "CustomFieldValue")]
pub enum FieldValueView {
    /// Yes or no.
    Boolean(bool),
    /// A finite decimal number.
    Number(f64),
    /// A text, a date or a choice.
    Text(String),
}

impl From<&FieldValue> for FieldValueView {
    fn from(value: &FieldValue) -> Self {
        match value {
            FieldValue::Text(text) | FieldValue::Choice(text) => Self::Text(text.to_string()),
            FieldValue::Number(number) => Self::Number(number.get()),
            FieldValue::Boolean(yes) => Self::Boolean(*yes),
            FieldValue::Date(day) => Self::Text(day.to_string()),
        }
    }
}
