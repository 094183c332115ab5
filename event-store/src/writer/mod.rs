//! The writers: tasks with a connection of their own that gather waiting requests into batches (group commit).

mod batch;
mod connection;
mod connector;
mod deliver;
mod locked;
mod measure;
mod pending;
mod plan;
mod rows;
mod slow;
mod task;
mod underway;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinHandle;

use self::pending::{Pending, Receipt, submit};
use self::task::Writer;
use crate::append::{AppendError, AppendRequest, Appended};
use crate::error::Closed;
use crate::options::Options;
use crate::wakeups::Wakeups;

pub use self::connector::Connector;

/// The writers of one store.
pub(crate) struct Writers {
    queues: Vec<Queue>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    closing: watch::Sender<bool>,
    answer_deadline: Duration,
    outcome_deadline: Duration,
}

/// The way to one writer.
struct Queue {
    requests: mpsc::Sender<Pending>,
    /// One permit a byte of text that may wait.
    room: Arc<Semaphore>,
    room_bytes: usize,
}

impl Writers {
    /// Starts the tasks. They connect when the first request comes.
    pub(crate) fn start(connector: &Connector, options: &Options, wakeups: &Wakeups) -> Self {
        let closing = watch::Sender::new(false);
        let start_one = |number| {
            let (sender, requests) = mpsc::channel(options.queue_limit);
            let writer = Writer::new(
                number,
                connector.clone(),
                options.clone(),
                wakeups.clone(),
                requests,
                closing.subscribe(),
            );
            let queue = Queue {
                requests: sender,
                room: Arc::new(Semaphore::new(options.queue_bytes_limit)),
                room_bytes: options.queue_bytes_limit,
            };
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
        let asked_at = Instant::now();
        let answer = match self.enqueue(request) {
            Ok(receipt) => receipt.answer().await,
            Err(refused) => Err(refused),
        };
        measure::append(&answer, asked_at.elapsed());
        answer
    }

    fn enqueue(&self, request: AppendRequest) -> Result<Receipt, AppendError> {
        request.check().map_err(AppendError::Invalid)?;
        // A partition number is never negative, so the cast keeps the value.
        let queue = &self.queues[request.partition.get() as usize % self.queues.len()];
        let room = queue.room_for(&request).ok_or(AppendError::Overloaded)?;
        let (mut pending, receipt) = submit(request, self.answer_deadline, self.outcome_deadline);
        pending.room = Some(room);
        queue
            .requests
            .try_send(pending)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => AppendError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => AppendError::Unavailable(Arc::new(Closed)),
            })?;
        Ok(receipt)
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

impl Queue {
    /// Room for the texts of the request, if there is. One that is larger than all the room gets it when nothing waits.
    fn room_for(&self, request: &AppendRequest) -> Option<OwnedSemaphorePermit> {
        let bytes = request.text_bytes().min(self.room_bytes);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Arc::clone(&self.room).try_acquire_many_owned(bytes).ok()
    }
}
