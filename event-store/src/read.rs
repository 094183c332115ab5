//! Reads the log: by stream, by partition, and the small look-ups around it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use const_format::formatcp;
use deadpool_postgres::{Object, Pool};
use futures::TryStreamExt;
use schema::table::{COMMAND_RESULTS, EVENTS, LOG_HEADS};
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, RowStream};
use uuid::Uuid;

use crate::error::{NoAnswer, ReadError};
use crate::event::RecordedEvent;
use crate::ids::{IdempotencyKey, OrgId, Partition, Position, Version};
use crate::options::Options;

pub(crate) const EVENT_COLUMNS: &str = "e.partition, e.position, e.org_id, e.stream_type, e.stream_id, e.version, e.event_id, \
                             e.type, e.schema_version, e.data::text, e.metadata::text, e.occurred_at, e.recorded_at, \
                             e.hash";

const READ_STREAM: &str = formatcp!(
    "SELECT {EVENT_COLUMNS} FROM {EVENTS} e \
      WHERE e.partition = $1 AND e.org_id = $2 AND e.stream_id = $3 AND e.version > $4 ORDER BY e.version LIMIT $5"
);

const READ_PARTITION: &str = formatcp!(
    "SELECT {EVENT_COLUMNS} FROM {EVENTS} e \
      WHERE e.partition = $1 AND e.position > $2 ORDER BY e.position LIMIT $3"
);

const STREAM_VERSIONS: &str = formatcp!(
    "SELECT s.id, last.version FROM unnest($3::uuid[]) AS s(id) \
      CROSS JOIN LATERAL (SELECT e.version FROM {EVENTS} e \
                           WHERE e.partition = $1 AND e.org_id = $2 AND e.stream_id = s.id \
                           ORDER BY e.version DESC LIMIT 1) last"
);

const COMMAND_RESULT: &str = formatcp!(
    "SELECT c.request_hash, c.answer::text, c.position FROM {COMMAND_RESULTS} c \
      WHERE c.partition = $1 AND c.org_id = $2 AND c.idempotency_key = $3"
);

const HEAD: &str = formatcp!("SELECT h.position FROM {LOG_HEADS} h WHERE h.partition = $1");

/// The one statement over all partitions: it asks which there are.
const PARTITIONS: &str = formatcp!("SELECT h.partition FROM {LOG_HEADS} h ORDER BY h.partition");

pub(crate) const COMMIT: &str = "COMMIT";

/// The stored answer of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResult {
    /// Hash of the request that it answered.
    pub request_hash: [u8; 32],
    /// The answer, JSON text.
    pub answer: String,
    /// The position of its last event, or of the head when it had none.
    pub position: Position,
}

/// The reading half of the store.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    pool: Pool,
    read_timeout: Duration,
    page_bytes_limit: usize,
}

impl Reader {
    pub(crate) fn new(pool: Pool, options: &Options) -> Self {
        Self {
            pool,
            read_timeout: options.read_timeout,
            page_bytes_limit: options.page_bytes_limit,
        }
    }

    pub(crate) async fn stream(
        &self,
        partition: Partition,
        org_id: OrgId,
        stream_id: Uuid,
        after: Version,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let limit = i64::from(limit);
        let rows = self
            .query_own(
                org_id,
                READ_STREAM,
                &[
                    &partition.get(),
                    &org_id.0,
                    &stream_id,
                    &after.get(),
                    &limit,
                ],
            )
            .await?;
        rows.iter().map(read_event).collect()
    }

    /// A page of a partition; the positions must follow each other without a hole.
    pub(crate) async fn partition(
        &self,
        partition: Partition,
        after: Position,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let events = self.partition_unchecked(partition, after, limit).await?;
        let mut expected = after;
        for event in &events {
            expected = expected.next();
            if event.position != expected {
                return Err(ReadError::Hole {
                    partition,
                    expected,
                    found: event.position,
                });
            }
        }
        Ok(events)
    }

    /// A page of a partition as it is, for `verify`.
    pub(crate) async fn partition_unchecked(
        &self,
        partition: Partition,
        after: Position,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let limit = i64::from(limit);
        let values: [&(dyn ToSql + Sync); 3] = [&partition.get(), &after.get(), &limit];
        self.bounded(async {
            let client = self.client().await?;
            let statement = client.prepare_cached(READ_PARTITION).await;
            let statement = statement.map_err(unavailable)?;
            let rows = client.query_raw(&statement, values).await;
            let (events, _) = self.within_bytes_limit(rows.map_err(unavailable)?).await?;
            Ok(events)
        })
        .await
    }

    /// Takes rows as they come, so that large events do not pile up, and says whether it stopped at the limit; what is
    /// left over is dropped unread.
    pub(crate) async fn within_bytes_limit(
        &self,
        rows: RowStream,
    ) -> Result<(Vec<RecordedEvent>, bool), ReadError> {
        let mut rows = pin!(rows);
        let (mut events, mut bytes) = (Vec::new(), 0);
        while bytes < self.page_bytes_limit {
            let Some(row) = rows.try_next().await.map_err(unavailable)? else {
                return Ok((events, false));
            };
            let event = read_event(&row)?;
            bytes += event.data.len() + event.metadata.len();
            events.push(event);
        }
        Ok((events, true))
    }

