//! The clocks of a ticket, folded from its events.
//!
//! Time used is kept over pauses, reopenings and changes of the target. A deadline is `since + (target - used)`, and never
//! before `since`: where a changed target was overrun already, the deadline is the instant of the change, so that a
//! breach is never back-dated (the rule of Zendesk's policies).
//!
//! What happens exactly at a deadline is in time: a clock that is met at its deadline is met. Where a breach and an answer
//! carry the same instant, the order of the log decides which of them the other one finds.

use super::Metric;
use super::targets::Targets;
use crate::ticket::event::{SlaBreached, TicketEvent};
use crate::ticket::state::Status;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Both clocks of a ticket. A ticket without targets (an imported one) has none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Clocks {
    /// To the first public reply of an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_response: Option<Clock>,
    /// To resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Clock>,
}

/// One clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// What may be used, in minutes.
    pub target_minutes: u32,
    /// What was used before the present phase, in milliseconds. Never negative.
    pub used_ms: i64,
    /// What it does now.
    #[serde(flatten)]
    pub phase: Phase,
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
        /// The instant from which the time is not yet in `used_ms`.
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

impl Clocks {
    /// The clocks of a ticket that was opened at `at`; none without targets.
    #[must_use]
    pub fn start(targets: Option<Targets>, at: DateTime<Utc>) -> Self {
        let clock =
            |minutes: fn(&Targets) -> u32| Some(Clock::start(minutes(targets.as_ref()?), at));
        Self {
            first_response: clock(|targets| targets.first_response_minutes),
            resolution: clock(|targets| targets.resolution_minutes),
        }
    }

    /// The clock of a metric.
    #[must_use]
    pub fn of(&self, metric: Metric) -> Option<&Clock> {
        match metric {
            Metric::FirstResponse => self.first_response.as_ref(),
            Metric::Resolution => self.resolution.as_ref(),
        }
    }

    /// The earliest deadline that may still be missed: of the clocks that run and have not breached.
    #[must_use]
    pub fn next_deadline(&self) -> Option<DateTime<Utc>> {
        Metric::ALL
            .into_iter()
            .filter_map(|metric| self.of(metric)?.open_deadline())
            .min()
    }

    /// The deadlines before `now` whose breach is not recorded yet, the earliest first.
    #[must_use]
    pub fn missed(&self, now: DateTime<Utc>) -> Vec<SlaBreached> {
        let missed = |metric| {
            let due_at = self
                .of(metric)?
                .open_deadline()
                .filter(|due_at| *due_at < now)?;
            Some(SlaBreached {
                metric,
                due_at,
                lateness_ms: (now - due_at).num_milliseconds(),
            })
        };
        let mut missed: Vec<_> = Metric::ALL.into_iter().filter_map(missed).collect();
        missed.sort_by_key(|breach| breach.due_at);
        missed
    }

    /// Takes an event in that occurred at `at`.
    pub fn evolve(&mut self, event: &TicketEvent, at: DateTime<Utc>) {
        match event {
            TicketEvent::Opened(e) => *self = Self::start(e.sla_targets, at),
            TicketEvent::AgentReplied(_) => {
                if let Some(clock) = self.first_response.as_mut().filter(|clock| clock.runs()) {
                    clock.enter(Phase::Met { at }, at);
                }
            }
            TicketEvent::PriorityChanged(e) => {
                if let Some(targets) = e.sla_targets {
                    self.retarget(targets, at);
                }
            }
            TicketEvent::SlaBreached(e) => {
                if let Some(clock) = self.of_mut(e.metric) {
                    clock.breached_at = Some(e.due_at);
                }
            }
            _ => {
                if let Some((_, status, _)) = event.status_move() {
                    self.follow(status, at);
                }
            }
        }
    }

    fn of_mut(&mut self, metric: Metric) -> Option<&mut Clock> {
        match metric {
            Metric::FirstResponse => self.first_response.as_mut(),
            Metric::Resolution => self.resolution.as_mut(),
        }
    }

    /// A first response that was given, or will never be, keeps the target that held then. A resolution may be undone,
    /// so its target always moves.
    fn retarget(&mut self, targets: Targets, at: DateTime<Utc>) {
        if let Some(clock) = self.first_response.as_mut().filter(|clock| clock.runs()) {
            clock.retarget(targets.first_response_minutes, at);
        }
        if let Some(clock) = &mut self.resolution {
            clock.retarget(targets.resolution_minutes, at);
        }
    }

    fn follow(&mut self, status: Status, at: DateTime<Utc>) {
        if let Some(clock) = self
            .first_response
            .as_mut()
            .filter(|clock| clock.runs() && status.is_done())
        {
            clock.enter(Phase::Cancelled, at);
        }
        if let Some(clock) = &mut self.resolution {
            let phase = match (status, clock.phase) {
                (Status::New | Status::Open, Phase::Running { .. }) => return,
                (Status::New | Status::Open, _) => Phase::Running { since: at },
                (Status::Pending | Status::OnHold, _) => Phase::Paused,
                (Status::Resolved | Status::Closed, Phase::Met { .. }) => return,
                (Status::Resolved | Status::Closed, _) => Phase::Met { at },
            };
            clock.enter(phase, at);
        }
    }
}

impl Clock {
    fn start(target_minutes: u32, at: DateTime<Utc>) -> Self {
        Self {
            target_minutes,
            used_ms: 0,
            phase: Phase::Running { since: at },
            breached_at: None,
        }
    }

    /// Whether time is being used.
    #[must_use]
    pub fn runs(&self) -> bool {
        matches!(self.phase, Phase::Running { .. })
    }

    /// The deadline; none unless the clock runs. A clock that breached keeps showing the deadline that its target gives.
    #[must_use]
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        let Phase::Running { since } = self.phase else {
            return None;
        };
        let left = TimeDelta::minutes(i64::from(self.target_minutes))
            - TimeDelta::milliseconds(self.used_ms);
        // Past the end of the calendar there is nothing left to miss.
        Some(
            since
                .checked_add_signed(left.max(TimeDelta::zero()))
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        )
    }

    /// The deadline that may still be missed: none unless the clock runs and has not breached.
    #[must_use]
    pub fn open_deadline(&self) -> Option<DateTime<Utc>> {
        self.due_at().filter(|_| self.breached_at.is_none())
    }

    /// The time used up to `now`, in milliseconds.
    #[must_use]
    pub fn used_at_ms(&self, now: DateTime<Utc>) -> i64 {
        match self.phase {
            // Clocks of two servers may differ a little; time used never shrinks by that.
            Phase::Running { since } => self.used_ms + (now - since).num_milliseconds().max(0),
            Phase::Paused | Phase::Met { .. } | Phase::Cancelled => self.used_ms,
        }
    }

    fn enter(&mut self, phase: Phase, at: DateTime<Utc>) {
        self.used_ms = self.used_at_ms(at);
        self.phase = phase;
    }

    fn retarget(&mut self, target_minutes: u32, at: DateTime<Utc>) {
        if self.runs() {
            self.enter(Phase::Running { since: at }, at);
        }
        self.target_minutes = target_minutes;
    }
}
