//! F08: Valkey loses what it holds: emptied, or short of memory so that it evicts, by turns.

use anyhow::{Context, Result};

use crate::stage::Stage;

/// Far more than 5 MB: whatever the product put there is evicted.
const FILL: &str =
    "EVAL \"for i=1,4000 do redis.call('SET','junk:'..i,string.rep('x',4000)) end\" 0";

/// Empties and fills it until the time is up.
///
/// # Errors
/// When commands do not go on, or Valkey does not answer.
pub async fn run(stage: &mut Stage) -> Result<()> {
    stage.begin().await?;
    stage.scene.tell_valkey("CONFIG SET maxmemory 5mb").await?;
    while stage.has_time() {
        if stage.record.times.is_multiple_of(2) {
            let keys = stage.scene.valkey_keys().await?;
            stage.scene.tell_valkey("FLUSHALL").await?;
            stage.record.harm("keys flushed", keys);
        } else {
            let before = evicted(stage).await?;
            stage.scene.tell_valkey(FILL).await?;
            let keys = evicted(stage).await? - before;
            stage.record.harm("keys evicted", keys);
        }
        stage.recovers().await?;
        stage.flows().await?;
    }
    Ok(())
}

async fn evicted(stage: &Stage) -> Result<u64> {
    let said = stage.scene.tell_valkey("INFO stats").await?;
    let count = said
        .lines()
        .find_map(|line| line.strip_prefix("evicted_keys:"));
    Ok(count.context("Valkey counts evictions")?.trim().parse()?)
}
