//! The sums of messages by day that reports read.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use const_format::formatcp;
use deadpool_postgres::Transaction;
use domain::calendar::zone::Zone;
use domain::ids::OrganizationId;
use event_store::Partition;
use platform::rows::{MessageCellRow, MessageFactsRow, MessageKind, NOBODY, Row, WHOEVER};
use uuid::Uuid;

use crate::error::BatchError;
use crate::namespace::NO_STATEMENT_TIMEOUT;
use crate::{statements, write};

/// Which sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    org_id: OrganizationId,
    author_id: Uuid,
    day: NaiveDate,
    kind: MessageKind,
    team_id: Uuid,
}

/// What a batch adds to the sums.
#[derive(Debug, Clone, Default)]
pub struct MessageCells(HashMap<Key, i64>);

impl MessageCells {
    /// Counts a message for its author and for everybody.
    pub fn add(&mut self, zone: Zone, message: &MessageFactsRow) {
        let author_id = match message.kind {
            // Sums of each customer would be as many as messages.
            MessageKind::CustomerMessage => NOBODY,
            MessageKind::PublicReply | MessageKind::InternalNote => message.author_id.0,
        };
        for author_id in [author_id, WHOEVER] {
            let key = Key {
                org_id: message.org_id,
                author_id,
                day: message.written_at.with_timezone(&zone.tz()).date_naive(),
                kind: message.kind,
                team_id: message.team_id.map_or(NOBODY, |id| id.0),
            };
            *self.0.entry(key).or_default() += 1;
        }
    }

    fn rows(&self) -> Vec<MessageCellRow> {
        let row = |(key, count): (&Key, &i64)| MessageCellRow {
            org_id: key.org_id,
            author_id: key.author_id,
            day: key.day,
            kind: key.kind,
            team_id: key.team_id,
            count: *count,
        };
        self.0.iter().map(row).collect()
    }
}

/// A sum that is there grows by the new one.
static ADD: LazyLock<String> = LazyLock::new(|| {
    let insert = &statements::of::<MessageCellRow>().insert;
    let (table, key) = (MessageCellRow::TABLE, MessageCellRow::KEY.join(", "));
    format!(
        "{insert} ON CONFLICT (partition, {key}) DO UPDATE SET count = {table}.count + excluded.count"
    )
});
const CLEAR: &str = formatcp!(
    "DELETE FROM {} WHERE partition = $1 AND org_id = $2",
    <MessageCellRow as Row>::TABLE
);
/// Page by page along the primary key: all messages of an organization may be more than memory takes.
const FACTS: &str = formatcp!(
    "SELECT {} FROM {} WHERE partition = $1 AND org_id = $2 AND message_id > $3 ORDER BY message_id LIMIT {FACTS_A_PAGE}",
    <MessageFactsRow as Row>::COLUMNS,
    <MessageFactsRow as Row>::TABLE
);
const FACTS_A_PAGE: usize = 5_000;
/// So many sums are kept in memory while those of an organization are made anew.
const CELLS_AT_ONCE: usize = 20_000;

/// Adds the sums of a batch to those of the table.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn write(
    tx: &Transaction<'_>,
    partition: Partition,
    cells: &MessageCells,
) -> Result<(), BatchError> {
    // Messages only come: every sum that is touched grows.
    write::add(tx, partition, &ADD, &cells.rows(), |_| true).await
}

/// Makes the sums of an organization anew, by another zone, from all its messages.
///
/// # Errors
/// When PostgreSQL fails or a row does not fit.
pub async fn make_anew(
    tx: &Transaction<'_>,
    partition: Partition,
    org: OrganizationId,
    zone: Zone,
) -> Result<(), BatchError> {
    // The batch has a deadline of its own.
    tx.batch_execute(NO_STATEMENT_TIMEOUT).await?;
    tx.execute(CLEAR, &[&partition.get(), &org.0]).await?;
    let facts = tx.prepare_cached(FACTS).await?;
    let mut cells = MessageCells::default();
    let mut last = Uuid::nil();
    loop {
        let page = tx.query(&facts, &[&partition.get(), &org.0, &last]).await?;
        for row in &page {
            let facts = MessageFactsRow::from_row(row)?;
            last = facts.message_id.0;
            cells.add(zone, &facts);
        }
        let is_last = page.len() < FACTS_A_PAGE;
        if is_last || cells.0.len() >= CELLS_AT_ONCE {
            write(tx, partition, &cells).await?;
            cells.0.clear();
        }
        if is_last {
            return Ok(());
        }
    }
}
