//! The plans that PostgreSQL makes for the lists of tickets: a page is read along an index, not sorted.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use domain::actor::Role;
use domain::ids::UserId;
use domain::text::Tag;
use domain::ticket::state::{Priority, Status};
use event_store::{OrgId, Partition};
use platform::private::test_servers;
use schema::access::begin;
use schema::projection::{CORE, create_indexes, create_tables};
use schema::role::QUERY;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use super::list::TicketQuery;
use super::sort::{Sort, SortField, SortKey, SortValue};
use super::statement::Asker;
use super::{Holder, TicketFilter, TimeRange, statement};
use crate::database::Statement;
use crate::viewer::{Tenant, Viewer};
use platform::cursor::Moment;
use platform::page::{Direction, Limit};

/// Twenty thousand tickets of twenty requesters and agents, half of them open, a tenth with a deadline, a few with a tag,
/// or a custom field, a twentieth without an agent.
const TICKETS: &str = "
    INSERT INTO core.tickets (partition, org_id, ticket_id, number, subject, status, priority, channel, requester_id,
        requester_name, assignee_id, assignee_name, tags, custom_fields, follow_up_ids, public_message_count,
        note_count, reopen_count, created_at, updated_at, public_updated_at, sla,
        next_deadline_at, clocks, version, position, language)
    SELECT 1, '00000000-0000-0000-0000-000000000001', gen_random_uuid(), n, 'Subject',
        CASE WHEN n % 2 = 0 THEN 'open' ELSE 'closed' END, 1 + n % 4, 'api',
        ('00000000-0000-0000-0000-' || lpad((n % 20)::text, 12, '0'))::uuid, 'R',
        CASE WHEN n % 20 <> 3 THEN ('00000000-0000-0000-0000-' || lpad((n % 20)::text, 12, '0'))::uuid END, 'A',
        CASE WHEN n % 500 = 0 THEN '{vip}'::text[] ELSE '{}' END,
        CASE WHEN n % 500 = 1 THEN '{\"floor\": {\"kind\": \"choice\", \"value\": \"first\"}}'::jsonb ELSE '{}' END, '{}', 0, 0, 0,
        t, t, t, '{}', CASE WHEN n % 10 = 0 THEN t END, '{}', 1, n, 'simple'
    FROM (SELECT n, timestamptz '2026-01-01' + n * interval '1 minute' AS t FROM generate_series(1, 20000) AS n) AS x";

