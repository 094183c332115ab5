//! The calendars by which the clocks of a batch's tickets count: read from the read models, made ready, and kept.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use const_format::formatcp;
use deadpool_postgres::Transaction;
use domain::calendar::arithmetic::Calendar;
use domain::calendar::definition::{CalendarDefinition, CalendarRef};
use domain::ids::{CalendarId, OrganizationId};
use domain::sla::terms::CalendarBook;
use event_store::Partition;
use moka::sync::Cache;
use platform::kept;
use schema::table::core::CALENDAR_VERSIONS;
use tokio_postgres::types::Json;
use uuid::Uuid;

use crate::error::BatchError;

const LOAD: &str = formatcp!(
    "SELECT c.calendar_id, c.version, c.definition \
       FROM unnest($2::uuid[], $3::uuid[], $4::bigint[]) AS k(org_id, calendar_id, version) \
       JOIN {CALENDAR_VERSIONS} c ON c.partition = $1 AND c.org_id = k.org_id \
        AND c.calendar_id = k.calendar_id AND c.version = k.version"
);

/// Calendars made ready, each with the definition that it was made from: a version of another log (a replay, a restored
/// database) may say something else under the same name.
type Ready = Cache<CalendarRef, (CalendarDefinition, Arc<Calendar>)>;

/// The most bytes of calendars that are kept ready; those asked for last stay.
const READY_MAX_BYTES: u64 = 16 << 20;

static READY: LazyLock<Ready> = LazyLock::new(|| {
    let weigher = |_: &CalendarRef, (_, calendar): &(CalendarDefinition, Arc<Calendar>)| {
        u32::try_from(calendar.bytes()).unwrap_or(u32::MAX)
    };
    Cache::builder()
        .weigher(weigher)
        .max_capacity(READY_MAX_BYTES)
        .build()
});

/// A book of the calendars that are named, as far as earlier batches made them; the batch itself adds its own.
///
/// # Errors
/// When PostgreSQL fails or a row does not fit.
pub async fn book(
    tx: &Transaction<'_>,
    partition: Partition,
    named: &HashSet<(OrganizationId, CalendarRef)>,
) -> Result<CalendarBook, BatchError> {
    let mut book = CalendarBook::default();
    if named.is_empty() {
        return Ok(book);
    }
    let org_ids: Vec<Uuid> = named.iter().map(|(org, _)| org.0).collect();
    let ids: Vec<Uuid> = named.iter().map(|(_, reference)| reference.id.0).collect();
    let versions: Vec<i64> = named
        .iter()
        .map(|(_, reference)| reference.version)
        .collect();
    let statement = tx.prepare_cached(LOAD).await?;
    let found = tx
        .query(&statement, &[&partition.get(), &org_ids, &ids, &versions])
        .await?;
    for row in found {
        let reference = CalendarRef {
            id: CalendarId(row.try_get("calendar_id")?),
            version: row.try_get("version")?,
        };
        let Json(definition) = row.try_get::<_, Json<CalendarDefinition>>("definition")?;
        book.add(reference, ready(reference, definition));
    }
    Ok(book)
}

fn ready(reference: CalendarRef, definition: CalendarDefinition) -> Arc<Calendar> {
    if let Some((made_from, calendar)) = READY.get(&reference)
        && made_from == definition
    {
        return calendar;
    }
    let calendar = Arc::new(Calendar::new(&definition));
    READY.insert(reference, (definition, Arc::clone(&calendar)));
    kept::count("projector_calendars", &READY);
    calendar
}
