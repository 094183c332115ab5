//! Starts the saga and keeps each partition going: take the lease, lead, begin again after a failure.

use super::calendars::Calendars;
use super::error::{SagaError, StartError};
use super::firing::Firing;
use super::leader::Leader;
use super::lease::Lease;
use super::options::Options;
use super::recompute::Recompute;
use super::status::PartitionStatus;
use super::tables::Tables;
use super::timer::TimerCommands;
use deadpool_postgres::Pool;
use event_store::{EventStore, Partition};
use futures::FutureExt;
use platform::clock::Clock;
use platform::shutdown::Shutdown;
use std::error::Error as StdError;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

/// The running saga. Dropping it stops it at once, as a crash would: leases then end by themselves.
pub struct Saga {
    tasks: JoinSet<()>,
    statuses: Arc<[watch::Receiver<PartitionStatus>]>,
}

impl fmt::Debug for Saga {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Saga")
            .field("partitions", &self.statuses.len())
            .finish_non_exhaustive()
    }
}

/// The statuses of all partitions, for health checks. Clones are cheap.
#[derive(Debug, Clone)]
pub struct Statuses(Arc<[watch::Receiver<PartitionStatus>]>);

impl Statuses {
    /// How each partition is doing, in the order of the partitions.
    #[must_use]
    pub fn all(&self) -> Vec<PartitionStatus> {
        self.0
            .iter()
            .map(|status| status.borrow().clone())
            .collect()
    }

    /// How one partition is doing, with a way to wait for news.
    #[must_use]
    pub fn watch(&self, partition: Partition) -> Option<watch::Receiver<PartitionStatus>> {
        self.0
            .iter()
            .find(|status| status.borrow().partition == partition)
            .cloned()
    }
}

impl Saga {
    /// Starts one task a partition. `pool` is that of projections. A partition that is added later needs a restart.
    ///
    /// # Errors
    /// When an option makes no sense, or the partitions cannot be read.
    pub async fn start(
        commands: Arc<dyn TimerCommands>,
        store: EventStore,
        pool: Pool,
        clock: Arc<dyn Clock>,
        options: Options,
        shutdown: Shutdown,
    ) -> Result<Self, StartError> {
        if let Some(name) = options.zero_count() {
            return Err(StartError::Option { name });
        }
        let partitions = store.partitions().await.map_err(StartError::Partitions)?;
        let holder = Uuid::now_v7();
        let in_flight = Arc::new(Semaphore::new(options.in_flight_limit));
        let recompute_in_flight = Arc::new(Semaphore::new(options.recompute_in_flight_limit));
        let mut tasks = JoinSet::new();
        let mut statuses = Vec::with_capacity(partitions.len());
        for partition in partitions {
            let (status, receiver) = watch::channel(PartitionStatus::standing_by(partition));
            statuses.push(receiver);
            let runner = Runner {
                partition,
                holder,
                commands: Arc::clone(&commands),
                store: store.clone(),
                pool: pool.clone(),
                clock: Arc::clone(&clock),
                options: options.clone(),
                in_flight: Arc::clone(&in_flight),
                recompute_in_flight: Arc::clone(&recompute_in_flight),
                status,
            };
            tasks.spawn(runner.run(shutdown.clone()));
        }
        Ok(Self {
            tasks,
            statuses: statuses.into(),
        })
    }

    /// How each partition is doing.
    #[must_use]
    pub fn statuses(&self) -> Statuses {
        Statuses(Arc::clone(&self.statuses))
    }

    /// Waits until the saga has stopped and given back its leases, after the shutdown was requested.
    pub async fn stopped(mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(
                    error = &error as &dyn StdError,
                    "a task of the saga ended badly"
                );
            }
        }
    }
}

/// One partition of the saga in this process, with or without the lease.
struct Runner {
    partition: Partition,
    holder: Uuid,
    commands: Arc<dyn TimerCommands>,
    store: EventStore,
    pool: Pool,
    clock: Arc<dyn Clock>,
    options: Options,
    in_flight: Arc<Semaphore>,
    recompute_in_flight: Arc<Semaphore>,
    status: watch::Sender<PartitionStatus>,
}

