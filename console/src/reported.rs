//! What the console reads of the API's reports.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use uuid::Uuid;

use crate::words;

/// A report of tickets.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct FigureReport {
    pub total: Numbers,
    pub groups: Vec<FigureGroup>,
}

/// The tickets of a period that have a key in common.
#[derive(Debug, Clone, Deserialize)]
pub struct FigureGroup {
    pub from: NaiveDate,
    #[serde(flatten)]
    pub key: Key,
    pub numbers: Numbers,
}

/// The numbers of some tickets.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Numbers {
    pub count: i64,
    pub population: Option<i64>,
    pub rate: Option<f64>,
    pub seconds: Option<Percentiles>,
}

/// Times, by the nearest rank.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Percentiles {
    pub p50: i64,
    pub p90: i64,
}

/// How many tickets count in each hour of Monday to Sunday.
#[derive(Debug, Clone, Deserialize)]
pub struct Hours {
    pub weekdays: Vec<Vec<i64>>,
}

/// How many messages were written.
#[derive(Debug, Clone, Deserialize)]
pub struct MessageReport {
    pub groups: Vec<MessageGroup>,
}

/// The messages that have a key in common.
#[derive(Debug, Clone, Deserialize)]
pub struct MessageGroup {
    #[serde(flatten)]
    pub key: Key,
    pub numbers: MessageNumbers,
}

/// Messages by who wrote to whom.
#[derive(Debug, Clone, Deserialize)]
pub struct MessageNumbers {
    pub public_replies: i64,
}

/// What the reports of attainment count.
#[derive(Debug, Clone, Deserialize)]
pub struct Attainment {
    pub total: Counts,
    pub groups: Vec<AttainmentGroup>,
}

/// Waits by their outcome.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Counts {
    pub running: i64,
    pub met: i64,
    pub breached: i64,
    pub attainment: Option<f64>,
    pub used_seconds: Option<Percentiles>,
}

impl Counts {
    /// What attainment is found from, in words.
    pub fn decided(&self) -> String {
        let Self { met, breached, .. } = self;
        let promises = words::some(met + breached, "promise");
        format!("{promises}: {met} met, {breached} missed")
    }
}

impl Numbers {
    /// What the rate is found from, in words: it counts some of the resolved.
    pub fn of_resolved(&self) -> String {
        let of = self.population.unwrap_or(0);
        format!("{} of {of} resolved", self.count)
    }
}

/// The waits that have a key in common.
#[derive(Debug, Clone, Deserialize)]
pub struct AttainmentGroup {
    /// Where the period begins and ends, if the report has periods.
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    #[serde(flatten)]
    pub key: Key,
    pub counts: Counts,
}

/// What a report may be split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    Agent,
    Team,
    Channel,
    Tag,
    Priority,
    Metric,
}

impl Split {
    /// What the API calls it, as what to split by and as a condition.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Team => "team",
            Self::Channel => "channel",
            Self::Tag => "tag",
            Self::Priority => "priority",
            Self::Metric => "metric",
        }
    }
}

/// What a group has in common. What the report is not split by is absent, and so is what these tickets do not have.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Key {
    team: Option<Named>,
    agent: Option<Named>,
    channel: Option<String>,
    tag: Option<String>,
    priority: Option<String>,
    metric: Option<String>,
}

/// An agent or a team. Whoever was erased has no name.
#[derive(Debug, Clone, Deserialize)]
struct Named {
    id: Uuid,
    name: Option<String>,
}

impl Key {
    /// What people call the group.
    pub fn name(&self, split: Split) -> String {
        let holder = |holder: &Option<Named>, none: &str| match holder {
            None => none.to_owned(),
            Some(named) => named.name.clone().unwrap_or_else(|| "erased".to_owned()),
        };
        match split {
            Split::Agent => holder(&self.agent, "nobody"),
            Split::Team => holder(&self.team, "no team"),
            Split::Tag => self.tag.clone().unwrap_or_else(|| "no tag".to_owned()),
            Split::Channel => words::plain(self.channel.as_deref().unwrap_or_default()),
            Split::Priority => words::plain(self.priority.as_deref().unwrap_or_default()),
            Split::Metric => words::plain(self.metric.as_deref().unwrap_or_default()),
        }
    }

    /// The value of the condition that asks for the group alone. There is none for tickets without a tag.
    pub fn condition(&self, split: Split) -> Option<String> {
        let holder = |holder: &Option<Named>| {
            let id = holder.as_ref().map(|named| named.id.to_string());
            Some(id.unwrap_or_else(|| "none".to_owned()))
        };
        match split {
            Split::Agent => holder(&self.agent),
            Split::Team => holder(&self.team),
            Split::Channel => self.channel.clone(),
            Split::Tag => self.tag.clone(),
            Split::Priority => self.priority.clone(),
            Split::Metric => self.metric.clone(),
        }
    }
}

/// A ticket behind a number.
#[derive(Debug, Clone, Deserialize)]
pub struct CountedTicket {
    pub ticket_id: Uuid,
    pub number: i64,
    pub counted_at: DateTime<Utc>,
    pub seconds: Option<i64>,
    pub status: String,
    pub priority: String,
    pub channel: String,
}

/// A wait behind a number.
#[derive(Debug, Clone, Deserialize)]
pub struct Wait {
    pub ticket_id: Uuid,
    pub number: i64,
    pub metric: String,
    pub outcome: String,
    pub priority: String,
    pub target_seconds: i64,
    pub used_seconds: Option<i64>,
    pub counted_at: DateTime<Utc>,
}

/// A message behind a number.
#[derive(Debug, Clone, Deserialize)]
pub struct CountedMessage {
    pub ticket_id: Uuid,
    pub number: i64,
    pub kind: String,
    pub written_at: DateTime<Utc>,
}