pub(super) async fn database(name: &str) -> Client {
    let url = test_servers()
        .await
        .unwrap()
        .create_database(name)
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

pub(super) fn viewer(role: Role) -> Viewer {
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

pub(super) async fn plan(
    client: &Client,
    role: Role,
    field: SortField,
    direction: Direction,
    filter: TicketFilter,
) -> String {
    let query = TicketQuery {
        filter,
        terms: None,
        sort: Sort { field, direction },
        limit: Limit::DEFAULT,
    };
    let moment = Moment::new("2026-01-08T00:00:00Z".parse().unwrap()).unwrap();
    let value = match field {
        SortField::UpdatedAt | SortField::CreatedAt => SortValue::Time(moment),
        SortField::Priority => SortValue::Priority(2, moment),
        SortField::NextDeadlineAt => SortValue::Deadline(Some(moment)),
    };
    let after = SortKey {
        value,
        ticket_id: Uuid::from_u128(5),
    };
    let statement = statement::page(
        Asker {
            viewer: &viewer(role),
            company: None,
        },
        &query,
        Some(after),
    );
    explained(client, &statement).await
}

/// The plan of a statement of a query.
pub(super) async fn explained(client: &Client, statement: &Statement) -> String {
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

fn all() -> TicketFilter {
    TicketFilter::default()
}

fn open() -> TicketFilter {
    TicketFilter {
        statuses: vec![Status::Open],
        ..all()
    }
}

fn held_by(assignee: Holder<UserId>) -> TicketFilter {
    TicketFilter {
        assignee: Some(assignee),
        ..all()
    }
}

fn theirs() -> TicketFilter {
    TicketFilter {
        requester: Some(UserId(Uuid::from_u128(7))),
        ..all()
    }
}

#[tokio::test]
async fn each_order_and_each_frequent_filter_is_read_along_its_index() {
    use Direction::{Ascending, Descending};
    use Role::{Agent, Customer};
    use SortField::{CreatedAt, Priority, UpdatedAt};
    let client = database("plans_of_orders").await;
    let mine = || held_by(Holder::One(UserId(Uuid::from_u128(7))));
    let nobodys = || held_by(Holder::Nobody);
    let my_open = || TicketFilter {
        statuses: vec![Status::Open],
        ..mine()
    };
    for (role, field, filter, index) in [
        (Agent, UpdatedAt, all(), "tickets_by_updated"),
        (Agent, CreatedAt, all(), "tickets_by_created"),
        (Agent, Priority, all(), "tickets_by_priority"),
        (Agent, UpdatedAt, open(), "tickets_by_"),
        (Agent, UpdatedAt, mine(), "tickets_by_assignee"),
        (Agent, Priority, my_open(), "tickets_by_assignee_status"),
        (Agent, UpdatedAt, nobodys(), "tickets_unassigned"),
        (Agent, UpdatedAt, theirs(), "tickets_by_requester"),
        (Agent, CreatedAt, theirs(), "tickets_by_requester_created"),
        (Customer, UpdatedAt, all(), "tickets_by_requester_public"),
        (Customer, CreatedAt, all(), "tickets_by_requester_created"),
    ] {
        for direction in [Ascending, Descending] {
            let plan = plan(&client, role, field, direction, filter.clone()).await;
            assert!(plan.contains(index), "{index} is not used:\n{plan}");
            assert!(
                !plan.contains("Sort") && !plan.contains("Seq Scan on tickets"),
                "{plan}"
            );
        }
    }
}

/// Each priority ends with the limit of the page, and only those few rows are sorted together.
#[tokio::test]
async fn a_span_of_time_by_priority_is_read_along_the_index_of_each_priority() {
    let client = database("plans_of_spans").await;
    let moment = |text: &str| Moment::new(text.parse().unwrap()).ok();
    let week = TicketFilter {
        created: TimeRange {
            from: moment("2026-01-03T00:00:00Z"),
            to: moment("2026-01-10T00:00:00Z"),
        },
        ..all()
    };
    for direction in [Direction::Ascending, Direction::Descending] {
        let field = SortField::Priority;
        let plan = plan(&client, Role::Agent, field, direction, week.clone()).await;
        let branches = plan.matches("tickets_by_priority").count();
        assert_eq!(branches, Priority::ALL.len(), "{plan}");
        assert_eq!(plan.matches("Limit  (").count(), branches + 1, "{plan}");
        assert_eq!(plan.matches("Sort  (").count(), 1, "{plan}");
    }
}

#[tokio::test]
async fn the_few_tickets_with_a_tag_are_found_by_it() {
    let client = database("plans_of_tags").await;
    let tagged = TicketFilter {
        tags: vec![Tag::parse("vip").unwrap()],
        ..all()
    };
    for field in [SortField::UpdatedAt, SortField::NextDeadlineAt] {
        let direction = Direction::Descending;
        let plan = plan(&client, Role::Agent, field, direction, tagged.clone()).await;
        assert!(plan.contains("tickets_by_tag"), "{plan}");
        assert!(!plan.contains("Seq Scan on tickets"), "{plan}");
    }
}

#[tokio::test]
async fn tickets_without_a_deadline_are_looked_for_only_when_those_with_one_do_not_fill_the_page() {
    let client = database("plans_of_deadlines").await;
    for direction in [Direction::Ascending, Direction::Descending] {
        for filter in [all(), open()] {
            let field = SortField::NextDeadlineAt;
            let plan = plan(&client, Role::Agent, field, direction, filter).await;
            assert!(plan.contains("tickets_by_deadline"), "{plan}");
            assert!(plan.contains("One-Time Filter"), "{plan}");
            assert!(!plan.contains("Seq Scan on tickets"), "{plan}");
        }
    }
}

/// The planner knows nothing of a young table, and only the average of all organizations of an old one: where two indexes
/// fit, it may take the one that reads all rows of an organization to find one of them.
#[tokio::test]
async fn nothing_but_the_primary_key_finds_a_row_by_its_key() {
    let client = database("plans_of_keys").await;
    for (table, id) in [
        ("tickets", "ticket_id"),
        ("messages", "message_id"),
        ("users", "user_id"),
    ] {
        let explain = format!(
            "EXPLAIN SELECT 1 FROM core.{table} WHERE partition = 1 AND org_id = '{}' AND {id} = '{}'",
            Uuid::nil(),
            Uuid::nil()
        );
        let without = format!("ALTER TABLE core.{table} DROP CONSTRAINT {table}_pkey");
        client.batch_execute(&without).await.unwrap();
        client
            .batch_execute("SET enable_seqscan TO off")
            .await
            .unwrap();
        let rows = client.query(&explain, &[]).await.unwrap();
        let plan: String = rows
            .iter()
            .map(|row| row.get::<_, String>(0) + "\n")
            .collect();
        assert!(plan.contains("Seq Scan"), "{plan}");
    }
}
