//! The clocks of a ticket, folded from its events.

use super::Metric;
use super::targets::Targets;
use crate::ticket::event::TicketEvent;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Both clocks of a ticket. A ticket without targets (an imported one) has none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Clocks {
    /// To the first public reply of an agent.
    pub first_response: Option<Clock>,
    /// To resolved.
    pub resolution: Option<Clock>,
}

/// One clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// What may be used, in minutes.
    pub target_minutes: u32,
    /// What was used before the present phase, in milliseconds.
    pub used_ms: i64,
    /// What it does now.
    pub phase: Phase,
    /// A changed target never back-dates a breach: the deadline is not before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_due_before: Option<DateTime<Utc>>,
    /// The deadline that was missed, if one was. A clock breaches at most once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breached_at: Option<DateTime<Utc>>,
}

/// What a clock does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// It runs.
    Running {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// It waits for the requester or a third party.
    Paused,
    /// It was reached.
    Met {
        /// When.
        at: DateTime<Utc>,
    },
    /// It ended without being reached: resolved without a reply.
    Cancelled,
}
