//! `rebuild --check`: builds the read models afresh up to where the live ones are, and compares them row by row.
//!
//! Exact while the live ones move: they are read in one snapshot, taken at the start, and the fresh ones are built to
//! the positions of that snapshot. One thing does not wait for a position: a person who is erased after the snapshot is
//! unreadable to the fresh ones at once. Differences beside such an erasure prove nothing, so the check begins again. The
//! live ones are not touched.

use std::fmt;

use const_format::formatcp;
use deadpool_postgres::{Pool, Transaction};
use event_store::{EventStore, Partition, Position};
use futures::TryStreamExt;
use platform::rows::{
    AuditRow, CalendarRow, CalendarVersionRow, CellRow, CompanyRow, FactsRow, HistoryRow,
    MessageCellRow, MessageFactsRow, MessageRow, OrganizationRow, PolicyVersionRow, Row,
    ServiceLevelsRow, SlaMeasureRow, TeamRow, TicketCountRow, TicketRow, TicketWordsRow, UserRow,
    ViewRow,
};
use schema::projection::{CORE, CORE_NEXT};
use schema::table::DATA_KEYS;
use schema::table::core::CHECKPOINTS;
use sealing::Keyring;
use serde_json::{Map, Value};
use tokio_postgres::{IsolationLevel, RowStream};

use crate::batch::Target;
use crate::error::RebuildError;
use crate::exclusive::Exclusive;
use crate::fill::{Fill, Phase, Positions, Report};
use crate::namespace::{self, Live, NO_STATEMENT_TIMEOUT};
use crate::options::Options;

/// How many differing rows are told in full.
pub const DIFFERENCES_SHOWN: usize = 20;

/// The snapshot waits for the fresh rows as long as that takes.
const NO_IDLE_TIMEOUT: &str = "SET LOCAL idle_in_transaction_session_timeout TO 0";
/// Destroyed keys stay as rows, so that their number only grows.
const ERASURES: &str =
    formatcp!("SELECT count(*) FROM {DATA_KEYS} k WHERE k.erased_at IS NOT NULL");
const CHECKPOINTS_OF_LIVE: &str = formatcp!("SELECT partition, position FROM {CORE}.{CHECKPOINTS}");

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckReport {
    /// A line a table.
    pub tables: Vec<TableReport>,
    /// The first differing rows, at most [`DIFFERENCES_SHOWN`].
    pub differences: Vec<Difference>,
}

impl CheckReport {
    /// Whether the live read models are what the log says.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.tables.iter().all(|table| table.differing == 0)
    }
}

/// The rows of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableReport {
    /// The table.
    pub table: &'static str,
    /// Rows of the live table.
    pub live_rows: u64,
    /// Rows of the fresh one.
    pub fresh_rows: u64,
    /// Rows that are missing, too many or different.
    pub differing: u64,
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// The partition.
    pub partition: Partition,
    /// The rest of the primary key.
    pub key: String,
    /// How it differs.
    pub kind: DifferenceKind,
}

/// How a row differs.
#[derive(Debug, Clone, PartialEq)]
pub enum DifferenceKind {
    /// The log makes this row; the live table does not have it.
    MissingInLive,
    /// The live table has this row; the log does not make it.
    OnlyInLive,
    /// Both have it: the columns with the live and the fresh value.
    Columns(Vec<(String, Value, Value)>),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (partition {}, {}): ",
            self.table, self.partition, self.key
        )?;
        match &self.kind {
            DifferenceKind::MissingInLive => f.write_str("missing in the live table"),
            DifferenceKind::OnlyInLive => f.write_str("only in the live table"),
            DifferenceKind::Columns(columns) => {
                for (index, (column, live, fresh)) in columns.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "; " };
                    write!(f, "{comma}{column} is {live}, should be {fresh}")?;
                }
                Ok(())
            }
        }
    }
}

