//! The tables of the saga: loading what is known of tickets, writing what a page changed, finding what is due.

use super::error::SagaError;
use super::fold::{Changes, ClocksRow, NoticeRow, SetTimer, TicketKey, TicketTimers};
use super::lease::{self, Lease, bounded};
use super::recompute::{self, RulesNews};
use super::timer::{Timer, TimerKind};
use chrono::{DateTime, Utc};
use const_format::formatcp;
use deadpool_postgres::{Pool, Transaction};
use domain::ids::{OrganizationId, TicketId, UserId};
use event_store::{Partition, Position};
use schema::table::{LOG_HEADS, NOTICES, SAGA_CHECKPOINTS, SLA_CLOCKS, TIMERS};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

const ADD_CHECKPOINT: &str = formatcp!(
    "INSERT INTO {SAGA_CHECKPOINTS} (partition) SELECT h.partition FROM {LOG_HEADS} h WHERE h.partition = $1 \
     ON CONFLICT (partition) DO NOTHING"
);

const CHECKPOINT: &str =
    formatcp!("SELECT c.position, c.carried_from FROM {SAGA_CHECKPOINTS} c WHERE c.partition = $1");

const MOVE_CHECKPOINT: &str = formatcp!(
    "UPDATE {SAGA_CHECKPOINTS} SET position = $3, noticed = greatest(noticed, $3) WHERE partition = $1 AND position = $2"
);

/// Only what was never noticed: the log may be folded anew.
const ADD_NOTICES: &str = formatcp!(
    "INSERT INTO {NOTICES} (partition, position, org_id, ticket_id, event_id, notice) \
     SELECT c.partition, n.position, n.org_id, n.ticket_id, n.event_id, n.notice::json \
       FROM {SAGA_CHECKPOINTS} c, unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[]) \
            AS n(position, org_id, ticket_id, event_id, notice) \
      WHERE c.partition = $1 AND n.position > c.noticed"
);

const LOAD_CLOCKS: &str = formatcp!(
    "SELECT c.org_id, c.ticket_id, c.requester_id, c.clocks::text, c.auto_close_at, c.reminders::text \
       FROM unnest($2::uuid[], $3::uuid[]) AS k(org_id, ticket_id) \
       JOIN {SLA_CLOCKS} c ON c.partition = $1 AND c.org_id = k.org_id AND c.ticket_id = k.ticket_id"
);

const LOAD_TIMERS: &str = formatcp!(
    "SELECT t.org_id, t.ticket_id, t.kind, t.due_at, t.set_by_event, t.correlation_id \
       FROM unnest($2::uuid[], $3::uuid[]) AS k(org_id, ticket_id) \
       JOIN {TIMERS} t ON t.partition = $1 AND t.org_id = k.org_id AND t.ticket_id = k.ticket_id"
);

const KEEP_CLOCKS: &str = formatcp!(
    "INSERT INTO {SLA_CLOCKS} \
       (partition, org_id, ticket_id, requester_id, is_open, clocks, auto_close_at, reminders, position) \
     SELECT h.partition, n.org_id, n.ticket_id, n.requester_id, n.is_open, n.clocks::json, n.auto_close_at, \
            n.reminders::json, n.position \
       FROM {LOG_HEADS} h, \
            unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::boolean[], $6::text[], $7::timestamptz[], $8::text[], \
                   $9::bigint[]) \
            AS n(org_id, ticket_id, requester_id, is_open, clocks, auto_close_at, reminders, position) \
      WHERE h.partition = $1 \
     ON CONFLICT (partition, org_id, ticket_id) DO UPDATE \
        SET requester_id = EXCLUDED.requester_id, is_open = EXCLUDED.is_open, clocks = EXCLUDED.clocks, \
            auto_close_at = EXCLUDED.auto_close_at, reminders = EXCLUDED.reminders, position = EXCLUDED.position"
);

const DROP_CLOCKS: &str = formatcp!(
    "DELETE FROM {SLA_CLOCKS} c USING unnest($2::uuid[], $3::uuid[]) AS k(org_id, ticket_id) \
      WHERE c.partition = $1 AND c.org_id = k.org_id AND c.ticket_id = k.ticket_id"
);

