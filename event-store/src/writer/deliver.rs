//! What becomes of a batch: its answers, or the slow path, or finding out after a failure.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::time::{Instant, sleep, timeout_at};

use super::batch::Batch;
use super::connection::Failure;
use super::locked;
use super::measure::{self, Path};
use super::pending::{Answer, Pending};
use super::plan::{Plan, Written};
use super::slow::{self, Failed, Heads};
use super::task::{BACKOFF_FIRST, BACKOFF_LONGEST, Writer};
use super::underway::{Arrived, Departing, Sent, depart};
use crate::append::{AppendError, Appended, Cause};
use crate::error::Closed;
use crate::ids::{Partition, Position};

impl Writer {
    /// The batch on its way by the fast path: one call behind the head that will be the last. It stands only if all that
    /// was sent before it stands, because the database compares that head. Gives the batch back when no head is known.
    pub(super) fn departure(&mut self, batch: Batch) -> Result<Departing, Batch> {
        let (Some(connection), Some(known)) =
            (&self.connection, self.heads.get(&batch.partition).copied())
        else {
            return Err(batch);
        };
        let requests = batch.requests.iter().map(|pending| &pending.request);
        let plan = Plan::new(batch.partition, known, requests);
        self.heads.insert(batch.partition, plan.written.head);
        Ok(depart(Arc::clone(connection), plan, batch))
    }

    /// Takes a batch in. A fault of the program costs its batch, whose callers learn that the outcome is not known, and
    /// not the writer with all its partitions.
    pub(super) async fn take_in_guarded(&mut self, arrived: Arrived) {
        match arrived {
            Arrived::Sent(sent) => {
                let partition = sent.batch.partition;
                let taken = AssertUnwindSafe(self.take_in(sent)).catch_unwind().await;
                if taken.is_err() {
                    self.forget(partition);
                }
            }
            Arrived::Panicked(partition) => self.forget(partition),
        }
    }

    /// After a panic: what this writer knew of the partition and its connection may be half changed.
    pub(super) fn forget(&mut self, partition: Partition) {
        tracing::error!(
            partition = partition.get(),
            "a writer of the log failed because of a fault of the program; see the log for the panic"
        );
        self.connection = None;
        self.heads.remove(&partition);
    }

    /// Waits for the lock of the head and writes the batch behind it, with all that came meanwhile.
    pub(super) async fn send_locked(&mut self, mut batch: Batch) {
        let Some(connection) = self.connection.clone() else {
            return self.decide(batch).await;
        };
        let begun = Instant::now();
        let head = match locked::lock(&connection, batch.partition).await {
            Ok(Some(head)) => head,
            Ok(None) => return self.decide(batch).await,
            Err(failure) => {
                let in_flight = None;
                return self.recover(batch, Failed { failure, in_flight }).await;
            }
        };
        self.gather();
        batch.fill(&mut self.backlog, self.options.batch_limit);
        match locked::write(&connection, head, &batch).await {
            Ok(Some(written)) => {
                measure::batch(Path::Locked, batch.requests.len(), begun.elapsed());
                let heads = Heads {
                    found: head.position,
                    left: written.head,
                };
                self.learn(batch.partition, heads);
                answer_written(batch.requests, written);
            }
            Ok(None) => self.decide(batch).await,
            Err(failure) => {
                let in_flight = Some(head.position);
                self.recover(batch, Failed { failure, in_flight }).await;
            }
        }
    }

    /// Answers a batch that was written; decides on any other again.
    async fn take_in(&mut self, sent: Sent) {
        let Sent {
            batch,
            known,
            begun,
            outcome,
        } = sent;
        let failed = match outcome {
            Ok(Some(written)) => {
                measure::batch(Path::Fast, batch.requests.len(), begun.elapsed());
                self.left.insert(batch.partition, written.head.position);
                self.wakeups
                    .announce(batch.partition, written.head.position);
                return answer_written(batch.requests, written);
            }
            Ok(None) => None,
            Err(failure) => Some(Failed {
                failure,
                in_flight: Some(known.position),
            }),
        };
        self.heads.remove(&batch.partition);
        match failed {
            None => self.decide(batch).await,
            Some(failed) => self.recover(batch, failed).await,
        }
    }

    /// Brings a batch to the log by the fast path, else the slow one, and answers every request of it.
    async fn serve(&mut self, batch: Batch) {
        match self.departure(batch) {
            Ok(departing) => match departing.await {
                Arrived::Sent(sent) => self.take_in(sent).await,
                Arrived::Panicked(partition) => self.forget(partition),
            },
            Err(batch) => self.decide(batch).await,
        }
    }

    /// The slow path.
    pub(super) async fn decide(&mut self, batch: Batch) {
        match self.slow(&batch, None).await {
            Ok(answers) => answer_all(batch.requests, answers),
            Err(failed) => self.recover(batch, failed).await,
        }
    }

    async fn recover(&mut self, batch: Batch, failed: Failed) {
        match failed.failure {
            Failure::Lost(cause) => self.resolve(batch, failed.in_flight, cause).await,
            Failure::Row(cause) => self.isolate(batch, None, cause).await,
            Failure::Transient(cause) => {
                tracing::warn!(error = %cause, partition = batch.partition.get(), "the log refused a batch");
                // A fresh session has no stale plan and no unfinished transaction.
                self.connection = None;
                refuse_all(batch.requests, || {
                    AppendError::Unavailable(Arc::clone(&cause))
                });
            }
        }
    }

    async fn slow(
        &mut self,
        batch: &Batch,
        in_flight: Option<Position>,
    ) -> Result<Vec<Answer>, Failed> {
        let Some(connection) = self.connection.clone() else {
            return Err(Failed {
                failure: Failure::Lost(Arc::new(Closed)),
                in_flight: None,
            });
        };
        let begun = Instant::now();
        let decided =
            slow::append(&connection, batch.partition, &batch.requests, in_flight).await?;
        measure::batch(Path::Slow, batch.requests.len(), begun.elapsed());
        if let Some(heads) = decided.heads {
            self.learn(batch.partition, heads);
        }
        Ok(decided.answers)
    }

    /// Keeps the head for the fast path if nobody else wrote since this writer last did. While others do, the fast path
    /// would mostly find a moved head: the lock's queue serves all of them in turn.
    fn learn(&mut self, partition: Partition, heads: Heads) {
        let last = self.left.insert(partition, heads.left.position);
        if last.is_none_or(|last| last == heads.found) {
            self.heads.insert(partition, heads.left);
        } else {
            self.heads.remove(&partition);
        }
        self.wakeups.announce(partition, heads.left.position);
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

fn answer_written(requests: Vec<Pending>, written: Written) {
    let answer = |position| {
        Ok(Appended {
            position,
            recorded_at: written.recorded_at,
        })
    };
    answer_all(
        requests,
        written.positions.into_iter().map(answer).collect(),
    );
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
