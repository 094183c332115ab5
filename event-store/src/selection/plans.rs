//! The plans that PostgreSQL makes for selections: along the positions or along the streams, never over a whole partition.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use const_format::formatcp;
use platform::private::test_servers;
use schema::access::begin;
use schema::role::QUERY;
use schema::table::EVENTS;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use super::{BY_POSITION, BY_STREAM, LAST_RECORDED};

/// Twenty thousand events of two organizations in one partition, five of each stream.
const ROWS: &str = formatcp!(
    "INSERT INTO {EVENTS} (partition, position, org_id, stream_type, stream_id, version, event_id, type, schema_version, data,
        metadata, occurred_at, recorded_at, hash)
    SELECT 1, n, ('00000000-0000-0000-0000-' || lpad((1 + n % 2)::text, 12, '0'))::uuid, 'thing',
        ('00000000-0000-0000-0001-' || lpad((n % 4000)::text, 12, '0'))::uuid, 1 + n / 4000, gen_random_uuid(),
        'thing.happened', 1, '{{}}', '{{}}', now(), now(), decode(repeat('00', 32), 'hex')
    FROM generate_series(1, 20000) AS n"
);

async fn plan(client: &Client, statement: &str, types: &str, values: &str) -> String {
    // As a connection that has asked often: with the plan that fits all values.
    let prepare = format!(
        "SET plan_cache_mode TO force_generic_plan; PREPARE selection ({types}) AS {statement}"
    );
    client.batch_execute(&prepare).await.unwrap();
    let behind = format!("SET ROLE {QUERY}; {}", begin(Uuid::from_u128(1)));
    client.batch_execute(&behind).await.unwrap();
    let explain = format!("EXPLAIN EXECUTE selection ({values})");
    let rows = client.query(&explain, &[]).await.unwrap();
    client
        .batch_execute("COMMIT; RESET ROLE; DEALLOCATE selection")
        .await
        .unwrap();
    rows.iter()
        .map(|row| row.get::<_, String>(0) + "\n")
        .collect()
}

#[tokio::test]
async fn events_are_selected_along_positions_and_along_streams() {
    let servers = test_servers().await.unwrap();
    let url = servers
        .create_database("plans_of_selections")
        .await
        .unwrap();
    let (mut client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    schema::migrations::run(&mut client).await.unwrap();
    client.batch_execute(ROWS).await.unwrap();
    client.batch_execute("ANALYZE").await.unwrap();

    let types = "smallint, uuid, bigint, bigint, text[], bigint";
    let org = Uuid::from_u128(1);
    let values = format!("1::smallint, '{org}', 5000, 15000, NULL, 100");
    let told = plan(&client, BY_POSITION, types, &values).await;
    assert!(told.contains("Index Scan using events_pkey"), "{told}");
    assert!(!told.contains("Sort"), "{told}");

    let since = format!("1::smallint, '{org}', 15000, now()");
    let of_time = "smallint, uuid, bigint, timestamptz";
    let told = plan(&client, LAST_RECORDED, of_time, &since).await;
    assert!(
        told.contains("Index Scan Backward using events_pkey"),
        "{told}"
    );
    assert!(!told.contains("Sort"), "{told}");

    let streams = format!("{values}, '{{00000000-0000-0000-0001-000000000007}}'");
    let told = plan(&client, BY_STREAM, &format!("{types}, uuid[]"), &streams).await;
    assert!(
        told.contains("events_partition_stream_id_version_key"),
        "{told}"
    );
    assert!(
        !told.contains("Seq Scan") && !told.contains("events_pkey"),
        "{told}"
    );
}
