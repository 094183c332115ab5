//! Looks from time to time whether the caches of a partition were flushed: without events nothing is put into them that
//! would be refused.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use event_store::Partition;
use platform::cache::Cache;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::checkpoint;
use crate::error::BatchError;

/// Looks beside the worker, so that a look never interrupts the reading of a page and never waits for it. Ends with
/// its owner.
#[derive(Debug)]
pub(crate) struct FlushWatch {
    suspected: Arc<Notify>,
    task: JoinHandle<()>,
}

impl FlushWatch {
    pub(crate) fn start(pool: Pool, cache: Cache, partition: Partition, every: Duration) -> Self {
        let suspected = Arc::new(Notify::new());
        let notify = Arc::clone(&suspected);
        let task = tokio::spawn(async move {
            loop {
                sleep(every).await;
                // A look that failed is repeated: what ails the database is the worker's to report.
                if matches!(was_flushed(&pool, &cache, partition).await, Ok(true)) {
                    notify.notify_one();
                }
            }
        });
        Self { suspected, task }
    }

    /// Returns when the caches look flushed. A generation that is being raised looks so too: look again with
    /// [`was_flushed`].
    pub(crate) async fn suspected(&self) {
        self.suspected.notified().await;
    }
}

impl Drop for FlushWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// True when Valkey is there and does not know the generation of the partition.
///
/// # Errors
/// When the checkpoint cannot be read.
pub(crate) async fn was_flushed(
    pool: &Pool,
    cache: &Cache,
    partition: Partition,
) -> Result<bool, BatchError> {
    let checkpoint = checkpoint::read(pool, partition).await?;
    // Valkey away is no flush: the loss of the connection raises the generation.
    let open = cache.is_open(checkpoint.cache_generation, partition).await;
    Ok(matches!(open, Ok(false)))
}
