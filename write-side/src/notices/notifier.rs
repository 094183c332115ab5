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
    #[error("a notice was written in a form that this program does not know")]
    Form(#[source] serde_json::Error),
    #[error("what a notice tells of cannot be read")]
    Read(#[from] CommandError),
    #[error("the outbox has no connection to the database")]
    Pool(#[from] PoolError),
    #[error("a letter could not be put into the outbox")]
    Enqueue(#[from] EnqueueError),
}

impl NotifyError {
    /// True when the fault lies in what this notice tells of, so that the next one may be written out; false when what all
    /// of them need is missing.
    fn concerns_one_notice(&self) -> bool {
        match self {
            Self::Form(_)
            | Self::Read(CommandError::Internal(_) | CommandError::Refused(_))
            | Self::Enqueue(EnqueueError::Seal(_) | EnqueueError::Write(_)) => true,
            Self::Table(_) | Self::Read(_) | Self::Pool(_) | Self::Enqueue(_) => false,
        }
    }
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

    /// Looks at the partitions that were folded further since the last look, and at those that failed then. One that fails
    /// holds up no other; the first failure is told.
    async fn look(
        &self,
        saga: &Statuses,
        seen: &mut HashMap<Partition, Position>,
    ) -> Result<(), NotifyError> {
        let mut outcome = Ok(());
        for status in saga.all() {
            if !status.is_leading {
                // Whoever leads next may leave notices behind.
                seen.remove(&status.partition);
                continue;
            }
            if seen.get(&status.partition) == Some(&status.position) {
                continue;
            }
            match self.write_out(status.partition).await {
                Ok(()) => {
                    seen.insert(status.partition, status.position);
                }
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        outcome
    }

    /// Writes the notices of a partition out. One whose own fault keeps it back is stepped over, and the first such fault
    /// is told after the others.
    async fn write_out(&self, partition: Partition) -> Result<(), NotifyError> {
        let mut outcome = Ok(());
        let mut after = 0;
        loop {
            let batch = tables::next(&self.notices, partition, after, BATCH_MAX).await?;
            let is_last = batch.len() < BATCH_MAX as usize;
            for (position, waiting) in batch {
                after = position;
                let written = match waiting {
                    Ok(waiting) => self.enqueue(&waiting).await,
                    Err(error) => Err(NotifyError::Form(error)),
                };
                match written {
                    Ok(()) => tables::done(&self.notices, partition, position).await?,
                    Err(error) if error.concerns_one_notice() => outcome = outcome.and(Err(error)),
                    Err(error) => return Err(error),
                }
            }
            if is_last {
                return outcome;
            }
        }
    }

    async fn enqueue(&self, waiting: &Waiting) -> Result<(), NotifyError> {
        let letters = letters::of(&self.dispatcher, waiting).await?;
        if letters.is_empty() {
            return Ok(());
        }
        let client = self.letters.get().await?;
        for outgoing in letters {
            let to = outgoing.to.as_str().to_lowercase();
            let id = Uuid::new_v5(&waiting.event_id, to.as_bytes());
            let now = self.clock.now();
            self.outbox
                .enqueue_once(&**client, id, now, outgoing)
                .await?;
        }
        drop(client);
        self.outbox.wake();
        Ok(())
    }
}
