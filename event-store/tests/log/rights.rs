//! What the roles that use the log may do with it: writers add, commands see one organization, nobody changes.

use platform::pools::{Pools, log_writer_config};
use schema::access::begin;
use tokio_postgres::error::SqlState;

use crate::support::*;

/// The connections of every purpose but the owner's.
fn pools(database: &Database) -> [deadpool_postgres::Pool; 5] {
    let pools = Pools::new(&database.url, &platform::config::PoolSettings::default()).unwrap();
    [
        pools.commands,
        pools.queries,
        pools.identity,
        pools.projector,
        pools.saga,
    ]
}

#[tokio::test]
async fn no_role_of_the_product_may_change_or_remove_an_event() {
    let database = Database::new().await;
    let store = database.store().await;
    store.append(one(uuid::Uuid::now_v7(), 0)).await.unwrap();
    let writer = database.writer().await;
    let mut clients = vec![];
    for pool in pools(&database) {
        clients.push(pool.get().await.unwrap());
    }
    let clients = clients.iter().map(|client| &***client);
    for client in clients.chain([&writer]) {
        for statement in [
            "UPDATE events SET type = 'x' WHERE partition = 1",
            "DELETE FROM events WHERE partition = 1",
            "TRUNCATE events",
        ] {
            let refused = client.batch_execute(statement).await.unwrap_err();
            assert_eq!(
                refused.code(),
                Some(&SqlState::INSUFFICIENT_PRIVILEGE),
                "{statement}: {refused}"
            );
        }
    }
    assert_eq!(database.count("events").await, 1);
}

#[tokio::test]
async fn only_a_writer_may_add_an_event_or_move_a_head() {
    let database = Database::new().await;
    let statements = [
        "INSERT INTO events (partition, position, org_id, stream_type, stream_id, version, event_id, type, schema_version, \
         data, metadata, occurred_at, recorded_at, hash) \
         VALUES (1, 1, gen_random_uuid(), 't', gen_random_uuid(), 1, gen_random_uuid(), 't', 1, '{}', '{}', now(), now(), \
         decode(repeat('00', 32), 'hex'))",
        "UPDATE log_heads SET position = 7 WHERE partition = 1",
    ];
    for pool in pools(&database) {
        let client = pool.get().await.unwrap();
        for statement in statements {
            let refused = client.batch_execute(statement).await.unwrap_err();
            assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
        }
    }
    let writer = database.writer().await;
    for statement in statements {
        writer.batch_execute(statement).await.unwrap();
    }
}

#[tokio::test]
async fn commands_see_the_events_of_the_organization_at_hand_alone() {
    let database = Database::new().await;
    let store = database.store().await;
    store.append(one(uuid::Uuid::now_v7(), 0)).await.unwrap();
    let [commands, ..] = pools(&database);
    let client = commands.get().await.unwrap();
    let count = async || -> i64 {
        let row = client.query_one("SELECT count(*) FROM events", &[]).await;
        row.unwrap().get(0)
    };
    assert_eq!(count().await, 0, "no organization was named");
    for (organization, seen) in [(org().0, 1), (uuid::Uuid::now_v7(), 0)] {
        client.batch_execute(&begin(organization)).await.unwrap();
        assert_eq!(count().await, seen);
        client.batch_execute("COMMIT").await.unwrap();
        assert_eq!(count().await, 0, "the transaction has ended");
    }
}

#[tokio::test]
async fn the_login_itself_may_do_nothing() {
    let database = Database::new().await;
    let login: tokio_postgres::Config = database.url.parse().unwrap();
    let (client, connection) = login.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for statement in ["SELECT 1 FROM events", "CREATE TABLE mine (n int)"] {
        let refused = client.batch_execute(statement).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    }
    let writer = log_writer_config(&database.url).unwrap();
    assert!(writer.get_options().unwrap().contains("role="));
}
