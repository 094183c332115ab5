//! F11: the volume of the write-ahead log is full for a while: PostgreSQL panics and stays away until there is space.

use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, sleep};

use crate::scene::volume::Volume;
use crate::scene::wait::{PATIENCE, eventually};
use crate::stage::Stage;

const FULL_FOR: Duration = Duration::from_secs(5);
/// What it takes to use up the segments that were made before.
const PANIC_DEADLINE: Duration = Duration::from_secs(30);

/// Fills and drains it until the time is up.
///
/// # Errors
/// When the volume cannot be used, or PostgreSQL does not come back.
pub async fn run(stage: &mut Stage, volume: &Volume) -> Result<()> {
    stage.scene.move_wal(&volume.mount).await?;
    stage.begin().await?;
    while stage.has_time() {
        let before = stage.unavailable();
        volume.fill()?;
        let is_down = panics(stage).await;
        sleep(FULL_FOR).await;
        let refused = stage.unavailable() - before;
        volume.drain()?;
        // It may be on its way up or down by itself.
        let back = async || {
            stage.scene.servers.start_postgres().await?;
            stage.scene.superuser().await
        };
        eventually("PostgreSQL is back", PATIENCE, back).await?;
        let end = Instant::now();
        let refused = if is_down { refused } else { 0 };
        stage.record.harm("answers 503 after the panic", refused);
        stage.recovers_from(end).await?;
        stage.flows().await?;
    }
    Ok(())
}

/// Begins one segment after the other until there is no space for the next.
async fn panics(stage: &Stage) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < PANIC_DEADLINE {
        let Ok(client) = stage.scene.superuser().await else {
            return true;
        };
        while client.batch_execute("SELECT pg_switch_wal()").await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
        if client.is_closed() {
            return true;
        }
    }
    false
}
