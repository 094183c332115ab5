//! Reads what is of one organization in its partition, by position: for those who show the log to people.
//!
//! The positions of a partition have no gaps, so whoever has seen all that is theirs up to a position has lost nothing,
//! however many events of others lie between.

use chrono::{DateTime, Utc};
use const_format::formatcp;
use schema::table::EVENTS;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::error::ReadError;
use crate::event::RecordedEvent;
use crate::ids::{OrgId, Partition, Position};
use crate::read::{COMMIT, EVENT_COLUMNS, Reader, column, unavailable};

/// Along the positions: a range of them costs the same whatever the organization has in it.
const BY_POSITION: &str = formatcp!(
    "SELECT {EVENT_COLUMNS} FROM {EVENTS} e \
      WHERE e.partition = $1 AND e.org_id = $2 AND e.position > $3 AND e.position <= $4 \
        AND ($5::text[] IS NULL OR e.type = ANY($5)) \
      ORDER BY e.position LIMIT $6"
);

/// Along the streams, which are short; `OFFSET 0` keeps the planner from walking the positions instead.
const BY_STREAM: &str = formatcp!(
    "SELECT {EVENT_COLUMNS} FROM unnest($7::uuid[]) AS named(id) CROSS JOIN LATERAL \
       (SELECT s.partition, s.position, s.org_id, s.stream_type, s.stream_id, s.version, s.event_id, s.type, \
               s.schema_version, s.data, s.metadata, s.occurred_at, s.recorded_at, s.hash FROM {EVENTS} s \
         WHERE s.partition = $1 AND s.org_id = $2 AND s.stream_id = named.id \
           AND s.position > $3 AND s.position <= $4 AND ($5::text[] IS NULL OR s.type = ANY($5)) OFFSET 0) e \
      ORDER BY e.position LIMIT $6"
);

/// From the end of the log, no further back than asked for.
const LAST_RECORDED: &str = formatcp!(
    "SELECT e.position FROM {EVENTS} e \
      WHERE e.partition = $1 AND e.org_id = $2 AND e.position > $3 AND e.recorded_at <= $4 \
      ORDER BY e.position DESC LIMIT 1"
);

/// Which events of an organization.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// Where it lives.
    pub partition: Partition,
    /// Whose they are.
    pub org_id: OrgId,
    /// Those after this position,
    pub after: Position,
    /// up to this one.
    pub up_to: Position,
    /// Of these streams; of all when absent.
    pub streams: Option<&'a [Uuid]>,
    /// Of these types; of all when absent.
    pub types: Option<&'a [&'static str]>,
    /// At most so many.
    pub limit: u32,
}

/// The events that were selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// In the order of their positions.
    pub events: Vec<RecordedEvent>,
    /// Up to here there is nothing else: the end of the range, or the last event where there were too many.
    pub reached: Position,
}

impl Reader {
    pub(crate) async fn select(&self, selection: &Selection<'_>) -> Result<Selected, ReadError> {
        let limit = i64::from(selection.limit.max(1));
        let (partition, org_id) = (selection.partition.get(), selection.org_id.0);
        let (after, up_to) = (selection.after.get(), selection.up_to.get());
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![
            &partition,
            &org_id,
            &after,
            &up_to,
            &selection.types,
            &limit,
        ];
        let statement = match &selection.streams {
            Some(streams) => {
                values.push(streams);
                BY_STREAM
            }
            None => BY_POSITION,
        };
        let (events, is_cut) = self
            .stream_own(selection.org_id, statement, &values)
            .await?;
        let is_full = is_cut || i64::try_from(events.len()).is_ok_and(|found| found >= limit);
        let last = events.last().filter(|_| is_full);
        let reached = last.map_or(selection.up_to, |event| event.position);
        Ok(Selected { events, reached })
    }

    pub(crate) async fn last_recorded(
        &self,
        partition: Partition,
        org_id: OrgId,
        after: Position,
        by: DateTime<Utc>,
    ) -> Result<Option<Position>, ReadError> {
        let (partition, after) = (partition.get(), after.get());
        let values: [&(dyn ToSql + Sync); 4] = [&partition, &org_id.0, &after, &by];
        let rows = self.query_own(org_id, LAST_RECORDED, &values).await?;
        let position = rows.first().map(|row| column(row, 0)).transpose()?;
        Ok(position.map(Position::from_row))
    }

    /// Runs a statement about one organization, as [`Reader::query_own`] does, and takes its rows as they come up to the
    /// limit of bytes; whether rows may be left.
    async fn stream_own(
        &self,
        org_id: OrgId,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<(Vec<RecordedEvent>, bool), ReadError> {
        self.bounded(async {
            let client = self.client().await?;
            let statement = client.prepare_cached(statement).await;
            let statement = statement.map_err(unavailable)?;
            let begin = schema::access::begin(org_id.0);
            let query = async {
                let rows = client.query_raw(&statement, values.iter().copied()).await;
                self.within_bytes_limit(rows.map_err(unavailable)?).await
            };
            let (begun, taken, ended) = tokio::join!(
                biased;
                client.batch_execute(&begin),
                query,
                client.batch_execute(COMMIT),
            );
            begun.map_err(unavailable)?;
            let taken = taken?;
            ended.map_err(unavailable)?;
            Ok(taken)
        })
        .await
    }
}

#[cfg(test)]
mod plans;
