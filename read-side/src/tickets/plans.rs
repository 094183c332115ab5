//! The plans that PostgreSQL makes for the lists of tickets: a page is read along an index, not sorted.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use domain::actor::Role;
use domain::ids::UserId;
use domain::ticket::state::Status;
use event_store::{OrgId, Partition};
use platform::private::test_servers;
use schema::projection::{CORE, create_indexes, create_tables};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use super::list::TicketQuery;
use super::sort::{Sort, SortField, SortKey, SortValue};
use super::{Holder, TicketFilter, statement};
use crate::cursor::Moment;
use crate::page::{Direction, Limit};
use crate::viewer::{Tenant, Viewer};

/// Twenty thousand tickets of twenty requesters and agents, half of them open, a tenth with a deadline.
const TICKETS: &str = "
    INSERT INTO core.tickets (partition, org_id, ticket_id, number, subject, status, priority, channel, requester_id,
        requester_name, assignee_id, assignee_name, tags, custom_fields, follow_up_ids, public_message_count,
        note_count, reopen_count, created_at, updated_at, public_updated_at, first_response_state, resolution_state,
        next_deadline_at, clocks, version, position)
    SELECT 1, '00000000-0000-0000-0000-000000000001', gen_random_uuid(), n, 'Subject',
        CASE WHEN n % 2 = 0 THEN 'open' ELSE 'closed' END, 1 + n % 4, 'api',
        ('00000000-0000-0000-0000-' || lpad((n % 20)::text, 12, '0'))::uuid, 'R',
        ('00000000-0000-0000-0000-' || lpad((n % 20)::text, 12, '0'))::uuid, 'A', '{}', '{}', '{}', 0, 0, 0,
        t, t, t, 'none', 'none', CASE WHEN n % 10 = 0 THEN t END, '{}', 1, n
    FROM (SELECT n, timestamptz '2026-01-01' + n * interval '1 minute' AS t FROM generate_series(1, 20000) AS n) AS x";

async fn database() -> Client {
    let url = test_servers()
        .await
        .unwrap()
        .create_database("plans")
        .await
        .unwrap();
    let (mut client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    schema::migrations::run(&mut client).await.unwrap();
    let transaction = client.transaction().await.unwrap();
    for statements in [&create_tables(CORE), &create_indexes(CORE), TICKETS] {
        transaction.batch_execute(statements).await.unwrap();
    }
    transaction.commit().await.unwrap();
    client.batch_execute("ANALYZE core.tickets").await.unwrap();
    client
}

fn viewer(role: Role) -> Viewer {
    let tenant = Tenant {
        partition: Partition::new(1).unwrap(),
        org_id: OrgId(Uuid::from_u128(1)),
    };
    Viewer {
        tenant,
        user_id: UserId(Uuid::from_u128(7)),
        role,
    }
}

async fn plan(
    client: &Client,
    field: SortField,
    direction: Direction,
    filter: TicketFilter,
) -> String {
    let query = TicketQuery {
        filter,
        sort: Sort { field, direction },
        limit: Limit::DEFAULT,
    };
    let moment = Moment::new("2026-01-08T00:00:00Z".parse().unwrap()).unwrap();
    let value = match field {
        SortField::UpdatedAt | SortField::CreatedAt => SortValue::Time(moment),
        SortField::Priority => SortValue::Priority(2),
        SortField::NextDeadlineAt => SortValue::Deadline(Some(moment)),
    };
    let after = SortKey {
        value,
        ticket_id: Uuid::from_u128(5),
    };
    let statement = statement::page(&viewer(Role::Agent), &query, Some(after));
    let explain = format!("EXPLAIN {}", statement.text());
    let rows = client
        .query_typed(&explain, &statement.typed_values())
        .await
        .unwrap();
    rows.iter()
        .map(|row| row.get::<_, String>(0) + "\n")
        .collect()
}

#[tokio::test]
async fn each_order_and_each_frequent_filter_is_read_along_its_index() {
    use Direction::{Ascending, Descending};
    let client = database().await;
    let all = TicketFilter::default;
    let open = || TicketFilter {
        statuses: vec![Status::Open],
        ..all()
    };
    let mine = || TicketFilter {
        assignee: Some(Holder::One(UserId(Uuid::from_u128(7)))),
        ..all()
    };
    let theirs = || TicketFilter {
        requester: Some(UserId(Uuid::from_u128(7))),
        ..all()
    };
    for (field, filter, index) in [
        (SortField::UpdatedAt, all(), "tickets_by_updated"),
        (SortField::CreatedAt, all(), "tickets_by_created"),
        (SortField::Priority, all(), "tickets_by_priority"),
        (SortField::UpdatedAt, open(), "tickets_by_"),
        (SortField::UpdatedAt, mine(), "tickets_by_assignee"),
        (SortField::UpdatedAt, theirs(), "tickets_by_requester"),
    ] {
        for direction in [Ascending, Descending] {
            let plan = plan(&client, field, direction, filter.clone()).await;
            assert!(plan.contains(index), "{index} is not used:\n{plan}");
            assert!(
                !plan.contains("Sort") && !plan.contains("Seq Scan"),
                "{plan}"
            );
        }
    }
    for direction in [Ascending, Descending] {
        let plan = plan(&client, SortField::NextDeadlineAt, direction, all()).await;
        assert!(plan.contains("tickets_by_deadline"), "{plan}");
        assert!(!plan.contains("Seq Scan"), "{plan}");
    }
}
