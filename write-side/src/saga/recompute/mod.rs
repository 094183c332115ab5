//! Carries changed rules to the tickets that are open: to each that may be touched goes one command, in small batches that
//! leave the log to those who wait for it.
//!
//! A change is noted in the transaction of the fold that saw it, as a walk over the open tickets of its scope (`walk`). A
//! walk goes on batch by batch; how far it is stands in the tables (`tables`) under the saga's lease, after the batch. So a
//! crash repeats a batch at most, which is harmless: a ticket that was promised what holds has nothing to change. A change
//! that comes in meanwhile joins the walk.
//!
//! A command may be decided by rules that were read up to a second before. A walk therefore begins
//! [`Options::rules_settling`] after its change was seen: what is decided by older rules is in the log by then. A walk that
//! is under way goes on meanwhile, and looks once more at what it looked at in that time.

mod rules;
mod tables;
mod walk;

pub(super) use rules::{Rules, RulesChange, RulesNews};
pub(super) use tables::note;

use super::error::SagaError;
use super::lease::Lease;
use super::options::Options;
use super::tables::Tables;
use super::timer::TimerCommands;
use chrono::{DateTime, Utc};
use domain::ids::{OrganizationId, TicketId};
use domain::sla::clocks::Clocks;
use futures::StreamExt;
use platform::clock::Clock;
use std::collections::{HashMap, HashSet, VecDeque};
use std::error::Error as StdError;
use std::sync::Arc;
use tables::Unfinished;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use uuid::Uuid;
use walk::{Walk, WalkKey};

/// The most walks that a partition keeps in memory. Further ones are looked up when these are done.
const WALKS_MAX: i64 = 1_000;

/// A ticket that a change of rules may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TouchedTicket {
    /// Its organization.
    pub organization_id: OrganizationId,
    /// The ticket.
    pub ticket_id: TicketId,
    /// The event of the change: the cause of what becomes of the ticket.
    pub cause_event: Uuid,
    /// The chain of commands to which that event belongs.
    pub correlation_id: Uuid,
}

/// What became of the command to a ticket that a change of rules may touch.
#[derive(Debug)]
pub enum Reapplied {
    /// Another promise holds: its event is in the log.
    Changed,
    /// What was promised to it holds, or it is done.
    Unchanged,
    /// Its organization is suspended, and is left alone until it is not.
    Suspended,
    /// Its organization is deleted.
    Deleted,
    /// The log cannot take commands now, or nobody knows whether it took this one.
    Unavailable(Box<dyn StdError + Send + Sync>),
    /// Refused for a reason that background work should never meet.
    Refused(Box<dyn StdError + Send + Sync>),
}

/// What became of a batch of tickets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    done: i64,
    changed: i64,
    refused: i64,
}

/// How a batch ended.
enum Ended {
    /// Everybody in it was told.
    Told(Tally),
    /// Its organization is to be left alone.
    Suspended,
    /// There is nobody to tell any more.
    Deleted,
    /// It has to be repeated.
    Broken,
}

/// What there is to do after a look at the walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A batch was sent.
    Walked,
    /// Nothing before this, if there is anything at all.
    Wait(Option<Instant>),
}

/// A walk that waits for its next batch.
struct Waiting {
    walk: Walk,
    ready_at: Instant,
    /// What is looked at before may be decided by rules that are older than the newest change, and is looked at again.
    settled_at: Instant,
    since: DateTime<Utc>,
    tickets_left: i64,
}

/// The walks of one partition, for as long as its lease is held.
pub(super) struct Recompute {
    commands: Arc<dyn TimerCommands>,
    clock: Arc<dyn Clock>,
    tables: Tables,
    options: Options,
    /// Shared by all partitions of the process.
    in_flight: Arc<Semaphore>,
    /// Each gets its turn.
    walks: VecDeque<Waiting>,
    /// Whether the tables hold walks that are not here, or not as they are here.
    must_load: bool,
    /// When walks may begin whose change was seen a moment ago.
    settled_at: HashMap<WalkKey, Instant>,
    suspended: HashSet<OrganizationId>,
    failures: u32,
    rest_until: Instant,
}

