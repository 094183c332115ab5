//! The past: streams of the log, folded to an earlier moment by the folds that keep the rows of now.
//!
//! Invariants:
//! - Permissions of today apply: whoever may not see the thing now reads nothing of its past, and what it was in hidden teams is
//!   left out.
//! - What was redacted or erased since stays so.
//! - Names are those of the moment; the number of a ticket never changes.

mod fold;
mod moment;
mod people;
#[cfg(test)]
mod plans;
mod policies;
mod stream;
mod ticket;
mod timeline;

use domain::event::DomainEvent;
use domain::ids::OrganizationId;
use domain::metadata::Metadata;
use event_store::{Position, RecordedEvent, Selection};
use platform::rows::Moment;
use uuid::Uuid;

use crate::error::ReadError;
use crate::feed::Log;
use crate::models::ReadModels;
use crate::viewer::Tenant;
use moment::Cut;
pub use moment::{AsOf, InvalidAsOf};
pub use policies::LevelsThen;
pub use stream::Stream;
pub use ticket::TicketPast;
pub use timeline::{Fact, Facts};

/// Events that are read at a time.
const EVENTS_AT_A_TIME: u32 = 5_000;

/// The past of tickets, people, teams, calendars and policies.
#[derive(Clone)]
pub struct Past {
    models: ReadModels,
    log: Log,
}

/// An event, read.
struct Told {
    recorded: RecordedEvent,
    body: DomainEvent,
    correlation_id: Uuid,
}

impl Told {
    /// Reads an event that was opened.
    fn of(recorded: RecordedEvent) -> Result<Self, ReadError> {
        let body = DomainEvent::decode(
            &recorded.stream_type,
            &recorded.event_type,
            recorded.schema_version,
            &recorded.data,
        );
        let body = body.map_err(|error| ReadError::Broken(Box::new(error)))?;
        let metadata = serde_json::from_str::<Metadata>(&recorded.metadata);
        let metadata = metadata.map_err(|error| ReadError::Broken(Box::new(error)))?;
        Ok(Self {
            recorded,
            body,
            correlation_id: metadata.correlation_id,
        })
    }

    /// Whether one command recorded both. What timers do because of one command has its correlation, too, and may be recorded
    /// at the same moment: then nobody saw what lay between.
    fn is_appended_with(&self, other: &Self) -> bool {
        self.recorded.recorded_at == other.recorded.recorded_at
            && self.correlation_id == other.correlation_id
    }

    fn moment(&self) -> Moment {
        Moment {
            org_id: OrganizationId(self.recorded.org_id.0),
            version: self.recorded.version.get(),
            position: self.recorded.position.get(),
            occurred_at: self.recorded.occurred_at,
        }
    }
}

/// The events that belong to a moment of a stream; none when the stream never had such a version. There may be events of other
/// streams among them.
fn until(events: &[Told], stream: Uuid, as_of: AsOf) -> Option<(Cut, &[Told])> {
    let cut = Cut::of(as_of, stream, events)?;
    let end = events.iter().position(|told| !cut.admits(&told.recorded));
    Some((cut, &events[..end.unwrap_or(events.len())]))
}

impl Past {
    /// The past in this log.
    #[must_use]
    pub fn new(models: ReadModels, log: Log) -> Self {
        Self { models, log }
    }

    pub(crate) fn models(&self) -> &ReadModels {
        &self.models
    }

    /// Where the read models are. Whoever was shown an event already is shown it here.
    async fn up_to(&self, tenant: Tenant, at_least: Position) -> Position {
        self.models.now(tenant).await.position.max(at_least)
    }

    /// Events of streams in their order, opened: what was erased since reads as erased.
    async fn events(
        &self,
        tenant: Tenant,
        streams: &[Uuid],
        types: Option<&[&'static str]>,
        up_to: Position,
    ) -> Result<Vec<Told>, ReadError> {
        let mut events = self.recorded(tenant, streams, types, up_to).await?;
        self.log.keys.open_page(&mut events).await?;
        events.into_iter().map(Told::of).collect()
    }

    /// Events of streams in their order, sealed as they are.
    async fn recorded(
        &self,
        tenant: Tenant,
        streams: &[Uuid],
        types: Option<&[&'static str]>,
        up_to: Position,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let mut recorded = Vec::new();
        let mut after = Position::START;
        while after < up_to {
            let selection = Selection {
                partition: tenant.partition,
                org_id: tenant.org_id,
                after,
                up_to,
                streams: Some(streams),
                types,
                limit: EVENTS_AT_A_TIME,
            };
            let mut selected = self.log.store.select(&selection).await?;
            after = selected.reached;
            recorded.append(&mut selected.events);
        }
        Ok(recorded)
    }
}
