//! The references: the same rows into a plain table with the same columns and keys, by the same client library.

use std::pin::pin;
use std::sync::Arc;

use anyhow::Result;
use chrono::Utc;
use const_format::{concatcp, formatcp};
use event_store::{NewEvent, Placement};
use schema::projection::CORE;
use schema::table::core::TICKETS;
use serde_json::value::RawValue;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{Json, ToSql, Type};
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use crate::append::event;
use crate::measure::Operation;
use crate::servers::BenchServers;

/// The private server takes 200 connections; beyond this many clients two share one, pipelining.
pub const CONNECTIONS_MAX: usize = 128;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS bench_rows (
    partition smallint NOT NULL, position bigint GENERATED ALWAYS AS IDENTITY, org_id uuid NOT NULL,
    stream_type text NOT NULL, stream_id uuid NOT NULL, version bigint NOT NULL, event_id uuid NOT NULL,
    type text NOT NULL, schema_version smallint NOT NULL, data json NOT NULL, metadata json NOT NULL,
    occurred_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL, hash bytea NOT NULL,
    PRIMARY KEY (partition, position), UNIQUE (partition, stream_id, version))";

const EMPTY: &str = "TRUNCATE bench_rows";

const COLUMNS: &str = "bench_rows (partition, org_id, stream_type, stream_id, version, event_id, type, schema_version,
    data, metadata, occurred_at, recorded_at, hash)";

const INSERT: &str = concatcp!(
    "INSERT INTO ",
    COLUMNS,
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::json, $10::text::json, $11, $12, $13)"
);

const INSERT_MANY: &str = concatcp!(
    "INSERT INTO ",
    COLUMNS,
    " SELECT n.partition, n.org_id, n.stream_type, n.stream_id, n.version, n.event_id, n.type, n.schema_version,
             n.data::json, n.metadata::json, n.occurred_at, n.recorded_at, n.hash
        FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[], $6::uuid[], $7::text[],
                    $8::smallint[], $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::bytea[])
          AS n(partition, org_id, stream_type, stream_id, version, event_id, type, schema_version, data, metadata,
               occurred_at, recorded_at, hash)"
);

const COPY: &str = concatcp!("COPY ", COLUMNS, " FROM STDIN (FORMAT binary)");

const SELECT: &str = formatcp!(
    "SELECT number, subject, status, priority, requester_name, assignee_name, tags, updated_at FROM {CORE}.{TICKETS}
      WHERE partition = $1 AND org_id = $2 AND ticket_id = $3"
);

const COPY_TYPES: [Type; 13] = [
    Type::INT2,
    Type::UUID,
    Type::TEXT,
    Type::UUID,
    Type::INT8,
    Type::UUID,
    Type::TEXT,
    Type::INT2,
    Type::JSON,
    Type::JSON,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::BYTEA,
];

const STREAM_TYPE: &str = "bench";
const PARTITION: i16 = 0;
const HASH: [u8; 32] = [0; 32];

/// Clients that insert single rows, each commit synced.
///
/// # Errors
/// When the table cannot be made or a connection fails.
pub async fn single_inserts(servers: &BenchServers, count: usize) -> Result<Vec<Operation>> {
    prepare(servers).await?;
    let mut connections = Vec::new();
    for _ in 0..count.min(CONNECTIONS_MAX) {
        let client = servers.connect().await?;
        let statement = client.prepare(INSERT).await?;
        connections.push((Arc::new(client), statement));
    }
    let operations = connections.iter().cycle().take(count);
    let operations = operations.map(|(client, statement)| {
        let (client, statement, stream_id) = (client.clone(), statement.clone(), Uuid::now_v7());
        let mut version = 0;
        let operation: Operation = Box::new(move || {
            version += 1;
            Box::pin(insert(
                client.clone(),
                statement.clone(),
                stream_id,
                version,
            ))
        });
        operation
    });
    Ok(operations.collect())
}

/// One client that inserts `rows` rows a statement, each commit synced.
///
/// # Errors
/// When the table cannot be made or the connection fails.
pub async fn many_rows(servers: &BenchServers, rows: usize) -> Result<Vec<Operation>> {
    prepare(servers).await?;
    let client = Arc::new(servers.connect().await?);
    let statement = client.prepare(INSERT_MANY).await?;
    Ok(vec![Box::new(move || {
        Box::pin(insert_many(client.clone(), statement.clone(), rows))
    })])
}

