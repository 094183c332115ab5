//! F09: Valkey is there but silent: paused, or behind a network that forwards nothing, by turns. Then it has its old
//! content.

use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use crate::stage::Stage;

const SILENCE: Duration = Duration::from_secs(5);

/// Silences it until the time is up.
///
/// # Errors
/// When commands do not go on, or Valkey does not answer afterwards.
pub async fn run(stage: &mut Stage) -> Result<()> {
    let proxy = stage.scene.proxy_valkey().await?;
    stage.begin().await?;
    while stage.has_time() {
        let before = stage.counts().acknowledged;
        if stage.record.times.is_multiple_of(2) {
            let pause = format!("CLIENT PAUSE {} ALL", SILENCE.as_millis());
            stage.scene.tell_valkey(&pause).await?;
            sleep(SILENCE).await;
        } else {
            proxy.stall(true);
            sleep(SILENCE).await;
            proxy.stall(false);
        }
        let meanwhile = stage.counts().acknowledged - before;
        stage
            .record
            .harm("commands acknowledged meanwhile", meanwhile);
        stage.recovers().await?;
        stage.flows().await?;
    }
    Ok(())
}
