//! F07: Valkey is killed under load and comes back empty.

use anyhow::Result;

use crate::stage::Stage;

/// Kills it until the time is up.
///
/// # Errors
/// When commands do not go on without it, or it does not start.
pub async fn run(stage: &mut Stage) -> Result<()> {
    stage.begin().await?;
    while stage.has_time() {
        let keys = stage.scene.valkey_keys().await?;
        stage.scene.servers.kill_valkey().await?;
        stage.record.harm("keys lost", keys);
        stage.flows().await?;
        stage.scene.servers.start_valkey().await?;
        stage.recovers().await?;
        stage.flows().await?;
    }
    Ok(())
}
