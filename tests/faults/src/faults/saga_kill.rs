//! F03: the saga, a process of its own, is killed at its three points: when timers are due and claimed but their commands
//! are not committed, when commands are committed but the timers still set, and at random.

use std::time::Duration;

use anyhow::{Context, Result};
use chrono::TimeDelta;
use rand::Rng;
use schema::table::LOG_HEADS;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use super::timers;
use crate::scene::wait::{PATIENCE, eventually};
use crate::stage::Stage;

const MOMENTS: i32 = 40;
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";

/// Kills it until the time is up.
///
/// # Errors
/// When it does not start.
pub async fn run(stage: &mut Stage) -> Result<()> {
    stage.begin_with("api,projector", &["saga"]).await?;
    let mut client = stage.scene.superuser().await?;
    while stage.has_time() {
        let point = stage.record.times % 3;
        // The second point needs many at once: their commands are sent before the first of them is folded.
        let spread = if point == 1 { 1 } else { 1_500 };
        timers::set(stage, MOMENTS, TimeDelta::milliseconds(spread)).await?;
        match point {
            0 => claimed(stage, &mut client).await?,
            1 => committed(stage, &client).await?,
            _ => at_random(stage, &client).await?,
        }
        let end = Instant::now();
        stage.servers.push(stage.scene.serve_apart("saga").await?);
        let limit = stage.recovery_limit;
        timers::are_told(stage, &client, end, limit).await?;
        stage.flows().await?;
    }
    Ok(())
}

/// With the heads of the log locked the commands of timers wait for their turn.
async fn claimed(stage: &mut Stage, client: &mut Client) -> Result<()> {
    timers::some_are_due(client).await?;
    let watcher = stage.scene.superuser().await?;
    let lock = client.transaction().await?;
    let statement = format!("LOCK TABLE {LOG_HEADS} IN EXCLUSIVE MODE");
    lock.batch_execute(&statement).await?;
    let waits = async || {
        let waiting: i64 = watcher.query_one(WAITING, &[]).await?.try_get(0)?;
        (waiting > 0).then_some(()).context("no command waits")
    };
    eventually("commands wait", PATIENCE, waits).await?;
    sleep(Duration::from_millis(100)).await;
    let due = timers::due(&watcher).await?;
    stage.servers.truncate(1);
    lock.rollback().await?;
    stage.record.harm("timers due, commands not committed", due);
    Ok(())
}

async fn committed(stage: &mut Stage, client: &Client) -> Result<()> {
    let look = async || {
        let told = timers::told_and_set(client).await?;
        (told > 0).then_some(told).context("no timer is told")
    };
    // It may be too fast for the look; the kill then falls where it falls.
    let told = eventually("timers are told and set", Duration::from_secs(5), look).await;
    stage.servers.truncate(1);
    stage.record.harm(
        "commands committed, timers still set",
        told.unwrap_or_default(),
    );
    Ok(())
}

async fn at_random(stage: &mut Stage, client: &Client) -> Result<()> {
    timers::some_are_due(client).await?;
    let moment_ms = stage.random.random_range(0..1_000);
    sleep(Duration::from_millis(moment_ms)).await;
    stage.servers.truncate(1);
    let due = timers::due(client).await?;
    stage.record.harm("timers due at a random moment", due);
    Ok(())
}
