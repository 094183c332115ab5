//! Reminders of those whose answer a ticket waits for: each once, never early, and none once the wait is over.

use crate::desk::{Desk, eventually, microsecond, minutes, start};
use chrono::{DateTime, Utc};
use domain::actor::Actor;
use domain::organization::waiting::{Delay, WaitingRules};
use domain::ticket::event::TicketEvent;
use domain::ticket::state::{Priority, Status};
use schema::table;
use write_side::commands::ChangeOrganization;
use write_side::dispatch::CommandContext;

/// An organization that reminds after one hour and after three.
async fn set_reminders(desk: &Desk) {
    let delay = |hours: u32| Delay {
        seconds: hours * 3_600,
        calendar_id: None,
    };
    let waiting = WaitingRules {
        auto_close: None,
        reminders: Some(vec![delay(1), delay(3)]),
    };
    let change = ChangeOrganization {
        waiting: Some(waiting),
        ..ChangeOrganization::default()
    };
    let context = CommandContext::new(desk.organization_id, Actor::Operator);
    let dispatched = desk.server.dispatcher.dispatch(context, change).await;
    dispatched.unwrap();
}

async fn reminders(desk: &Desk) -> Vec<(u32, DateTime<Utc>)> {
    let events = desk.events().await.into_iter();
    let reminded = events.filter_map(|recorded| match recorded.event {
        TicketEvent::Reminded(reminded) => Some((reminded.number, reminded.due_at)),
        _ => None,
    });
    reminded.collect()
}

#[tokio::test]
async fn a_requester_is_reminded_at_each_time_once() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    set_reminders(&desk).await;
    let ticket_id = desk.open_ticket(Priority::Low).await;
    desk.agent_sets(ticket_id, Status::Pending).await;
    desk.advance(&saga, minutes(60) - microsecond()).await;
    assert_eq!(reminders(&desk).await, []);
    desk.advance(&saga, microsecond()).await;
    desk.advance(&saga, minutes(60)).await;
    assert_eq!(reminders(&desk).await, [(1, start() + minutes(60))]);
    // Another instance knows what the first one knew.
    drop(saga);
    let saga = desk.saga().await;
    desk.settle(&saga).await;
    desk.advance(&saga, minutes(500)).await;
    let both = [(1, start() + minutes(60)), (2, start() + minutes(180))];
    assert_eq!(reminders(&desk).await, both);
    assert_eq!(desk.count(table::NOTICES).await, 2);
}

#[tokio::test]
async fn an_answer_takes_the_timer_away() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    set_reminders(&desk).await;
    let ticket_id = desk.open_ticket(Priority::Low).await;
    desk.agent_sets(ticket_id, Status::Pending).await;
    desk.advance(&saga, minutes(59)).await;
    desk.customer_replies(ticket_id).await;
    desk.advance(&saga, minutes(500)).await;
    assert_eq!(reminders(&desk).await, []);
    assert_eq!(desk.count(table::NOTICES).await, 0);
}

#[tokio::test]
async fn after_a_downtime_the_requester_hears_once() {
    let desk = Desk::open().await;
    set_reminders(&desk).await;
    let ticket_id = desk.open_ticket(Priority::Low).await;
    desk.agent_sets(ticket_id, Status::Pending).await;
    desk.clock.advance(minutes(24 * 60));
    let (_first, _second) = (desk.saga().await, desk.saga().await);
    eventually("the requester is reminded", async || {
        !reminders(&desk).await.is_empty()
    })
    .await;
    eventually("no reminder is left", async || {
        let statement = format!(
            "SELECT count(*) FROM {} WHERE kind = 'reminder'",
            table::TIMERS
        );
        let client = desk.client().await;
        let row = client.query_one(&statement, &[]).await.unwrap();
        row.get::<_, i64>(0) == 0
    })
    .await;
    assert_eq!(reminders(&desk).await, [(2, start() + minutes(180))]);
}
