//! Stored answers do not stay for ever: after a time nobody repeats the request, and the table would grow with every
//! command. The events of the command stay.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use event_store::{EventStore, Partition, ReadError};
use metrics::counter;
use platform::clock::Clock;
use platform::shutdown::Shutdown;

/// Everything that bounds the removal of answers.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long an answer is kept.
    pub keep: Duration,
    /// How often the log is looked through for older ones.
    pub every: Duration,
    /// Most answers that one statement removes.
    pub batch_limit: u32,
    /// The pause between two statements, so that commands come first.
    pub pause: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keep: Duration::from_secs(48 * 3_600),
            every: Duration::from_secs(300),
            batch_limit: 1_000,
            pause: Duration::from_millis(20),
        }
    }
}

/// Removes answers that are older than they are kept, again and again until shutdown. Any number of processes may do this
/// at once. A failure is told and tried again at the next time.
pub async fn run(store: EventStore, clock: Arc<dyn Clock>, options: Options, shutdown: Shutdown) {
    while !shutdown.is_requested() {
        let now = clock.now();
        match expire(&store, now, &options, &shutdown).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "stored answers expired"),
            Err(error) => {
                tracing::warn!(%error, "stored answers could not be removed; trying again later")
            }
        }
        tokio::select! {
            () = clock.sleep_until(now + options.every) => {}
            () = shutdown.requested() => {}
        }
    }
}

/// Removes every answer that is too old at `now`; how many.
///
/// # Errors
/// When the database fails. What was removed before stays removed.
pub async fn expire(
    store: &EventStore,
    now: DateTime<Utc>,
    options: &Options,
    shutdown: &Shutdown,
) -> Result<u64, ReadError> {
    let before = now - options.keep;
    let mut total = 0;
    for partition in store.partitions().await? {
        total += expire_in(store, partition, before, options, shutdown).await?;
    }
    Ok(total)
}

async fn expire_in(
    store: &EventStore,
    partition: Partition,
    before: DateTime<Utc>,
    options: &Options,
    shutdown: &Shutdown,
) -> Result<u64, ReadError> {
    let mut total = 0;
    while !shutdown.is_requested() {
        let count = store
            .expire_results(partition, before, options.batch_limit)
            .await?;
        total += count;
        counter!("insightdesk_stored_answers_expired_total").increment(count);
        if count < u64::from(options.batch_limit) {
            break;
        }
        tokio::time::sleep(options.pause).await;
    }
    Ok(total)
}