/// Compares the live core read models with what the log says.
///
/// # Errors
/// When another rebuild or check is at work, PostgreSQL fails, an event cannot be applied, or the live read models are of
/// another version.
pub async fn check(
    store: &EventStore,
    keys: &Keyring,
    pool: &Pool,
    options: &Options,
    report: Report<'_>,
) -> Result<CheckReport, RebuildError> {
    let exclusive = Exclusive::take(pool).await?;
    let compared = compare_until_undisturbed(store, keys, pool, options, report).await;
    let dropped = namespace::drop_next(pool).await;
    exclusive.release().await;
    let found = compared?;
    dropped?;
    Ok(found)
}

async fn compare_until_undisturbed(
    store: &EventStore,
    keys: &Keyring,
    pool: &Pool,
    options: &Options,
    report: Report<'_>,
) -> Result<CheckReport, RebuildError> {
    loop {
        let compared = build_and_compare(store, keys, pool, options, report).await?;
        if compared.found.is_clean() || !compared.disturbed {
            return Ok(compared.found);
        }
        namespace::drop_next(pool).await?;
    }
}

struct Compared {
    found: CheckReport,
    /// Whether somebody was erased since the snapshot.
    disturbed: bool,
}

async fn build_and_compare(
    store: &EventStore,
    keys: &Keyring,
    pool: &Pool,
    options: &Options,
    report: Report<'_>,
) -> Result<Compared, RebuildError> {
    if namespace::live(pool).await? != Live::Current {
        return Err(RebuildError::OtherVersion);
    }
    let mut client = pool.get().await?;
    let snapshot = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true);
    let live = snapshot.start().await?;
    live.batch_execute(NO_IDLE_TIMEOUT).await?;
    live.batch_execute(NO_STATEMENT_TIMEOUT).await?;
    let mut until = Positions::new();
    for row in live.query(CHECKPOINTS_OF_LIVE, &[]).await? {
        until.insert(
            Partition::new(row.try_get(0)?)?,
            Position::new(row.try_get(1)?)?,
        );
    }
    let erasures_before = erasures(&live).await?;
    namespace::create_next(pool).await?;
    let mut fill = Fill::new(store, keys, pool, options, Target::Next, report);
    fill.advance(Phase::Filling, &until).await?;
    if let Some((partition, poison)) = fill.poisons.iter().next() {
        return Err(RebuildError::Poisoned {
            partition: *partition,
            poison: poison.clone(),
        });
    }
    fill.tell(Phase::Comparing, 0);
    let mut client = pool.get().await?;
    let fresh = client.transaction().await?;
    fresh.batch_execute(NO_STATEMENT_TIMEOUT).await?;
    let partitions: Vec<Partition> = until.keys().copied().collect();
    let mut found = CheckReport::default();
    table::<OrganizationRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<UserRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<CompanyRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<TeamRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<CalendarRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<CalendarVersionRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<ServiceLevelsRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<PolicyVersionRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<SlaMeasureRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<ViewRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<TicketCountRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<FactsRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<CellRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<MessageFactsRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<MessageCellRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<TicketRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<TicketWordsRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<MessageRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<HistoryRow>(&mut found, &live, &fresh, &partitions).await?;
    table::<AuditRow>(&mut found, &live, &fresh, &partitions).await?;
    let disturbed = erasures(&fresh).await? != erasures_before;
    Ok(Compared { found, disturbed })
}

async fn erasures(tx: &Transaction<'_>) -> Result<i64, RebuildError> {
    Ok(tx.query_one(ERASURES, &[]).await?.try_get(0)?)
}

async fn table<R: Row>(
    found: &mut CheckReport,
    live: &Transaction<'_>,
    fresh: &Transaction<'_>,
    partitions: &[Partition],
) -> Result<(), RebuildError> {
    let mut counts = TableReport {
        table: R::TABLE,
        live_rows: 0,
        fresh_rows: 0,
        differing: 0,
    };
    for partition in partitions {
        let live = Side::open::<R>(live, CORE, *partition).await?;
        let fresh = Side::open::<R>(fresh, CORE_NEXT, *partition).await?;
        merge(&mut counts, &mut found.differences, *partition, live, fresh).await?;
    }
    found.tables.push(counts);
    Ok(())
}

