//! One writer: waits for requests, gathers batches, sends them, and the next one already while one is under way.

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::batch::{Batch, select};
use super::connection::Connection;
use super::connector::Connector;
use super::measure;
use super::pending::Pending;
use super::plan::Head;
use super::underway::Underway;
use crate::append::{AppendError, Cause};
use crate::ids::{Partition, Position};
use crate::options::Options;
use crate::wakeups::Wakeups;

/// First pause after a failed connection; it doubles up to the longest.
pub(super) const BACKOFF_FIRST: Duration = Duration::from_millis(20);
/// Longest pause between two tries.
pub(super) const BACKOFF_LONGEST: Duration = Duration::from_secs(1);
/// Batches that may be under way at once: PostgreSQL writes one, the next waits in its socket, and this process prepares a
/// third.
const UNDERWAY_MAX: usize = 3;

pub(super) struct Writer {
    number: usize,
    connector: Connector,
    pub(super) options: Options,
    pub(super) wakeups: Wakeups,
    requests: mpsc::Receiver<Pending>,
    closing: watch::Receiver<bool>,
    pub(super) backlog: VecDeque<Pending>,
    /// Shared with the batches under way, so that a broken connection stays theirs until they know what became of them.
    pub(super) connection: Option<Arc<Connection>>,
    /// The heads as they will be once everything under way is written. Another server may have moved on; the database
    /// compares.
    pub(super) heads: HashMap<Partition, Head>,
    /// Where this writer left each partition: tells whether others write to it too.
    pub(super) left: HashMap<Partition, Position>,
}

impl Writer {
    pub(super) fn new(
        number: usize,
        connector: Connector,
        options: Options,
        wakeups: Wakeups,
        requests: mpsc::Receiver<Pending>,
        closing: watch::Receiver<bool>,
    ) -> Self {
        Self {
            number,
            connector,
            options,
            wakeups,
            requests,
            closing,
            backlog: VecDeque::new(),
            connection: None,
            heads: HashMap::new(),
            left: HashMap::new(),
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
            self.serve_waiting().await;
        }
    }

    /// Sends what waits, and more while a batch is under way, until none is. Requests that are left then wait unclaimed for
    /// a live connection, so that their callers can give up and know that nothing happened.
    async fn serve_waiting(&mut self) {
        let mut underway = Underway::new();
        // Lets the callers that the last batch woke hand in their next requests before this one goes.
        tokio::task::yield_now().await;
        loop {
            self.gather();
            if self.may_send(&underway)
                && let Some(batch) = select(&mut self.backlog, self.options.batch_limit)
            {
                self.send(batch, &mut underway).await;
            } else {
                self.wait(&mut underway).await;
            }
            self.measure_queue();
            if underway.is_empty() {
                return;
            }
        }
    }

    /// The first batch always. One behind another only when enough waits to be worth a commit of its own: a smaller one
    /// would have grown while it waited.
    fn may_send(&self, underway: &Underway) -> bool {
        underway.is_empty()
            || underway.len() < UNDERWAY_MAX
                && self.backlog.len() >= self.options.follower_min
                && self.is_connected()
                && !*self.closing.borrow()
    }

    /// Waits for a batch that is under way, or for one more request.
    async fn wait(&mut self, underway: &mut Underway) {
        let may_grow =
            underway.len() < UNDERWAY_MAX && self.backlog.len() < self.options.follower_min;
        tokio::select! {
            biased;
            Some(arrived) = underway.next() => self.take_in_guarded(arrived).await,
            Some(pending) = self.requests.recv(), if may_grow => self.backlog.push_back(pending),
        }
    }

    async fn send(&mut self, batch: Batch, underway: &mut Underway) {
        if batch.requests.is_empty() {
            return;
        }
        match self.departure(batch) {
            Ok(departing) => underway.push_back(departing),
            // Nobody knows the head.
            Err(batch) => {
                let partition = batch.partition;
                let sending = AssertUnwindSafe(self.send_locked(batch)).catch_unwind();
                if sending.await.is_err() {
                    self.forget(partition);
                }
            }
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
    pub(super) fn gather(&mut self) {
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

    fn is_connected(&self) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(|connection| !connection.is_closed())
    }

    /// One try to have a live connection.
    pub(super) async fn connect(&mut self) -> Result<(), Cause> {
        if self.is_connected() {
            return Ok(());
        }
        self.connection = None;
        match Connection::open(&self.connector, &self.options).await {
            Ok(connection) => self.connection = Some(Arc::new(connection)),
            Err(cause) => {
                tracing::warn!(error = %cause, "a writer of the log cannot connect");
                return Err(cause);
            }
        }
        Ok(())
    }
}

async fn is_closing(closing: &mut watch::Receiver<bool>) {
    if closing.wait_for(|closing| *closing).await.is_err() {
        // The store was dropped without a shutdown: the closed queue ends the writer.
        std::future::pending::<()>().await;
    }
}
