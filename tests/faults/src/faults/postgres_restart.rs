//! F05: PostgreSQL is restarted again and again under load, by turns immediately (without a checkpoint) and fast (in order,
//! but without waiting for its sessions).

use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, sleep};

use crate::stage::Stage;

const BETWEEN: Duration = Duration::from_secs(10);

/// Restarts it until the time is up.
///
/// # Errors
/// When PostgreSQL does not stop or start.
pub async fn run(stage: &mut Stage) -> Result<()> {
    stage.begin().await?;
    while stage.has_time() {
        let in_flight = stage.counts().in_flight;
        if stage.record.times.is_multiple_of(2) {
            stage.scene.stop_postgres_immediately().await?;
        } else {
            stage.scene.servers.stop_postgres().await?;
        }
        stage.scene.servers.start_postgres().await?;
        let end = Instant::now();
        stage.record.harm("commands in flight", in_flight);
        stage.recovers_from(end).await?;
        sleep(BETWEEN.saturating_sub(end.elapsed())).await;
    }
    Ok(())
}
