//! F15: the clock of the server jumps, forward and back, while PostgreSQL keeps the time. Needs libfaketime; its own pauses
//! and deadlines go by the monotonic clock, as they would on a machine whose clock is set.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::TimeDelta;
use schema::table::EVENTS;
use tokio::time::{Instant, sleep};

use super::timers;
use crate::stage::Stage;

/// Where Debian and others keep it.
const LIBRARIES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];
/// By turns: two hours forward, two back, forty days forward.
const JUMPS_S: [i64; 3] = [7_200, -7_200, 40 * 86_400];
const AWAY: Duration = Duration::from_secs(5);
/// The library looks for a new time so often.
const NOTICED_AFTER: Duration = Duration::from_millis(1_500);
const MOMENTS: i32 = 20;

/// The library, if it is there.
///
/// # Errors
/// When it is not.
pub fn library() -> Result<PathBuf> {
    let found = LIBRARIES
        .iter()
        .map(PathBuf::from)
        .find(|path| path.is_file());
    found.context("needs libfaketime (apt-get install faketime)")
}

/// Jumps until the time is up.
///
/// # Errors
/// When the time cannot be set.
pub async fn run(stage: &mut Stage, library: &Path) -> Result<()> {
    let time = stage.scene.dir.join("time");
    std::fs::write(&time, "+0")?;
    let time = time.canonicalize()?;
    let scene = &mut stage.scene;
    scene.set("LD_PRELOAD", library.display().to_string());
    scene.set("FAKETIME_TIMESTAMP_FILE", time.display().to_string());
    scene.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    scene.set("FAKETIME_CACHE_DURATION", "1");
    stage.record.clocks_jumped = true;
    stage.begin().await?;
    let client = stage.scene.superuser().await?;
    let strange = format!(
        "SELECT count(*) FROM {EVENTS} e WHERE abs(extract(epoch FROM e.recorded_at - clock_timestamp())) > 3600"
    );
    while stage.has_time() {
        let jump_s = JUMPS_S[stage.record.times as usize % JUMPS_S.len()];
        timers::set(stage, MOMENTS, TimeDelta::seconds(8)).await?;
        let before: i64 = client.query_one(&strange, &[]).await?.try_get(0)?;
        std::fs::write(&time, format!("{jump_s:+}"))?;
        sleep(AWAY).await;
        let after: i64 = client.query_one(&strange, &[]).await?.try_get(0)?;
        std::fs::write(&time, "+0")?;
        sleep(NOTICED_AFTER).await;
        let end = Instant::now();
        let hit = (after - before).unsigned_abs();
        stage.record.harm("events recorded by a strange clock", hit);
        stage.recovers_from(end).await?;
        stage.flows().await?;
    }
    Ok(())
}
