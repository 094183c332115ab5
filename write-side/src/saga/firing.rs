//! Fires due timers: the longest overdue first, in bounded batches, and never the same one in a loop.

use super::error::SagaError;
use super::fold::{Changes, TicketKey};
use super::lease::Lease;
use super::options::Options;
use super::tables::Tables;
use super::timer::{Outcome, Timer, TimerCommands, TimerKind};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use platform::clock::Clock;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

/// Most timers that were sent and are still there. So many only gather when the saga and the aggregates disagree; the
/// partition then tries these again, and no further ones.
const TRIED_MAX: usize = 10_000;

/// What there is to do after a look at the timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Fold, then look again: timers were sent, and more may be due.
    Again,
    /// Nothing can be sent before one of these.
    Wait {
        /// When everything was found done, by the saga's clock; absent while a sent timer has not come back.
        settled_at: Option<DateTime<Utc>>,
        /// When the next timer comes due, by the saga's clock.
        due_at: Option<DateTime<Utc>>,
        /// When a sent timer may be tried again.
        retry_at: Option<Instant>,
    },
}

/// A timer that was sent, and whose row is still there.
#[derive(Debug, Clone, Copy)]
struct Try {
    count: u32,
    retry_at: Instant,
}

/// What the last look at the rows found, which holds until a fold changes timers or the clock passes it.
#[derive(Debug, Clone, Copy)]
struct Look {
    at: DateTime<Utc>,
    next_due_at: Option<DateTime<Utc>>,
}

/// The firing of one partition, for as long as its lease is held.
pub(super) struct Firing {
    commands: Arc<dyn TimerCommands>,
    clock: Arc<dyn Clock>,
    tables: Tables,
    options: Options,
    /// Shared by all partitions of the process.
    in_flight: Arc<Semaphore>,
    tried: HashMap<(TicketKey, TimerKind), Try>,
    look: Option<Look>,
    failures: u32,
    paused_until: Option<Instant>,
}

impl Firing {
    pub(super) fn new(
        commands: Arc<dyn TimerCommands>,
        clock: Arc<dyn Clock>,
        tables: Tables,
        options: Options,
        in_flight: Arc<Semaphore>,
    ) -> Self {
        Self {
            commands,
            clock,
            tables,
            options,
            in_flight,
            tried: HashMap::new(),
            look: None,
            failures: 0,
            paused_until: None,
        }
    }

    /// Takes note of the timers that a fold set, moved or took away.
    pub(super) fn folded(&mut self, changes: &Changes) {
        let set = changes
            .timers_set
            .iter()
            .map(|timer| (key_of(timer), timer.kind));
        let gone = changes.timers_gone.iter().copied();
        for timer in set.chain(gone) {
            self.tried.remove(&timer);
            self.look = None;
        }
    }

    /// Sends one batch of due timers, if any is due. To be called when the log is folded as far as it was seen.
    ///
    /// # Errors
    /// When the timers cannot be read.
    pub(super) async fn fire_due(&mut self, lease: &Lease) -> Result<Next, SagaError> {
        if let Some(until) = self.paused_until.filter(|until| *until > Instant::now()) {
            return Ok(Next::Wait {
                settled_at: None,
                due_at: None,
                retry_at: Some(until),
            });
        }
        let now = self.clock.now();
        if !self.needs_look(now) {
            return Ok(self.wait(now));
        }
        let batch = self.next_batch(now).await?;
        if batch.is_empty() {
            let next_due_at = self.tables.next_due(now).await?;
            self.look = Some(Look {
                at: now,
                next_due_at,
            });
            return Ok(self.wait(now));
        }
        self.look = None;
        self.send(batch, lease).await;
        Ok(Next::Again)
    }

    /// False while what the last look found must still hold. A clock that was set back makes a new look.
    fn needs_look(&self, now: DateTime<Utc>) -> bool {
        let Some(look) = self.look else { return true };
        let is_retry_due = self
            .tried
            .values()
            .any(|tried| tried.retry_at <= Instant::now());
        is_retry_due || now < look.at || look.next_due_at.is_some_and(|due_at| due_at <= now)
    }

    fn wait(&self, now: DateTime<Utc>) -> Next {
        Next::Wait {
            settled_at: self.tried.is_empty().then_some(now),
            due_at: self.look.and_then(|look| look.next_due_at),
            retry_at: self.tried.values().map(|tried| tried.retry_at).min(),
        }
    }

    async fn next_batch(&self, now: DateTime<Utc>) -> Result<Vec<Timer>, SagaError> {
        // Timers that wait for a retry must not hide those behind them.
        let mut due = self
            .tables
            .due(now, self.options.batch_limit + self.tried.len())
            .await?;
        let is_full = self.tried.len() >= TRIED_MAX;
        due.retain(|timer| match self.tried.get(&(key_of(timer), timer.kind)) {
            Some(tried) => tried.retry_at <= Instant::now(),
            None => !is_full,
        });
        due.truncate(self.options.batch_limit);
        Ok(due)
    }

