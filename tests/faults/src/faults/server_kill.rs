//! F01: the server, with all its roles, is killed at random moments under load and started again.

use std::time::Duration;

use anyhow::Result;
use rand::Rng;
use tokio::time::sleep;

use crate::scene::ALL_ROLES;
use crate::stage::Stage;

/// After the load flows again.
const MOMENT_MS: std::ops::Range<u64> = 50..500;

/// Kills it, until the time is up or as often as asked.
///
/// # Errors
/// When a server does not start.
pub async fn run(stage: &mut Stage) -> Result<()> {
    stage.begin().await?;
    while stage.has_more() {
        let moment_ms = stage.random.random_range(MOMENT_MS);
        sleep(Duration::from_millis(moment_ms)).await;
        let in_flight = stage.counts().in_flight;
        stage.servers.clear();
        stage.record.harm("commands in flight", in_flight);
        // The fault ends when somebody starts it again; the start counts as recovery.
        let end = tokio::time::Instant::now();
        stage.servers.push(stage.scene.serve(ALL_ROLES).await?);
        stage.recovers_from(end).await?;
    }
    Ok(())
}
