//! The plans that PostgreSQL makes for statements, for tests of them.

#![allow(clippy::unwrap_used)]

use domain::actor::Role;
use domain::ids::UserId;
use event_store::{OrgId, Partition};
use platform::private::test_servers;
use schema::access::begin;
use schema::projection::{CORE, create_indexes, create_tables};
use schema::role::{OWNER, QUERY};
use tokio_postgres::{Client, NoTls, Row};
use uuid::Uuid;

use crate::database::Statement;
use crate::viewer::{Tenant, Viewer};

/// A database with read models and what `fill` puts into them, the statistics taken.
pub(crate) async fn database(name: &str, fill: &str) -> Client {
    let servers = test_servers().await.unwrap();
    let url = servers.create_database(name).await.unwrap();
    let (mut client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    schema::migrations::run(&mut client).await.unwrap();
    let transaction = client.transaction().await.unwrap();
    for statements in [&create_tables(CORE), &create_indexes(CORE), fill] {
        transaction.batch_execute(statements).await.unwrap();
    }
    transaction.commit().await.unwrap();
    client.batch_execute("ANALYZE").await.unwrap();
    client
}

/// Somebody of the organization 1, in partition 1.
pub(crate) fn viewer(role: Role) -> Viewer {
    Viewer {
        tenant: Tenant {
            partition: Partition::new(1).unwrap(),
            org_id: OrgId(Uuid::from_u128(1)),
        },
        user_id: UserId(Uuid::from_u128(7)),
        role,
    }
}

/// The plan of a prepared statement of a fixed text, as a connection that has asked often: the one that fits all values.
pub(crate) async fn prepared_plan(
    client: &Client,
    types: &str,
    statement: &str,
    values: &str,
) -> String {
    let prepare = format!(
        "SET plan_cache_mode TO force_generic_plan; PREPARE asked ({types}) AS {statement}; SET ROLE {QUERY}; {}",
        begin(Uuid::from_u128(1))
    );
    client.batch_execute(&prepare).await.unwrap();
    let explain = format!("EXPLAIN EXECUTE asked ({values})");
    let rows = client.query(&explain, &[]).await.unwrap();
    let end = format!("COMMIT; SET ROLE {OWNER}; DEALLOCATE asked");
    client.batch_execute(&end).await.unwrap();
    told(&rows)
}

/// The plan of a statement as the queries run it: behind the policies of their role.
pub(crate) async fn plan(client: &Client, statement: &Statement) -> String {
    let explain = format!("EXPLAIN {}", statement.text());
    let behind = format!("SET ROLE {QUERY}; {}", begin(Uuid::from_u128(1)));
    client.batch_execute(&behind).await.unwrap();
    let rows = client
        .query_typed(&explain, &statement.typed_values())
        .await
        .unwrap();
    client.batch_execute("COMMIT").await.unwrap();
    told(&rows)
}

fn told(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| row.get::<_, String>(0));
    lines.map(|line| line + "\n").collect()
}
