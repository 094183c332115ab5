//! The cache of ticket and organization rows, and of answers, in Valkey. It holds nothing that cannot be lost and is never
//! trusted further than its rules reach:
//!
//! - The key carries a generation that lives in the checkpoint of the partition. The projector raises it whenever
//!   a write may have been lost; entries of an older generation are never read again.
//! - Readers know the generation for [`GENERATION_LIFETIME`] at most, else they go to PostgreSQL. They also do for
//!   [`LOSS_QUARANTINE`] after their own connection broke: the server may come back with old entries.
//! - A put replaces an entry only by a newer position, so that a slow reader's fill never hides a newer row.
//! - A generation is open while a marker of it is there, which the projector sets once, when it raises the generation.
//!   A flush takes the marker too: then nothing is put any more, so that a slow fill cannot follow the flush of a
//!   newer row, until the projector sees it and raises the generation.
//! - A reader takes the generation before it selects the row with which it fills.
//! - Any failure means: go to PostgreSQL.

mod answers;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use const_format::formatcp;
use deadpool_postgres::Pool;
use event_store::Partition;
use fred::types::scripts::Script;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub use self::answers::{ANSWER_LIFETIME, ANSWER_MAX_BYTES, Asked};
pub use crate::rows::{OrganizationRow, TicketRow};
use crate::shutdown::Shutdown;
use crate::valkey::{Valkey, ValkeyError};
use schema::projection::CORE;
use schema::table::core::CHECKPOINTS;

/// How long the entry of a row lives.
pub const ENTRY_LIFETIME: Duration = Duration::from_secs(3_600);
/// How long a generation stays open at most; the projector raises it then.
pub const OPEN_LIFETIME: Duration = Duration::from_secs(24 * 3_600);
/// How long a reader may trust a generation that it learned.
pub const GENERATION_LIFETIME: Duration = Duration::from_millis(250);
/// How often readers look the generations up.
pub const GENERATION_POLL: Duration = Duration::from_millis(100);
/// How long a reader keeps away from the cache after its connection broke. The projector notices the same break
/// meanwhile and raises the generation.
pub const LOSS_QUARANTINE: Duration = Duration::from_secs(2);
/// The most rows that go to Valkey in one command.
const ROWS_PER_COMMAND: usize = 100;

const READ_GENERATIONS: &str =
    formatcp!("SELECT partition, cache_generation FROM {CORE}.{CHECKPOINTS}");

/// Sets each key to its value unless its present value has the same or a newer position. Does nothing and returns 0
/// when the generation is not open.
/// KEYS: the marker of the generation, then the keys. ARGV: the lifetime in milliseconds, then a position and a value
/// a key.
const PUT_IF_NEWER: &str = r#"
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
for i = 2, #KEYS do
  local position = ARGV[2 * i - 2]
  local present = redis.call('GET', KEYS[i])
  local known = present and string.match(present, '^{"position":(%d+)')
  if not known or tonumber(known) < tonumber(position) then
    redis.call('SET', KEYS[i], ARGV[2 * i - 1], 'PX', ARGV[1])
  end
end
return 1
"#;

/// One step of a walk over all keys: removes those that fit the pattern and belong to an older generation, and returns
/// where the walk goes on, `0` at its end.
/// ARGV: the cursor, the pattern, how many keys a step looks at, the generation.
const CLEAR_OLDER: &str = r#"
local step = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
for _, key in ipairs(step[2]) do
  local generation = string.match(key, '^[^:]+:(%d+):')
  if generation and tonumber(generation) < tonumber(ARGV[4]) then
    redis.call('UNLINK', key)
  end
end
return step[1]
"#;
/// Where a walk over all keys begins and ends.
const SCAN_START: &str = "0";
/// How many keys one step of a walk looks at, which takes below a millisecond.
const SCANNED_PER_COMMAND: u32 = 1_000;

static CLEAR_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::from_lua(CLEAR_OLDER));
static PUT_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::from_lua(PUT_IF_NEWER));

/// Why rows were not put.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The generation is not open: it is over, or entries of it may be lost.
    #[error("the cache generation is closed: entries of it may be lost")]
    Closed,
    /// Valkey is away or slow.
    #[error("the cache cannot be written")]
    Valkey(#[from] ValkeyError),
}

/// A row or an answer with the position of the event that it shows last. `position` comes first: the script reads it there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry<R> {
    /// Of the event that the row shows last.
    pub position: i64,
    /// The row.
    pub row: R,
}

/// A row that is cached.
pub trait Cached: Serialize + DeserializeOwned + Send + Sync {
    /// The key of this row.
    fn key(&self, generation: i64, partition: Partition) -> String;
    /// Of the event that the row shows last.
    fn position(&self) -> i64;
}

impl Cached for TicketRow {
    fn key(&self, generation: i64, partition: Partition) -> String {
        schema::key::ticket(generation, partition.get(), self.org_id, self.ticket_id)
    }

    fn position(&self) -> i64 {
        self.position
    }
}

