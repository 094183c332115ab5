//! The waits that the clocks of a batch's tickets measure now, read from the read models.

use const_format::formatcp;
use deadpool_postgres::Transaction;
use event_store::Partition;
use platform::rows::{Column, Row, SlaMeasureRow, TicketRow};
use uuid::Uuid;

use crate::error::BatchError;

const COLUMNS: &str = <SlaMeasureRow as Row>::COLUMNS;

/// Key by key through the primary key, as the rows of a batch are loaded. The newest row is what is known now; asked for by its
/// open end, a small table would be read along the index of reports.
const LOAD: &str = formatcp!(
    "SELECT {COLUMNS} FROM unnest($2::uuid[], $3::uuid[], $4::smallint[], $5::integer[]) \
     AS key(key_org, key_ticket, key_metric, key_round) \
     CROSS JOIN LATERAL (SELECT {COLUMNS} FROM {} WHERE partition = $1 AND org_id = key_org \
     AND ticket_id = key_ticket AND metric = key_metric AND round = key_round ORDER BY version DESC LIMIT 1) found",
    <SlaMeasureRow as Row>::TABLE
);

/// Only these may still change: a clock that was begun anew never goes back.
///
/// # Errors
/// When PostgreSQL fails or a row does not fit.
pub async fn load(
    tx: &Transaction<'_>,
    partition: Partition,
    tickets: &[&TicketRow],
) -> Result<Vec<SlaMeasureRow>, BatchError> {
    let (mut orgs, mut ids) = (Vec::<Uuid>::new(), Vec::<Uuid>::new());
    let (mut metrics, mut rounds) = (Vec::<i16>::new(), Vec::<i32>::new());
    for ticket in tickets {
        for clock in ticket.clocks.0.iter() {
            orgs.push(ticket.org_id.0);
            ids.push(ticket.ticket_id.0);
            metrics.push(clock.metric.parameter());
            rounds.push(round(clock.round));
        }
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let statement = tx.prepare_cached(LOAD).await?;
    let found = tx
        .query(
            &statement,
            &[&partition.get(), &orgs, &ids, &metrics, &rounds],
        )
        .await?;
    found
        .iter()
        .map(|row| Ok(SlaMeasureRow::from_row(row)?))
        .collect()
}

/// Rounds are counted one by one: no ticket has so many that they do not fit.
pub fn round(round: u32) -> i32 {
    i32::try_from(round).unwrap_or(i32::MAX)
}
