//! How far the read models are behind the log, whoever projects: for metrics and health.

use std::time::Duration;

use const_format::formatcp;
use deadpool_postgres::Pool;
use event_store::Partition;
use metrics::gauge;
use platform::shutdown::Shutdown;
use schema::projection::CORE;
use schema::table::core::CHECKPOINTS;
use schema::table::{EVENTS, LOG_HEADS};

use crate::error::BatchError;
use crate::status::Board;

/// Over all partitions: a look of the operator, a row a partition. The age is that of the first event that is not shown.
const LAGS: &str = formatcp!(
    "SELECT h.partition, h.position - c.position, \
     coalesce(greatest(extract(epoch FROM clock_timestamp() - e.recorded_at), 0), 0)::float8 \
     FROM {LOG_HEADS} h JOIN {CORE}.{CHECKPOINTS} c ON c.partition = h.partition \
     LEFT JOIN {EVENTS} e ON e.partition = h.partition AND e.position = c.position + 1"
);

/// How far the read models of a partition are behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lag {
    /// Events that they do not show yet.
    pub events: i64,
    /// How long ago the first of these was recorded; zero when there is none.
    pub age: Duration,
}

/// Looks again and again until shutdown. A database that is away leaves the last look standing; it has a check of its own.
pub(crate) async fn watch(pool: Pool, board: Board, every: Duration, shutdown: Shutdown) {
    while !shutdown.is_requested() {
        match look(&pool).await {
            Ok(lags) => lags
                .into_iter()
                .for_each(|(partition, lag)| tell(&board, partition, lag)),
            Err(error) => tracing::debug!(error = error.with_causes(), "the lag is not known"),
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = shutdown.requested() => {}
        }
    }
}

async fn look(pool: &Pool) -> Result<Vec<(Partition, Lag)>, BatchError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(LAGS).await?;
    let rows = client.query(&statement, &[]).await?;
    rows.iter().map(lag_of).collect()
}

fn lag_of(row: &tokio_postgres::Row) -> Result<(Partition, Lag), BatchError> {
    let partition = Partition::new(row.try_get(0)?)?;
    let age_s: f64 = row.try_get(2)?;
    let lag = Lag {
        events: row.try_get(1)?,
        // An age that no Duration can hold is none that anybody waits for.
        age: Duration::try_from_secs_f64(age_s).unwrap_or(Duration::MAX),
    };
    Ok((partition, lag))
}

fn tell(board: &Board, partition: Partition, lag: Lag) {
    board.lag(partition, lag);
    let label = partition.to_string();
    // Exact up to 2^53 events.
    #[allow(clippy::cast_precision_loss)]
    gauge!("insightdesk_projector_lag_events", "partition" => label.clone()).set(lag.events as f64);
    gauge!("insightdesk_projector_lag_seconds", "partition" => label).set(lag.age.as_secs_f64());
}
