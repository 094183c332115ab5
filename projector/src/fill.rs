//! Fills the namespace of a rebuild from the log, in large batches, a bounded number of partitions at a time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use deadpool_postgres::Pool;
use event_store::{EventStore, Partition, Position, RecordedEvent};
use futures::stream::{self, StreamExt, TryStreamExt};
use sealing::Keyring;

use crate::batch::{self, Applied, Outcome, Target};
use crate::checkpoint::Poison;
use crate::error::{BatchError, RebuildError};
use crate::event;
use crate::options::Options;

/// A position of each partition.
pub(crate) type Positions = BTreeMap<Partition, Position>;

/// How far a rebuild or a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RebuildProgress {
    /// What it does.
    pub phase: Phase,
    /// Events applied.
    pub done: i64,
    /// Events to apply, as far as known now.
    pub total: i64,
}

/// What a rebuild or a check does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It applies events.
    Filling,
    /// It makes the indexes.
    Indexing,
    /// It applies what came meanwhile, and switches.
    Switching,
    /// It compares rows.
    Comparing,
}

/// Hears of progress.
pub type Report<'a> = &'a (dyn Fn(RebuildProgress) + Send + Sync);

/// A rebuild that goes on: where it is in each partition.
pub(crate) struct Fill<'a> {
    pub(crate) store: &'a EventStore,
    pub(crate) keys: &'a Keyring,
    pub(crate) pool: &'a Pool,
    pub(crate) options: &'a Options,
    target: Target<'a>,
    pub(crate) report: Report<'a>,
    /// The last event applied in each partition.
    pub(crate) reached: Positions,
    /// The event that a partition cannot pass.
    pub(crate) poisons: BTreeMap<Partition, Poison>,
    done: AtomicI64,
}

impl<'a> Fill<'a> {
    pub(crate) fn new(
        store: &'a EventStore,
        keys: &'a Keyring,
        pool: &'a Pool,
        options: &'a Options,
        target: Target<'a>,
        report: Report<'a>,
    ) -> Self {
        let (reached, poisons) = (Positions::new(), BTreeMap::new());
        Self {
            store,
            keys,
            pool,
            options,
            target,
            report,
            reached,
            poisons,
            done: AtomicI64::new(0),
        }
    }

    /// Says what is done.
    pub(crate) fn tell(&self, phase: Phase, total: i64) {
        let done = self.done.load(Ordering::Relaxed);
        (self.report)(RebuildProgress {
            phase,
            done,
            total: total.max(done),
        });
    }

    /// Applies events up to `until` in each partition. A partition that is poisoned stays before the event.
    pub(crate) async fn advance(
        &mut self,
        phase: Phase,
        until: &Positions,
    ) -> Result<(), RebuildError> {
        let total = until.values().map(|position| position.get()).sum();
        let this = &*self;
        let ends: Vec<(Partition, Position, Option<Poison>)> = stream::iter(until)
            .map(|(partition, until)| this.partition(phase, total, *partition, *until))
            .buffer_unordered(this.options.rebuild_concurrency)
            .try_collect()
            .await?;
        for (partition, position, poison) in ends {
            self.reached.insert(partition, position);
            if let Some(poison) = poison {
                self.poisons.insert(partition, poison);
            }
        }
        Ok(())
    }

    async fn partition(
        &self,
        phase: Phase,
        total: i64,
        partition: Partition,
        until: Position,
    ) -> Result<(Partition, Position, Option<Poison>), RebuildError> {
        let mut position = self
            .reached
            .get(&partition)
            .copied()
            .unwrap_or(Position::START);
        let mut page = self.page(partition, position, until).await?;
        self.open(&mut page).await?;
        while let Some(last) = page.last() {
            // The next page is read while this one is written.
            let (applied, next) = tokio::join!(
                self.project(partition, position, &page),
                self.page(partition, last.position, until)
            );
            let applied = applied?;
            self.done
                .fetch_add(applied.position.get() - position.get(), Ordering::Relaxed);
            self.tell(phase, total);
            position = applied.position;
            if applied.poison.is_some() {
                return Ok((partition, position, applied.poison));
            }
            page = if position == last.position {
                next?
            } else {
                self.page(partition, position, until).await?
            };
            // After the batch: people whom it erased have no keys any more.
            self.open(&mut page).await?;
        }
        Ok((partition, position, None))
    }

    async fn open(&self, page: &mut [RecordedEvent]) -> Result<(), RebuildError> {
        let opened = event::open(self.keys, page).await;
        Ok(opened.map_err(BatchError::from)?)
    }

    /// The events after a position and up to `until`, as they lie in the log.
    async fn page(
        &self,
        partition: Partition,
        after: Position,
        until: Position,
    ) -> Result<Vec<RecordedEvent>, RebuildError> {
        if after >= until {
            return Ok(Vec::new());
        }
        let mut page = self
            .store
            .read_partition(partition, after, self.options.batch_limit)
            .await?;
        page.truncate(page.partition_point(|event| event.position <= until));
        Ok(page)
    }

    async fn project(
        &self,
        partition: Partition,
        position: Position,
        page: &[RecordedEvent],
    ) -> Result<Applied, RebuildError> {
        let batch = batch::project(self.pool, self.target, partition, position, page, false);
        let outcome = tokio::time::timeout(self.options.timeout_of(page), batch).await;
        match outcome.map_err(|_| BatchError::Timeout)?? {
            Outcome::Applied(applied) => Ok(applied),
            Outcome::Moved => Err(RebuildError::Interrupted),
        }
    }
}