    /// Sends a batch: the tickets side by side, the timers of one ticket one after the other.
    async fn send(&mut self, batch: Vec<Timer>, lease: &Lease) {
        let mut fired: Vec<(Timer, Outcome)> = Vec::with_capacity(batch.len());
        let mut tickets = futures::stream::iter(by_ticket(batch))
            .map(|timers| self.send_ticket(timers, lease))
            .buffer_unordered(self.options.in_flight_limit);
        while let Some(outcomes) = tickets.next().await {
            let is_down = outcomes
                .iter()
                .any(|(_, outcome)| matches!(outcome, Outcome::Unavailable(_)));
            fired.extend(outcomes);
            if is_down || !lease.is_held() {
                break;
            }
        }
        drop(tickets);
        self.paused_until = None;
        for (timer, outcome) in fired {
            self.note(&timer, &outcome);
        }
        if self.paused_until.is_none() {
            self.failures = 0;
        }
    }

    async fn send_ticket(&self, timers: Vec<Timer>, lease: &Lease) -> Vec<(Timer, Outcome)> {
        let mut outcomes = Vec::with_capacity(timers.len());
        for timer in timers {
            // The semaphore is never closed: an error cannot happen, and would only mean to send without a permit.
            let _permit = self.in_flight.acquire().await;
            if !lease.is_held() {
                break;
            }
            let limit = self.options.command_timeout;
            let outcome = match timeout(limit, self.commands.fire(&timer)).await {
                Ok(outcome) => outcome,
                Err(elapsed) => Outcome::Unavailable(Box::new(elapsed)),
            };
            let is_down = matches!(outcome, Outcome::Unavailable(_));
            outcomes.push((timer, outcome));
            if is_down {
                break;
            }
        }
        outcomes
    }

    fn note(&mut self, timer: &Timer, outcome: &Outcome) {
        let name = name_of(outcome);
        metrics::counter!("insightdesk_timers_fired_total", "kind" => timer.kind.as_str(), "outcome" => name)
            .increment(1);
        match outcome {
            Outcome::Recorded => {
                let lateness_s = lateness_s(self.clock.now() - timer.due_at);
                metrics::histogram!("insightdesk_timer_lateness_seconds", "kind" => timer.kind.as_str())
                    .record(lateness_s);
            }
            Outcome::Stale => {
                tracing::debug!(ticket = %timer.ticket_id, kind = %timer.kind, "timer is void")
            }
            Outcome::Early => {
                tracing::warn!(ticket = %timer.ticket_id, kind = %timer.kind, due_at = %timer.due_at,
                    "timer is early: the clock was set back");
            }
            Outcome::Refused(error) => {
                tracing::warn!(ticket = %timer.ticket_id, kind = %timer.kind, error = &**error as &dyn std::error::Error,
                    "timer was refused");
            }
            Outcome::Unavailable(error) => {
                tracing::warn!(partition = %self.tables.partition, error = &**error as &dyn std::error::Error,
                    "timers wait: the log cannot take their commands now");
                self.pause();
                return;
            }
        }
        self.tried_now(timer);
    }

    fn tried_now(&mut self, timer: &Timer) {
        let key = (key_of(timer), timer.kind);
        let count = self.tried.get(&key).map_or(0, |tried| tried.count) + 1;
        let retry_at = Instant::now() + self.options.retry_after(count);
        self.tried.insert(key, Try { count, retry_at });
    }

    /// Pauses the partition once for a batch, however many of its commands failed.
    fn pause(&mut self) {
        if self.paused_until.is_none() {
            self.failures += 1;
            let wait: Duration = self.options.retry_after(self.failures);
            self.paused_until = Some(Instant::now() + wait);
        }
    }
}

/// The batch by ticket, in the order of each ticket's first timer.
fn by_ticket(batch: Vec<Timer>) -> Vec<Vec<Timer>> {
    let mut tickets: Vec<Vec<Timer>> = Vec::with_capacity(batch.len());
    let mut index: HashMap<TicketKey, usize> = HashMap::with_capacity(batch.len());
    for timer in batch {
        let place = *index.entry(key_of(&timer)).or_insert(tickets.len());
        match tickets.get_mut(place) {
            Some(timers) => timers.push(timer),
            None => tickets.push(vec![timer]),
        }
    }
    tickets
}

fn key_of(timer: &Timer) -> TicketKey {
    (timer.organization_id, timer.ticket_id)
}

fn name_of(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Recorded => "recorded",
        Outcome::Stale => "stale",
        Outcome::Early => "early",
        Outcome::Unavailable(_) => "unavailable",
        Outcome::Refused(_) => "refused",
    }
}

/// In seconds, as metrics want it.
fn lateness_s(lateness: chrono::TimeDelta) -> f64 {
    lateness.to_std().unwrap_or_default().as_secs_f64()
}