impl Cached for OrganizationRow {
    fn key(&self, generation: i64, partition: Partition) -> String {
        schema::key::organization(generation, partition.get(), self.org_id)
    }

    fn position(&self) -> i64 {
        self.position
    }
}

/// Writes and reads entries. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Cache {
    valkey: Valkey,
    generations: Generations,
}

impl Cache {
    /// A cache in `valkey`, whose generations are learned by `generations`.
    #[must_use]
    pub fn new(valkey: Valkey, generations: Generations) -> Self {
        Self {
            valkey,
            generations,
        }
    }

    /// The connection that entries go through.
    #[must_use]
    pub fn valkey(&self) -> &Valkey {
        &self.valkey
    }

    /// What is known of the generations.
    #[must_use]
    pub fn generations(&self) -> &Generations {
        &self.generations
    }

    /// The generation that a reader may use now. None: go to PostgreSQL and fill nothing.
    #[must_use]
    pub fn generation(&self, partition: Partition) -> Option<i64> {
        if !self.valkey.is_connected() {
            return None;
        }
        self.generations.current(partition, &self.valkey)
    }

    /// The ticket's row, if the cache has it. `generation` comes from [`Cache::generation`].
    pub async fn ticket(
        &self,
        generation: i64,
        partition: Partition,
        org: domain::ids::OrganizationId,
        ticket: domain::ids::TicketId,
    ) -> Option<TicketRow> {
        self.read(&schema::key::ticket(
            generation,
            partition.get(),
            org,
            ticket,
        ))
        .await
    }

    /// The organization's row, if the cache has it. Its `ticket_count` may be old; its settings are not.
    pub async fn organization(
        &self,
        generation: i64,
        partition: Partition,
        org: domain::ids::OrganizationId,
    ) -> Option<OrganizationRow> {
        self.read(&schema::key::organization(generation, partition.get(), org))
            .await
    }

    async fn read<R: DeserializeOwned>(&self, key: &str) -> Option<R> {
        // A failure is the same as a miss: PostgreSQL answers.
        let bytes = self.valkey.get(key).await.ok()??;
        let entry: Entry<R> = serde_json::from_slice(&bytes).ok()?;
        Some(entry.row)
    }

    /// Puts rows under `generation`, each unless a newer one is there. A reader may ignore the error; the projector
    /// raises the generation on it.
    ///
    /// # Errors
    /// When the generation is closed, or Valkey away or slow; some of the rows may be there all the same.
    pub async fn put<R: Cached>(
        &self,
        generation: i64,
        partition: Partition,
        rows: &[&R],
    ) -> Result<(), PutError> {
        for chunk in rows.chunks(ROWS_PER_COMMAND) {
            let entries = chunk.iter().map(|row| {
                let position = row.position();
                let key = row.key(generation, partition);
                (key, position, entry_json(position, *row))
            });
            self.put_entries(generation, partition, entries, ENTRY_LIFETIME)
                .await?;
        }
        Ok(())
    }

    /// Puts entries (their keys, positions and texts) by one command.
    async fn put_entries(
        &self,
        generation: i64,
        partition: Partition,
        entries: impl IntoIterator<Item = (String, i64, String)>,
        lifetime: Duration,
    ) -> Result<(), PutError> {
        let mut keys = vec![schema::key::generation_open(generation, partition.get())];
        let mut arguments = vec![lifetime.as_millis().to_string()];
        for (key, position, text) in entries {
            keys.push(key);
            arguments.extend([position.to_string(), text]);
        }
        let put: i64 = self.valkey.run_script(&PUT_SCRIPT, keys, arguments).await?;
        if put == 0 {
            return Err(PutError::Closed);
        }
        Ok(())
    }

    /// Opens a generation for entries. Only whoever has just raised it may: opening it again would forget a loss.
    ///
    /// # Errors
    /// When Valkey is away or slow; the generation stays closed then.
    pub async fn open(&self, generation: i64, partition: Partition) -> Result<(), ValkeyError> {
        let marker = schema::key::generation_open(generation, partition.get());
        self.valkey
            .set(&marker, bytes::Bytes::from_static(b"1"), OPEN_LIFETIME)
            .await
    }

    /// Removes the entries of the partition of every generation before `generation`, with the marks that let slow readers
    /// put more.
    ///
    /// # Errors
    /// When Valkey is away or slow; some of them may be gone all the same.
    pub async fn clear_before(
        &self,
        generation: i64,
        partition: Partition,
    ) -> Result<(), ValkeyError> {
        // The marks go first: an entry that a slow reader put before its mark went is found after it.
        for pattern in schema::key::patterns_of_partition(partition.get()) {
            let mut cursor = SCAN_START.to_owned();
            loop {
                let arguments = vec![
                    cursor,
                    pattern.clone(),
                    SCANNED_PER_COMMAND.to_string(),
                    generation.to_string(),
                ];
                let next: String = self
                    .valkey
                    .run_script(&CLEAR_SCRIPT, Vec::new(), arguments)
                    .await?;
                if next == SCAN_START {
                    break;
                }
                cursor = next;
            }
        }
        Ok(())
    }

