//! Blue-green rebuild: the next read models fill beside the live ones, catch up, and take their place in one
//! transaction. Commands and queries go on meanwhile.

use const_format::formatcp;
use deadpool_postgres::{Pool, Transaction};
use event_store::{EventStore, Partition, Position};
use schema::projection::{CORE, CORE_NEXT, CORE_OLD};
use schema::table::core::CHECKPOINTS;
use sealing::Keyring;

use crate::batch::{self, Outcome, Target};
use crate::error::{BatchError, RebuildError};
use crate::event;
use crate::exclusive::Exclusive;
use crate::fill::{Fill, Phase, Positions, Report};
use crate::namespace::{self, Live, NO_STATEMENT_TIMEOUT};
use crate::options::Options;

const SYNCHRONOUS: &str = "SET LOCAL synchronous_commit TO on";
/// Whoever projects holds a row of the live checkpoints; whoever asks how far it is reads them. Both wait.
const HOLD_BOTH: &str = formatcp!(
    "LOCK TABLE {CORE}.{CHECKPOINTS}, {CORE_NEXT}.{CHECKPOINTS} IN ACCESS EXCLUSIVE MODE"
);
const LIVE_CHECKPOINTS: &str =
    formatcp!("SELECT partition, position, cache_generation FROM {CORE}.{CHECKPOINTS}");
const NEXT_CHECKPOINTS: &str =
    formatcp!("SELECT partition, position FROM {CORE_NEXT}.{CHECKPOINTS}");
const SET_GENERATION: &str = formatcp!(
    "UPDATE {CORE_NEXT}.{CHECKPOINTS} SET cache_generation = $2, cached_position = position WHERE partition = $1"
);
const RENAME: &str = formatcp!(
    "ALTER SCHEMA {CORE} RENAME TO {CORE_OLD}; ALTER SCHEMA {CORE_NEXT} RENAME TO {CORE}"
);

/// What [`ensure_core`] found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ensured {
    /// The read models were there.
    Present,
    /// There were none: they were made from the log.
    Created,
    /// Those of another version were rebuilt.
    Rebuilt,
}

/// Sees to it that the core read models exist in the version of this program. Run at start, before [`crate::Projector`].
/// Waits while another process rebuilds or checks them.
///
/// # Errors
/// When PostgreSQL fails or an event of the log cannot be applied.
pub async fn ensure_core(
    store: &EventStore,
    keys: &Keyring,
    pool: &Pool,
    options: &Options,
    report: Report<'_>,
) -> Result<Ensured, RebuildError> {
    if namespace::live(pool).await? == Live::Current {
        namespace::add_partitions(pool).await?;
        return Ok(Ensured::Present);
    }
    let exclusive = Exclusive::wait(pool).await?;
    let made = make_current(store, keys, pool, options, report).await;
    exclusive.release().await;
    made
}

/// Looks again, since another process may have made them before this one got the right to.
async fn make_current(
    store: &EventStore,
    keys: &Keyring,
    pool: &Pool,
    options: &Options,
    report: Report<'_>,
) -> Result<Ensured, RebuildError> {
    let made = match namespace::live(pool).await? {
        Live::Current => return Ok(Ensured::Present),
        Live::Absent => Ensured::Created,
        Live::Other => Ensured::Rebuilt,
    };
    build_and_switch(store, keys, pool, options, report).await?;
    Ok(made)
}

/// Builds the core read models anew beside the live ones and switches. A rebuild that was interrupted left nothing that
/// matters: run it again.
///
/// # Errors
/// When another rebuild or check is at work, PostgreSQL fails, the log outruns the rebuild, or an event cannot be
/// applied that the live read models have passed. The live ones are as they were then.
pub async fn rebuild(
    store: &EventStore,
    keys: &Keyring,
    pool: &Pool,
    options: &Options,
    report: Report<'_>,
) -> Result<(), RebuildError> {
    let exclusive = Exclusive::take(pool).await?;
    let switched = build_and_switch(store, keys, pool, options, report).await;
    exclusive.release().await;
    switched
}

async fn build_and_switch(
    store: &EventStore,
    keys: &Keyring,
    pool: &Pool,
    options: &Options,
    report: Report<'_>,
) -> Result<(), RebuildError> {
    let mut fill = Fill::new(store, keys, pool, options, Target::Next, report);
    let switched = build(&mut fill).await;
    if switched.is_err() {
        // What was built takes space that may be the very thing that is short. The cause matters, not this.
        let _ = namespace::drop_next(pool).await;
    }
    switched
}

