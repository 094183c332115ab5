//! A simulation from its request to its numbers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use domain::event::DomainEvent;
use domain::ids::{CompanyId, TicketId, UserId};
use domain::metadata::Metadata;
use domain::sla::Metric;
use domain::sla::simulation::{
    Difference, Draft, Numbers, Range, Replay, Rules, Tally, Timeline, Waits,
};
use domain::ticket::event::TicketEvent;
use domain::ticket::state::Priority;
use event_store::{EventStore, Placement, RecordedEvent, Version};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::history::{History, TicketOfLog, decoded};
use crate::node::Node;

/// Events of a page of a ticket's stream.
const PAGE_EVENTS: u32 = 500;
/// Streams that are read at once.
const STREAMS_AT_ONCE: usize = 4;
/// Tickets after which the simulation lets others go first, and tells how far it is.
const TICKETS_OF_STEP: usize = 100;
/// How long it does so.
const PAUSE: Duration = Duration::from_millis(5);
/// The most times used that are kept for percentiles, 8 bytes each.
const USED_KEPT_MAX: usize = 10_000_000;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// Of whom.
    pub place: Placement,
    /// What is put in the place of what held.
    pub draft: Draft,
    /// Which waits are counted: by the draft or really counted in this time.
    pub range: Range,
    /// Whether tickets of another system's history are promised something, too.
    pub imported: bool,
}

/// A wait of a ticket that is counted otherwise under the draft.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// The ticket.
    pub ticket_id: TicketId,
    /// Its number.
    pub number: u64,
    /// What differs.
    pub difference: Difference,
}

/// How far a simulation is.
#[derive(Debug)]
pub enum Progress {
    /// Events of the partition that were passed, of how many.
    Walked(u64, u64),
    /// Tickets that were replayed, of how many, and what differs in those since the step before.
    Replayed(u64, u64, Vec<Found>),
}

/// Who follows a simulation.
pub trait Watch: Send {
    /// Hears of a step.
    ///
    /// # Errors
    /// When the simulation is to end here.
    fn step(&mut self, progress: Progress) -> impl Future<Output = Result<()>> + Send;
}

/// What came of it.
#[derive(Debug)]
pub struct Finished {
    /// The moment of which it tells: a deadline before it has passed.
    pub as_of: DateTime<Utc>,
    /// The tickets that were replayed.
    pub tickets: u64,
    /// The numbers of each metric and priority: as they went, and as they would have gone.
    pub rows: Vec<(Metric, Priority, Numbers, Numbers)>,
}

/// Runs a simulation, and tells `watch` each step of it.
///
/// # Errors
/// When the log cannot be read, more is counted than is kept in memory, or the watcher ends it.
pub async fn run(node: &Node, simulation: &Simulation, watch: &mut impl Watch) -> Result<Finished> {
    let as_of = node.dispatcher.clock().now();
    let store = node.log();
    let (place, draft) = (simulation.place, &simulation.draft);
    let history = History::read(&store, &node.keys, place, draft, watch).await?;
    let range = simulation.range;
    let tickets: Vec<_> = history
        .tickets
        .iter()
        .filter(|ticket| ticket.may_be_counted(&range))
        .copied()
        .collect();
    let (mut tally, mut differences) = (Tally::default(), Vec::new());
    let (total, mut done) = (tickets.len() as u64, 0);
    for step in tickets.chunks(TICKETS_OF_STEP) {
        let one = |ticket: &TicketOfLog| {
            replayed(node, &store, simulation, &history, *ticket, as_of).boxed()
        };
        let replayed: Vec<BoxFuture<'_, _>> = step.iter().map(one).collect();
        let replayed: Vec<_> = stream::iter(replayed)
            .buffered(STREAMS_AT_ONCE)
            .try_collect()
            .await?;
        for (ticket, (really, draft)) in replayed {
            let found = |difference| Found {
                ticket_id: TicketId(ticket.id),
                number: ticket.number,
                difference,
            };
            differences.extend(tally.add(&range, &really, &draft).into_iter().map(found));
        }
        if tally.kept() > USED_KEPT_MAX {
            bail!("more than {USED_KEPT_MAX} waits are counted: simulate a shorter time");
        }
        done += step.len() as u64;
        let found = std::mem::take(&mut differences);
        watch.step(Progress::Replayed(done, total, found)).await?;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(Finished {
        as_of,
        tickets: total,
        rows: tally.rows(),
    })
}

async fn replayed(
    node: &Node,
    store: &EventStore,
    simulation: &Simulation,
    history: &History,
    ticket: TicketOfLog,
    as_of: DateTime<Utc>,
) -> Result<(TicketOfLog, (Waits, Waits))> {
    let events = events_of(store, node, simulation.place, ticket.id).await?;
    let waits = replay(&events, simulation.imported, history, as_of)?;
    Ok((ticket, waits))
}

async fn events_of(
    store: &EventStore,
    node: &Node,
    place: Placement,
    ticket: Uuid,
) -> Result<Vec<RecordedEvent>> {
    let (mut events, mut version) = (Vec::new(), Version::NONE);
    loop {
        let mut page = store
            .read_stream(place.partition, place.org_id, ticket, version, PAGE_EVENTS)
            .await?;
        let is_last = page.len() < PAGE_EVENTS as usize;
        node.keys.open_page(&mut page).await?;
        if let Some(last) = page.last() {
            version = last.version;
        }
        events.append(&mut page);
        if is_last {
            return Ok(events);
        }
    }
}

fn replay(
    events: &[RecordedEvent],
    imported: bool,
    history: &History,
    as_of: DateTime<Utc>,
) -> Result<(Waits, Waits)> {
    let mut replay = Replay::new(imported);
    let mut terms = TermsOfTicket::new(history);
    for recorded in events {
        let DomainEvent::Ticket(event) = decoded(recorded)? else {
            continue;
        };
        let metadata: Metadata = serde_json::from_str(&recorded.metadata)?;
        let rules = terms.at(&event, recorded.position.get());
        let request = metadata.correlation_id;
        replay.take(&event, recorded.occurred_at, request, &rules);
    }
    Ok(replay.end(as_of, history.timeline.last()))
}

/// The rules as a ticket sees them: with the company of its requester, where a policy asks for it.
struct TermsOfTicket<'a> {
    history: &'a History,
    requester: Option<UserId>,
    asks_for_company: bool,
    made: HashMap<(*const Rules, Option<CompanyId>), Arc<Rules>>,
}

impl<'a> TermsOfTicket<'a> {
    fn new(history: &'a History) -> Self {
        Self {
            history,
            requester: None,
            asks_for_company: history.timeline.asks_for_company(),
            made: HashMap::new(),
        }
    }

    fn at(&mut self, event: &TicketEvent, position: i64) -> Arc<Rules> {
        if let TicketEvent::Opened(opened) = event {
            self.requester = Some(opened.requester_id);
        }
        let timeline: &Timeline = &self.history.timeline;
        let rules = timeline.before(position);
        if !self.asks_for_company {
            return Arc::clone(rules);
        }
        let company = self
            .requester
            .and_then(|requester| self.history.company(requester, position));
        let made = self.made.entry((Arc::as_ptr(rules), company));
        let with_company = || {
            let mut rules = Rules::clone(rules);
            rules.terms.company_id = company;
            Arc::new(rules)
        };
        Arc::clone(made.or_insert_with(with_company))
    }
}
