//! What cannot be seen from outside: that a stale leader's transaction is refused, and which event counts as a timer's cause.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::error::SagaError;
use super::fold::{self, Changes, TicketTimers};
use super::lease::Lease;
use super::options::Options;
use super::recompute::RulesNews;
use super::tables::Tables;
use super::timer::{Timer, TimerKind};
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::Pool;
use domain::ids::{OrganizationId, TicketId, UserId};
use domain::sla::Metric;
use domain::sla::terms::CalendarBook;
use event_store::{OrgId, Partition, Position, RecordedEvent, Version};
use platform::config::PoolSettings;
use platform::pools::Pools;
use platform::private::test_servers;
use schema::table;
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

async fn migrated_pool(database: &str) -> Pool {
    let servers = test_servers().await.unwrap();
    let name = format!("{database}_{}", std::process::id());
    let url = servers.create_database(&name).await.unwrap();
    let config = platform::pools::postgres_config(&url).unwrap();
    let (mut client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    schema::migrations::run(&mut client).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
    Pools::new(&url, &PoolSettings::default()).unwrap().saga
}

fn one_timer() -> Changes {
    let timer = Timer {
        organization_id: OrganizationId(Uuid::now_v7()),
        ticket_id: TicketId(Uuid::now_v7()),
        kind: TimerKind::AutoClose,
        due_at: noon(),
        set_by_event: Uuid::now_v7(),
        correlation_id: Uuid::now_v7(),
    };
    Changes {
        timers_set: vec![timer],
        timers_added: 1,
        ..Changes::default()
    }
}

#[tokio::test]
async fn a_leader_whose_lease_was_taken_over_writes_nothing() {
    let pool = migrated_pool("saga_fence").await;
    let partition = Partition::new(3).unwrap();
    let options = Options {
        lease_duration: Duration::from_secs(3_600),
        ..Options::default()
    };
    let tables = Tables {
        pool: pool.clone(),
        partition,
        timeout: Duration::from_secs(10),
    };
    let position = |number| Position::new(number).unwrap();
    let stale = Lease::acquire(&pool, partition, Uuid::now_v7(), &options)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(tables.checkpoint().await.unwrap().position, Position::START);
    let refused = Lease::acquire(&pool, partition, Uuid::now_v7(), &options)
        .await
        .unwrap();
    assert!(refused.is_none(), "a lease that is held is not given");
    tables
        .commit(
            &stale,
            position(0),
            position(1),
            &Changes::default(),
            &RulesNews::default(),
        )
        .await
        .unwrap();

    let expire = format!(
        "UPDATE {} SET expires_at = '-infinity' WHERE partition = $1",
        table::SAGA_LEASES
    );
    pool.get()
        .await
        .unwrap()
        .execute(&expire, &[&partition.get()])
        .await
        .unwrap();
    tables
        .commit(
            &stale,
            position(1),
            position(2),
            &Changes::default(),
            &RulesNews::default(),
        )
        .await
        .unwrap();
    let successor = Lease::acquire(&pool, partition, Uuid::now_v7(), &options)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(successor.fence, stale.fence + 1);

    assert!(
        stale.is_held(),
        "by its own clock it has no reason to doubt"
    );
    let written = tables
        .commit(
            &stale,
            position(2),
            position(3),
            &one_timer(),
            &RulesNews::default(),
        )
        .await;
    assert!(
        matches!(written, Err(SagaError::LeaseLost(_))),
        "{written:?}"
    );
    stale.release(&pool).await.unwrap();
    assert_eq!(tables.checkpoint().await.unwrap().position, position(2));
    assert_eq!(tables.count_timers().await.unwrap(), 0);

    tables
        .commit(
            &successor,
            position(2),
            position(3),
            &one_timer(),
            &RulesNews::default(),
        )
        .await
        .unwrap();
    assert_eq!(tables.count_timers().await.unwrap(), 1);
    let repeated = tables
        .commit(
            &successor,
            position(2),
            position(3),
            &one_timer(),
            &RulesNews::default(),
        )
        .await;
    assert!(
        matches!(repeated, Err(SagaError::LeaseLost(_))),
        "a checkpoint moves from where the fold began: {repeated:?}"
    );
    assert_eq!(tables.count_timers().await.unwrap(), 1);
}

/// What lets the tables be spread over machines by partition, and a transaction stay on one of them.
#[tokio::test]
async fn partition_comes_first_in_every_index_of_the_sagas_tables() {
    let pool = migrated_pool("saga_catalogue").await;
    let tables = vec![
        table::SAGA_CHECKPOINTS,
        table::SAGA_LEASES,
        table::SLA_CLOCKS,
        table::TIMERS,
        table::SLA_RECOMPUTES,
    ];
    let first_columns = "SELECT a.attname::text FROM pg_index i \
         JOIN pg_class c ON c.oid = i.indrelid \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] \
         WHERE c.relname = ANY($1::text[])";
    let rows = pool
        .get()
        .await
        .unwrap()
        .query(first_columns, &[&tables])
        .await
        .unwrap();
    assert_eq!(
        rows.len(),
        tables.len() + 4,
        "a primary key each, the order of timers, two ways to open tickets, and what is not carried yet"
    );
    assert!(rows.iter().all(|row| row.get::<_, &str>(0) == "partition"));
}

fn recorded(
    position: i64,
    ticket_id: Uuid,
    event_type: &str,
    data: serde_json::Value,
) -> RecordedEvent {
    let metadata =
        serde_json::json!({"actor": {"kind": "operator"}, "correlation_id": Uuid::from_u128(77)});
    let occurred_at = noon() + TimeDelta::minutes(position);
    RecordedEvent {
        partition: Partition::new(0).unwrap(),
        position: Position::new(position).unwrap(),
        org_id: OrgId(Uuid::from_u128(5)),
        stream_type: domain::ticket::STREAM_TYPE.into(),
        stream_id: ticket_id,
        version: Version::new(position).unwrap(),
        event_id: Uuid::from_u128(u128::try_from(position).unwrap()),
        event_type: event_type.into(),
        schema_version: 1,
        data: data.to_string(),
        metadata: metadata.to_string(),
        occurred_at,
        recorded_at: occurred_at,
        hash: [0; 32],
    }
}

fn opened(position: i64, ticket_id: Uuid) -> RecordedEvent {
    let data = serde_json::json!({
        "subject": "It does not work",
        "requester_id": Uuid::from_u128(6),
        "priority": "urgent",
        "channel": "api",
        "sla_targets": {"first_response_minutes": 60, "resolution_minutes": 480},
    });
    recorded(position, ticket_id, "ticket.opened", data)
}

fn message(position: i64, ticket_id: Uuid, event_type: &str) -> RecordedEvent {
    recorded(
        position,
        ticket_id,
        event_type,
        serde_json::json!({"message_id": Uuid::from_u128(9)}),
    )
}

#[test]
fn a_timers_cause_is_the_event_that_moved_it_last_and_not_the_last_event() {
    let ticket_id = Uuid::now_v7();
    let page = [
        opened(1, ticket_id),
        message(2, ticket_id, "ticket.note_added"),
        message(3, ticket_id, "ticket.agent_replied"),
    ];
    let changes = fold::fold(&page, &HashMap::new(), &CalendarBook::default()).unwrap();
    let [timer] = changes.timers_set.as_slice() else {
        panic!("{changes:?}")
    };
    assert_eq!(timer.kind, TimerKind::Deadline(Metric::AgentWork));
    assert_eq!(timer.set_by_event, Uuid::from_u128(1));
    assert_eq!(timer.correlation_id, Uuid::from_u128(77));
    assert_eq!(timer.due_at, noon() + TimeDelta::minutes(1 + 480));
    assert_eq!(changes.timers_added, 1);
    assert_eq!(changes.clocks_kept[0].position, Position::new(3).unwrap());
}

/// The opening and the promise of a policy are one append, but a page may end between them.
#[test]
fn an_opening_that_two_pages_share_sets_the_timers_that_one_page_would() {
    let ticket_id = Uuid::now_v7();
    let opening = RecordedEvent {
        data: serde_json::json!({
            "subject": "It does not work", "requester_id": Uuid::from_u128(6), "priority": "urgent", "channel": "api",
        })
        .to_string(),
        ..opened(1, ticket_id)
    };
    let promise = serde_json::json!({
        "policy": {"id": Uuid::from_u128(8), "version": 1},
        "targets": [{"metric": "first_reply", "target_ms": 60_000}, {"metric": "agent_work", "target_ms": 120_000}],
        "cause": "opened",
    });
    let promise = recorded(2, ticket_id, "ticket.sla_applied", promise);
    let book = CalendarBook::default();
    let page = [opening, promise];
    let whole = fold::fold(&page, &HashMap::new(), &book).unwrap();
    let first = fold::fold(&page[..1], &HashMap::new(), &book).unwrap();
    assert!(first.timers_set.is_empty());
    let [row] = first.clocks_kept.as_slice() else {
        panic!("{first:?}")
    };
    let known = TicketTimers {
        requester_id: row.requester_id,
        clocks: row.clocks.clone(),
        ..TicketTimers::default()
    };
    let second = fold::fold(&page[1..], &HashMap::from([(row.ticket, known)]), &book).unwrap();
    assert_eq!(second.timers_set, whole.timers_set);
    assert_eq!(second.timers_set.len(), 2);
    assert_eq!(second.clocks_kept[0].clocks, whole.clocks_kept[0].clocks);
    let requester_id = second.clocks_kept[0].requester_id;
    assert_eq!(requester_id, Some(UserId(Uuid::from_u128(6))));
}

#[test]
fn events_that_move_no_clock_write_no_row() {
    let ticket_id = Uuid::now_v7();
    let other = RecordedEvent {
        stream_type: "message".into(),
        ..opened(3, Uuid::now_v7())
    };
    let imported = message(2, ticket_id, "ticket.note_added");
    let changes = fold::fold(
        &[imported, other],
        &HashMap::new(),
        &CalendarBook::default(),
    )
    .unwrap();
    assert!(changes.clocks_kept.is_empty() && changes.clocks_gone.is_empty());
    assert!(changes.timers_set.is_empty() && changes.timers_gone.is_empty());
}
