//! The namespaces of the core read models: made, versioned, dropped. Who changes them holds [`crate::exclusive`].

use std::time::Duration;

use const_format::formatcp;
use deadpool_postgres::Pool;
use futures::stream::{self, StreamExt, TryStreamExt};
use schema::projection::{
    CORE, CORE_NEXT, CORE_OLD, CORE_VERSION, create_each_index, create_tables,
};
use schema::table::LOG_HEADS;
use schema::table::core::{CHECKPOINTS, DERIVED};
use tokio_postgres::GenericClient;

use crate::error::RebuildError;
use crate::replay::ReplayNamespace;

/// Index builds and drops take as long as they take; everything else in their session keeps its limits.
pub(crate) const NO_STATEMENT_TIMEOUT: &str = "SET LOCAL statement_timeout TO 0";
/// The rows of a million tickets are sorted without files for each index.
const SORT_IN_MEMORY: &str = "SET LOCAL maintenance_work_mem TO '256MB'";
/// Indexes that are made at a time: words and trigrams keep one core of PostgreSQL busy, and nothing else is to be done then.
const INDEXED_AT_A_TIME: usize = 2;

const VERSION: &str = formatcp!(
    "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = '{CORE}'"
);
const NOTE: &str =
    "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = $1";
/// How the note of a replay's namespace begins.
pub(crate) const REPLAY_NOTE: &str = "insightdesk replay";
const ADD_PARTITIONS: &str = formatcp!(
    "INSERT INTO {CORE}.{CHECKPOINTS} (partition, core_version) SELECT partition, {CORE_VERSION} FROM {LOG_HEADS} \
     ON CONFLICT (partition) DO NOTHING"
);
const DROP_NEXT: &str = formatcp!("DROP SCHEMA IF EXISTS {CORE_NEXT} CASCADE");
const NEXT_TO_LIVE: &str = formatcp!("ALTER SCHEMA {CORE_NEXT} RENAME TO {CORE}");
const DROP_OLD: &str = formatcp!("DROP SCHEMA IF EXISTS {CORE_OLD} CASCADE");

/// How often the removal of the former read models is tried while old queries still read them.
const DROP_OLD_ATTEMPTS: u32 = 5;
const DROP_OLD_PAUSE: Duration = Duration::from_millis(500);

/// What the live namespace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Live {
    /// There is none.
    Absent,
    /// It has the version of this program.
    Current,
    /// Another program made it.
    Other,
}

pub(crate) async fn live(pool: &Pool) -> Result<Live, RebuildError> {
    let client = pool.get().await?;
    let Some(row) = client.query_opt(VERSION, &[]).await? else {
        return Ok(Live::Absent);
    };
    let comment: Option<String> = row.try_get(0)?;
    let version = comment.and_then(|text| text.parse::<i32>().ok());
    Ok(if version == Some(CORE_VERSION) {
        Live::Current
    } else {
        Live::Other
    })
}

/// Puts the next read models where there are no live ones.
pub(crate) async fn make_next_live(pool: &Pool) -> Result<(), RebuildError> {
    pool.get().await?.batch_execute(NEXT_TO_LIVE).await?;
    Ok(())
}

/// Gives partitions that were added to the log a checkpoint.
pub(crate) async fn add_partitions(pool: &Pool) -> Result<(), RebuildError> {
    pool.get().await?.execute(ADD_PARTITIONS, &[]).await?;
    Ok(())
}

/// Makes the namespace of a rebuild, empty and without indexes; what an interrupted one left is dropped.
pub(crate) async fn create_next(pool: &Pool) -> Result<(), RebuildError> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.batch_execute(NO_STATEMENT_TIMEOUT).await?;
    tx.batch_execute(DROP_NEXT).await?;
    tx.batch_execute(&create_tables(CORE_NEXT)).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes the namespace of a replay, which nobody has yet, with a note of what it is.
pub(crate) async fn create_replay(
    pool: &Pool,
    namespace: &ReplayNamespace,
    note: &str,
) -> Result<(), RebuildError> {
    let quoted = namespace.quoted();
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    refuse_taken(&*tx, namespace).await?;
    tx.batch_execute(&create_tables(&quoted)).await?;
    tx.batch_execute(&format!("COMMENT ON SCHEMA {quoted} IS '{note}'"))
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Refuses a namespace that is there already.
pub(crate) async fn refuse_taken(
    client: &impl GenericClient,
    namespace: &ReplayNamespace,
) -> Result<(), RebuildError> {
    let name = namespace.as_str();
    match client.query_opt(NOTE, &[&name]).await? {
        Some(_) => Err(RebuildError::NamespaceTaken(name.to_owned())),
        None => Ok(()),
    }
}

/// Drops the namespace of a replay, and no other.
pub(crate) async fn drop_replay(
    pool: &Pool,
    namespace: &ReplayNamespace,
) -> Result<(), RebuildError> {
    let name = namespace.as_str();
    let row = pool.get().await?.query_opt(NOTE, &[&name]).await?;
    let note: Option<String> = match row {
        Some(row) => row.try_get(0)?,
        None => None,
    };
    if !note.is_some_and(|note| note.starts_with(REPLAY_NOTE)) {
        return Err(RebuildError::NoReplay(name.to_owned()));
    }
    drop_namespace(pool, &format!("DROP SCHEMA {} CASCADE", namespace.quoted())).await
}

/// Makes the indexes of a namespace that is filled, and gathers statistics.
pub(crate) async fn index(pool: &Pool, namespace: &str) -> Result<(), RebuildError> {
    maintain(pool, create_each_index(namespace)).await?;
    let analyze = |table| format!("ANALYZE {namespace}.{table}");
    maintain(pool, DERIVED.iter().map(analyze)).await
}

/// Runs statements that belong together in no order. Half of them, after a failure, are as good as none: the namespace is
/// dropped then, or by whoever makes it anew.
async fn maintain(
    pool: &Pool,
    statements: impl IntoIterator<Item = String>,
) -> Result<(), RebuildError> {
    let each = stream::iter(statements).map(async |statement| {
        let mut client = pool.get().await?;
        let tx = client.transaction().await?;
        tx.batch_execute(NO_STATEMENT_TIMEOUT).await?;
        tx.batch_execute(SORT_IN_MEMORY).await?;
        tx.batch_execute(&statement).await?;
        tx.commit().await?;
        Ok::<(), RebuildError>(())
    });
    each.buffer_unordered(INDEXED_AT_A_TIME).try_collect().await
}

/// Drops what a rebuild or a check made.
pub(crate) async fn drop_next(pool: &Pool) -> Result<(), RebuildError> {
    drop_namespace(pool, DROP_NEXT).await
}

/// Drops the former read models. Old queries may still read them: tried a few times; what stays is dropped by the
/// next rebuild.
pub(crate) async fn drop_old(pool: &Pool) {
    for _ in 0..DROP_OLD_ATTEMPTS {
        match drop_namespace(pool, DROP_OLD).await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(%error, "the former read models are still in use; trying again")
            }
        }
        tokio::time::sleep(DROP_OLD_PAUSE).await;
    }
}

async fn drop_namespace(pool: &Pool, statement: &str) -> Result<(), RebuildError> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.batch_execute(NO_STATEMENT_TIMEOUT).await?;
    tx.batch_execute(statement).await?;
    tx.commit().await?;
    Ok(())
}
