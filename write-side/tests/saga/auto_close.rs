//! A resolved ticket closes by itself, unless somebody speaks.

use crate::desk::{Desk, microsecond, start};
use chrono::TimeDelta;
use domain::actor::Actor;
use domain::ticket::command::TicketCommand;
use domain::ticket::event::{Cause, TicketEvent};
use domain::ticket::state::{Priority, Status};
use schema::table;

#[tokio::test]
async fn a_resolved_ticket_closes_after_96_hours_and_not_a_microsecond_before() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let ticket_id = desk.open_ticket(Priority::Normal).await;
    desk.agent_does(ticket_id, TicketCommand::Resolve).await;

    desk.advance(&saga, TimeDelta::hours(96) - microsecond())
        .await;
    assert!(desk.closings().await.is_empty());
    desk.advance(&saga, microsecond()).await;
    desk.advance(&saga, TimeDelta::hours(96)).await;

    let closings = desk.closings().await;
    assert_eq!(closings.len(), 1, "{closings:?}");
    assert_eq!(closings[0].occurred_at, start() + TimeDelta::hours(96));
    assert_eq!(closings[0].metadata.actor, Actor::Timer);
    let TicketEvent::Closed(closed) = &closings[0].event else {
        panic!("{closings:?}")
    };
    assert_eq!(
        (closed.from, closed.cause),
        (Status::Resolved, Cause::Timer)
    );
    assert_eq!(desk.breaches().await, []);
    assert_eq!(desk.count(table::TIMERS).await, 0);
}

#[tokio::test]
async fn a_customers_reply_keeps_a_resolved_ticket_from_closing() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let ticket_id = desk.open_ticket(Priority::Normal).await;
    desk.agent_does(ticket_id, TicketCommand::Resolve).await;
    desk.advance(&saga, TimeDelta::hours(96) - microsecond())
        .await;

    desk.customer_replies(ticket_id).await;
    desk.advance(&saga, TimeDelta::hours(200)).await;
    assert!(desk.closings().await.is_empty());
}

#[tokio::test]
async fn a_ticket_that_is_resolved_again_closes_96_hours_after_the_last_time() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let ticket_id = desk.open_ticket(Priority::Normal).await;
    desk.agent_does(ticket_id, TicketCommand::Resolve).await;
    desk.advance(&saga, TimeDelta::hours(90)).await;
    desk.agent_does(ticket_id, TicketCommand::Reopen { reason: None })
        .await;
    desk.agent_does(ticket_id, TicketCommand::Resolve).await;

    desk.advance(&saga, TimeDelta::hours(96) - microsecond())
        .await;
    assert!(desk.closings().await.is_empty());
    desk.advance(&saga, microsecond()).await;
    assert_eq!(desk.closings().await.len(), 1);
}

#[tokio::test]
async fn a_ticket_that_was_closed_by_hand_is_not_closed_again() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let ticket_id = desk.open_ticket(Priority::Normal).await;
    desk.agent_does(ticket_id, TicketCommand::Resolve).await;
    desk.settle(&saga).await;
    desk.agent_does(ticket_id, TicketCommand::Close).await;
    desk.advance(&saga, TimeDelta::hours(200)).await;
    assert_eq!(desk.closings().await.len(), 1);
    assert_eq!(desk.count(table::TIMERS).await, 0);
}
