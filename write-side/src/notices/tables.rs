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
      WHERE n.partition = $1 ORDER BY n.position LIMIT $2"
);
const DONE: &str = formatcp!("DELETE FROM {NOTICES} n WHERE n.partition = $1 AND n.position = $2");

/// A notice that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) position: i64,
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
    /// A row was written by another program.
    #[error("a notice cannot be understood")]
    Row(#[from] serde_json::Error),
}

/// The first notices of a partition that wait.
pub(super) async fn next(
    pool: &Pool,
    partition: Partition,
    limit: i64,
) -> Result<Vec<Waiting>, TableError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(NEXT).await?;
    let rows = client
        .query(&statement, &[&partition.get(), &limit])
        .await?;
    rows.iter().map(waiting).collect()
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

fn waiting(row: &Row) -> Result<Waiting, TableError> {
    let notice: &str = row.try_get("notice")?;
    Ok(Waiting {
        position: row.try_get("position")?,
        organization_id: OrganizationId(row.try_get("org_id")?),
        ticket_id: TicketId(row.try_get("ticket_id")?),
        event_id: row.try_get("event_id")?,
        notice: serde_json::from_str(notice)?,
    })
}