/// One of the two tables, row after row in the order of the key.
struct Side {
    rows: std::pin::Pin<Box<RowStream>>,
}

/// A row: its key, in a text that sorts as the key does, and its columns as JSON.
type Keyed = (String, String);

impl Side {
    async fn open<R: Row>(
        tx: &Transaction<'_>,
        namespace: &str,
        partition: Partition,
    ) -> Result<Self, RebuildError> {
        let (table, key) = (R::TABLE, R::KEY.join(", "));
        // Texts of UUIDs sort as UUIDs do; numbers are padded to sort as numbers do.
        let texts: Vec<String> = R::KEY
            .iter()
            .map(|column| format!("lpad({column}::text, 36, '0')"))
            .collect();
        let texts = texts.join(" || ' ' || ");
        let sql = format!(
            "SELECT {texts}, row_to_json(t)::text FROM {namespace}.{table} t WHERE partition = $1 ORDER BY {key}"
        );
        let rows = tx.query_raw(&sql, [partition.get()]).await?;
        Ok(Self {
            rows: Box::pin(rows),
        })
    }

    async fn next(&mut self) -> Result<Option<Keyed>, RebuildError> {
        let Some(row) = self.rows.try_next().await? else {
            return Ok(None);
        };
        Ok(Some((row.try_get(0)?, row.try_get(1)?)))
    }
}

async fn merge(
    counts: &mut TableReport,
    differences: &mut Vec<Difference>,
    partition: Partition,
    mut live: Side,
    mut fresh: Side,
) -> Result<(), RebuildError> {
    let (mut left, mut right) = (live.next().await?, fresh.next().await?);
    while left.is_some() || right.is_some() {
        let live_first = match (&left, &right) {
            (Some((live_key, _)), Some((fresh_key, _))) => live_key.cmp(fresh_key),
            (Some(_), None) => std::cmp::Ordering::Less,
            _ => std::cmp::Ordering::Greater,
        };
        let here = if live_first.is_gt() {
            None
        } else {
            left.take()
        };
        let there = if live_first.is_lt() {
            None
        } else {
            right.take()
        };
        counts.live_rows += u64::from(here.is_some());
        counts.fresh_rows += u64::from(there.is_some());
        let took = (here.is_some(), there.is_some());
        if let Some((key, kind)) = difference(here, there) {
            counts.differing += 1;
            if differences.len() < DIFFERENCES_SHOWN {
                differences.push(Difference {
                    table: counts.table,
                    partition,
                    key,
                    kind,
                });
            }
        }
        if took.0 {
            left = live.next().await?;
        }
        if took.1 {
            right = fresh.next().await?;
        }
    }
    Ok(())
}

fn difference(live: Option<Keyed>, fresh: Option<Keyed>) -> Option<(String, DifferenceKind)> {
    match (live, fresh) {
        (Some((_, live)), Some((_, fresh))) if live == fresh => None,
        (Some((key, live)), Some((_, fresh))) => {
            Some((key, DifferenceKind::Columns(columns(&live, &fresh))))
        }
        (Some((key, _)), None) => Some((key, DifferenceKind::OnlyInLive)),
        (None, Some((key, _))) => Some((key, DifferenceKind::MissingInLive)),
        (None, None) => None,
    }
}

fn columns(live: &str, fresh: &str) -> Vec<(String, Value, Value)> {
    // Both texts come from row_to_json: they are objects.
    let live: Map<String, Value> = serde_json::from_str(live).unwrap_or_default();
    let fresh: Map<String, Value> = serde_json::from_str(fresh).unwrap_or_default();
    let differing = live.into_iter().filter_map(|(column, live)| {
        let fresh = fresh.get(&column).cloned().unwrap_or_default();
        (live != fresh).then_some((column, live, fresh))
    });
    differing.collect()
}
