//! The reference: single-row INSERTs of the same row into a plain table with the same columns and keys.

use std::sync::Arc;

use anyhow::Result;
use chrono::Utc;
use event_store::NewEvent;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::measure::Operation;
use super::servers::BenchServers;

/// The private server takes 200 connections; beyond this many clients two share one, pipelining.
pub const CONNECTIONS_MAX: usize = 128;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS bench_rows (
    partition smallint NOT NULL, position bigint GENERATED ALWAYS AS IDENTITY, org_id uuid NOT NULL,
    stream_type text NOT NULL, stream_id uuid NOT NULL, version bigint NOT NULL, event_id uuid NOT NULL,
    type text NOT NULL, schema_version smallint NOT NULL, data json NOT NULL, metadata json NOT NULL,
    occurred_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL, hash bytea NOT NULL,
    PRIMARY KEY (partition, position), UNIQUE (partition, stream_id, version))";

const INSERT: &str =
    "INSERT INTO bench_rows (partition, org_id, stream_type, stream_id, version, event_id, type,
        schema_version, data, metadata, occurred_at, recorded_at, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::json, $10::text::json, $11, $12, $13)";

const EMPTY: &str = "TRUNCATE bench_rows";

const HASH_BYTES: usize = 32;

/// Clients that insert rows like the event that `event` gives, each commit synced.
///
/// # Errors
/// When the table cannot be made or a connection fails.
pub async fn clients(
    servers: &BenchServers,
    count: usize,
    event: fn() -> NewEvent,
) -> Result<Vec<Operation>> {
    let mut connections = Vec::new();
    for _ in 0..count.min(CONNECTIONS_MAX) {
        let client = servers.connect().await?;
        if connections.is_empty() {
            client.batch_execute(CREATE).await?;
            client.batch_execute(EMPTY).await?;
        }
        let statement = client.prepare(INSERT).await?;
        connections.push((Arc::new(client), statement));
    }
    let (partition, org_id) = (servers.partition.get(), servers.org_id.0);
    let operations = connections
        .iter()
        .cycle()
        .take(count)
        .map(|(client, statement)| {
            let (client, statement, stream_id) =
                (client.clone(), statement.clone(), Uuid::now_v7());
            let mut version = 0;
            let operation: Operation = Box::new(move || {
                version += 1;
                let row = Row {
                    partition,
                    org_id,
                    stream_id,
                    version,
                    event: event(),
                };
                Box::pin(insert(client.clone(), statement.clone(), row))
            });
            operation
        });
    Ok(operations.collect())
}

struct Row {
    partition: i16,
    org_id: Uuid,
    stream_id: Uuid,
    version: i64,
    event: NewEvent,
}

async fn insert(client: Arc<Client>, statement: Statement, row: Row) -> Result<()> {
    let event = &row.event;
    let hash = [0u8; HASH_BYTES];
    client
        .execute(
            &statement,
            &[
                &row.partition,
                &row.org_id,
                &"bench",
                &row.stream_id,
                &row.version,
                &event.event_id,
                &event.event_type.as_ref(),
                &event.schema_version,
                &event.data,
                &event.metadata,
                &event.occurred_at,
                &Utc::now(),
                &hash.as_slice(),
            ],
        )
        .await?;
    Ok(())
}