    pub(crate) async fn stream_versions(
        &self,
        partition: Partition,
        org_id: OrgId,
        stream_ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Version>, ReadError> {
        let rows = self
            .query_own(
                org_id,
                STREAM_VERSIONS,
                &[&partition.get(), &org_id.0, &stream_ids],
            )
            .await?;
        rows.iter()
            .map(|row| Ok((column(row, 0)?, Version::from_row(column(row, 1)?))))
            .collect()
    }

    pub(crate) async fn command_result(
        &self,
        partition: Partition,
        org_id: OrgId,
        key: &IdempotencyKey,
    ) -> Result<Option<StoredResult>, ReadError> {
        let rows = self
            .query_own(
                org_id,
                COMMAND_RESULT,
                &[&partition.get(), &org_id.0, &key.as_str()],
            )
            .await?;
        let stored = |row: &Row| {
            let position = Position::from_row(column(row, 2)?);
            Ok(StoredResult {
                request_hash: hash_column(row, 0)?,
                answer: column(row, 1)?,
                position,
            })
        };
        rows.first().map(stored).transpose()
    }

    pub(crate) async fn head(&self, partition: Partition) -> Result<Position, ReadError> {
        let rows = self.query(HEAD, &[&partition.get()]).await?;
        let row = rows.first().ok_or(ReadError::NoSuchPartition(partition))?;
        Ok(Position::from_row(column(row, 0)?))
    }

    pub(crate) async fn partitions(&self) -> Result<Vec<Partition>, ReadError> {
        let rows = self.query(PARTITIONS, &[]).await?;
        rows.iter().map(partition_column).collect()
    }

    /// Runs a statement about one organization: nothing of another one is there while it runs, whatever it says. One round
    /// trip, as all three messages are sent before the first is answered.
    pub(crate) async fn query_own(
        &self,
        org_id: OrgId,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, ReadError> {
        self.bounded(async {
            let client = self.client().await?;
            let statement = client
                .prepare_cached(statement)
                .await
                .map_err(unavailable)?;
            let begin = schema::access::begin(org_id.0);
            let (begun, rows, ended) = tokio::join!(
                biased;
                client.batch_execute(&begin),
                client.query(&statement, values),
                client.batch_execute(COMMIT),
            );
            begun.map_err(unavailable)?;
            let rows = rows.map_err(unavailable)?;
            ended.map_err(unavailable)?;
            Ok(rows)
        })
        .await
    }

    /// Runs a statement on a pooled connection within the read timeout.
    pub(crate) async fn query(
        &self,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, ReadError> {
        self.bounded(async {
            let client = self.client().await?;
            let statement = client
                .prepare_cached(statement)
                .await
                .map_err(unavailable)?;
            client.query(&statement, values).await.map_err(unavailable)
        })
        .await
    }

    pub(crate) async fn client(&self) -> Result<Object, ReadError> {
        self.pool
            .get()
            .await
            .map_err(|error| ReadError::Unavailable(Arc::new(error)))
    }

    pub(crate) async fn bounded<T>(
        &self,
        work: impl Future<Output = Result<T, ReadError>>,
    ) -> Result<T, ReadError> {
        let out_of_time = |_| ReadError::Unavailable(Arc::new(NoAnswer(self.read_timeout)));
        timeout(self.read_timeout, work)
            .await
            .map_err(out_of_time)?
    }
}

pub(crate) fn read_event(row: &Row) -> Result<RecordedEvent, ReadError> {
    Ok(RecordedEvent {
        partition: partition_column(row)?,
        position: Position::from_row(column(row, 1)?),
        org_id: OrgId(column(row, 2)?),
        stream_type: column(row, 3)?,
        stream_id: column(row, 4)?,
        version: Version::from_row(column(row, 5)?),
        event_id: column(row, 6)?,
        event_type: column(row, 7)?,
        schema_version: column(row, 8)?,
        data: column(row, 9)?,
        metadata: column(row, 10)?,
        occurred_at: column(row, 11)?,
        recorded_at: column(row, 12)?,
        hash: hash_column(row, 13)?,
    })
}

/// A column whose type the statement fixes.
pub(crate) fn column<'row, T: tokio_postgres::types::FromSql<'row>>(
    row: &'row Row,
    index: usize,
) -> Result<T, ReadError> {
    row.try_get(index)
        .map_err(|error| ReadError::BadRow(Arc::new(error)))
}

/// The partition in the first column.
pub(crate) fn partition_column(row: &Row) -> Result<Partition, ReadError> {
    Partition::new(column(row, 0)?).map_err(|error| ReadError::BadRow(Arc::new(error)))
}

pub(crate) fn hash_column(row: &Row, index: usize) -> Result<[u8; 32], ReadError> {
    let bytes: &[u8] = column(row, index)?;
    bytes
        .try_into()
        .map_err(|error: std::array::TryFromSliceError| ReadError::BadRow(Arc::new(error)))
}

pub(crate) fn unavailable(error: tokio_postgres::Error) -> ReadError {
    ReadError::Unavailable(Arc::new(error))
}
