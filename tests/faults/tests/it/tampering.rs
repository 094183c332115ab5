//! Changing the log behind the product's back, so well that the chain still holds.

use std::collections::HashMap;

use faults::checker::tables::each_event;
use faults::checker::{EventRow, GENESIS, hash};
use tokio_postgres::Client;
use uuid::Uuid;

/// Switches triggers off for this session.
pub async fn without_triggers(client: &Client) {
    let statement = "SET session_replication_role = replica";
    client.batch_execute(statement).await.unwrap();
}

/// Rewrites every partition that `change` changes: places, versions and hashes fit again afterwards.
pub async fn rewrite(client: &Client, change: impl Fn(&mut Vec<EventRow>)) {
    let mut partitions: HashMap<i16, Vec<EventRow>> = HashMap::new();
    let take = |event: EventRow| partitions.entry(event.partition).or_default().push(event);
    each_event(client, take).await.unwrap();
    for (partition, mut events) in partitions {
        let before = format!("{events:?}");
        change(&mut events);
        if format!("{events:?}") != before {
            renumber(&mut events);
            store(client, partition, &events).await;
        }
    }
}

fn renumber(events: &mut [EventRow]) {
    let mut chain = GENESIS;
    let mut versions: HashMap<Uuid, i64> = HashMap::new();
    for (position, event) in (1..).zip(events) {
        let version = versions.entry(event.stream_id).or_default();
        *version += 1;
        (event.position, event.version) = (position, *version);
        chain = hash(event, &chain);
        event.hash = chain.to_vec();
    }
}

async fn store(client: &Client, partition: i16, events: &[EventRow]) {
    let delete = "DELETE FROM events WHERE partition = $1";
    client.execute(delete, &[&partition]).await.unwrap();
    let insert = client
        .prepare(
            "INSERT INTO events (partition, position, org_id, stream_type, stream_id, version, event_id, type, \
             schema_version, data, metadata, occurred_at, recorded_at, hash) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::json, $11::text::json, $12, $13, $14)",
        )
        .await
        .unwrap();
    for e in events {
        client
            .execute(
                &insert,
                &[
                    &e.partition,
                    &e.position,
                    &e.org_id,
                    &e.stream_type,
                    &e.stream_id,
                    &e.version,
                    &e.event_id,
                    &e.event_type,
                    &e.schema_version,
                    &e.data,
                    &e.metadata,
                    &e.occurred_at,
                    &e.recorded_at,
                    &e.hash,
                ],
            )
            .await
            .unwrap();
    }
    let last = events.last().unwrap();
    let head = "UPDATE log_heads SET position = $2, chain = $3 WHERE partition = $1";
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&partition, &last.position, &last.hash];
    client.execute(head, &values).await.unwrap();
}
