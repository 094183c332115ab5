//! One writer: waits for requests, gathers a batch, brings it to the log and answers.

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::Config;

use super::batch::{Batch, select};
use super::connection::{Connection, Failure};
use super::measure::{self, Path};
use super::pending::{Answer, Pending};
use super::plan::{Head, Plan};
use super::slow::{self, Failed};
use crate::append::{AppendError, Appended, Cause};
use crate::error::Closed;
use crate::ids::{Partition, Position};
use crate::options::Options;
use crate::wakeups::Wakeups;

/// First pause after a failed connection; it doubles up to the longest.
const BACKOFF_FIRST: Duration = Duration::from_millis(20);
/// Longest pause between two tries.
const BACKOFF_LONGEST: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    number: usize,
    config: Config,
    options: Options,
    wakeups: Wakeups,
    requests: mpsc::Receiver<Pending>,
    closing: watch::Receiver<bool>,
    backlog: VecDeque<Pending>,
    connection: Option<Connection>,
    /// The heads as of the last commit of this writer. Another server may have moved on; the database compares.
    heads: HashMap<Partition, Head>,
}

impl Writer {
    pub(super) fn new(
        number: usize,
        config: Config,
        options: Options,
        wakeups: Wakeups,
        requests: mpsc::Receiver<Pending>,
        closing: watch::Receiver<bool>,
    ) -> Self {
        let (backlog, heads) = (VecDeque::new(), HashMap::new());
        Self {
            number,
            config,
            options,
            wakeups,
            requests,
            closing,
            backlog,
            connection: None,
            heads,
        }
    }

    /// Runs until the store is shut down or dropped and everything that waits is answered.
    pub(super) async fn run(mut self) {
        while self.has_work().await {
            if let Err(cause) = self.connect_for_work().await {
                // All that wait, so that the end does not take a vain try to connect for each.
                self.gather();
                self.backlog
                    .drain(..)
                    .filter(Pending::take_for_execution)
                    .for_each(|pending| {
                        pending.answer(Err(AppendError::Unavailable(Arc::clone(&cause))));
                    });
                continue;
            }
            // Lets the callers that the last batch woke hand in their next requests before this one goes.
            tokio::task::yield_now().await;
            self.gather();
            if let Some(batch) = select(&mut self.backlog, self.options.batch_limit) {
                self.serve_guarded(batch).await;
            }
            self.measure_queue();
        }
    }

    fn measure_queue(&self) {
        measure::queue(self.number, self.backlog.len() + self.requests.len());
    }

    /// Waits for a request unless one is left over. False when there will be none any more.
    async fn has_work(&mut self) -> bool {
        if !self.backlog.is_empty() {
            return true;
        }
        let received = tokio::select! {
            received = self.requests.recv() => received,
            () = is_closing(&mut self.closing) => {
                self.requests.close();
                self.requests.recv().await
            }
        };
        self.backlog.extend(received);
        !self.backlog.is_empty()
    }

    /// Takes what waits in the queue, as far as the backlog may grow.
    fn gather(&mut self) {
        while self.backlog.len() < self.options.queue_limit {
            let Ok(pending) = self.requests.try_recv() else {
                break;
            };
            self.backlog.push_back(pending);
        }
    }

    /// Connects, however long it takes: the waiting callers give up by themselves. An error only while shutting down.
    async fn connect_for_work(&mut self) -> Result<(), Cause> {
        let mut pause = BACKOFF_FIRST;
        while let Err(cause) = self.connect().await {
            if *self.closing.borrow() || self.requests.is_closed() {
                return Err(cause);
            }
            self.measure_queue();
            sleep(pause).await;
            pause = (pause * 2).min(BACKOFF_LONGEST);
        }
        Ok(())
    }

    /// One try to have a live connection.
    async fn connect(&mut self) -> Result<(), Cause> {
        if self
            .connection
            .as_ref()
            .is_some_and(|connection| !connection.is_closed())
        {
            return Ok(());
        }
        self.connection = None;
        match Connection::open(&self.config, &self.options).await {
            Ok(connection) => self.connection = Some(connection),
            Err(cause) => {
                tracing::warn!(error = %cause, "a writer of the log cannot connect");
                return Err(cause);
            }
        }
        Ok(())
    }

    /// Serves a batch. A fault of the program costs its batch, whose callers learn that the outcome is not known, and not
    /// the writer with all its partitions.
    async fn serve_guarded(&mut self, batch: Batch) {
        let partition = batch.partition;
        let served = AssertUnwindSafe(self.serve(batch)).catch_unwind().await;
        if served.is_err() {
            tracing::error!(
                partition = partition.get(),
                "a writer of the log failed because of a fault of the program; see the log for the panic"
            );
            self.connection = None;
            self.heads.remove(&partition);
        }
    }

    /// Brings a batch to the log by the fast path, else the slow one, and answers every request of it.
    async fn serve(&mut self, batch: Batch) {
        if batch.requests.is_empty() {
            return;
        }
        let outcome = match self.fast(&batch).await {
            Ok(Some(answers)) => Ok(answers),
            Ok(None) => self.slow(&batch, None).await,
            Err(failed) => Err(failed),
        };
        match outcome {
            Ok(answers) => answer_all(batch.requests, answers),
            Err(Failed {
                failure: Failure::Lost(cause),
                in_flight,
            }) => self.resolve(batch, in_flight, cause).await,
            Err(Failed {
                failure: Failure::Row(cause),
                ..
            }) => self.isolate(batch, None, cause).await,
            Err(Failed {
                failure: Failure::Transient(cause),
                ..
            }) => {
                tracing::warn!(error = %cause, partition = batch.partition.get(), "the log refused a batch");
                // A fresh session has no stale plan and no unfinished transaction.
                self.connection = None;
                refuse_all(batch.requests, || {
                    AppendError::Unavailable(Arc::clone(&cause))
                });
            }
        }
    }

