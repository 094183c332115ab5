//! What the holder of a partition's lease does: fold what is new, fire what is due, carry changed rules a batch further, sleep
//! until there is more.

use super::calendars::Calendars;
use super::error::SagaError;
use super::firing::{Firing, Next};
use super::fold;
use super::lease::Lease;
use super::options::Options;
use super::recompute::{Recompute, Rules, Step};
use super::status::PartitionStatus;
use super::tables::{Checkpoint, Tables};
use chrono::{DateTime, Utc};
use event_store::{EventStore, Position, RecordedEvent};
use platform::clock::Clock;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// A partition of the saga while this process holds its lease.
pub(super) struct Leader<'a> {
    pub(super) store: &'a EventStore,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) tables: Tables,
    pub(super) options: &'a Options,
    pub(super) lease: &'a Lease,
    pub(super) firing: Firing,
    pub(super) recompute: Recompute,
    pub(super) calendars: Calendars<'a>,
    pub(super) status: &'a watch::Sender<PartitionStatus>,
}

impl Leader<'_> {
    /// Leads until something fails.
    ///
    /// # Errors
    /// What failed. Nothing that was not committed counts: the next leader begins at the checkpoint.
    pub(super) async fn lead(mut self) -> Result<Infallible, SagaError> {
        let Checkpoint {
            mut position,
            carried_from,
        } = self.tables.checkpoint().await?;
        let rules = Rules {
            store: self.store,
            partition: self.lease.partition,
            carried_from,
        };
        let mut timers_pending = self.tables.count_timers().await?;
        loop {
            let page = self
                .store
                .read_partition(self.lease.partition, position, self.options.page_limit)
                .await?;
            let is_full = page.len() >= self.options.page_limit as usize;
            if let Some(last) = page.last().map(|event| event.position) {
                let added = self.fold(&rules, &page, position, last).await?;
                position = last;
                timers_pending = timers_pending.saturating_add_signed(added);
            }
            let next = if is_full {
                Next::Again
            } else {
                self.firing.fire_due(self.lease).await?
            };
            self.report(position, timers_pending, next);
            match next {
                Next::Again => tokio::task::yield_now().await,
                Next::Wait {
                    due_at, retry_at, ..
                } => match self.recompute.step(self.lease).await? {
                    Step::Walked => tokio::task::yield_now().await,
                    Step::Wait(ready_at) => {
                        let again_at = retry_at.into_iter().chain(ready_at).min();
                        self.wait(position, due_at, again_at).await;
                    }
                },
            }
        }
    }

    /// Folds a page in one transaction and returns how many timers there are more.
    async fn fold(
        &mut self,
        rules: &Rules<'_>,
        page: &[RecordedEvent],
        from: Position,
        to: Position,
    ) -> Result<i64, SagaError> {
        let known = self.tables.load(&fold::touched(page)).await?;
        let named = fold::calendars(page, &known)?;
        let book = self.calendars.book(&named).await?;
        let changes = fold::fold(page, &known, &book)?;
        let news = rules.news(page).await?;
        self.tables
            .commit(self.lease, from, to, &changes, &news)
            .await?;
        self.firing.folded(&changes);
        self.recompute.folded(&news);
        Ok(changes.timers_added)
    }

    /// Sleeps until the log has grown, a timer comes due, something may be tried or gone on with, or the poll interval is over.
    async fn wait(
        &self,
        position: Position,
        due_at: Option<DateTime<Utc>>,
        again_at: Option<Instant>,
    ) {
        let mut log = self.store.wakeups().subscribe(self.lease.partition);
        let grown = async {
            // The sender lives as long as the store; were it gone, the poll below would still wake us.
            if log.wait_for(|head| *head > position).await.is_err() {
                std::future::pending::<()>().await;
            }
            sleep(self.options.gathering_interval).await;
        };
        let due = async {
            match due_at {
                Some(at) => self.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let poll_at = Instant::now() + self.options.poll_interval;
        tokio::select! {
            () = grown => {}
            () = due => {}
            () = sleep_until(again_at.map_or(poll_at, |again_at| again_at.min(poll_at))) => {}
        }
    }

    fn report(&self, position: Position, timers_pending: u64, next: Next) {
        let heard = *self
            .store
            .wakeups()
            .subscribe(self.lease.partition)
            .borrow();
        let partition = self.lease.partition.to_string();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is a float, and 2^53 timers are out of reach"
        )]
        metrics::gauge!("insightdesk_timers_pending", "partition" => partition)
            .set(timers_pending as f64);
        self.status.send_modify(|status| {
            status.is_leading = true;
            status.fence = self.lease.fence;
            status.position = position;
            status.head = heard.max(position);
            status.timers_pending = timers_pending;
            status.failure = None;
            (status.settled_at, status.next_due_at) = match next {
                Next::Again => (None, None),
                Next::Wait {
                    settled_at, due_at, ..
                } => (settled_at, due_at),
            };
        });
    }
}
