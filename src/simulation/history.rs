//! The walk along the partition: which tickets there are, and which rules held.

use std::collections::HashMap;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use domain::actor::Role;
use domain::event::DomainEvent;
use domain::ids::{CompanyId, UserId};
use domain::sla::simulation::{Draft, Range, RuleEvent, Timeline};
use domain::user::event::UserEvent;
use domain::{calendar, organization, service_levels, ticket, user};
use event_store::{EventStore, Placement, Position, RecordedEvent};
use sealing::Keyring;
use uuid::Uuid;

use super::run::{Progress, Watch};

/// Events of a page of the partition.
const PAGE_EVENTS: u32 = 1_000;

/// A ticket of the organization.
#[derive(Debug, Clone, Copy)]
pub(super) struct TicketOfLog {
    pub(super) id: Uuid,
    /// The n-th ticket of its organization.
    pub(super) number: u64,
    opened_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    is_done: bool,
}

/// What the walk found.
pub(super) struct History {
    pub(super) tickets: Vec<TicketOfLog>,
    pub(super) timeline: Timeline,
    /// The companies of each customer who was ever in one, from which position on.
    companies: HashMap<Uuid, Vec<(i64, Option<CompanyId>)>>,
}

/// An event that may change rules.
struct Ruling {
    position: i64,
    stream_id: Uuid,
    version: i64,
    occurred_at: DateTime<Utc>,
    body: DomainEvent,
}

impl TicketOfLog {
    /// Whether one of its waits may be counted in the time: not where it was done before it, nor where it came after it.
    pub(super) fn may_be_counted(&self, range: &Range) -> bool {
        self.opened_at < range.to && !(self.is_done && self.changed_at < range.from)
    }
}

impl History {
    /// Walks the log of an organization's partition up to its head, and tells `watch` how many events it has passed.
    ///
    /// # Errors
    /// When the log cannot be read, or a newer program wrote an event of the organization.
    pub(super) async fn read(
        store: &EventStore,
        keys: &Keyring,
        place: Placement,
        draft: &Draft,
        watch: &mut impl Watch,
    ) -> Result<Self> {
        let head = store.head(place.partition).await?;
        let total = head.get().unsigned_abs();
        let mut found = Found::default();
        let mut after = Position::START;
        while after < head {
            let page = store
                .read_partition(place.partition, after, PAGE_EVENTS)
                .await?;
            let Some(last) = page.last() else {
                break;
            };
            after = last.position;
            let own = page
                .into_iter()
                .filter(|event| event.org_id == place.org_id);
            found.take(keys, own.collect()).await?;
            let walked = after.get().unsigned_abs().min(total);
            watch.step(Progress::Walked(walked, total)).await?;
        }
        let events = found.rulings.iter().map(|ruling| RuleEvent {
            position: ruling.position,
            stream_id: ruling.stream_id,
            version: ruling.version,
            occurred_at: ruling.occurred_at,
            body: &ruling.body,
        });
        Ok(Self {
            timeline: Timeline::of(events, draft),
            tickets: found.tickets,
            companies: found.companies,
        })
    }

    /// The company of a customer before a place of the log.
    pub(super) fn company(&self, requester: UserId, position: i64) -> Option<CompanyId> {
        let known = self.companies.get(&requester.0)?;
        let upto = known.partition_point(|(from, _)| *from < position);
        known.get(upto.checked_sub(1)?)?.1
    }
}

#[derive(Default)]
struct Found {
    tickets: Vec<TicketOfLog>,
    places: HashMap<Uuid, usize>,
    rulings: Vec<Ruling>,
    companies: HashMap<Uuid, Vec<(i64, Option<CompanyId>)>>,
}

impl Found {
    async fn take(&mut self, keys: &Keyring, events: Vec<RecordedEvent>) -> Result<()> {
        let mut ruling = Vec::new();
        for event in events {
            match event.stream_type.as_str() {
                ticket::STREAM_TYPE => self.take_ticket(&event),
                organization::STREAM_TYPE | service_levels::STREAM_TYPE | calendar::STREAM_TYPE => {
                    ruling.push(event);
                }
                user::STREAM_TYPE => ruling.push(event),
                _ => {}
            }
        }
        keys.open_page(&mut ruling).await?;
        for event in ruling {
            self.take_ruling(&event)?;
        }
        Ok(())
    }

    fn take_ticket(&mut self, event: &RecordedEvent) {
        let at = event.occurred_at;
        if event.event_type == "ticket.opened" {
            self.places.insert(event.stream_id, self.tickets.len());
            self.tickets.push(TicketOfLog {
                id: event.stream_id,
                number: self.tickets.len() as u64 + 1,
                opened_at: at,
                changed_at: at,
                is_done: false,
            });
            return;
        }
        let place = self.places.get(&event.stream_id).copied();
        let Some(ticket) = place.and_then(|place| self.tickets.get_mut(place)) else {
            return;
        };
        ticket.changed_at = ticket.changed_at.max(at);
        match event.event_type.as_str() {
            "ticket.resolved" | "ticket.closed" => ticket.is_done = true,
            "ticket.reopened" => ticket.is_done = false,
            _ => {}
        }
    }

    fn take_ruling(&mut self, event: &RecordedEvent) -> Result<()> {
        let body = decoded(event)?;
        let position = event.position.get();
        if let DomainEvent::User(change) = &body {
            let company = match change {
                UserEvent::CompanySet(set) => Some(set.to),
                // Who becomes an agent, or is erased, belongs to none: see the fold of users.
                UserEvent::RoleChanged(changed) if changed.to != Role::Customer => Some(None),
                UserEvent::Erased(_) => Some(None),
                _ => None,
            };
            if let Some(company) = company {
                let known = self.companies.entry(event.stream_id);
                known.or_default().push((position, company));
            }
            return Ok(());
        }
        self.rulings.push(Ruling {
            position,
            stream_id: event.stream_id,
            version: event.version.get(),
            occurred_at: event.occurred_at,
            body,
        });
        Ok(())
    }
}

/// An event of the log in its type.
pub(super) fn decoded(event: &RecordedEvent) -> Result<DomainEvent> {
    let decoded = DomainEvent::decode(
        &event.stream_type,
        &event.event_type,
        event.schema_version,
        &event.data,
    );
    decoded.with_context(|| {
        format!(
            "the event at position {} of partition {} cannot be read",
            event.position, event.partition
        )
    })
}