impl Recompute {
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
            walks: VecDeque::new(),
            must_load: true,
            settled_at: HashMap::new(),
            suspended: HashSet::new(),
            failures: 0,
            rest_until: Instant::now(),
        }
    }

    /// Takes note of what a fold noted in the tables.
    pub(super) fn folded(&mut self, news: &RulesNews) {
        let settled_at = Instant::now() + self.options.rules_settling;
        for change in &news.changes {
            self.settled_at.insert(change.key, settled_at);
            self.must_load = true;
        }
        for organization_id in &news.resumed {
            self.must_load |= self.suspended.remove(organization_id);
        }
    }

    /// Sends one batch of commands, if a walk is ready for it. To be called when the log is folded as far as it was seen.
    ///
    /// # Errors
    /// When the tables cannot be used, or the lease is lost.
    pub(super) async fn step(&mut self, lease: &Lease) -> Result<Step, SagaError> {
        let began_at = Instant::now();
        if began_at < self.rest_until {
            return Ok(Step::Wait(Some(self.rest_until)));
        }
        if self.must_load {
            self.load().await?;
        }
        let ready = |waiting: &Waiting| waiting.ready_at <= began_at;
        let Some(index) = self.walks.iter().position(ready) else {
            let ready_at = self.walks.iter().map(|waiting| waiting.ready_at).min();
            return Ok(Step::Wait(ready_at));
        };
        if let Some(waiting) = self.walks.remove(index) {
            self.walk_on(waiting, lease).await?;
        }
        self.report();
        let pause = began_at.elapsed() * self.options.recompute_rest;
        self.rest_until = self.rest_until.max(Instant::now() + pause);
        Ok(Step::Walked)
    }

    async fn load(&mut self) -> Result<(), SagaError> {
        let tables = &self.tables;
        let unfinished = tables.unfinished_walks(&self.suspended, WALKS_MAX).await?;
        self.must_load = false;
        // What was found by an earlier leader was seen by it at an unknown time.
        let settled_at = Instant::now() + self.options.rules_settling;
        let known: HashMap<WalkKey, (Instant, Instant)> = self
            .walks
            .drain(..)
            .map(|waiting| (waiting.walk.key, (waiting.ready_at, waiting.settled_at)))
            .collect();
        for Unfinished {
            walk,
            since,
            tickets_left,
        } in unfinished
        {
            let noted = self.settled_at.get(&walk.key).copied();
            let (ready_at, settled_at) = match (noted, known.get(&walk.key)) {
                // Changes that come faster than they settle keep nobody waiting.
                (Some(noted), Some((ready_at, _))) if walk.has_begun() => (*ready_at, noted),
                (Some(noted), _) => (noted, noted),
                (None, Some(known)) => *known,
                (None, None) => (settled_at, settled_at),
            };
            self.walks.push_back(Waiting {
                ready_at,
                settled_at,
                walk,
                since,
                tickets_left,
            });
        }
        let now = Instant::now();
        self.settled_at.retain(|_, settled_at| *settled_at > now);
        self.report();
        Ok(())
    }

    /// Sends one batch of a walk, and keeps how far it is then.
    async fn walk_on(&mut self, mut waiting: Waiting, lease: &Lease) -> Result<(), SagaError> {
        let limit = self.options.recompute_batch_limit;
        let page_limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let is_settled = waiting.settled_at <= Instant::now();
        let page = self.tables.tickets_of(&waiting.walk, page_limit).await?;
        let ended = self.send(&waiting.walk, &page, lease).await;
        let mut walk = waiting.walk.clone();
        let (tally, mut is_finished) = match ended {
            Ended::Told(tally) => {
                let last = page.last().map(|(ticket_id, _)| ticket_id.0);
                (tally, walk.advance(last, page.len() >= limit))
            }
            Ended::Deleted => (Tally::default(), true),
            Ended::Suspended => {
                let (organization_id, _) = walk.key;
                self.suspended.insert(organization_id);
                let of_others = |waiting: &Waiting| waiting.walk.key.0 != organization_id;
                self.walks.retain(of_others);
                // There may be more than were kept here.
                self.must_load |= self.walks.is_empty();
                return Ok(());
            }
            Ended::Broken => {
                self.failures += 1;
                self.rest_until = Instant::now() + self.options.retry_after(self.failures);
                self.walks.push_front(waiting);
                return Ok(());
            }
        };
        self.failures = 0;
        if !is_settled {
            walk.turn_round_here(is_finished);
            if is_finished {
                waiting.ready_at = waiting.settled_at;
            }
            is_finished = false;
        }
        let finished_at = is_finished.then(|| self.clock.now());
        self.tables
            .move_walk(lease, &walk, tally, finished_at)
            .await?;
        if is_finished {
            self.must_load |= self.walks.is_empty();
        } else {
            waiting.walk = walk;
            waiting.tickets_left -= tally.done;
            self.walks.push_back(waiting);
        }
        Ok(())
    }

    /// Sends the commands of a batch, some of them side by side.
    async fn send(&self, walk: &Walk, page: &[(TicketId, Clocks)], lease: &Lease) -> Ended {
        let tickets = touched(walk, page);
        let mut outcomes = futures::stream::iter(tickets)
            .map(|ticket| self.send_one(ticket, lease))
            .buffer_unordered(self.options.recompute_in_flight_limit);
        let mut tally = Tally {
            done: i64::try_from(page.len()).unwrap_or(i64::MAX),
            ..Tally::default()
        };
        while let Some(outcome) = outcomes.next().await {
            let Some(outcome) = outcome else {
                return Ended::Broken;
            };
            count(&outcome);
            match outcome {
                Reapplied::Changed => tally.changed += 1,
                Reapplied::Unchanged => {}
                Reapplied::Suspended => return Ended::Suspended,
                Reapplied::Deleted => return Ended::Deleted,
                Reapplied::Unavailable(error) => {
                    tracing::warn!(partition = %self.tables.partition, error = &*error as &dyn StdError,
                        "changed rules wait: the log cannot take their commands now");
                    return Ended::Broken;
                }
                Reapplied::Refused(error) => {
                    tally.refused += 1;
                    tracing::warn!(organization = %walk.key.0, error = &*error as &dyn StdError,
                        "a ticket refused to be measured by changed rules");
                }
            }
        }
        Ended::Told(tally)
    }

    /// None when the lease may be another's by now.
    async fn send_one(&self, ticket: TouchedTicket, lease: &Lease) -> Option<Reapplied> {
        // The semaphore is never closed: an error cannot happen, and would only mean to send without a permit.
        let _permit = self.in_flight.acquire().await;
        if !lease.is_held() {
            return None;
        }
        let limit = self.options.command_timeout;
        Some(match timeout(limit, self.commands.reapply(&ticket)).await {
            Ok(outcome) => outcome,
            Err(elapsed) => Reapplied::Unavailable(Box::new(elapsed)),
        })
    }

    fn report(&self) {
        let partition = self.tables.partition.to_string();
        let left: i64 = self
            .walks
            .iter()
            .map(|waiting| waiting.tickets_left.max(0))
            .sum();
        let since = self.walks.iter().map(|waiting| waiting.since).min();
        let age = since.map_or(0.0, |since| {
            let age = self.clock.now() - since;
            age.to_std().unwrap_or_default().as_secs_f64()
        });
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is a float, and 2^53 tickets are out of reach"
        )]
        metrics::gauge!("insightdesk_recompute_tickets_pending", "partition" => partition.clone())
            .set(left as f64);
        metrics::gauge!("insightdesk_recompute_age_seconds", "partition" => partition).set(age);
    }
}

/// The tickets of a page that a walk's changes may touch.
fn touched(walk: &Walk, page: &[(TicketId, Clocks)]) -> Vec<TouchedTicket> {
    let may_touch = |clocks: &Clocks| {
        let rule = clocks.rule();
        rule.is_some_and(|rule| walk.touches.may_touch(rule))
    };
    let touched = page.iter().filter(|(_, clocks)| may_touch(clocks));
    let ticket = |(ticket_id, _): &(TicketId, Clocks)| TouchedTicket {
        organization_id: walk.key.0,
        ticket_id: *ticket_id,
        cause_event: walk.cause.event_id,
        correlation_id: walk.cause.correlation_id,
    };
    touched.map(ticket).collect()
}

fn count(outcome: &Reapplied) {
    let name = match outcome {
        Reapplied::Changed => "changed",
        Reapplied::Unchanged => "unchanged",
        Reapplied::Suspended | Reapplied::Deleted => "shut",
        Reapplied::Unavailable(_) => "unavailable",
        Reapplied::Refused(_) => "refused",
    };
    metrics::counter!("insightdesk_recompute_tickets_total", "outcome" => name).increment(1);
}
