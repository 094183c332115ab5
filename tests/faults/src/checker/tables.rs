//! Reading the tables, with plain SQL.

use std::collections::HashSet;
use std::pin::pin;

use anyhow::Result;
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

const EVENTS: &str = "SELECT partition, position, org_id, stream_type, stream_id, version, event_id, type, \
     schema_version, data::text, metadata::text, occurred_at, recorded_at, hash \
     FROM public.events ORDER BY partition, position";
const HEADS: &str = "SELECT partition, position, chain FROM public.log_heads";
const RESULTS: &str = "SELECT org_id, idempotency_key FROM public.command_results";
const WRITES: &str = "SELECT n_tup_upd, n_tup_del FROM pg_stat_user_tables \
     WHERE schemaname = 'public' AND relname = 'events'";
const TICKETS: &str = "SELECT t.ticket_id, t.org_id, t.number, t.status, t.priority, t.assignee_id, t.team_id, t.tags, \
     t.public_message_count, t.note_count, t.reopen_count, t.version, t.next_deadline_at, t.auto_close_at, \
     (SELECT count(*) FROM core.messages m WHERE m.partition = t.partition AND m.org_id = t.org_id \
       AND m.ticket_id = t.ticket_id) \
     FROM core.tickets t";

/// A row of the log.
#[derive(Debug, Clone)]
pub struct EventRow {
    /// Column of the same name, as the others.
    pub partition: i16,
    /// See above.
    pub position: i64,
    /// See above.
    pub org_id: Uuid,
    /// See above.
    pub stream_type: String,
    /// See above.
    pub stream_id: Uuid,
    /// See above.
    pub version: i64,
    /// See above.
    pub event_id: Uuid,
    /// The column `type`.
    pub event_type: String,
    /// See above.
    pub schema_version: i16,
    /// The exact text.
    pub data: String,
    /// The exact text.
    pub metadata: String,
    /// See above.
    pub occurred_at: DateTime<Utc>,
    /// See above.
    pub recorded_at: DateTime<Utc>,
    /// See above.
    pub hash: Vec<u8>,
}

impl EventRow {
    fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            partition: row.try_get(0)?,
            position: row.try_get(1)?,
            org_id: row.try_get(2)?,
            stream_type: row.try_get(3)?,
            stream_id: row.try_get(4)?,
            version: row.try_get(5)?,
            event_id: row.try_get(6)?,
            event_type: row.try_get(7)?,
            schema_version: row.try_get(8)?,
            data: row.try_get(9)?,
            metadata: row.try_get(10)?,
            occurred_at: row.try_get(11)?,
            recorded_at: row.try_get(12)?,
            hash: row.try_get(13)?,
        })
    }
}

/// Reads the whole log, in order.
///
/// # Errors
/// When it cannot be read.
pub async fn each_event(client: &Client, mut take: impl FnMut(EventRow)) -> Result<()> {
    let none: [&(dyn ToSql + Sync); 0] = [];
    let mut rows = pin!(client.query_raw(EVENTS, none).await?);
    while let Some(row) = rows.try_next().await? {
        take(EventRow::of(&row)?);
    }
    Ok(())
}

/// A ticket in the read models.
#[derive(Debug)]
pub(super) struct TicketRow {
    pub(super) ticket_id: Uuid,
    pub(super) org_id: Uuid,
    pub(super) number: i64,
    pub(super) status: String,
    pub(super) priority: i16,
    pub(super) agent: Option<Uuid>,
    pub(super) team: Option<Uuid>,
    pub(super) tags: Vec<String>,
    pub(super) public_messages: i32,
    pub(super) notes: i32,
    pub(super) reopenings: i32,
    pub(super) version: i64,
    pub(super) next_deadline_at: Option<DateTime<Utc>>,
    pub(super) auto_close_at: Option<DateTime<Utc>>,
    pub(super) messages: i64,
}

impl TicketRow {
    fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            ticket_id: row.try_get(0)?,
            org_id: row.try_get(1)?,
            number: row.try_get(2)?,
            status: row.try_get(3)?,
            priority: row.try_get(4)?,
            agent: row.try_get(5)?,
            team: row.try_get(6)?,
            tags: row.try_get(7)?,
            public_messages: row.try_get(8)?,
            notes: row.try_get(9)?,
            reopenings: row.try_get(10)?,
            version: row.try_get(11)?,
            next_deadline_at: row.try_get(12)?,
            auto_close_at: row.try_get(13)?,
            messages: row.try_get(14)?,
        })
    }
}

/// Everything but the events.
#[derive(Debug)]
pub(super) struct Tables {
    /// Partition, position, hash.
    pub(super) heads: Vec<(i16, i64, Vec<u8>)>,
    /// Organization and idempotency key of every stored answer.
    pub(super) results: HashSet<(Uuid, String)>,
    pub(super) event_updates: i64,
    pub(super) event_deletes: i64,
    pub(super) tickets: Vec<TicketRow>,
}

impl Tables {
    pub(super) async fn read(client: &Client) -> Result<Self> {
        let mut heads = Vec::new();
        for row in client.query(HEADS, &[]).await? {
            heads.push((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
        }
        let mut results = HashSet::new();
        for row in client.query(RESULTS, &[]).await? {
            results.insert((row.try_get(0)?, row.try_get(1)?));
        }
        let writes = client.query_one(WRITES, &[]).await?;
        let tickets = client.query(TICKETS, &[]).await?;
        Ok(Self {
            heads,
            results,
            event_updates: writes.try_get(0)?,
            event_deletes: writes.try_get(1)?,
            tickets: tickets.iter().map(TicketRow::of).collect::<Result<_>>()?,
        })
    }
}
