//! The rows of notices that wait.

use const_format::formatcp;
use deadpool_postgres::{Pool, PoolError};
use domain::ids::{OrganizationId, TicketId};
use event_store::Partition;
use schema::table::NOTICES;
use tokio_postgres::Row;
use uuid::Uuid;

use super::notice::Notice;

const NEXT: &str = formatcp!(
    "SELECT n.position, n.org_id, n.ticket_id, n.event_id, n.notice::text FROM {NOTICES} n \
      WHERE n.partition = $1 AND n.position > $2 ORDER BY n.position LIMIT $3"
);
const DONE: &str = formatcp!("DELETE FROM {NOTICES} n WHERE n.partition = $1 AND n.position = $2");

/// A row: which one, and the notice in it unless another program wrote it in a form that this one does not know.
pub(super) type Found = (i64, Result<Waiting, serde_json::Error>);

/// A notice that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) organization_id: OrganizationId,
    pub(super) ticket_id: TicketId,
    pub(super) event_id: Uuid,
    pub(super) notice: Notice,
}

/// Why the rows could not be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableError {
    /// No connection.
    #[error("notices have no connection to the database")]
    Pool(#[from] PoolError),
    /// A statement failed.
    #[error("notices cannot be read or taken away")]
    Database(#[from] tokio_postgres::Error),
}

/// The first notices of a partition that wait behind a position.
pub(super) async fn next(
    pool: &Pool,
    partition: Partition,
    after: i64,
    limit: i64,
) -> Result<Vec<Found>, TableError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(NEXT).await?;
    let rows = client
        .query(&statement, &[&partition.get(), &after, &limit])
        .await?;
    rows.iter().map(found).collect()
}

/// Takes a notice away whose letters are in the outbox.
pub(super) async fn done(
    pool: &Pool,
    partition: Partition,
    position: i64,
) -> Result<(), TableError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(DONE).await?;
    client
        .execute(&statement, &[&partition.get(), &position])
        .await?;
    Ok(())
}

fn found(row: &Row) -> Result<Found, TableError> {
    let organization_id = OrganizationId(row.try_get("org_id")?);
    let ticket_id = TicketId(row.try_get("ticket_id")?);
    let event_id = row.try_get("event_id")?;
    let notice = serde_json::from_str(row.try_get("notice")?);
    let waiting = notice.map(|notice| Waiting {
        organization_id,
        ticket_id,
        event_id,
        notice,
    });
    Ok((row.try_get("position")?, waiting))
}
