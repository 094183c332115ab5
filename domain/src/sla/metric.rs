//! What is measured: when each metric starts, pauses and ends.

use serde::{Deserialize, Serialize};

/// A metric. An agent's reply is a public one of a person: notes, machines and imports never meet a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// From the opening to the first reply of an agent. Never pauses.
    FirstReply,
    /// From the oldest unanswered reply of the requester, after the first reply, to the next one of an agent. Never pauses.
    NextReply,
    /// From each reply of an agent to the next one, or until the ticket is resolved. Never pauses.
    PeriodicUpdate,
    /// As the periodic update, and pauses while pending.
    PausableUpdate,
    /// From the opening to resolved. Pauses while pending.
    RequesterWait,
    /// From the opening to resolved. Pauses while pending or on hold.
    AgentWork,
    /// From the opening to resolved. Never pauses.
    Resolution,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 7] = [
        Self::FirstReply,
        Self::NextReply,
        Self::PeriodicUpdate,
        Self::PausableUpdate,
        Self::RequesterWait,
        Self::AgentWork,
        Self::Resolution,
    ];

    /// The name on the wire and on the disk.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstReply => "first_reply",
            Self::NextReply => "next_reply",
            Self::PeriodicUpdate => "periodic_update",
            Self::PausableUpdate => "pausable_update",
            Self::RequesterWait => "requester_wait",
            Self::AgentWork => "agent_work",
            Self::Resolution => "resolution",
        }
    }
}
