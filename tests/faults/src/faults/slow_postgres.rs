//! F12: PostgreSQL is slow: the log is locked, or every insert takes its time, by turns.

use std::time::Duration;

use anyhow::Result;
use schema::table::EVENTS;
use tokio::time::{Instant, sleep};

use crate::stage::Stage;

/// The longest lock; a short run has a shorter one.
const LOCK_MAX: Duration = Duration::from_secs(30);
const LOCK_MIN: Duration = Duration::from_secs(6);
const SLOW: Duration = Duration::from_secs(5);
const SLOW_DOWN: &str = "CREATE SCHEMA IF NOT EXISTS harness; \
    CREATE OR REPLACE FUNCTION harness.slow() RETURNS trigger LANGUAGE plpgsql AS $$ \
    BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END $$; \
    CREATE TRIGGER slow AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION harness.slow(); \
    GRANT USAGE ON SCHEMA harness TO PUBLIC";
const SPEED_UP: &str = "DROP TRIGGER slow ON events";

/// Slows it down until the time is up.
///
/// # Errors
/// When PostgreSQL refuses to.
pub async fn run(stage: &mut Stage) -> Result<()> {
    stage.begin().await?;
    let lock_time = (stage.budget.time / 3).clamp(LOCK_MIN, LOCK_MAX);
    let mut client = stage.scene.superuser().await?;
    while stage.has_time() {
        let before = stage.unavailable();
        if stage.record.times.is_multiple_of(2) {
            let lock = client.transaction().await?;
            let statement = format!("LOCK TABLE {EVENTS} IN ACCESS EXCLUSIVE MODE");
            lock.batch_execute(&statement).await?;
            let in_flight = stage.counts().in_flight;
            sleep(lock_time).await;
            lock.rollback().await?;
            let end = Instant::now();
            let refused = stage.unavailable() - before;
            stage.record.harm(
                "commands waiting or told 503 by a lock",
                in_flight + refused,
            );
            stage.recovers_from(end).await?;
        } else {
            client.batch_execute(SLOW_DOWN).await?;
            sleep(SLOW).await;
            let in_flight = stage.counts().in_flight;
            client.batch_execute(SPEED_UP).await?;
            stage
                .record
                .harm("commands in flight in a slow log", in_flight);
            stage.recovers().await?;
        }
        stage.flows().await?;
    }
    Ok(())
}
