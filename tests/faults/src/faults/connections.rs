//! F13: others hold all connections that the product's role may have, idle in a transaction, while its own are ended.

use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, NoTls};

use crate::stage::Stage;

const LIMIT: usize = 60;
const HELD_FOR: Duration = Duration::from_secs(6);
const LIMIT_ROLE: &str = "ALTER ROLE insightdesk CONNECTION LIMIT 60";
const END_SESSIONS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
     WHERE usename = 'insightdesk' AND application_name <> 'holder'";

/// Takes them until the time is up.
///
/// # Errors
/// When PostgreSQL refuses to.
pub async fn run(stage: &mut Stage) -> Result<()> {
    stage.begin().await?;
    let client = stage.scene.superuser().await?;
    client.batch_execute(LIMIT_ROLE).await?;
    while stage.has_time() {
        let mut holders = Vec::new();
        while holders.len() < LIMIT {
            match hold(stage).await {
                Ok(holder) => holders.push(holder),
                // The product has the rest: its sessions are ended, and the race for their places begins.
                Err(_) => drop(client.query_one(END_SESSIONS, &[]).await?),
            }
        }
        let before = stage.unavailable();
        sleep(HELD_FOR).await;
        let refused = stage.unavailable() - before;
        drop(holders);
        let end = Instant::now();
        stage
            .record
            .harm("answers 503 without a free connection", refused);
        stage.recovers_from(end).await?;
        stage.flows().await?;
    }
    Ok(())
}

/// A session that does nothing and does not end.
async fn hold(stage: &Stage) -> Result<Client> {
    let mut config: tokio_postgres::Config = stage.scene.servers.database_url().parse()?;
    config.application_name("holder");
    let (client, connection) = config.connect(NoTls).await?;
    // It ends with the client.
    tokio::spawn(connection);
    client.batch_execute("BEGIN; SELECT 1").await?;
    Ok(client)
}