async fn build(fill: &mut Fill<'_>) -> Result<(), RebuildError> {
    let (store, pool, options) = (fill.store, fill.pool, fill.options);
    namespace::drop_old(pool).await;
    namespace::create_next(pool).await?;
    fill.advance(Phase::Filling, &heads(store).await?).await?;
    fill.tell(Phase::Indexing, 0);
    namespace::index(pool, CORE_NEXT).await?;
    // Nobody is shown read models that are not filled yet: without live ones these become them only now.
    if namespace::live(pool).await? == Live::Absent {
        return namespace::make_next_live(pool).await;
    }
    for _ in 0..options.switch_attempts {
        let target = target(store, pool).await?;
        fill.advance(Phase::Switching, &target).await?;
        if switch(fill).await? {
            namespace::drop_old(pool).await;
            return Ok(());
        }
    }
    Err(RebuildError::NeverCaughtUp {
        attempts: options.switch_attempts,
    })
}

pub(crate) async fn heads(store: &EventStore) -> Result<Positions, RebuildError> {
    let mut heads = Positions::new();
    for partition in store.partitions().await? {
        heads.insert(partition, store.head(partition).await?);
    }
    Ok(heads)
}

/// As far as the live read models are, and at least as far as the log was.
async fn target(store: &EventStore, pool: &Pool) -> Result<Positions, RebuildError> {
    let mut target = heads(store).await?;
    let client = pool.get().await?;
    for row in client.query(LIVE_CHECKPOINTS, &[]).await? {
        let (partition, position) = (
            Partition::new(row.try_get(0)?)?,
            Position::new(row.try_get(1)?)?,
        );
        let wanted = target.entry(partition).or_insert(position);
        *wanted = position.max(*wanted);
    }
    Ok(target)
}

/// Puts the next read models in the place of the live ones. False: the live ones are too far ahead by now.
async fn switch(fill: &Fill<'_>) -> Result<bool, RebuildError> {
    let mut client = fill.pool.get().await?;
    let tx = client.transaction().await?;
    // What the rest of the events, applied inside the switch, writes to. The switch itself reaches the disk.
    tx.batch_execute(&Target::Next.settings()).await?;
    tx.batch_execute(SYNCHRONOUS).await?;
    tx.batch_execute(NO_STATEMENT_TIMEOUT).await?;
    tx.batch_execute(HOLD_BOTH).await?;
    let next = next_positions(&tx).await?;
    if next != fill.reached {
        return Err(RebuildError::Interrupted);
    }
    let live = tx.query(LIVE_CHECKPOINTS, &[]).await?;
    let mut rests = Vec::new();
    for row in &live {
        let (partition, position) = (
            Partition::new(row.try_get(0)?)?,
            Position::new(row.try_get(1)?)?,
        );
        let reached = next.get(&partition).copied().unwrap_or(Position::START);
        if position > reached {
            refuse_poison(fill, partition)?;
            rests.push((partition, reached, position));
        }
    }
    let rest: i64 = rests
        .iter()
        .map(|(_, from, to)| to.get() - from.get())
        .sum();
    if rest > fill.options.switch_rest_limit {
        return Ok(false);
    }
    for (partition, from, to) in rests {
        apply_rest(fill, &tx, partition, from, to).await?;
    }
    for row in &live {
        let (partition, generation): (i16, i64) = (row.try_get(0)?, row.try_get(2)?);
        tx.execute(SET_GENERATION, &[&partition, &(generation + 1)])
            .await?;
    }
    tx.batch_execute(RENAME).await?;
    tx.commit().await?;
    Ok(true)
}

/// The live read models have passed an event that this program cannot apply: it must not take their place.
fn refuse_poison(fill: &Fill<'_>, partition: Partition) -> Result<(), RebuildError> {
    match fill.poisons.get(&partition) {
        Some(poison) => Err(RebuildError::Poisoned {
            partition,
            poison: poison.clone(),
        }),
        None => Ok(()),
    }
}

async fn next_positions(tx: &Transaction<'_>) -> Result<Positions, RebuildError> {
    let mut positions = Positions::new();
    for row in tx.query(NEXT_CHECKPOINTS, &[]).await? {
        positions.insert(
            Partition::new(row.try_get(0)?)?,
            Position::new(row.try_get(1)?)?,
        );
    }
    Ok(positions)
}

async fn apply_rest(
    fill: &Fill<'_>,
    tx: &Transaction<'_>,
    partition: Partition,
    from: Position,
    to: Position,
) -> Result<(), RebuildError> {
    let mut position = from;
    while position < to {
        let mut page = fill
            .store
            .read_partition(partition, position, fill.options.batch_limit)
            .await?;
        page.truncate(page.partition_point(|event| event.position <= to));
        event::open(fill.keys, &mut page)
            .await
            .map_err(BatchError::from)?;
        let Outcome::Applied(applied) = batch::apply(tx, partition, position, &page, false).await?
        else {
            return Err(RebuildError::Interrupted);
        };
        if let Some(poison) = applied.poison {
            return Err(RebuildError::Poisoned { partition, poison });
        }
        position = applied.position;
    }
    Ok(())
}
