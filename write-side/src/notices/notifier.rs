//! The loop that writes notices out.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Pool, PoolError};
use event_store::{Partition, Position};
use platform::clock::Clock;
use platform::shutdown::Shutdown;
use tokio::time::sleep;
use uuid::Uuid;

use super::letters;
use super::tables::{self, TableError, Waiting};
use crate::dispatch::{CommandError, Dispatcher};
use crate::mail::{EnqueueError, Outbox};
use crate::saga::Statuses;

/// How often the saga of this process is asked how far it is.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// The wait after a failure.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);
/// The most notices that are written out at a time.
const BATCH_MAX: i64 = 100;

/// Why a notice could not be written out. It stays, and is tried again.
#[derive(Debug, thiserror::Error)]
enum NotifyError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("what a notice tells of cannot be read")]
    Read(#[from] CommandError),
    #[error("the outbox has no connection to the database")]
    Pool(#[from] PoolError),
    #[error("a letter could not be put into the outbox")]
    Enqueue(#[from] EnqueueError),
}

/// Writes the notices of the partitions out that the saga of this process leads. Two that do so at once, in the moment in
/// which a partition changes hands, write no letter twice.
#[derive(Debug, Clone)]
pub struct Notifier {
    /// What is known of tickets and people.
    pub dispatcher: Dispatcher,
    /// Where letters wait.
    pub outbox: Outbox,
    /// The connections to the notices: those of the saga.
    pub notices: Pool,
    /// The connections to the outbox.
    pub letters: Pool,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Notifier {
    /// Writes out what the saga finds, until shutdown. A failure is told and tried again.
    pub async fn run(self, saga: Statuses, shutdown: Shutdown) {
        let mut seen: HashMap<Partition, Position> = HashMap::new();
        let mut failing = false;
        while !shutdown.is_requested() {
            let outcome = self.look(&saga, &mut seen).await;
            if let Err(error) = &outcome
                && !failing
            {
                tracing::warn!(
                    error = error as &dyn Error,
                    "notices wait for the mail outbox; trying again"
                );
            }
            failing = outcome.is_err();
            let wait = if failing {
                RETRY_INTERVAL
            } else {
                LOOK_INTERVAL
            };
            tokio::select! {
                () = sleep(wait) => {}
                () = shutdown.requested() => {}
            }
        }
    }

    /// Looks at the partitions that were folded further since the last look.
    async fn look(
        &self,
        saga: &Statuses,
        seen: &mut HashMap<Partition, Position>,
    ) -> Result<(), NotifyError> {
        for status in saga.all() {
            if !status.is_leading {
                // Whoever leads next may leave notices behind.
                seen.remove(&status.partition);
                continue;
            }
            if seen.get(&status.partition) == Some(&status.position) {
                continue;
            }
            self.write_out(status.partition).await?;
            seen.insert(status.partition, status.position);
        }
        Ok(())
    }

    async fn write_out(&self, partition: Partition) -> Result<(), NotifyError> {
        loop {
            let batch = tables::next(&self.notices, partition, BATCH_MAX).await?;
            for waiting in &batch {
                self.enqueue(waiting).await?;
                tables::done(&self.notices, partition, waiting.position).await?;
            }
            if batch.len() < BATCH_MAX as usize {
                return Ok(());
            }
        }
    }

    async fn enqueue(&self, waiting: &Waiting) -> Result<(), NotifyError> {
        let letters = letters::of(&self.dispatcher, waiting).await?;
        if letters.is_empty() {
            return Ok(());
        }
        let client = self.letters.get().await?;
        for (address, letter) in &letters {
            let to = address.as_str().to_lowercase();
            let id = Uuid::new_v5(&waiting.event_id, to.as_bytes());
            let now = self.clock.now();
            self.outbox
                .enqueue_once(&**client, id, now, address, letter)
                .await?;
        }
        drop(client);
        self.outbox.wake();
        Ok(())
    }
}
