//! A ticket as its events tell it.

use super::field::FieldValue;
use super::reminders::Reminders;
use crate::ids::{MessageId, TeamId, TicketId, UserId};
use crate::sla::clocks::Clocks;
use crate::text::{FieldKey, Subject, Tag};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The fixed categories of a ticket's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has looked yet. It never comes back.
    New,
    /// The support team's turn.
    Open,
    /// The requester's turn.
    Pending,
    /// A third party's turn.
    OnHold,
    /// Answered; closes by itself after a delay.
    Resolved,
    /// Done; a further message makes a follow-up ticket.
    Closed,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::New,
        Self::Open,
        Self::Pending,
        Self::OnHold,
        Self::Resolved,
        Self::Closed,
    ];

    /// The name on the wire and on the disk.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::Pending => "pending",
            Self::OnHold => "on_hold",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }

    /// True for resolved and closed: the work is done.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(self, Self::Resolved | Self::Closed)
    }
}

/// How urgent a ticket is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Can wait.
    Low,
    /// The usual.
    #[default]
    Normal,
    /// Before the usual.
    High,
    /// Now.
    Urgent,
}

impl Priority {
    /// Every priority, the lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Urgent];

    /// The name on the wire and on the disk.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }
}

/// How a ticket came in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Through the API.
    #[default]
    Api,
    /// A form on the web.
    Web,
    /// A letter by e-mail.
    Email,
    /// A call.
    Phone,
    /// A chat.
    Chat,
    /// Another way, or another system's word that none of these fits.
    Other,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 6] = [
        Self::Api,
        Self::Web,
        Self::Email,
        Self::Phone,
        Self::Chat,
        Self::Other,
    ];

    /// The name on the wire and on the disk.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Web => "web",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Chat => "chat",
            Self::Other => "other",
        }
    }
}

/// Who works on a ticket: an agent, a team, both or nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Assignment {
    /// The agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<UserId>,
    /// The team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
}

/// Where an imported ticket came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalReference {
    /// The system or format, for example `servicenow-log`.
    pub source: String,
    /// Its id there.
    pub id: String,
}

/// The state of a ticket's stream.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Ticket {
    /// No event yet.
    #[default]
    Absent,
    /// It exists.
    Present(Box<PresentTicket>),
}

/// A ticket that exists.
#[derive(Debug, Clone, PartialEq)]
pub struct PresentTicket {
    /// What it is about.
    pub subject: Subject,
    /// Whose it is.
    pub requester_id: UserId,
    /// How urgent.
    pub priority: Priority,
    /// How it came in.
    pub channel: Channel,
    /// Where it stands.
    pub status: Status,
    /// Who works on it.
    pub assignment: Assignment,
    /// Its tags, at most [`PresentTicket::MAX_TAGS`].
    pub tags: BTreeSet<Tag>,
    /// Its custom fields.
    pub custom_fields: BTreeMap<FieldKey, FieldValue>,
    /// The closed ticket that it continues.
    pub follow_up_of: Option<TicketId>,
    /// The tickets that continue it.
    pub follow_ups: Vec<TicketId>,
    /// Whether another system's history made it.
    pub external: Option<ExternalReference>,
    /// Since when it is resolved, and when it closes by itself. Only while it is resolved.
    pub resolved: Option<Resolved>,
    /// Since when it is closed. Only while it is closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// When its requester is reminded. Only while it is pending.
    pub reminders: Reminders,
    /// Its SLA clocks.
    pub clocks: Clocks,
    /// The first message, if it came with one.
    pub first_message_id: Option<MessageId>,
}

impl PresentTicket {
    /// The most tags of a ticket.
    pub const MAX_TAGS: usize = 100;
}

/// A resolution that may still be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    /// Since when.
    pub at: DateTime<Utc>,
    /// When it closes by itself, if it does.
    pub auto_close_at: Option<DateTime<Utc>>,
}
