//! The projector of a process: one worker a partition.

use deadpool_postgres::Pool;
use event_store::{EventStore, ReadError};
use platform::cache::Cache;
use platform::consistency::Progress;
use platform::shutdown::Shutdown;
use sealing::Keyring;
use tokio::task::JoinSet;

use crate::lag;
use crate::options::Options;
use crate::status::{Activity, Board, PartitionStatus};
use crate::worker::Worker;

/// Projects every partition of the log until shutdown.
#[derive(Debug)]
pub struct Projector {
    board: Board,
    workers: JoinSet<()>,
}

impl Projector {
    /// Starts a worker a partition. [`crate::ensure_core`] has made the tables before.
    ///
    /// # Errors
    /// When the partitions cannot be read. After that no failure ends the projector.
    pub async fn start(
        store: EventStore,
        keys: Keyring,
        pool: Pool,
        cache: Cache,
        progress: Progress,
        options: Options,
        shutdown: Shutdown,
    ) -> Result<Self, ReadError> {
        let board = Board::default();
        let mut workers = JoinSet::new();
        let watch = lag::watch(
            pool.clone(),
            board.clone(),
            options.lag_interval,
            shutdown.clone(),
        );
        workers.spawn(watch);
        for partition in store.partitions().await? {
            board.activity(partition, Activity::Starting);
            let worker = Worker {
                partition,
                store: store.clone(),
                keys: keys.clone(),
                pool: pool.clone(),
                cache: cache.clone(),
                progress: progress.clone(),
                options: options.clone(),
                board: board.clone(),
                shutdown: shutdown.clone(),
            };
            workers.spawn(worker.run());
        }
        Ok(Self { board, workers })
    }

    /// What each partition does.
    #[must_use]
    pub fn status(&self) -> Vec<PartitionStatus> {
        self.board.all()
    }

    /// Waits until every worker has finished; they do once shutdown is requested.
    pub async fn stopped(mut self) {
        while let Some(ended) = self.workers.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a worker of the projector ended by a panic");
            }
        }
    }
}
