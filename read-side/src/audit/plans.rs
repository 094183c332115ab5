//! The plans that PostgreSQL makes for the audit: a page is read along an index, however deep, and not sorted.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use domain::actor::Role;
use domain::ids::UserId;
use event_store::{OrgId, Partition};
use platform::private::test_servers;
use schema::access::begin;
use schema::projection::{CORE, create_indexes, create_tables};
use schema::role::QUERY;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use super::list::{AuditKey, AuditQuery};
use super::{AuditFilter, EventTypes, statement};
use crate::tickets::TimeRange;
use crate::viewer::{Tenant, Viewer};
use platform::cursor::Moment;
use platform::page::{Direction, Limit};

/// Twenty thousand facts of twenty people, most of them sign-ins.
const FACTS: &str = "
    INSERT INTO core.audit (partition, position, org_id, event_id, event_type, resource_type, resource_id, actor_kind,
        actor_id, actor_name, subject_id, summary, changes, occurred_at, recorded_at)
    SELECT 1, n, '00000000-0000-0000-0000-000000000001', gen_random_uuid(),
        CASE WHEN n % 50 = 0 THEN 'user.created' WHEN n % 2 = 0 THEN 'session.started' ELSE 'session.ended' END,
        'user', gen_random_uuid(), 'user', person, 'A', person, 'S', '[]', t, t
    FROM (SELECT n, timestamptz '2026-01-01' + n * interval '1 minute' AS t,
        ('00000000-0000-0000-0000-' || lpad((n % 20)::text, 12, '0'))::uuid AS person FROM generate_series(1, 20000) AS n) AS x";

async fn database() -> Client {
    let servers = test_servers().await.unwrap();
    let url = servers.create_database("plans_of_audit").await.unwrap();
    let (mut client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    schema::migrations::run(&mut client).await.unwrap();
    let transaction = client.transaction().await.unwrap();
    for statements in [&create_tables(CORE), &create_indexes(CORE), FACTS] {
        transaction.batch_execute(statements).await.unwrap();
    }
    transaction.commit().await.unwrap();
    client.batch_execute("ANALYZE core.audit").await.unwrap();
    client
}

async fn plan(client: &Client, filter: &AuditFilter, direction: Direction) -> String {
    let query = AuditQuery {
        filter: filter.clone(),
        direction,
        limit: Limit::DEFAULT,
    };
    let viewer = Viewer {
        tenant: Tenant {
            partition: Partition::new(1).unwrap(),
            org_id: OrgId(Uuid::from_u128(1)),
        },
        user_id: UserId(Uuid::from_u128(9)),
        role: Role::Admin,
    };
    let after = AuditKey {
        recorded_at: Moment::new("2026-01-08T00:00:00Z".parse().unwrap()).unwrap(),
        position: 5,
    };
    let statement = statement::page(&viewer, &query, Some(after));
    let explain = format!("EXPLAIN {}", statement.text());
    // As the queries run: behind the policies of their role.
    let behind = format!("SET ROLE {QUERY}; {}", begin(Uuid::from_u128(1)));
    client.batch_execute(&behind).await.unwrap();
    let rows = client
        .query_typed(&explain, &statement.typed_values())
        .await
        .unwrap();
    client.batch_execute("COMMIT").await.unwrap();
    rows.iter()
        .map(|row| row.get::<_, String>(0) + "\n")
        .collect()
}

#[tokio::test]
async fn everything_a_type_a_person_and_a_time_are_read_along_an_index() {
    let client = database().await;
    let person = Some(UserId(Uuid::from_u128(7)));
    let from = Moment::new("2026-01-03T00:00:00Z".parse().unwrap()).unwrap();
    let all = AuditFilter::default;
    for (filter, index) in [
        (all(), "audit_by_time"),
        (
            AuditFilter {
                recorded: TimeRange {
                    from: Some(from),
                    to: None,
                },
                ..all()
            },
            "audit_by_time",
        ),
        (
            AuditFilter {
                types: EventTypes::parse(["user.created"]).unwrap(),
                ..all()
            },
            "audit_by_type",
        ),
        (
            AuditFilter {
                actor: person,
                ..all()
            },
            "audit_by_actor",
        ),
        (
            AuditFilter {
                subject: person,
                ..all()
            },
            "audit_by_subject",
        ),
    ] {
        for direction in [Direction::Ascending, Direction::Descending] {
            let plan = plan(&client, &filter, direction).await;
            assert!(plan.contains(index), "{index} is not used:\n{plan}");
            assert!(
                !plan.contains("Sort") && !plan.contains("Seq Scan"),
                "{plan}"
            );
        }
    }
    // Several types: a page of each along the index, and those few rows are sorted.
    let several = AuditFilter {
        types: EventTypes::parse(["session.", "user."]).unwrap(),
        ..all()
    };
    let plan = plan(&client, &several, Direction::Descending).await;
    assert!(plan.contains("audit_by_type"), "{plan}");
    assert!(
        plan.contains("Limit") && !plan.contains("Seq Scan"),
        "{plan}"
    );
}
