//! F15: clocks jump, forward and back, that of the server and that of PostgreSQL by turns. Needs libfaketime; pauses and
//! deadlines within a process go by the monotonic clock, as they would on a machine whose clock is set.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::{TimeDelta, Utc};
use const_format::formatcp;
use schema::table::{EVENTS, SAGA_LEASES};
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use super::timers;
use crate::stage::Stage;

/// Where Debian and others keep it.
const LIBRARIES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];
const SERVER: Clock = Clock {
    file: "time-of-the-server",
    shown: "events recorded by a strange clock of the server",
    traces: formatcp!(
        "SELECT count(*) FROM {EVENTS} e WHERE abs(extract(epoch FROM e.recorded_at - $1)) > 3600"
    ),
};
const POSTGRES: Clock = Clock {
    file: "time-of-postgres",
    shown: "leases written by a strange clock of PostgreSQL",
    traces: formatcp!(
        "SELECT count(*) FROM {SAGA_LEASES} l WHERE abs(extract(epoch FROM l.expires_at - $1)) > 3600"
    ),
};
/// By turns: two hours forward, two back, forty days forward.
const JUMPS_S: [(&Clock, i64); 6] = [
    (&SERVER, 7_200),
    (&POSTGRES, 7_200),
    (&SERVER, -7_200),
    (&POSTGRES, -7_200),
    (&SERVER, 40 * 86_400),
    (&POSTGRES, 40 * 86_400),
];
const AWAY: Duration = Duration::from_secs(5);
/// The library looks for a new time so often.
const NOTICED_AFTER: Duration = Duration::from_millis(1_500);
const MOMENTS: i32 = 20;

/// A clock that can be set.
struct Clock {
    /// The file that sets it.
    file: &'static str,
    /// What its jumps are seen by.
    shown: &'static str,
    /// Counts what it wrote that is far from the time `$1`.
    traces: &'static str,
}

impl Clock {
    fn set(&self, stage: &Stage, jump_s: i64) -> Result<()> {
        let file = stage.scene.dir.join(self.file);
        std::fs::write(&file, format!("{jump_s:+}"))
            .with_context(|| format!("cannot write {}", file.display()))
    }

    /// The environment of a program that goes by it.
    fn environment(&self, stage: &Stage, library: &Path) -> Result<[(&'static str, String); 4]> {
        self.set(stage, 0)?;
        let file = stage.scene.dir.join(self.file).canonicalize()?;
        Ok([
            ("LD_PRELOAD", library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("FAKETIME_CACHE_DURATION", "1".to_owned()),
        ])
    }

    async fn traces(&self, client: &Client) -> Result<i64> {
        Ok(client
            .query_one(self.traces, &[&Utc::now()])
            .await?
            .try_get(0)?)
    }
}

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
    for (name, value) in SERVER.environment(stage, library)? {
        stage.scene.set(name, value);
    }
    let environment = POSTGRES.environment(stage, library)?;
    let mut postgres = stage.scene.replace_postgres(&environment).await?;
    stage.record.clocks_jumped = true;
    let done = jumps(stage).await;
    // This stops the one of the other clock, so that the tables are read by the right time.
    stage.scene.servers.start_postgres().await?;
    postgres.wait()?;
    done
}

async fn jumps(stage: &mut Stage) -> Result<()> {
    stage.begin().await?;
    let client = stage.scene.superuser().await?;
    while stage.has_time() {
        let (clock, jump_s) = JUMPS_S[stage.record.times as usize % JUMPS_S.len()];
        timers::set(stage, MOMENTS, TimeDelta::seconds(8)).await?;
        let before = clock.traces(&client).await?;
        clock.set(stage, jump_s)?;
        sleep(AWAY).await;
        let after = clock.traces(&client).await?;
        clock.set(stage, 0)?;
        sleep(NOTICED_AFTER).await;
        let end = Instant::now();
        stage
            .record
            .harm(clock.shown, (after - before).unsigned_abs());
        stage.recovers_from(end).await?;
        stage.flows().await?;
    }
    Ok(())
}