    /// One call, one round trip. None when the head is not known or the database found something not as expected.
    async fn fast(&mut self, batch: &Batch) -> Result<Option<Vec<Answer>>, Failed> {
        let (Some(connection), Some(known)) =
            (&self.connection, self.heads.get(&batch.partition).copied())
        else {
            return Ok(None);
        };
        let plan = Plan::new(
            batch.partition,
            known,
            batch.requests.iter().map(|pending| &pending.request),
        );
        let begun = Instant::now();
        let written = plan.write(connection).await;
        let written = written.map_err(|failure| Failed {
            failure,
            in_flight: Some(known.position),
        })?;
        let Some(written) = written else {
            return Ok(None);
        };
        measure::batch(Path::Fast, batch.requests.len(), begun.elapsed());
        self.learn_head(batch.partition, written.head);
        let answer = |position| {
            Ok(Appended {
                position,
                recorded_at: written.recorded_at,
            })
        };
        Ok(Some(written.positions.into_iter().map(answer).collect()))
    }

    async fn slow(
        &mut self,
        batch: &Batch,
        in_flight: Option<Position>,
    ) -> Result<Vec<Answer>, Failed> {
        let Some(connection) = &self.connection else {
            return Err(Failed {
                failure: Failure::Lost(Arc::new(Closed)),
                in_flight: None,
            });
        };
        let begun = Instant::now();
        let decided = slow::append(connection, batch.partition, &batch.requests, in_flight).await?;
        measure::batch(Path::Slow, batch.requests.len(), begun.elapsed());
        if let Some(head) = decided.head {
            self.learn_head(batch.partition, head);
        }
        Ok(decided.answers)
    }

    fn learn_head(&mut self, partition: Partition, head: Head) {
        self.heads.insert(partition, head);
        self.wakeups.announce(partition, head.position);
    }

    /// A row of the batch is bad: halves the batch until the bad request stands alone, so that only it fails.
    async fn isolate(&mut self, mut batch: Batch, in_flight: Option<Position>, cause: Cause) {
        if batch.requests.len() == 1 {
            return refuse_all(batch.requests, || AppendError::Rejected(Arc::clone(&cause)));
        }
        let second_half = batch.requests.split_off(batch.requests.len() / 2);
        let second = Batch {
            partition: batch.partition,
            requests: second_half,
        };
        for half in [batch, second] {
            match in_flight {
                None => Box::pin(self.serve(half)).await,
                Some(_) => Box::pin(self.resolve(half, in_flight, Arc::clone(&cause))).await,
            }
        }
    }

    /// The connection was lost. Reconnects and finds out under the head's lock whether the batch was written; if not,
    /// writes it now. Gives up when nobody waits any more.
    async fn resolve(&mut self, batch: Batch, mut in_flight: Option<Position>, mut cause: Cause) {
        tracing::warn!(error = %cause, partition = batch.partition.get(), "a writer of the log lost its connection");
        measure::connection_lost();
        self.connection = None;
        let Some(deadline) = batch
            .requests
            .iter()
            .map(|pending| pending.outcome_deadline)
            .max()
        else {
            return;
        };
        let mut pause = BACKOFF_FIRST;
        while Instant::now() < deadline {
            let attempt = async {
                self.connect().await.map_err(|cause| Failed {
                    failure: Failure::Lost(cause),
                    in_flight: None,
                })?;
                self.slow(&batch, in_flight).await
            };
            let failed = match timeout_at(deadline, attempt).await {
                Ok(Ok(answers)) => return answer_all(batch.requests, answers),
                Ok(Err(failed)) => failed,
                Err(_) => {
                    // Cut at an unknown point, perhaps with a COMMIT on its way.
                    in_flight = in_flight.or(Some(Position::START));
                    break;
                }
            };
            in_flight = in_flight.or(failed.in_flight);
            match failed.failure {
                Failure::Row(bad_row) => return self.isolate(batch, in_flight, bad_row).await,
                Failure::Lost(lost) => {
                    self.connection = None;
                    cause = lost;
                }
                Failure::Transient(refused) => cause = refused,
            }
            sleep(pause).await;
            pause = (pause * 2).min(BACKOFF_LONGEST);
        }
        // An attempt may have been cut in the middle of a transaction: its connection is of no use.
        self.connection = None;
        refuse_all(batch.requests, || match in_flight {
            Some(_) => AppendError::OutcomeUnknown(Arc::clone(&cause)),
            None => AppendError::Unavailable(Arc::clone(&cause)),
        });
    }
}

async fn is_closing(closing: &mut watch::Receiver<bool>) {
    if closing.wait_for(|closing| *closing).await.is_err() {
        // The store was dropped without a shutdown: the closed queue ends the writer.
        std::future::pending::<()>().await;
    }
}

fn answer_all(requests: Vec<Pending>, answers: Vec<Answer>) {
    for (pending, answer) in requests.into_iter().zip(answers) {
        pending.answer(answer);
    }
}

fn refuse_all(requests: Vec<Pending>, error: impl Fn() -> AppendError) {
    requests
        .into_iter()
        .for_each(|pending| pending.answer(Err(error())));
}
