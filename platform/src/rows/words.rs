//! Words of the read models that the domain has no type for.

use serde::{Deserialize, Serialize};

/// What an SLA clock of a ticket does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// Nothing was promised.
    #[default]
    None,
    /// It runs.
    Running,
    /// It waits for the requester or a third party.
    Paused,
    /// It was reached.
    Met,
    /// It ended without being reached.
    Cancelled,
}

impl ClockState {
    /// The name on the disk.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Met => "met",
            Self::Cancelled => "cancelled",
        }
    }
}

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
