//! How far the projection of a partition is, kept in the transaction of its rows.

use const_format::formatcp;
use deadpool_postgres::{Pool, Transaction};
use event_store::{Partition, Position};
use schema::projection::{CORE, CORE_VERSION};
use schema::table::core::CHECKPOINTS;

use crate::error::BatchError;

/// Unqualified: in the namespace that the transaction works in.
const LOCK: &str =
    formatcp!("SELECT position, core_version FROM {CHECKPOINTS} WHERE partition = $1 FOR UPDATE");
/// Never one that was used before, not even in a database that was put back to an earlier day: what caches hold from the
/// days between must not be read. Hence the time, and the sum for a clock that runs backwards.
const NEXT_GENERATION: &str =
    "greatest(cache_generation + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)";
const ADVANCE: &str = formatcp!(
    "UPDATE {CHECKPOINTS} SET position = $2, \
     cache_generation = CASE WHEN $3 THEN {NEXT_GENERATION} ELSE cache_generation END, \
     cached_position = CASE WHEN $3 THEN $2 ELSE cached_position END, \
     poison_position = $4, poison_reason = $5, updated_at = now() \
     WHERE partition = $1 RETURNING cache_generation"
);
const READ: &str = formatcp!(
    "SELECT position, cached_position, cache_generation FROM {CORE}.{CHECKPOINTS} WHERE partition = $1"
);
const RAISE_GENERATION: &str = formatcp!(
    "UPDATE {CORE}.{CHECKPOINTS} SET cache_generation = {NEXT_GENERATION}, cached_position = position \
     WHERE partition = $1 RETURNING position, cached_position, cache_generation"
);
const CONFIRM_CACHED: &str = formatcp!(
    "UPDATE {CORE}.{CHECKPOINTS} SET cached_position = $2 \
     WHERE partition = $1 AND cached_position < $2 AND cache_generation = $3"
);

/// An event that could not be applied, and why. The projection of its partition stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poison {
    /// Its place in the partition.
    pub position: Position,
    /// Why.
    pub reason: String,
}

/// The live checkpoint of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last event that the tables show.
    pub position: Position,
    /// The last event that the caches show.
    pub cached_position: Position,
    /// Part of every cache key.
    pub cache_generation: i64,
}

impl Checkpoint {
    fn of(row: &tokio_postgres::Row) -> Result<Self, BatchError> {
        Ok(Self {
            position: Position::new(row.try_get(0)?)?,
            cached_position: Position::new(row.try_get(1)?)?,
            cache_generation: row.try_get(2)?,
        })
    }
}

/// Locks the checkpoint until the end of the transaction and says where it is.
///
/// # Errors
/// When PostgreSQL fails, there is no checkpoint, or the tables belong to another version of the program.
pub async fn lock(tx: &Transaction<'_>, partition: Partition) -> Result<Position, BatchError> {
    let statement = tx.prepare_cached(LOCK).await?;
    let row = tx.query_opt(&statement, &[&partition.get()]).await?;
    let row = row.ok_or(BatchError::NoCheckpoint)?;
    let found: i32 = row.try_get(1)?;
    if found != CORE_VERSION {
        return Err(BatchError::OtherVersion { found });
    }
    Ok(Position::new(row.try_get(0)?)?)
}

/// Sets the locked checkpoint, raises the cache generation when asked to, and returns the generation.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn advance(
    tx: &Transaction<'_>,
    partition: Partition,
    to: Position,
    raise_generation: bool,
    poison: Option<&Poison>,
) -> Result<i64, BatchError> {
    let statement = tx.prepare_cached(ADVANCE).await?;
    let poison_position = poison.map(|poison| poison.position.get());
    // A text column cannot hold a NUL, which a reason may quote.
    let poison_reason = poison.map(|poison| poison.reason.replace('\0', "\\0"));
    let row = tx
        .query_one(
            &statement,
            &[
                &partition.get(),
                &to.get(),
                &raise_generation,
                &poison_position,
                &poison_reason,
            ],
        )
        .await?;
    Ok(row.try_get(0)?)
}

/// Reads the live checkpoint.
///
/// # Errors
/// When PostgreSQL fails or there is no checkpoint.
pub async fn read(pool: &Pool, partition: Partition) -> Result<Checkpoint, BatchError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(READ).await?;
    let row = client.query_opt(&statement, &[&partition.get()]).await?;
    Checkpoint::of(&row.ok_or(BatchError::NoCheckpoint)?)
}

/// Raises the cache generation of the live checkpoint: what the caches hold is never read again.
///
/// # Errors
/// When PostgreSQL fails or there is no checkpoint.
pub async fn raise_generation(pool: &Pool, partition: Partition) -> Result<Checkpoint, BatchError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(RAISE_GENERATION).await?;
    let row = client.query_opt(&statement, &[&partition.get()]).await?;
    Checkpoint::of(&row.ok_or(BatchError::NoCheckpoint)?)
}

/// Says that under `generation` the caches show everything up to `position`.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn confirm_cached(
    pool: &Pool,
    partition: Partition,
    position: Position,
    generation: i64,
) -> Result<(), BatchError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(CONFIRM_CACHED).await?;
    client
        .execute(
            &statement,
            &[&partition.get(), &position.get(), &generation],
        )
        .await?;
    Ok(())
}