/// One client that copies `rows` rows a transaction in binary form, each commit synced.
///
/// # Errors
/// When the table cannot be made or the connection fails.
pub async fn copies(servers: &BenchServers, rows: usize) -> Result<Vec<Operation>> {
    prepare(servers).await?;
    let client = Arc::new(servers.connect().await?);
    Ok(vec![Box::new(move || Box::pin(copy(client.clone(), rows)))])
}

/// Clients that select tickets by their keys, one after the other: what a query without any cache costs at the least.
///
/// # Errors
/// When a connection fails.
pub async fn selects(
    servers: &BenchServers,
    placement: Placement,
    ids: &[Uuid],
    count: usize,
) -> Result<Vec<Operation>> {
    let ids: Arc<[Uuid]> = ids.into();
    let mut operations: Vec<Operation> = Vec::new();
    for number in 0..count {
        let client = Arc::new(servers.connect().await?);
        let statement = client.prepare(SELECT).await?;
        let (ids, mut at) = (ids.clone(), number);
        operations.push(Box::new(move || {
            at = (at + 1) % ids.len();
            Box::pin(select(
                client.clone(),
                statement.clone(),
                placement,
                ids[at],
            ))
        }));
    }
    Ok(operations)
}

async fn select(
    client: Arc<Client>,
    statement: Statement,
    placement: Placement,
    id: Uuid,
) -> Result<()> {
    let key: [&(dyn ToSql + Sync); 3] = [&placement.partition.get(), &placement.org_id.0, &id];
    client.query_one(&statement, &key).await?;
    Ok(())
}

async fn prepare(servers: &BenchServers) -> Result<()> {
    let client = servers.connect().await?;
    client.batch_execute(CREATE).await?;
    client.batch_execute(EMPTY).await?;
    Ok(())
}

async fn insert(
    client: Arc<Client>,
    statement: Statement,
    stream_id: Uuid,
    version: i64,
) -> Result<()> {
    let event = event();
    let values: [&(dyn ToSql + Sync); 13] = [
        &PARTITION,
        &Uuid::nil(),
        &STREAM_TYPE,
        &stream_id,
        &version,
        &event.event_id,
        &event.event_type.as_ref(),
        &event.schema_version,
        &event.data,
        &event.metadata,
        &event.occurred_at,
        &Utc::now(),
        &HASH.as_slice(),
    ];
    client.execute(&statement, &values).await?;
    Ok(())
}

async fn insert_many(client: Arc<Client>, statement: Statement, rows: usize) -> Result<()> {
    let events: Vec<NewEvent> = (0..rows).map(|_| event()).collect();
    let stream_ids: Vec<Uuid> = events.iter().map(|_| Uuid::now_v7()).collect();
    let event_ids: Vec<Uuid> = events.iter().map(|event| event.event_id).collect();
    let types: Vec<&str> = events
        .iter()
        .map(|event| event.event_type.as_ref())
        .collect();
    let data: Vec<&str> = events.iter().map(|event| event.data.as_str()).collect();
    let metadata: Vec<&str> = events.iter().map(|event| event.metadata.as_str()).collect();
    let times: Vec<_> = events.iter().map(|event| event.occurred_at).collect();
    let values: [&(dyn ToSql + Sync); 13] = [
        &vec![PARTITION; rows],
        &vec![Uuid::nil(); rows],
        &vec![STREAM_TYPE; rows],
        &stream_ids,
        &vec![1_i64; rows],
        &event_ids,
        &types,
        &vec![1_i16; rows],
        &data,
        &metadata,
        &times,
        &times,
        &vec![HASH.as_slice(); rows],
    ];
    client.execute(&statement, &values).await?;
    Ok(())
}

async fn copy(client: Arc<Client>, rows: usize) -> Result<()> {
    let sink = client.copy_in(COPY).await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &COPY_TYPES));
    for _ in 0..rows {
        let event = event();
        let values: [&(dyn ToSql + Sync); 13] = [
            &PARTITION,
            &Uuid::nil(),
            &STREAM_TYPE,
            &Uuid::now_v7(),
            &1_i64,
            &event.event_id,
            &event.event_type.as_ref(),
            &event.schema_version,
            &Json(RawValue::from_string(event.data)?),
            &Json(RawValue::from_string(event.metadata)?),
            &event.occurred_at,
            &event.occurred_at,
            &HASH.as_slice(),
        ];
        writer.as_mut().write(&values).await?;
    }
    writer.finish().await?;
    Ok(())
}
