//! The load: connections that send commands of a seeded choice, one after another, and write down what they know.

mod choice;
mod client;
mod request;
mod tally;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::TryStreamExt;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use client::{Answer, Http, NoAnswer};
pub use tally::{Counts, Tally};

use crate::ledger::{Ledger, Sent};
use crate::scene::desk::Desk;
use crate::scene::wait::{POLL, eventually};
use worker::Worker;

/// How long the repetitions at the end may take.
const RETRIES_DEADLINE: Duration = Duration::from_secs(60);
const RETRIES_AT_ONCE: usize = 8;

/// What the load is.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Chooses the commands.
    pub seed: u64,
    /// Connections.
    pub connections: usize,
    /// The longest pause of a connection between two commands.
    pub pause_max: Duration,
}

/// A running load.
pub struct Load {
    tally: Arc<Tally>,
    stopped: Arc<AtomicBool>,
    workers: JoinSet<Result<Vec<Sent>>>,
    shared: Arc<worker::Shared>,
}

impl Load {
    /// Starts it. `http` leads to the server or servers, one a connection in turn.
    #[must_use]
    pub fn start(plan: &Plan, desk: &Desk, ledger: &Ledger, https: &[Http]) -> Self {
        let tally = Arc::new(Tally::default());
        let stopped = Arc::new(AtomicBool::new(false));
        let shared = Arc::new(worker::Shared::new(
            desk.clone(),
            ledger.clone(),
            Arc::clone(&tally),
            Arc::clone(&stopped),
        ));
        let mut workers = JoinSet::new();
        for (number, http) in (0..plan.connections).zip(https.iter().cycle()) {
            let worker = Worker::new(number, plan, http.clone(), Arc::clone(&shared));
            workers.spawn(worker.run());
        }
        Self {
            tally,
            stopped,
            workers,
            shared,
        }
    }

    /// What it has met so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.tally.counts()
    }

    /// Waits until `more` commands than now were acknowledged.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn goes_on(&self, more: u64, within: Duration) -> Result<()> {
        let goal = self.counts().acknowledged + more;
        let look = async || match self.counts().acknowledged {
            acknowledged if acknowledged >= goal => Ok(()),
            acknowledged => bail!("{acknowledged} of {goal} commands are acknowledged"),
        };
        eventually("the load goes on", within, look).await
    }

    /// Waits for the first acknowledgement of a command that was sent after `since`, and says how long after it came.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn succeeds_after(&self, since: Instant, within: Duration) -> Result<Duration> {
        loop {
            let last = self.shared.last_sent_and_acknowledged();
            if let Some((_, answered)) = last.filter(|(sent, _)| *sent >= since) {
                return Ok(answered - since);
            }
            if since.elapsed() > within {
                bail!(
                    "no command succeeded within {} s of the fault's end",
                    within.as_secs()
                );
            }
            tokio::time::sleep(POLL / 4).await;
        }
    }

    /// Ends it and repeats every command without an answer, with its key, until there is one.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub async fn stop(mut self) -> Result<Counts> {
        self.stopped.store(true, Ordering::Relaxed);
        let mut open = Vec::new();
        while let Some(worker) = self.workers.join_next().await {
            open.extend(worker.context("a connection of the load failed")??);
        }
        let deadline = Instant::now() + RETRIES_DEADLINE;
        futures::stream::iter(open.into_iter().map(anyhow::Ok))
            .try_for_each_concurrent(RETRIES_AT_ONCE, |sent| self.shared.resolve(sent, deadline))
            .await?;
        Ok(self.tally.counts())
    }
}
