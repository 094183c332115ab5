//! F02: the projector, a process of its own, is killed with work in flight: by turns when it is behind, and between the
//! write of the read models and the commit of its checkpoint. A trigger makes that moment long enough to be met: it holds
//! the transaction after the rows were written and the checkpoint was moved.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::Instant;

use crate::scene::progress::Progress;
use crate::scene::wait::{PATIENCE, eventually};
use crate::stage::Stage;

const HOLD: &str = "CREATE SCHEMA IF NOT EXISTS harness; \
    CREATE TABLE IF NOT EXISTS harness.hold (is_on boolean NOT NULL); \
    CREATE OR REPLACE FUNCTION harness.hold() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ \
    BEGIN \
      IF NEW.position > OLD.position AND EXISTS (SELECT FROM harness.hold WHERE is_on) THEN PERFORM pg_sleep(0.5); END IF; \
      RETURN NULL; \
    END $$; \
    CREATE OR REPLACE TRIGGER hold AFTER UPDATE ON core.checkpoints FOR EACH ROW EXECUTE FUNCTION harness.hold()";
const SWITCH_ON: &str = "INSERT INTO harness.hold (is_on) VALUES (true)";
const SWITCH_OFF: &str = "DELETE FROM harness.hold";
const HELD: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE wait_event = 'PgSleep' AND application_name = 'insightdesk-projector'";

/// Kills it until the time is up.
///
/// # Errors
/// When it does not start.
pub async fn run(stage: &mut Stage) -> Result<()> {
    stage.begin_with("api,saga", &["projector"]).await?;
    let client = stage.scene.superuser().await?;
    client.batch_execute(HOLD).await?;
    while stage.has_time() {
        if stage.record.times.is_multiple_of(2) {
            let is_behind = async || {
                let lag = Progress::look(&client).await?.lag();
                (lag > 0).then_some(lag).context("it is not behind")
            };
            let lag = eventually("the projector is behind", PATIENCE, is_behind).await?;
            stage.servers.truncate(1);
            stage
                .record
                .harm("events not projected yet", lag.unsigned_abs());
        } else {
            client.execute(SWITCH_ON, &[]).await?;
            let is_held = async || {
                let held: i64 = client.query_one(HELD, &[]).await?.try_get(0)?;
                (held > 0).then_some(held).context("no transaction is held")
            };
            let held = eventually("a transaction is held", PATIENCE, is_held).await?;
            stage.servers.truncate(1);
            client.execute(SWITCH_OFF, &[]).await?;
            stage
                .record
                .harm("batches written and not committed", held.unsigned_abs());
        }
        // Let the log run ahead of it.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let end = Instant::now();
        stage
            .servers
            .push(stage.scene.serve_apart("projector").await?);
        stage.recovers_from(end).await?;
        stage.flows().await?;
    }
    Ok(())
}
