//! Many timers at once, and what else may go wrong at that moment.

use crate::desk::{Desk, minutes, quick};
use domain::sla::Metric;
use domain::ticket::command::TicketCommand;
use domain::ticket::state::Priority;
use event_store::{AppendRequest, NewEvent, OrgId, StreamAppend, StreamId, Version};
use futures::StreamExt;
use platform::clock::Clock;
use schema::table;
use std::collections::HashMap;
use uuid::Uuid;

#[tokio::test]
async fn ten_thousand_overdue_timers_fire_in_order_and_once() {
    const TICKETS: usize = 5_000;
    let desk = Desk::open().await;
    let open = |number: usize| {
        let desk = &desk;
        async move {
            desk.open_ticket(Priority::ALL[number % Priority::ALL.len()])
                .await
        }
    };
    let opened: Vec<_> = futures::stream::iter(0..TICKETS)
        .map(open)
        .buffer_unordered(64)
        .collect()
        .await;
    assert_eq!(opened.len(), TICKETS);

    desk.clock.advance(minutes(20_000));
    let saga = desk.saga().await;
    desk.settle(&saga).await;

    let breaches = desk.breaches().await;
    assert_eq!(breaches.len(), 2 * TICKETS);
    let mut of_ticket: HashMap<_, Vec<_>> = HashMap::new();
    for (ticket_id, breach) in &breaches {
        of_ticket
            .entry(*ticket_id)
            .or_default()
            .push((breach.due_at, breach.metric));
    }
    assert_eq!(of_ticket.len(), TICKETS);
    for deadlines in of_ticket.values() {
        assert_eq!(
            deadlines
                .iter()
                .map(|(_, metric)| *metric)
                .collect::<Vec<_>>(),
            [Metric::FirstReply, Metric::AgentWork]
        );
        assert!(
            deadlines.is_sorted(),
            "the order of one ticket is strict: {deadlines:?}"
        );
    }
    // Across tickets, a timer may only overtake those of its own batch.
    let batch_limit = quick().batch_limit;
    let due: Vec<_> = breaches.iter().map(|(_, breach)| breach.due_at).collect();
    let mut sorted = due.clone();
    sorted.sort_unstable();
    for (place, due_at) in due.iter().enumerate() {
        assert!(
            *due_at >= sorted[place.saturating_sub(batch_limit)],
            "the timer at {place} came too late"
        );
        assert!(
            *due_at <= sorted[(place + batch_limit).min(sorted.len() - 1)],
            "the timer at {place} came too soon"
        );
    }
    assert_eq!(desk.count(table::TIMERS).await, 0);
}

#[tokio::test]
async fn commands_that_come_during_a_storm_are_answered_and_breach_nothing_twice() {
    const TICKETS: usize = 400;
    let desk = Desk::open().await;
    let mut tickets = Vec::new();
    for _ in 0..TICKETS {
        tickets.push(desk.open_ticket(Priority::Urgent).await);
    }
    desk.clock.advance(minutes(60));
    let saga = desk.saga().await;
    for ticket_id in tickets.iter().rev() {
        desk.agent_replies(*ticket_id).await;
        desk.agent_does(*ticket_id, TicketCommand::Resolve).await;
    }
    desk.settle(&saga).await;
    let mut breached: Vec<_> = desk
        .breaches()
        .await
        .iter()
        .map(|(ticket_id, breach)| (*ticket_id, breach.metric))
        .collect();
    let count = breached.len();
    breached.sort_unstable();
    breached.dedup();
    assert_eq!(breached.len(), count);
    assert!(
        breached
            .iter()
            .all(|(_, metric)| *metric == Metric::FirstReply)
    );
}

#[tokio::test]
async fn an_event_that_cannot_be_understood_stops_its_partition_and_names_its_position() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    desk.open_ticket(Priority::Urgent).await;
    let before = desk.settle(&saga).await;
    let poison = NewEvent {
        event_id: Uuid::now_v7(),
        event_type: "ticket.teleported".into(),
        schema_version: 1,
        data: "{}".into(),
        metadata: "{}".into(),
        occurred_at: desk.clock.now(),
    };
    let stream = StreamId {
        stream_type: domain::ticket::STREAM_TYPE.into(),
        id: Uuid::now_v7(),
    };
    let append = AppendRequest {
        partition: desk.partition,
        org_id: OrgId(desk.organization_id.0),
        streams: vec![StreamAppend {
            stream,
            expected: Version::NONE,
            events: vec![poison],
        }],
        result: None,
    };
    // Of a busy machine there may be other failures before.
    let is_poisoned =
        |failure: Option<&str>| failure.is_some_and(|it| it.contains("ticket.teleported"));
    let position = desk.server.store.append(append).await.unwrap().position;

    let stopped = desk
        .wait_for(&saga, |status| is_poisoned(status.failure.as_deref()))
        .await;
    let failure = stopped.failure.clone().unwrap();
    assert!(
        failure.contains(&format!("position {position}")),
        "{failure}"
    );
    assert_eq!(stopped.position, before.position, "nothing is skipped");

    desk.clock.advance(minutes(60));
    let tried_again = desk
        .wait_for(&saga, |status| {
            is_poisoned(status.failure.as_deref()) && !status.is_leading
        })
        .await;
    assert_eq!(tried_again.position, before.position);
    let head = desk.server.store.head(desk.partition).await.unwrap();
    assert_eq!(
        head, position,
        "nothing fires on a log that is not understood"
    );
}