const SET_TIMERS: &str = formatcp!(
    "INSERT INTO {TIMERS} (partition, org_id, ticket_id, kind, due_at, set_by_event, correlation_id) \
     SELECT h.partition, n.org_id, n.ticket_id, n.kind, n.due_at, n.set_by_event, n.correlation_id \
       FROM {LOG_HEADS} h, \
            unnest($2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::uuid[], $7::uuid[]) \
            AS n(org_id, ticket_id, kind, due_at, set_by_event, correlation_id) \
      WHERE h.partition = $1 \
     ON CONFLICT (partition, org_id, ticket_id, kind) DO UPDATE \
        SET due_at = EXCLUDED.due_at, set_by_event = EXCLUDED.set_by_event, correlation_id = EXCLUDED.correlation_id"
);

const DROP_TIMERS: &str = formatcp!(
    "DELETE FROM {TIMERS} t USING unnest($2::uuid[], $3::uuid[], $4::text[]) AS k(org_id, ticket_id, kind) \
      WHERE t.partition = $1 AND t.org_id = k.org_id AND t.ticket_id = k.ticket_id AND t.kind = k.kind"
);

const COUNT_TIMERS: &str = formatcp!("SELECT count(*) FROM {TIMERS} t WHERE t.partition = $1");

const DUE_TIMERS: &str = formatcp!(
    "SELECT t.org_id, t.ticket_id, t.kind, t.due_at, t.set_by_event, t.correlation_id FROM {TIMERS} t \
      WHERE t.partition = $1 AND t.due_at <= $2 ORDER BY t.due_at, t.org_id, t.ticket_id, t.kind LIMIT $3"
);

const NEXT_DUE: &str =
    formatcp!("SELECT min(t.due_at) FROM {TIMERS} t WHERE t.partition = $1 AND t.due_at > $2");

/// Where the saga goes on in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checkpoint {
    pub(super) position: Position,
    /// Changes of rules up to here were made under a program that did not carry them.
    pub(super) carried_from: Position,
}

/// The tables of the saga, for one partition.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    pub(super) pool: Pool,
    pub(super) partition: Partition,
    pub(super) timeout: Duration,
}

impl Tables {
    /// How far the partition was folded, and from where on changed rules are carried to open tickets.
    pub(super) async fn checkpoint(&self) -> Result<Checkpoint, SagaError> {
        let partition = self.partition.get();
        let work = async {
            let client = self.pool.get().await?;
            client
                .execute(&client.prepare_cached(ADD_CHECKPOINT).await?, &[&partition])
                .await?;
            Ok(client
                .query_one(&client.prepare_cached(CHECKPOINT).await?, &[&partition])
                .await?)
        };
        let row = bounded(self.timeout, work).await?;
        Ok(Checkpoint {
            position: position(&row, "position")?,
            carried_from: position(&row, "carried_from")?,
        })
    }

    /// How many timers the partition has.
    pub(super) async fn count_timers(&self) -> Result<u64, SagaError> {
        let rows = self.query(COUNT_TIMERS, &[&self.partition.get()]).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| column(row, "count"))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// What is known of the tickets; those that nothing is known of are absent.
    pub(super) async fn load(
        &self,
        tickets: &BTreeSet<TicketKey>,
    ) -> Result<HashMap<TicketKey, TicketTimers>, SagaError> {
        if tickets.is_empty() {
            return Ok(HashMap::new());
        }
        let partition = self.partition.get();
        let (org_ids, ticket_ids) = key_columns(tickets.iter());
        let values: [&(dyn ToSql + Sync); 3] = [&partition, &org_ids, &ticket_ids];
        let (clocks, timers) = futures::try_join!(
            self.query(LOAD_CLOCKS, &values),
            self.query(LOAD_TIMERS, &values)
        )?;
        let mut known: HashMap<TicketKey, TicketTimers> = HashMap::with_capacity(clocks.len());
        for row in &clocks {
            let ticket = known.entry(key_of(row)?).or_default();
            let json: &str = column(row, "clocks")?;
            ticket.clocks = serde_json::from_str(json).map_err(|error| SagaError::BadRow {
                what: format!("clocks: {error}"),
            })?;
            ticket.requester_id = column::<Option<Uuid>>(row, "requester_id")?.map(UserId);
            ticket.auto_close_at = column(row, "auto_close_at")?;
            if let Some(json) = column::<Option<&str>>(row, "reminders")? {
                ticket.reminders =
                    serde_json::from_str(json).map_err(|error| SagaError::BadRow {
                        what: format!("reminders: {error}"),
                    })?;
            }
        }
        for row in &timers {
            let timer = timer_of(row)?;
            let set = SetTimer {
                due_at: timer.due_at,
                set_by_event: timer.set_by_event,
                correlation_id: timer.correlation_id,
            };
            known
                .entry(key_of(row)?)
                .or_default()
                .timers
                .insert(timer.kind, set);
        }
        Ok(known)
    }