impl Runner {
    async fn run(self, shutdown: Shutdown) {
        let mut failures = 0;
        while !shutdown.is_requested() {
            let wait = match self.term(&shutdown).await {
                Ok(()) => {
                    failures = 0;
                    self.options.lease_renewal_interval
                }
                Err(failed) => {
                    failures = if failed.after_progress {
                        1
                    } else {
                        failures + 1
                    };
                    self.report(&failed.error);
                    self.options.retry_after(failures)
                }
            };
            tokio::select! {
                () = shutdown.requested() => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// Takes the lease if it is free and leads until it is lost, something fails or the process stops.
    async fn term(&self, shutdown: &Shutdown) -> Result<(), Failed> {
        let acquired = Lease::acquire(&self.pool, self.partition, self.holder, &self.options).await;
        let lease = match acquired {
            Ok(Some(lease)) => lease,
            Ok(None) => {
                // Another instance leads: what went wrong here is no longer what stands.
                self.status
                    .send_if_modified(|status| status.failure.take().is_some());
                return Ok(());
            }
            Err(error) => {
                return Err(Failed {
                    error,
                    after_progress: false,
                });
            }
        };
        tracing::debug!(partition = %self.partition, fence = lease.fence, "the saga leads a partition");
        let position_before = self.status.borrow().position;
        let ended = tokio::select! {
            () = shutdown.requested() => Ok(()),
            () = lease.keep(&self.pool) => Err(SagaError::LeaseLost(self.partition)),
            error = self.lead(&lease) => Err(error),
        };
        let after_progress = self.status.borrow().position > position_before;
        self.status.send_modify(|status| status.is_leading = false);
        if let Err(error) = lease.release(&self.pool).await {
            tracing::warn!(partition = %self.partition, error = &error as &dyn StdError,
                "a lease of the saga could not be released; it ends by itself");
        }
        ended.map_err(|error| Failed {
            error,
            after_progress,
        })
    }

    /// Leads until it fails. A panic is a failure like others: the partition stands still and says so.
    async fn lead(&self, lease: &Lease) -> SagaError {
        let tables = self.tables();
        let firing = Firing::new(
            Arc::clone(&self.commands),
            Arc::clone(&self.clock),
            tables.clone(),
            self.options.clone(),
            Arc::clone(&self.in_flight),
        );
        let recompute = Recompute::new(
            Arc::clone(&self.commands),
            Arc::clone(&self.clock),
            tables.clone(),
            self.options.clone(),
            Arc::clone(&self.recompute_in_flight),
        );
        let leader = Leader {
            store: &self.store,
            clock: &self.clock,
            tables,
            options: &self.options,
            lease,
            firing,
            recompute,
            calendars: Calendars::new(&self.store, self.partition),
            status: &self.status,
        };
        match AssertUnwindSafe(leader.lead()).catch_unwind().await {
            Ok(Err(error)) => error,
            Err(_) => SagaError::Panicked(self.partition),
        }
    }

    fn tables(&self) -> Tables {
        let timeout: Duration = self.options.transaction_timeout;
        Tables {
            pool: self.pool.clone(),
            partition: self.partition,
            timeout,
        }
    }

    fn report(&self, error: &SagaError) {
        tracing::error!(partition = %self.partition, error = error as &dyn StdError, "a partition of the saga stopped");
        metrics::counter!("insightdesk_saga_failures_total", "partition" => self.partition.to_string()).increment(1);
        self.status
            .send_modify(|status| status.failure = Some(with_causes(error)));
    }
}

/// How a term ended badly, and whether it had folded anything before.
struct Failed {
    error: SagaError,
    after_progress: bool,
}

/// The error and what caused it, in one line.
fn with_causes(error: &dyn StdError) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
