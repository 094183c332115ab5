//! Two sagas at once: one process is stopped for longer than its leases last, the other takes over, and then the first
//! wakes up and does not know that it was away.

use std::time::Duration;

use anyhow::{Context, Result};
use chrono::TimeDelta;
use schema::table::SAGA_LEASES;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use super::timers;
use crate::scene::wait::{PATIENCE, eventually};
use crate::stage::Stage;

const MOMENTS: i32 = 60;
/// Longer than a lease.
const ASLEEP: Duration = Duration::from_secs(7);

/// Stops one after the other until the time is up.
///
/// # Errors
/// When nobody takes over.
pub async fn run(stage: &mut Stage) -> Result<()> {
    stage.begin_with("api,projector", &["saga", "saga"]).await?;
    let client = stage.scene.superuser().await?;
    while stage.has_time() {
        let spread = TimeDelta::from_std(ASLEEP)? + TimeDelta::seconds(2);
        timers::set(stage, MOMENTS, spread).await?;
        let before = fences(&client).await?;
        // The first saga leads at first, then the one that took over.
        let sleeper = 1 + (stage.record.times % 2) as usize;
        stage.servers[sleeper].freeze()?;
        sleep(ASLEEP).await;
        stage.servers[sleeper].resume()?;
        let end = Instant::now();
        let taken = async || {
            let taken = fences(&client).await? - before;
            (taken > 0).then_some(taken).context("nobody took over")
        };
        let taken = eventually("a lease is taken over", PATIENCE, taken).await?;
        stage.record.harm("leases taken over", taken.unsigned_abs());
        sleep(Duration::from_secs(2)).await;
        let limit = stage.recovery_limit;
        timers::are_told(stage, &client, end, limit).await?;
        stage.flows().await?;
    }
    Ok(())
}

/// Every take-over raises one.
async fn fences(client: &Client) -> Result<i64> {
    let statement = format!("SELECT coalesce(sum(l.fence), 0)::bigint FROM {SAGA_LEASES} l");
    Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
}
