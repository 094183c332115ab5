//! The writers: tasks with a connection of their own that gather waiting requests into batches (group commit).

mod batch;
mod connection;
mod pending;
mod plan;
mod slow;
mod task;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_postgres::Config;

use self::pending::{Pending, submit};
use self::task::Writer;
use crate::append::{AppendError, AppendRequest, Appended};
use crate::error::Closed;
use crate::options::Options;
use crate::wakeups::Wakeups;

/// The writers of one store.
pub(crate) struct Writers {
    queues: Vec<mpsc::Sender<Pending>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    closing: watch::Sender<bool>,
    answer_deadline: Duration,
    outcome_deadline: Duration,
}

impl Writers {
    /// Starts the tasks. They connect when the first request comes.
    pub(crate) fn start(config: &Config, options: &Options, wakeups: &Wakeups) -> Self {
        let closing = watch::Sender::new(false);
        let start_one = |_| {
            let (queue, requests) = mpsc::channel(options.queue_limit);
            let writer = Writer::new(
                config.clone(),
                options.clone(),
                wakeups.clone(),
                requests,
                closing.subscribe(),
            );
            (queue, tokio::spawn(writer.run()))
        };
        let (queues, tasks): (Vec<_>, Vec<_>) = (0..options.writer_count).map(start_one).unzip();
        Self {
            queues,
            tasks: Mutex::new(tasks),
            closing,
            answer_deadline: options.answer_deadline,
            outcome_deadline: options.outcome_deadline,
        }
    }

    /// Hands the request to the writer of its partition and waits for the answer.
    pub(crate) async fn append(&self, request: AppendRequest) -> Result<Appended, AppendError> {
        request.check().map_err(AppendError::Invalid)?;
        // A partition number is never negative, so the cast keeps the value.
        let queue = &self.queues[request.partition.get() as usize % self.queues.len()];
        let (pending, ticket) = submit(request, self.answer_deadline, self.outcome_deadline);
        queue.try_send(pending).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => AppendError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => {
                AppendError::Unavailable(std::sync::Arc::new(Closed))
            }
        })?;
        ticket.answer().await
    }

    /// Refuses new requests, answers those that wait, and ends the tasks.
    pub(crate) async fn shutdown(&self) {
        self.closing.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a writer of the log did not end cleanly");
            }
        }
    }
}
