//! The plans for what people ask in the language of queries: conditions find the indexes of lists, and counts that are kept
//! read no ticket.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use domain::actor::Role;
use domain::calendar::zone::Zone;
use domain::ids::UserId;
use domain::ticket::query::Query;
use event_store::Position;
use platform::page::Direction;
use uuid::Uuid;

use super::counting::{COUNTED_MAX, counts};
use super::plans::{database, explained, plan, viewer};
use super::sort::SortField;
use super::statement::Asker;
use super::{Terms, TicketFilter};

/// Of twenty agents and ten teams.
const COUNTS: &str = "
    INSERT INTO core.ticket_counts (partition, org_id, holder_id, team_id, priority, new_count, open_count, pending_count,
        on_hold_count, resolved_count, closed_count)
    SELECT 1, '00000000-0000-0000-0000-000000000001', lpad(agent::text, 32, '0')::uuid, lpad(team::text, 32, '0')::uuid,
        priority, 1, 1, 1, 1, 1, 1
    FROM generate_series(1, 200) AS agent, generate_series(1, 10) AS team, generate_series(1, 4) AS priority;
    ANALYZE core.ticket_counts";

/// A wait of each ticket, of which few were missed.
const WAITS: &str = "
    INSERT INTO core.sla_measures (partition, org_id, ticket_id, metric, round, version, number, outcome, target_ms, priority,
        started_at, counted_at, known_from)
    SELECT partition, org_id, ticket_id, 1, 1, 1, number, CASE WHEN number % 1000 = 0 THEN 'breached' ELSE 'met' END, 1, 1,
        created_at, created_at, created_at
    FROM core.tickets;
    ANALYZE core.sla_measures";

fn asked(text: &str) -> TicketFilter {
    let terms = Terms {
        query: Query::parse(text).unwrap(),
        me: UserId(Uuid::from_u128(7)),
        now: "2026-01-14T12:00:00Z".parse().unwrap(),
        zone: Zone::UTC,
        at_least: Position::START,
    };
    terms.narrow(TicketFilter::default())
}

#[tokio::test]
async fn conditions_are_found_along_the_indexes_of_lists() {
    use SortField::{CreatedAt, NextDeadlineAt, UpdatedAt};
    let client = database("plans_of_queries").await;
    client.batch_execute(WAITS).await.unwrap();
    for (text, field, index) in [
        (
            "assignee:me status:open,pending",
            UpdatedAt,
            "tickets_by_assignee",
        ),
        (
            "assignee:me -status:closed",
            UpdatedAt,
            "tickets_by_assignee",
        ),
        (
            "assignee:none priority:>=high",
            UpdatedAt,
            "tickets_unassigned",
        ),
        ("status:open -tag:vip", UpdatedAt, "tickets_by_"),
        (
            "requester:me -status:closed",
            UpdatedAt,
            "tickets_by_requester",
        ),
        ("#12", UpdatedAt, "tickets_by_number"),
        ("tag:vip,gold", UpdatedAt, "tickets_by_tag"),
        ("field.floor:first,3", UpdatedAt, "tickets_by_field"),
        ("missed:first_reply", UpdatedAt, "sla_measures_missed"),
        ("updated:<2h", UpdatedAt, "tickets_by_updated"),
        ("created:today", CreatedAt, "tickets_by_created"),
        ("due:<2h status:open", NextDeadlineAt, "tickets_by_deadline"),
    ] {
        let plan = plan(
            &client,
            Role::Agent,
            field,
            Direction::Descending,
            asked(text),
        )
        .await;
        assert!(plan.contains(index), "{text}: {index} is not used:\n{plan}");
        assert!(!plan.contains("Seq Scan on tickets"), "{text}:\n{plan}");
    }
}

/// Without it, whoever asks for what is due soon would wait for a look at everything that has no deadline.
#[tokio::test]
async fn what_is_due_is_not_looked_for_among_tickets_without_a_deadline() {
    let client = database("plans_of_due").await;
    let filter = asked("due:<2h");
    let direction = Direction::Ascending;
    let plan = plan(
        &client,
        Role::Agent,
        SortField::NextDeadlineAt,
        direction,
        filter,
    )
    .await;
    assert!(
        !plan.contains("without_deadline") && !plan.contains("Sort"),
        "{plan}"
    );
}

#[tokio::test]
async fn counts_that_are_kept_read_no_ticket() {
    let client = database("plans_of_counts").await;
    client.batch_execute(COUNTS).await.unwrap();
    let asker = viewer(Role::Agent);
    let asker = Asker {
        viewer: &asker,
        company: None,
    };
    let kept: Vec<_> = [
        "status:open",
        "assignee:me -status:closed",
        "assignee:none priority:>=high",
        "-team:none status:new,open",
        "assignee:me,none -assignee:none",
    ]
    .map(asked)
    .into();
    let plan = explained(&client, &counts(asker, &kept, None)).await;
    assert_eq!(
        plan.matches("ticket_counts_pkey").count(),
        kept.len(),
        "{plan}"
    );
    assert!(
        !plan.contains("Scan on tickets") && !plan.contains(" tickets_"),
        "{plan}"
    );
    let counted: Vec<_> = ["tag:vip", "requester:me", "updated:<2h"].map(asked).into();
    let bounded = counts(asker, &counted, Some(COUNTED_MAX));
    let plan = explained(&client, &bounded).await;
    assert!(!plan.contains("Seq Scan on tickets"), "{plan}");
    assert!(plan.matches("Limit").count() >= counted.len(), "{plan}");
}
