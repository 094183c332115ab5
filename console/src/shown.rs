//! What the console reads of the API's answers.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use uuid::Uuid;

/// One page of a list.
#[derive(Debug, Clone, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
    pub total: Option<i64>,
}

impl<T> Page<T> {
    /// A page of a list that has nothing to show.
    pub fn empty() -> Self {
        Self {
            items: Vec::new(),
            next_cursor: None,
            total: None,
        }
    }
}

/// A person or a team.
#[derive(Debug, Clone, Deserialize)]
pub struct Named {
    pub id: Uuid,
    #[serde(default)]
    pub name: String,
}

/// A saved view of tickets.
#[derive(Debug, Clone, Deserialize)]
pub struct SavedView {
    pub id: Uuid,
    pub name: String,
    #[serde(default)]
    pub columns: Vec<String>,
}

/// The numbers of tickets of views, and of queries.
#[derive(Debug, Clone, Deserialize)]
pub struct ViewCounts {
    pub counts: Vec<ViewCount>,
    pub queries: Vec<ViewCount>,
}

/// How many tickets a view has, or fit a query.
#[derive(Debug, Clone, Deserialize)]
pub struct ViewCount {
    pub view_id: Option<Uuid>,
    /// None where the conditions are not understood any more.
    pub tickets: Option<i64>,
    pub or_more: bool,
}

impl ViewCount {
    /// The total of the list that a query gives.
    pub fn of_query(tickets: Option<i64>) -> Self {
        Self {
            view_id: None,
            tickets,
            or_more: false,
        }
    }
}

/// A ticket.
#[derive(Debug, Clone, Deserialize)]
pub struct Ticket {
    pub id: Uuid,
    pub number: i64,
    pub subject: String,
    pub status: String,
    pub priority: String,
    pub channel: String,
    pub requester: Named,
    pub assignee: Option<Named>,
    pub team: Option<Named>,
    #[serde(default)]
    pub tags: Vec<String>,
    pub sla: Option<Sla>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

/// The deadlines of a ticket in short.
#[derive(Debug, Clone, Deserialize)]
pub struct Sla {
    pub next_deadline_at: Option<DateTime<Utc>>,
}

/// A message of a thread.
#[derive(Debug, Clone, Deserialize)]
pub struct Message {
    pub id: Uuid,
    pub visibility: String,
    pub author: Author,
    pub body: Option<String>,
    pub created_at: DateTime<Utc>,
    pub edited_at: Option<DateTime<Utc>>,
}

impl Message {
    /// Whether the requester cannot see it.
    pub fn is_note(&self) -> bool {
        self.visibility == "internal"
    }

    /// Whether staff wrote it.
    pub fn is_of_staff(&self) -> bool {
        self.author.role != "customer"
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, Deserialize)]
pub struct Author {
    pub name: String,
    pub role: String,
}

/// One fact of a history.
#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    #[serde(rename = "type")]
    pub event_type: String,
    pub summary: String,
    pub message_id: Option<Uuid>,
    pub occurred_at: DateTime<Utc>,
    pub recorded_at: DateTime<Utc>,
    pub version: i64,
}

impl Entry {
    /// The moment after it, as the API takes it: the version that it gave the ticket. What happened to a message alone gave it
    /// none, and was recorded at a time.
    pub fn moment(&self) -> String {
        if self.event_type.starts_with("message.") {
            self.recorded_at
                .to_rfc3339_opts(SecondsFormat::Micros, true)
        } else {
            self.version.to_string()
        }
    }
}

/// The service levels of a ticket, explained.
#[derive(Debug, Clone, Deserialize)]
pub struct TicketSla {
    pub clocks: Vec<Clock>,
}

/// One clock.
#[derive(Debug, Clone, Deserialize)]
pub struct Clock {
    pub metric: String,
    pub state: String,
    pub used_seconds: i64,
    pub target_seconds: Option<i64>,
    pub due_at: Option<DateTime<Utc>>,
    pub breached_at: Option<DateTime<Utc>>,
}

impl Clock {
    /// How much of the target is used, of a hundred.
    pub fn used_percent(&self) -> i64 {
        match self.target_seconds {
            Some(target) if target > 0 => {
                (self.used_seconds.saturating_mul(100) / target).clamp(0, 100)
            }
            _ => 0,
        }
    }

    /// One word for the state: a missed deadline counts more than whether the clock goes on.
    pub fn standing(&self) -> &str {
        if self.breached_at.is_some() {
            "breached"
        } else {
            &self.state
        }
    }
}

/// The organization of whoever looks.
#[derive(Debug, Clone, Deserialize)]
pub struct OwnOrganization {
    pub settings: Option<Settings>,
}

/// What staff see of how it is set.
#[derive(Debug, Clone, Deserialize)]
pub struct Settings {
    pub time_zone: String,
}

/// How far a sign-in came.
#[derive(Debug, Deserialize)]
pub struct SignIn {
    pub status: String,
    pub tokens: Option<Tokens>,
    #[serde(default)]
    pub organizations: Vec<Organization>,
    pub ticket: Option<String>,
}

/// What a session lives on.
#[derive(Debug, Clone, Deserialize)]
pub struct Tokens {
    pub access_token: String,
    pub refresh_token: Option<String>,
    pub expires_in: i64,
    pub refresh_until: DateTime<Utc>,
    pub must_enrol: bool,
}

/// An organization to choose.
#[derive(Debug, Clone, Deserialize)]
pub struct Organization {
    pub slug: String,
    pub name: String,
}
