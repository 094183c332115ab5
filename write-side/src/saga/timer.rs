//! Timers, and the narrow door through which a due one becomes a command.

use super::recompute::{Reapplied, TouchedTicket};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::{OrganizationId, TicketId};
use domain::sla::Metric;
use std::error::Error as StdError;
use std::fmt;
use uuid::Uuid;

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TimerKind {
    /// The next threshold of an SLA metric that its clock comes to, or its deadline.
    Deadline(Metric),
    /// The end of the time in which a resolved ticket waits for a word of its requester.
    AutoClose,
    /// The next reminder of the requester while the ticket is pending.
    Reminder,
}

impl TimerKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Deadline(Metric::FirstReply),
        Self::Deadline(Metric::NextReply),
        Self::Deadline(Metric::PeriodicUpdate),
        Self::Deadline(Metric::PausableUpdate),
        Self::Deadline(Metric::RequesterWait),
        Self::Deadline(Metric::AgentWork),
        Self::Deadline(Metric::Resolution),
        Self::AutoClose,
        Self::Reminder,
    ];

    /// The name on the disk and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deadline(metric) => metric.as_str(),
            Self::AutoClose => "auto_close",
            Self::Reminder => "reminder",
        }
    }

    /// The kind with this name on the disk.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for TimerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A timer: what comes due, when, and why.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Timer {
    /// The organization of the ticket.
    pub organization_id: OrganizationId,
    /// The ticket.
    pub ticket_id: TicketId,
    /// What it is for.
    pub kind: TimerKind,
    /// When it comes due, in microseconds.
    pub due_at: DateTime<Utc>,
    /// The event that set it: the cause of what it does.
    pub set_by_event: Uuid,
    /// The chain of commands to which that event belongs.
    pub correlation_id: Uuid,
}

/// What became of a due timer's command.
#[derive(Debug)]
pub enum Outcome {
    /// Its event is in the log.
    Recorded,
    /// The clock that set it does not run any more: the log holds the reason, or will.
    Stale,
    /// The aggregate's clock says that it is not due: a clock was set back.
    Early,
    /// The log cannot take commands now, or nobody knows whether it took this one.
    Unavailable(Box<dyn StdError + Send + Sync>),
    /// Refused for a reason that a timer should never meet.
    Refused(Box<dyn StdError + Send + Sync>),
}

/// Sends the commands of the saga. Sending one again is harmless: the aggregate refuses the second, or has nothing to change.
#[async_trait]
pub trait TimerCommands: Send + Sync {
    /// Breaches a deadline, or closes a resolved ticket, as the kind of the timer says.
    async fn fire(&self, timer: &Timer) -> Outcome;

    /// Measures an open ticket by the rules that hold now, after rules changed.
    async fn reapply(&self, ticket: &TouchedTicket) -> Reapplied;
}
