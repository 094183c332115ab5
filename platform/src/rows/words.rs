//! Words of the read models that the domain has no type for.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::sla::Metric;
use serde::{Deserialize, Serialize};

/// What an SLA clock of a ticket does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// It runs.
    Running,
    /// It waits for the requester or a third party.
    Paused,
    /// It was reached.
    Met,
    /// It ended without being reached.
    Cancelled,
}

/// What an SLA clock of a ticket shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownClock {
    /// What it does.
    pub state: ClockState,
    /// Its deadline, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<DateTime<Utc>>,
    /// When it was met or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// The deadline that was missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breached_at: Option<DateTime<Utc>>,
}

/// What the SLA clocks of a ticket show.
pub type ShownClocks = BTreeMap<Metric, ShownClock>;

/// What kind of originator a history row names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person.
    User,
    /// A program with an API key.
    Machine,
    /// A timer of InsightDesk.
    Timer,
    /// History taken over from another system.
    Import,
    /// The operator of the installation.
    Operator,
    /// The part of InsightDesk that lets people in.
    Identity,
}

impl ActorKind {
    /// The name on the disk.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Machine => "machine",
            Self::Timer => "timer",
            Self::Import => "import",
            Self::Operator => "operator",
            Self::Identity => "identity",
        }
    }
}