    /// Writes what a page changed, and how far the log is folded now, if the lease still stands: all or nothing.
    ///
    /// # Errors
    /// [`SagaError::LeaseLost`] when another instance took over; nothing was written then.
    pub(super) async fn commit(
        &self,
        lease: &Lease,
        from: Position,
        to: Position,
        changes: &Changes,
        news: &RulesNews,
    ) -> Result<(), SagaError> {
        let work = async {
            let mut client = self.pool.get().await?;
            let transaction = client.transaction().await?;
            let check = transaction.prepare_cached(lease::CHECK).await?;
            let holder: [&(dyn ToSql + Sync); 3] =
                [&self.partition.get(), &lease.holder, &lease.fence];
            if transaction.query_opt(&check, &holder).await?.is_none() {
                return Err(SagaError::LeaseLost(self.partition));
            }
            self.write(&transaction, changes).await?;
            for change in &news.changes {
                recompute::note(&transaction, self.partition.get(), change).await?;
            }
            let move_checkpoint = transaction.prepare_cached(MOVE_CHECKPOINT).await?;
            let moved = transaction
                .execute(
                    &move_checkpoint,
                    &[&self.partition.get(), &from.get(), &to.get()],
                )
                .await?;
            if moved != 1 {
                return Err(SagaError::LeaseLost(self.partition));
            }
            transaction.commit().await?;
            Ok(())
        };
        bounded(self.timeout, work).await
    }

    async fn write(
        &self,
        transaction: &Transaction<'_>,
        changes: &Changes,
    ) -> Result<(), SagaError> {
        let Changes {
            clocks_kept,
            clocks_gone,
            timers_set,
            timers_gone,
            timers_added: _,
            notices,
        } = changes;
        let partition = self.partition.get();
        if !notices.is_empty() {
            add_notices(transaction, partition, notices).await?;
        }
        if !clocks_kept.is_empty() {
            keep_clocks(transaction, partition, clocks_kept).await?;
        }
        if !clocks_gone.is_empty() {
            let (org_ids, ticket_ids) = key_columns(clocks_gone.iter());
            execute(
                transaction,
                DROP_CLOCKS,
                &[&partition, &org_ids, &ticket_ids],
            )
            .await?;
        }
        if !timers_gone.is_empty() {
            let (org_ids, ticket_ids) = key_columns(timers_gone.iter().map(|(ticket, _)| ticket));
            let kinds: Vec<&str> = timers_gone.iter().map(|(_, kind)| kind.as_str()).collect();
            execute(
                transaction,
                DROP_TIMERS,
                &[&partition, &org_ids, &ticket_ids, &kinds],
            )
            .await?;
        }
        if !timers_set.is_empty() {
            set_timers(transaction, partition, timers_set).await?;
        }
        Ok(())
    }

    /// The timers that are due at `now`, the longest overdue first.
    pub(super) async fn due(
        &self,
        now: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<Timer>, SagaError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self
            .query(DUE_TIMERS, &[&self.partition.get(), &now, &limit])
            .await?;
        rows.iter().map(timer_of).collect()
    }

