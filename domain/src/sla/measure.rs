//! What became of each wait that a clock measured: the one definition of what reports, lists and simulations count.
//!
//! A clock measures one wait, or one after the other where its metric comes again. Each is counted once, as what it is by
//! now. A wait that missed its deadline stays counted as missed, whatever comes later, for whoever had the ticket at the
//! deadline; one that was reached in time, for whoever had it then. Coming back, a ticket takes what was reached, and not
//! missed, out of the count again: the same wait goes on.

use super::Metric;
use super::clock::{Clock, Phase};
use super::clocks::Clocks;
use super::policy::PolicyRef;
use super::terms::CalendarBook;
use crate::ids::{TeamId, UserId};
use crate::ticket::state::Priority;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How a wait is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has not ended, and its deadline has not passed. It may stand still.
    Running,
    /// It was reached in time.
    Met,
    /// Its deadline was missed, whether it was reached later or not.
    Breached,
    /// It ended in time without being reached: resolved without a reply, or promised no longer.
    Cancelled,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Running, Self::Met, Self::Breached, Self::Cancelled];

    /// The name on the wire and on the disk.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Met => "met",
            Self::Breached => "breached",
            Self::Cancelled => "cancelled",
        }
    }
}

/// For whom a wait is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// How urgent the ticket was.
    pub priority: Priority,
    /// The team that had it.
    pub team_id: Option<TeamId>,
    /// The agent who had it.
    pub agent_id: Option<UserId>,
}

/// A wait, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// What was measured.
    pub metric: Metric,
    /// Which of several waits: see [`Clock::round`].
    pub round: u32,
    /// How it is counted.
    pub outcome: Outcome,
    /// The policy that promised it; none where it was the organization's settings.
    pub policy: Option<PolicyRef>,
    /// What it may use, in milliseconds.
    pub target_ms: i64,
    /// For whom it is counted: who has the ticket while it runs, who had it at the deadline that was missed, else at its end.
    pub holder: Holder,
    /// Since when it runs.
    pub started_at: DateTime<Utc>,
    /// When it is counted: the deadline that was missed, else its end, else its start.
    pub counted_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What it had used when it was reached, in milliseconds. None while it goes on, and where it ended otherwise.
    pub used_ms: Option<i64>,
}

/// The waits that an event at `at` began, moved or ended, as they are after it. `known` finds a wait as it was before;
/// `book` holds the calendars of the clocks before and after.
#[must_use]
pub fn between(
    before: &Clocks,
    after: &Clocks,
    at: DateTime<Utc>,
    holder: Holder,
    book: &CalendarBook,
    known: impl Fn(Metric, u32) -> Option<Measure>,
) -> Vec<Measure> {
    let mut changed = Vec::new();
    for clock in after.iter() {
        let old = before.of(clock.metric);
        if let Some(old) = old.filter(|old| old.round != clock.round) {
            let ended = known(old.metric, old.round).and_then(|measure| {
                let answered = answered(old, measure, at, holder, book);
                answered.filter(|answered| known(old.metric, old.round).as_ref() != Some(answered))
            });
            changed.extend(ended);
        }
        let present = known(clock.metric, clock.round);
        let policy = after.rule().and_then(|rule| rule.policy);
        let next = match &present {
            None => begun(clock, at, holder, policy),
            Some(present) => Some(moved(present, clock, at, holder, policy, book)),
        };
        changed.extend(next.filter(|next| present.as_ref() != Some(next)));
    }
    changed
}

/// A wait whose clock was begun anew: while it ran, what begins it anew is the word that was waited for.
fn answered(
    old: &Clock,
    measure: Measure,
    at: DateTime<Utc>,
    holder: Holder,
    book: &CalendarBook,
) -> Option<Measure> {
    if !is_open(old) {
        return None;
    }
    let reached = Clock {
        phase: Phase::Met { at },
        used_ms: old.used_at_ms(at, book),
        spans: Vec::new(),
        ..old.clone()
    };
    let policy = measure.policy;
    Some(moved(&measure, &reached, at, holder, policy, book))
}

fn is_open(clock: &Clock) -> bool {
    matches!(clock.phase, Phase::Running { .. } | Phase::Paused)
}

fn begun(
    clock: &Clock,
    at: DateTime<Utc>,
    holder: Holder,
    policy: Option<PolicyRef>,
) -> Option<Measure> {
    let target = clock.target.filter(|_| is_open(clock))?;
    Some(Measure {
        metric: clock.metric,
        round: clock.round,
        outcome: Outcome::Running,
        policy,
        target_ms: target.target_ms,
        holder,
        started_at: at,
        counted_at: at,
        ended_at: None,
        used_ms: None,
    })
}

fn moved(
    present: &Measure,
    clock: &Clock,
    at: DateTime<Utc>,
    holder: Holder,
    policy: Option<PolicyRef>,
    book: &CalendarBook,
) -> Measure {
    let mut next = present.clone();
    if present.ended_at.is_some() && !is_open(clock) {
        return next;
    }
    if is_open(clock) {
        (next.ended_at, next.used_ms) = (None, None);
    } else {
        next.ended_at = Some(at);
        let is_reached = matches!(clock.phase, Phase::Met { .. });
        next.used_ms = is_reached.then(|| clock.used_at_ms(at, book));
    }
    // What was missed is counted for good.
    if present.outcome == Outcome::Breached {
        return next;
    }
    next.holder = holder;
    if let Some(target) = clock.target {
        (next.policy, next.target_ms) = (policy, target.target_ms);
    }
    (next.outcome, next.counted_at) = match (clock.breached_at, clock.phase) {
        (Some(due_at), _) => (Outcome::Breached, due_at),
        (None, Phase::Running { .. } | Phase::Paused) => (Outcome::Running, next.started_at),
        (None, Phase::Met { .. }) => (Outcome::Met, at),
        (None, Phase::Cancelled { .. } | Phase::Idle) => (Outcome::Cancelled, at),
    };
    next
}
