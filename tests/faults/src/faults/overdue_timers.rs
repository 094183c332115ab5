//! Timers after downtime: no saga runs while many timers come due; then one starts, with people at work.

use anyhow::Result;
use chrono::TimeDelta;
use tokio::time::Instant;

use super::timers;
use crate::checker::Rule;
use crate::scene::wait::PATIENCE;
use crate::stage::Stage;

const MOMENTS: i32 = 300;

/// Goes down and comes up until the time is up.
///
/// # Errors
/// When it does not start.
pub async fn run(stage: &mut Stage) -> Result<()> {
    stage.begin_with("api,projector", &["saga"]).await?;
    let client = stage.scene.superuser().await?;
    while stage.has_time() {
        // Dated back, half of them are due when they are set; the saga that comes finds them all in the log.
        stage.servers.truncate(1);
        timers::set(stage, MOMENTS, TimeDelta::milliseconds(500)).await?;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let before = stage.counts().acknowledged;
        let end = Instant::now();
        stage.servers.push(stage.scene.serve_apart("saga").await?);
        // Each moment has three timers.
        timers::are_folded(&client).await?;
        // Nobody promises how long many take: that depends on their number and the machine.
        timers::are_told(stage, &client, end, PATIENCE).await?;
        stage
            .record
            .harm("timers overdue", 3 * u64::from(MOMENTS.unsigned_abs()));
        if stage.counts().acknowledged == before {
            let detail = "no command was acknowledged while overdue timers were told";
            stage.record.broken(Rule::Recovery, detail);
        }
        stage.flows().await?;
    }
    Ok(())
}