    /// When the next timer after `now` comes due.
    pub(super) async fn next_due(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, SagaError> {
        let rows = self.query(NEXT_DUE, &[&self.partition.get(), &now]).await?;
        rows.first().map_or(Ok(None), |row| column(row, "min"))
    }

    pub(super) async fn query(
        &self,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, SagaError> {
        let work = async {
            let client = self.pool.get().await?;
            let statement = client.prepare_cached(statement).await?;
            Ok(client.query(&statement, values).await?)
        };
        bounded(self.timeout, work).await
    }
}

async fn keep_clocks(
    transaction: &Transaction<'_>,
    partition: i16,
    rows: &[ClocksRow],
) -> Result<(), SagaError> {
    let (org_ids, ticket_ids) = key_columns(rows.iter().map(|row| &row.ticket));
    let clocks: Result<Vec<String>, _> = rows
        .iter()
        .map(|row| serde_json::to_string(&row.clocks))
        .collect();
    let clocks = clocks.map_err(|error| SagaError::BadRow {
        what: format!("clocks: {error}"),
    })?;
    let requester_ids: Vec<Option<Uuid>> = rows
        .iter()
        .map(|row| row.requester_id.map(|id| id.0))
        .collect();
    let are_open: Vec<bool> = rows.iter().map(|row| !row.clocks.is_over()).collect();
    let auto_close_at: Vec<_> = rows.iter().map(|row| row.auto_close_at).collect();
    let reminders: Result<Vec<Option<String>>, _> = rows
        .iter()
        .map(|row| {
            let waits = !row.reminders.is_empty();
            waits
                .then(|| serde_json::to_string(&row.reminders))
                .transpose()
        })
        .collect();
    let reminders = reminders.map_err(|error| SagaError::BadRow {
        what: format!("reminders: {error}"),
    })?;
    let positions: Vec<i64> = rows.iter().map(|row| row.position.get()).collect();
    execute(
        transaction,
        KEEP_CLOCKS,
        &[
            &partition,
            &org_ids,
            &ticket_ids,
            &requester_ids,
            &are_open,
            &clocks,
            &auto_close_at,
            &reminders,
            &positions,
        ],
    )
    .await
}

async fn add_notices(
    transaction: &Transaction<'_>,
    partition: i16,
    notices: &[NoticeRow],
) -> Result<(), SagaError> {
    let (org_ids, ticket_ids) = key_columns(notices.iter().map(|row| &row.ticket));
    let texts: Result<Vec<String>, _> = notices
        .iter()
        .map(|row| serde_json::to_string(&row.notice))
        .collect();
    let texts = texts.map_err(|error| SagaError::BadRow {
        what: format!("notice: {error}"),
    })?;
    let positions: Vec<i64> = notices.iter().map(|row| row.position.get()).collect();
    let event_ids: Vec<Uuid> = notices.iter().map(|row| row.event_id).collect();
    execute(
        transaction,
        ADD_NOTICES,
        &[
            &partition,
            &positions,
            &org_ids,
            &ticket_ids,
            &event_ids,
            &texts,
        ],
    )
    .await
}

async fn set_timers(
    transaction: &Transaction<'_>,
    partition: i16,
    timers: &[Timer],
) -> Result<(), SagaError> {
    let org_ids: Vec<Uuid> = timers.iter().map(|timer| timer.organization_id.0).collect();
    let ticket_ids: Vec<Uuid> = timers.iter().map(|timer| timer.ticket_id.0).collect();
    let kinds: Vec<&str> = timers.iter().map(|timer| timer.kind.as_str()).collect();
    let due_at: Vec<DateTime<Utc>> = timers.iter().map(|timer| timer.due_at).collect();
    let set_by: Vec<Uuid> = timers.iter().map(|timer| timer.set_by_event).collect();
    let correlation_ids: Vec<Uuid> = timers.iter().map(|timer| timer.correlation_id).collect();
    execute(
        transaction,
        SET_TIMERS,
        &[
            &partition,
            &org_ids,
            &ticket_ids,
            &kinds,
            &due_at,
            &set_by,
            &correlation_ids,
        ],
    )
    .await
}

async fn execute(
    transaction: &Transaction<'_>,
    statement: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<(), SagaError> {
    let statement = transaction.prepare_cached(statement).await?;
    transaction.execute(&statement, values).await?;
    Ok(())
}

fn key_columns<'a>(tickets: impl Iterator<Item = &'a TicketKey>) -> (Vec<Uuid>, Vec<Uuid>) {
    tickets
        .map(|(organization_id, ticket_id)| (organization_id.0, ticket_id.0))
        .unzip()
}

fn key_of(row: &Row) -> Result<TicketKey, SagaError> {
    Ok((
        OrganizationId(column(row, "org_id")?),
        TicketId(column(row, "ticket_id")?),
    ))
}

fn timer_of(row: &Row) -> Result<Timer, SagaError> {
    let (organization_id, ticket_id) = key_of(row)?;
    let name: &str = column(row, "kind")?;
    let kind = TimerKind::from_name(name).ok_or_else(|| SagaError::BadRow {
        what: format!("kind {name}"),
    })?;
    Ok(Timer {
        organization_id,
        ticket_id,
        kind,
        due_at: column(row, "due_at")?,
        set_by_event: column(row, "set_by_event")?,
        correlation_id: column(row, "correlation_id")?,
    })
}

fn position(row: &Row, name: &str) -> Result<Position, SagaError> {
    Position::new(column(row, name)?).map_err(|error| SagaError::BadRow {
        what: format!("{name}: {error}"),
    })
}

pub(super) fn column<'row, T: tokio_postgres::types::FromSql<'row>>(
    row: &'row Row,
    name: &str,
) -> Result<T, SagaError> {
    row.try_get(name).map_err(|error| SagaError::BadRow {
        what: format!("{name}: {error}"),
    })
}
