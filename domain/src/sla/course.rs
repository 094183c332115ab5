//! What a ticket goes through, as far as clocks care: where it stands, and who waits for whose word.

use super::Metric;
use super::clock::Phase;
use crate::ticket::event::TicketEvent;
use crate::ticket::state::Status;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The facts that decide what each clock does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Course {
    status: Status,
    first_reply: Reply,
    /// After the first reply.
    next_reply: Reply,
    update: Update,
    /// How many waits for a next reply there were.
    #[serde(default, skip_serializing_if = "is_zero")]
    next_replies: u32,
    /// How many updates were owed.
    #[serde(default, skip_serializing_if = "is_zero")]
    updates: u32,
    /// Since when it is resolved or closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done_at: Option<DateTime<Utc>>,
}

/// A word of an agent that the requester waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Reply {
    NotAwaited,
    Awaited,
    Given { at: DateTime<Utc> },
    Cancelled { at: DateTime<Utc> },
}

/// A further word that an agent owes after their last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Update {
    NotOwed,
    Owed,
    Cancelled { at: DateTime<Utc> },
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Course {
    pub(super) fn opened() -> Self {
        Self {
            status: Status::New,
            first_reply: Reply::Awaited,
            next_reply: Reply::NotAwaited,
            update: Update::NotOwed,
            next_replies: 0,
            updates: 0,
            done_at: None,
        }
    }

    /// A reply to what is done already is told by neither, if it was the first.
    pub(super) fn is_answered(&self) -> bool {
        self.updates > 0 || matches!(self.first_reply, Reply::Given { .. })
    }

    pub(super) fn is_over(&self) -> bool {
        self.status.is_done()
    }

    /// Takes an event in, and says which metrics it begins anew.
    pub(super) fn evolve(&mut self, event: &TicketEvent, at: DateTime<Utc>) -> &'static [Metric] {
        match event {
            TicketEvent::AgentReplied(e) if !e.machine => self.agent_replied(at),
            TicketEvent::CustomerReplied(_) => self.customer_replied(),
            _ => {
                if let Some((_, status, _)) = event.status_move() {
                    self.moved(status, at);
                }
                &[]
            }
        }
    }

    fn agent_replied(&mut self, at: DateTime<Utc>) -> &'static [Metric] {
        self.first_reply.give(at);
        self.next_reply.give(at);
        if self.status.is_done() {
            return &[];
        }
        self.update = Update::Owed;
        self.updates = self.updates.saturating_add(1);
        &[Metric::PeriodicUpdate, Metric::PausableUpdate]
    }

    /// Until the first reply, that is what the requester waits for; of several words the oldest counts.
    fn customer_replied(&mut self) -> &'static [Metric] {
        if self.first_reply == Reply::Awaited || self.next_reply == Reply::Awaited {
            return &[];
        }
        self.next_reply = Reply::Awaited;
        self.next_replies = self.next_replies.saturating_add(1);
        &[Metric::NextReply]
    }

    fn moved(&mut self, status: Status, at: DateTime<Utc>) {
        self.status = status;
        if !status.is_done() {
            self.done_at = None;
            return;
        }
        self.done_at.get_or_insert(at);
        self.first_reply.cancel(at);
        self.next_reply.cancel(at);
        if self.update == Update::Owed {
            self.update = Update::Cancelled { at };
        }
    }

    /// Which of the waits of a metric it is now: the same whatever is promised.
    pub(super) fn round(&self, metric: Metric) -> u32 {
        match metric {
            Metric::NextReply => self.next_replies,
            Metric::PeriodicUpdate | Metric::PausableUpdate => self.updates,
            Metric::FirstReply | Metric::RequesterWait | Metric::AgentWork | Metric::Resolution => {
                0
            }
        }
    }

    /// Nothing that comes later starts the metric again.
    pub(super) fn is_over_for_good(&self, metric: Metric) -> bool {
        metric == Metric::FirstReply && self.first_reply != Reply::Awaited
    }

    /// What a clock of the metric does; one that starts to run does so at `at`.
    pub(super) fn phase(&self, metric: Metric, at: DateTime<Utc>) -> Phase {
        let running = Phase::Running { since: at };
        match (metric, self.status) {
            (Metric::FirstReply, _) => self.first_reply.phase(running),
            (Metric::NextReply, _) => self.next_reply.phase(running),
            (Metric::PausableUpdate, Status::Pending) => self.update.phase(Phase::Paused),
            (Metric::PeriodicUpdate | Metric::PausableUpdate, _) => self.update.phase(running),
            (Metric::RequesterWait | Metric::AgentWork, Status::Pending)
            | (Metric::AgentWork, Status::OnHold) => Phase::Paused,
            (Metric::RequesterWait | Metric::AgentWork | Metric::Resolution, _) => {
                self.done_at.map_or(running, |at| Phase::Met { at })
            }
        }
    }
}

impl Reply {
    fn give(&mut self, at: DateTime<Utc>) {
        if *self == Self::Awaited {
            *self = Self::Given { at };
        }
    }

    fn cancel(&mut self, at: DateTime<Utc>) {
        if *self == Self::Awaited {
            *self = Self::Cancelled { at };
        }
    }

    fn phase(self, awaited: Phase) -> Phase {
        match self {
            Self::NotAwaited => Phase::Idle,
            Self::Awaited => awaited,
            Self::Given { at } => Phase::Met { at },
            Self::Cancelled { at } => Phase::Cancelled { at },
        }
    }
}

impl Update {
    fn phase(self, owed: Phase) -> Phase {
        match self {
            Self::NotOwed => Phase::Idle,
            Self::Owed => owed,
            Self::Cancelled { at } => Phase::Cancelled { at },
        }
    }
}
