//! F04: PostgreSQL is killed under load: by turns the postmaster, which is started again after a moment, and a single
//! session, after which PostgreSQL recovers by itself.

use std::time::Duration;

use anyhow::Result;
use rand::Rng;
use tokio::time::{Instant, sleep};

use crate::stage::Stage;

const AWAY: Duration = Duration::from_secs(1);

/// Kills it until the time is up.
///
/// # Errors
/// When PostgreSQL does not start again.
pub async fn run(stage: &mut Stage) -> Result<()> {
    stage.begin().await?;
    while stage.has_time() {
        let moment_ms = stage.random.random_range(50..500);
        sleep(Duration::from_millis(moment_ms)).await;
        let in_flight = stage.counts().in_flight;
        if stage.record.times.is_multiple_of(2) {
            stage.scene.servers.kill_postgres().await?;
            sleep(AWAY).await;
            stage.scene.servers.start_postgres().await?;
        } else {
            stage.scene.kill_a_session().await?;
        }
        stage.record.harm("commands in flight", in_flight);
        stage.recovers_from(Instant::now()).await?;
        stage.flows().await?;
    }
    Ok(())
}
