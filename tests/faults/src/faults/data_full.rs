//! F10: the volume of the data is full for a while; the write-ahead log has one of its own. PostgreSQL lives and refuses
//! what needs space.

use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, sleep};

use crate::scene::volume::Volume;
use crate::stage::Stage;

const FULL_FOR: Duration = Duration::from_secs(8);

/// Fills and drains it until the time is up.
///
/// # Errors
/// When the volume cannot be used.
pub async fn run(stage: &mut Stage, volume: &Volume) -> Result<()> {
    stage.scene.move_wal(&volume.beside()).await?;
    stage.begin().await?;
    while stage.has_time() {
        let before = stage.unavailable();
        volume.fill()?;
        sleep(FULL_FOR).await;
        let refused = stage.unavailable() - before;
        volume.drain()?;
        let end = Instant::now();
        stage.record.harm("answers 503 while it was full", refused);
        stage.recovers_from(end).await?;
        stage.flows().await?;
    }
    Ok(())
}
