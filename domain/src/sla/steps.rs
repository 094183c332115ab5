//! What an event did to each clock of its ticket: how a clock is explained.

use super::Metric;
use super::clock::{Clock, Phase};
use super::clocks::Clocks;
use super::policy::PolicyRef;
use super::terms::CalendarBook;
use crate::calendar::definition::CalendarRef;
use crate::ticket::event::TicketEvent;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What became of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A target was promised, or another one.
    Promised,
    /// Nothing is promised any more.
    Withdrawn,
    /// It began with nothing used.
    Started,
    /// It waits.
    Paused,
    /// It goes on with what it had used.
    Resumed,
    /// It was reached.
    Met,
    /// It ended without being reached.
    Cancelled,
    /// It came to a threshold before its deadline, or at it.
    Warned,
    /// Its deadline was missed.
    Breached,
}

/// A step of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which clock.
    pub metric: Metric,
    /// What became of it.
    pub change: Change,
    /// What it had used by then, in milliseconds.
    pub used_ms: i64,
    /// Its deadline from then on, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<DateTime<Utc>>,
    /// What was promised, where something was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<Promise>,
}

/// What a clock was promised, and by which policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// The policy; none where it was the organization's settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// What it may use, in milliseconds.
    pub target_ms: i64,
    /// Whose working time counts; all time without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarRef>,
}

/// The steps that an event at `at` made between the clocks before and after it, in the order of the metrics. `book` holds
/// the calendars of both.
#[must_use]
pub fn between(
    before: &Clocks,
    event: &TicketEvent,
    after: &Clocks,
    at: DateTime<Utc>,
    book: &CalendarBook,
) -> Vec<Step> {
    let mut steps = Vec::new();
    for clock in after.iter() {
        let old = before.of(clock.metric);
        for change in changes(old, event, clock) {
            // What ended is told with what it had used, even where the same event begins it anew.
            let told = match (change, old) {
                (Change::Met, Some(old)) if begins_anew(event, clock.metric) => old,
                _ => clock,
            };
            steps.push(Step {
                metric: clock.metric,
                change,
                used_ms: told.used_at_ms(at, book),
                due_at: clock.due_at(book),
                promise: promise(after, clock).filter(|_| change == Change::Promised),
            });
        }
    }
    steps
}

fn promise(clocks: &Clocks, clock: &Clock) -> Option<Promise> {
    let target = clock.target?;
    Some(Promise {
        policy: clocks.rule()?.policy,
        target_ms: target.target_ms,
        calendar: target.calendar,
    })
}

fn changes(old: Option<&Clock>, event: &TicketEvent, clock: &Clock) -> Vec<Change> {
    let mut changes = Vec::new();
    let old_target = old.and_then(|old| old.target);
    match (old_target, clock.target) {
        (Some(_), None) => changes.push(Change::Withdrawn),
        (old_target, Some(target)) if old_target != Some(target) => changes.push(Change::Promised),
        _ => {}
    }
    let was = old.map_or(Phase::Idle, |old| old.phase);
    match (was, clock.phase) {
        (Phase::Running { .. } | Phase::Paused, Phase::Running { .. })
            if begins_anew(event, clock.metric) =>
        {
            changes.extend([Change::Met, Change::Started]);
        }
        (Phase::Paused, Phase::Paused) if begins_anew(event, clock.metric) => {
            changes.extend([Change::Met, Change::Started, Change::Paused]);
        }
        (Phase::Running { .. }, Phase::Running { .. }) | (Phase::Paused, Phase::Paused) => {}
        (_, Phase::Running { .. }) if goes_on(was, clock) => changes.push(Change::Resumed),
        (_, Phase::Running { .. }) => changes.push(Change::Started),
        (_, Phase::Paused) => changes.push(Change::Paused),
        (Phase::Running { .. } | Phase::Paused, Phase::Met { .. }) => changes.push(Change::Met),
        (Phase::Running { .. } | Phase::Paused, Phase::Cancelled { .. }) => {
            changes.push(Change::Cancelled);
        }
        _ => {}
    }
    if matches!(event, TicketEvent::SlaWarned(e) if e.metric == clock.metric) {
        changes.push(Change::Warned);
    }
    if clock.breached_at.is_some() && old.is_none_or(|old| old.breached_at.is_none()) {
        changes.push(Change::Breached);
    }
    changes
}

/// Work that is taken up again goes on even where no working time had passed.
fn goes_on(was: Phase, clock: &Clock) -> bool {
    let is_work = matches!(
        clock.metric,
        Metric::RequesterWait | Metric::AgentWork | Metric::Resolution
    );
    let has_used = clock.used_ms > 0 || !clock.spans.is_empty();
    was == Phase::Paused || has_used || is_work && was.is_end()
}

/// An agent's reply is an update, and begins the wait for the next one.
fn begins_anew(event: &TicketEvent, metric: Metric) -> bool {
    let is_update = matches!(metric, Metric::PeriodicUpdate | Metric::PausableUpdate);
    is_update && matches!(event, TicketEvent::AgentReplied(e) if !e.machine)
}
