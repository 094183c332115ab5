//! The calendars that deadlines count by, read from the log. A calendar's version never changes and stands in the log before
//! the event that names it, so it is read once and kept.

use super::error::SagaError;
use domain::calendar::STREAM_TYPE;
use domain::calendar::arithmetic::Calendar;
use domain::calendar::definition::CalendarRef;
use domain::calendar::event::CalendarEvent;
use domain::calendar::evolve::evolve;
use domain::calendar::state::BusinessCalendar;
use domain::ids::OrganizationId;
use domain::sla::terms::CalendarBook;
use event_store::{EventStore, OrgId, Partition, RecordedEvent, Version};
use moka::sync::Cache;
use platform::kept;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most bytes of calendars that a partition keeps; those asked for last stay.
const KEPT_MAX_BYTES: u64 = 8 << 20;
const PAGE_LIMIT: u32 = 500;

/// The calendars of a partition, for as long as its lease is held.
pub(super) struct Calendars<'a> {
    store: &'a EventStore,
    partition: Partition,
    kept: Cache<(OrganizationId, CalendarRef), Arc<Calendar>>,
}

impl<'a> Calendars<'a> {
    pub(super) fn new(store: &'a EventStore, partition: Partition) -> Self {
        let weigher =
            |_: &_, calendar: &Arc<Calendar>| u32::try_from(calendar.bytes()).unwrap_or(u32::MAX);
        let kept = Cache::builder()
            .weigher(weigher)
            .max_capacity(KEPT_MAX_BYTES)
            .build();
        Self {
            store,
            partition,
            kept,
        }
    }

    /// A book of these calendars.
    ///
    /// # Errors
    /// When the log cannot be read, or does not hold one of them.
    pub(super) async fn book(
        &self,
        named: &BTreeSet<(OrganizationId, CalendarRef)>,
    ) -> Result<CalendarBook, SagaError> {
        let mut book = CalendarBook::default();
        for key in named {
            let calendar = match self.kept.get(key) {
                Some(calendar) => calendar,
                None => self.read(*key).await?,
            };
            book.add(key.1, calendar);
        }
        Ok(book)
    }

    async fn read(
        &self,
        (organization_id, reference): (OrganizationId, CalendarRef),
    ) -> Result<Arc<Calendar>, SagaError> {
        let mut state = BusinessCalendar::default();
        let mut after = Version::NONE;
        loop {
            let page = self
                .store
                .read_stream(
                    self.partition,
                    OrgId(organization_id.0),
                    reference.id.0,
                    after,
                    PAGE_LIMIT,
                )
                .await?;
            for recorded in &page {
                state = evolve(state, &decoded(recorded)?, recorded.occurred_at);
                after = recorded.version;
            }
            if page.len() < PAGE_LIMIT as usize {
                break;
            }
        }
        let definition = state
            .at(reference.version)
            .ok_or(SagaError::NoCalendar(reference))?;
        let calendar = Arc::new(Calendar::new(definition));
        self.kept
            .insert((organization_id, reference), Arc::clone(&calendar));
        kept::count("saga_calendars", &self.kept);
        Ok(calendar)
    }
}

fn decoded(recorded: &RecordedEvent) -> Result<CalendarEvent, SagaError> {
    let poison = |source| SagaError::Poison {
        partition: recorded.partition,
        position: recorded.position,
        source,
    };
    if recorded.stream_type != STREAM_TYPE {
        return Err(poison(domain::event::DecodeError::Unknown {
            event_type: recorded.event_type.clone(),
            schema_version: recorded.schema_version,
        }));
    }
    CalendarEvent::decode(
        &recorded.event_type,
        recorded.schema_version,
        &recorded.data,
    )
    .map_err(poison)
}