    /// Whether the generation is open.
    ///
    /// # Errors
    /// When Valkey is away or slow.
    pub async fn is_open(
        &self,
        generation: i64,
        partition: Partition,
    ) -> Result<bool, ValkeyError> {
        let marker = schema::key::generation_open(generation, partition.get());
        Ok(self.valkey.get(&marker).await?.is_some())
    }
}

fn entry_json<R: Serialize>(position: i64, row: &R) -> String {
    // Rows and answers have string keys and finite numbers: serde_json cannot refuse them.
    serde_json::to_string(&Entry { position, row }).unwrap_or_default()
}

/// What this process knows of the cache generation of each partition.
#[derive(Debug, Clone, Default)]
pub struct Generations {
    // A std mutex: the critical sections are look-ups and never wait.
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    partitions: HashMap<Partition, (i64, Instant)>,
    losses: u64,
    quarantined_until: Option<Instant>,
}

impl Generations {
    /// Says that the partition's generation was `generation` at `as_of`. An older generation than the known one
    /// changes nothing.
    pub fn announce(&self, partition: Partition, generation: i64, as_of: Instant) {
        let mut known = self.lock();
        let entry = known
            .partitions
            .entry(partition)
            .or_insert((generation, as_of));
        if (generation, as_of) > *entry {
            *entry = (generation, as_of);
        }
    }

    /// Looks the generations up again and again, until shutdown. A process that reads the cache runs this once.
    pub async fn poll(self, pool: Pool, shutdown: Shutdown) {
        while !shutdown.is_requested() {
            let as_of = Instant::now();
            match read_generations(&pool).await {
                Ok(generations) => {
                    for (partition, generation) in generations {
                        self.announce(partition, generation, as_of);
                    }
                }
                // Readers go to PostgreSQL meanwhile, which reports its own failures.
                Err(error) => tracing::debug!(%error, "the cache generations could not be read"),
            }
            tokio::select! {
                () = tokio::time::sleep(GENERATION_POLL) => {}
                () = shutdown.requested() => {}
            }
        }
    }

    fn current(&self, partition: Partition, valkey: &Valkey) -> Option<i64> {
        let now = Instant::now();
        let mut known = self.lock();
        let losses = *valkey.connection_losses().borrow();
        if losses != known.losses {
            known.losses = losses;
            known.quarantined_until = Some(now + LOSS_QUARANTINE);
        }
        if known.quarantined_until.is_some_and(|until| now < until) {
            return None;
        }
        let (generation, as_of) = *known.partitions.get(&partition)?;
        (now.saturating_duration_since(as_of) <= GENERATION_LIFETIME).then_some(generation)
    }

    /// A panic elsewhere cannot leave the map half-changed, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read_generations(pool: &Pool) -> anyhow::Result<Vec<(Partition, i64)>> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(READ_GENERATIONS).await?;
    let rows = client.query(&statement, &[]).await?;
    rows.iter()
        .map(|row| Ok((Partition::new(row.try_get(0)?)?, row.try_get(1)?)))
        .collect()
}

/// Follows the losses of a connection, for a writer that must notice each.
#[derive(Debug)]
pub struct LossWatch(watch::Receiver<u64>);

impl LossWatch {
    /// Counts losses from now on.
    #[must_use]
    pub fn new(valkey: &Valkey) -> Self {
        let mut losses = valkey.connection_losses();
        losses.mark_unchanged();
        Self(losses)
    }

    /// Whether the connection was lost since the last call.
    pub fn take(&mut self) -> bool {
        // An error means that the connection's task ended: there are no further losses.
        let lost = self.0.has_changed().unwrap_or(false);
        self.0.mark_unchanged();
        lost
    }

    /// Waits for the next loss; for ever where there is no Valkey.
    pub async fn lost(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.0.mark_changed();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn partition() -> Partition {
        Partition::new(3).unwrap()
    }

    #[tokio::test]
    async fn a_generation_never_goes_back_and_expires() {
        let generations = Generations::default();
        let valkey = Valkey::disabled();
        let now = Instant::now();
        assert_eq!(generations.current(partition(), &valkey), None);
        generations.announce(partition(), 5, now);
        generations.announce(partition(), 4, now + Duration::from_millis(1));
        assert_eq!(generations.current(partition(), &valkey), Some(5));

        let long_ago = now.checked_sub(GENERATION_LIFETIME * 2).unwrap();
        let stale = Generations::default();
        stale.announce(partition(), 5, long_ago);
        assert_eq!(stale.current(partition(), &valkey), None);
    }

    #[test]
    fn an_entry_begins_with_its_position_where_the_script_looks_for_it() {
        let json = serde_json::to_string(&Entry {
            position: 7,
            row: "x",
        })
        .unwrap();
        assert!(json.starts_with(r#"{"position":7,"#));
    }
}
