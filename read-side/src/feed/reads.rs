//! Reads of the log that callers at the same place share: those who follow an organization's feed are all at its end, and
//! one read is enough for them.
//!
//! What is shared is the same for everybody; what somebody may see of it is decided for each by [`super::sight`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::event::DomainEvent;
use event_store::{Position, RecordedEvent, Selection};
use moka::sync::Cache;
use platform::kept;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::Feed;
use super::event::ReadEvent;
use super::facts::{Facts, Named};
use crate::error::ReadError;
use crate::viewer::Tenant;

/// How long a read is shared: so much later a right may be seen to change by whoever carries no token.
pub(super) const SHARED_FOR: Duration = Duration::from_millis(250);
/// The most reads that are kept.
const READS_MAX: u64 = 64;

/// Which events: the same key is the same read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) tenant: Tenant,
    pub(super) after: Position,
    pub(super) types: Arc<[&'static str]>,
    pub(super) rows: u32,
}

/// Some events of an organization, with what the rows of that moment said of them.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) events: Vec<ReadEvent>,
    /// Up to here there is nothing else.
    pub(super) reached: Position,
    /// The facts show at least this.
    shows: Position,
    /// The newest event that the facts show.
    pub(super) newest_fact: Position,
}

#[derive(Clone)]
pub(super) struct SharedReads(Cache<Place, Arc<OnceCell<Arc<Read>>>>);

impl SharedReads {
    pub(super) fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(READS_MAX)
            .time_to_live(SHARED_FOR)
            .build();
        Self(cache)
    }
}

impl Feed {
    /// What comes after a place, up to a position at most, by facts that show `at_least` this.
    pub(super) async fn read_shared(
        &self,
        place: Place,
        up_to: Position,
        at_least: Position,
    ) -> Result<Arc<Read>, ReadError> {
        let cell = self.reads.0.get_with(place.clone(), Arc::default);
        kept::count("feed_pages", &self.reads.0);
        let read = || async {
            let selection = Selection {
                partition: place.tenant.partition,
                org_id: place.tenant.org_id,
                after: place.after,
                up_to,
                streams: None,
                types: Some(&place.types),
                limit: place.rows,
            };
            self.read(place.tenant, &selection).await.map(Arc::new)
        };
        let shared = cell.get_or_try_init(read).await?;
        if shared.shows >= at_least {
            return Ok(Arc::clone(shared));
        }
        read().await
    }

    /// Reads events, opens what is sealed in them, and asks what they are about. Ends before an event whose ticket, message or
    /// view is not in the read models yet: an append may be in them by half for a moment.
    pub(super) async fn read(
        &self,
        tenant: Tenant,
        selection: &Selection<'_>,
    ) -> Result<Read, ReadError> {
        let shows = self.models.now(tenant).await.position;
        let selected = self.log.store.select(selection).await?;
        let (mut recorded, mut reached) = (selected.events, selected.reached);
        self.log.keys.open_page(&mut recorded).await?;
        let facts = self.facts(tenant, &recorded).await?;
        let mut events = Vec::with_capacity(recorded.len());
        let mut before = selection.after;
        for recorded in recorded {
            let position = recorded.position;
            let Some(event) = with_facts(ReadEvent::of(recorded)?, &facts) else {
                reached = before;
                break;
            };
            events.push(event);
            before = position;
        }
        Ok(Read {
            events,
            reached,
            shows,
            newest_fact: facts.newest,
        })
    }

    async fn facts(&self, tenant: Tenant, events: &[RecordedEvent]) -> Result<Facts, ReadError> {
        let of = |stream_type: &str| -> BTreeSet<Uuid> {
            let streams = events
                .iter()
                .filter(|event| event.stream_type == stream_type);
            streams.map(|event| event.stream_id).collect()
        };
        let named = Named {
            tickets: of(domain::ticket::STREAM_TYPE),
            messages: of(domain::message::STREAM_TYPE),
            views: of(domain::view::STREAM_TYPE),
        };
        self.models.facts_of(tenant, named).await
    }
}

/// The event with its facts, if those that it needs are there.
fn with_facts(mut event: ReadEvent, facts: &Facts) -> Option<ReadEvent> {
    let ticket_id = match &event.body {
        DomainEvent::Ticket(_) => event.stream_id(),
        DomainEvent::Message(_) => {
            let message = facts.messages.get(&event.stream_id())?;
            event.message = Some(*message);
            message.ticket_id.0
        }
        DomainEvent::View(_) => {
            event.view = Some(*facts.views.get(&event.stream_id())?);
            return Some(event);
        }
        _ => return Some(event),
    };
    event.ticket = Some(*facts.tickets.get(&ticket_id)?);
    Some(event)
}
