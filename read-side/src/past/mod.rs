//! The past: streams of the log, folded to an earlier moment by the folds that keep the rows of now.
//!
//! Invariants:
//! - Permissions of today apply: whoever may not see the thing now reads nothing of its past, and what it was in hidden teams is
//!   left out.
//! - What was redacted or erased since stays so.
//! - A ticket may have any number of messages: its events are followed page by page and never are in memory together.
//! - Names are those of the moment; the number of a ticket never changes.

mod fold;
mod moment;
mod pages;
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
pub use moment::{AsOf, InvalidAsOf};
use pages::Pages;
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

    /// Events of streams in their order, to be read page by page.
    fn pages<'a>(
        &'a self,
        tenant: Tenant,
        streams: &'a [Uuid],
        types: Option<&'a [&'static str]>,
        up_to: Position,
    ) -> Pages<'a> {
        let selection = Selection {
            partition: tenant.partition,
            org_id: tenant.org_id,
            after: Position::START,
            up_to,
            streams: Some(streams),
            types,
            limit: EVENTS_AT_A_TIME,
        };
        Pages::new(&self.log, selection)
    }

    /// Events of streams in their order, opened, all at once: of streams that people and settings have.
    async fn events(
        &self,
        tenant: Tenant,
        streams: &[Uuid],
        types: Option<&[&'static str]>,
        up_to: Position,
    ) -> Result<Vec<Told>, ReadError> {
        let mut pages = self.pages(tenant, streams, types, up_to);
        let mut events = Vec::new();
        while let Some(mut page) = pages.opened().await? {
            events.append(&mut page);
        }
        Ok(events)
    }

    /// The same, sealed as they are.
    async fn recorded(
        &self,
        tenant: Tenant,
        streams: &[Uuid],
        up_to: Position,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let mut pages = self.pages(tenant, streams, None, up_to);
        let mut recorded = Vec::new();
        while let Some(mut page) = pages.next().await? {
            recorded.append(&mut page);
        }
        Ok(recorded)
    }
}
