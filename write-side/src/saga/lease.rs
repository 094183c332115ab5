//! The lease of a partition: a row that one instance holds, renews, and loses when it is silent for too long.
//!
//! Times are compared by the database alone, and only with themselves. The holder also keeps the time of its last renewal
//! by its own monotonic clock, so that it stops by itself before another can have taken over. What makes a take-over safe
//! is neither: it is the fence, which every transaction of the saga checks under a lock of the row.

use super::error::SagaError;
use super::options::Options;
use const_format::formatcp;
use deadpool_postgres::Pool;
use event_store::Partition;
use schema::table::{LOG_HEADS, SAGA_LEASES};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

const ADD: &str = formatcp!(
    "INSERT INTO {SAGA_LEASES} (partition) SELECT h.partition FROM {LOG_HEADS} h WHERE h.partition = $1 \
     ON CONFLICT (partition) DO NOTHING"
);

/// A lease that ends later than two durations from now was written before the database's clock was set back: nobody can
/// be waiting for it.
const ACQUIRE: &str = formatcp!(
    "UPDATE {SAGA_LEASES} SET holder = $2, fence = fence + 1, expires_at = now() + $3::float8 * interval '1 millisecond' \
      WHERE partition = $1 \
        AND (holder IS NULL OR expires_at < now() OR expires_at > now() + 2 * $3::float8 * interval '1 millisecond') \
     RETURNING fence"
);

const RENEW: &str = formatcp!(
    "UPDATE {SAGA_LEASES} SET expires_at = now() + $4::float8 * interval '1 millisecond' \
      WHERE partition = $1 AND holder = $2 AND fence = $3"
);

const RELEASE: &str = formatcp!(
    "UPDATE {SAGA_LEASES} SET holder = NULL, expires_at = '-infinity' \
      WHERE partition = $1 AND holder = $2 AND fence = $3"
);

/// Holds the row until the end of the transaction: no take-over can happen between the check and the commit.
pub(super) const CHECK: &str = formatcp!(
    "SELECT l.fence FROM {SAGA_LEASES} l WHERE l.partition = $1 AND l.holder = $2 AND l.fence = $3 FOR SHARE"
);

/// A lease that this process holds, or held.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) partition: Partition,
    pub(super) holder: Uuid,
    pub(super) fence: i64,
    taken_at: Instant,
    /// Milliseconds from `taken_at` to the start of the last renewal that succeeded.
    renewed_after_ms: AtomicU64,
    duration: Duration,
    renewal_interval: Duration,
}

impl Lease {
    /// Takes the lease if it is free. The holder is a new id for each start of a process.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub(super) async fn acquire(
        pool: &Pool,
        partition: Partition,
        holder: Uuid,
        options: &Options,
    ) -> Result<Option<Self>, SagaError> {
        let asked_at = Instant::now();
        let duration_ms = as_ms(options.lease_duration);
        let work = async {
            let client = pool.get().await?;
            client
                .execute(&client.prepare_cached(ADD).await?, &[&partition.get()])
                .await?;
            let acquire = client.prepare_cached(ACQUIRE).await?;
            Ok(client
                .query_opt(&acquire, &[&partition.get(), &holder, &duration_ms])
                .await?)
        };
        let row: Option<tokio_postgres::Row> = bounded(options.lease_duration, work).await?;
        Ok(row.map(|row| Self {
            partition,
            holder,
            fence: row.get(0),
            taken_at: asked_at,
            renewed_after_ms: AtomicU64::new(0),
            duration: options.lease_duration,
            renewal_interval: options.lease_renewal_interval,
        }))
    }

    /// Whether no other instance can have taken over yet. False after a long stop of this process, too.
    pub(super) fn is_held(&self) -> bool {
        let renewed_at =
            self.taken_at + Duration::from_millis(self.renewed_after_ms.load(Ordering::Relaxed));
        renewed_at.elapsed() < self.duration
    }

    /// Renews the lease for as long as it is held. Returns when it is lost.
    pub(super) async fn keep(&self, pool: &Pool) {
        while self.is_held() {
            sleep(self.renewal_interval).await;
            let asked_at = Instant::now();
            match self.renew(pool).await {
                Ok(true) => {
                    let renewed_after = asked_at.duration_since(self.taken_at);
                    let renewed_after_ms =
                        u64::try_from(renewed_after.as_millis()).unwrap_or(u64::MAX);
                    self.renewed_after_ms
                        .store(renewed_after_ms, Ordering::Relaxed);
                }
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(partition = %self.partition, error = &error as &dyn std::error::Error,
                        "a lease of the saga could not be renewed");
                }
            }
        }
    }

    async fn renew(&self, pool: &Pool) -> Result<bool, SagaError> {
        let duration_ms = as_ms(self.duration);
        self.execute(
            pool,
            RENEW,
            &[
                &self.partition.get(),
                &self.holder,
                &self.fence,
                &duration_ms,
            ],
        )
        .await
    }

    /// Gives the lease back, so that another instance need not wait.
    ///
    /// # Errors
    /// When the database cannot be used; the lease then ends by itself.
    pub(super) async fn release(&self, pool: &Pool) -> Result<(), SagaError> {
        self.execute(
            pool,
            RELEASE,
            &[&self.partition.get(), &self.holder, &self.fence],
        )
        .await?;
        Ok(())
    }

    async fn execute(
        &self,
        pool: &Pool,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<bool, SagaError> {
        let work = async {
            let client = pool.get().await?;
            let statement = client.prepare_cached(statement).await?;
            Ok(client.execute(&statement, values).await? == 1)
        };
        bounded(self.duration, work).await
    }
}

/// Ends work that takes too long.
pub(super) async fn bounded<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, SagaError>>,
) -> Result<T, SagaError> {
    timeout(limit, work).await.map_err(|_| SagaError::Timeout)?
}

fn as_ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
