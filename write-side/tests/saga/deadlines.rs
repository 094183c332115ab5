//! What a deadline yields, and what keeps it from yielding anything.

use crate::desk::{Desk, microsecond, minutes, start};
use domain::actor::Actor;
use domain::sla::Metric;
use domain::ticket::command::TicketCommand;
use domain::ticket::event::TicketEvent;
use domain::ticket::state::{Priority, Status};
use schema::table;

#[tokio::test]
async fn a_missed_deadline_yields_one_breach_dated_at_the_deadline_that_tells_its_lateness() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let ticket_id = desk.open_ticket(Priority::Urgent).await;
    desk.settle(&saga).await;

    desk.advance(&saga, minutes(60) + microsecond() * 2_500_000)
        .await;
    desk.advance(&saga, minutes(60)).await;

    let breaches = desk.breaches().await;
    assert_eq!(breaches.len(), 1, "{breaches:?}");
    let (breached, breach) = &breaches[0];
    assert_eq!(*breached, ticket_id);
    assert_eq!(breach.metric, Metric::FirstReply);
    assert_eq!(breach.due_at, start() + minutes(60));
    assert_eq!(breach.lateness_ms, 2_500);
    let recorded = desk
        .events()
        .await
        .into_iter()
        .find(|recorded| matches!(recorded.event, TicketEvent::SlaBreached(_)));
    assert_eq!(recorded.unwrap().occurred_at, start() + minutes(60));
}

#[tokio::test]
async fn a_breach_names_the_timer_as_its_actor_and_the_event_that_set_it_as_its_cause() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    desk.open_ticket(Priority::Urgent).await;
    desk.settle(&saga).await;
    desk.advance(&saga, minutes(60)).await;

    let events = desk.events().await;
    let opened = events
        .iter()
        .find(|recorded| matches!(recorded.event, TicketEvent::Opened(_)))
        .unwrap();
    let breached = events
        .iter()
        .find(|recorded| matches!(recorded.event, TicketEvent::SlaBreached(_)))
        .unwrap();
    assert_eq!(breached.metadata.actor, Actor::Timer);
    assert_eq!(breached.metadata.causation_id, Some(opened.event_id));
    assert_eq!(
        breached.metadata.correlation_id,
        opened.metadata.correlation_id
    );
}

#[tokio::test]
async fn nothing_fires_a_microsecond_before_its_deadline_and_both_metrics_fire_at_theirs() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let ticket_id = desk.open_ticket(Priority::Urgent).await;

    desk.clock.set(start() + minutes(60) - microsecond());
    let status = desk.settle(&saga).await;
    assert_eq!(desk.breaches().await, []);
    assert_eq!(status.next_due_at, Some(start() + minutes(60)));
    assert_eq!(status.timers_pending, 2);

    desk.advance(&saga, microsecond()).await;
    let first = (Metric::FirstReply, start() + minutes(60));
    assert_eq!(desk.breaches_of(ticket_id).await, [first]);

    desk.clock.set(start() + minutes(480) - microsecond());
    desk.settle(&saga).await;
    assert_eq!(desk.breaches_of(ticket_id).await, [first]);
    desk.advance(&saga, microsecond()).await;
    assert_eq!(
        desk.breaches_of(ticket_id).await,
        [first, (Metric::AgentWork, start() + minutes(480))]
    );
    assert_eq!(desk.count(table::TIMERS).await, 0);
}

#[tokio::test]
async fn a_public_reply_a_microsecond_before_the_deadline_leaves_no_breach() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let ticket_id = desk.open_ticket(Priority::Urgent).await;
    desk.settle(&saga).await;

    desk.clock.set(start() + minutes(60) - microsecond());
    desk.agent_replies(ticket_id).await;
    desk.advance(&saga, minutes(60)).await;

    assert_eq!(desk.breaches().await, []);
    assert_eq!(
        desk.count(table::TIMERS).await,
        1,
        "the resolution's timer stays"
    );
}

#[tokio::test]
async fn time_pending_or_on_hold_does_not_count_for_the_resolution() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let ticket_id = desk.open_ticket(Priority::Urgent).await;
    desk.agent_replies(ticket_id).await;
    desk.advance(&saga, minutes(100)).await;
    desk.agent_sets(ticket_id, Status::Pending).await;
    desk.advance(&saga, minutes(1_000)).await;
    assert_eq!(desk.count(table::TIMERS).await, 0);
    desk.agent_sets(ticket_id, Status::OnHold).await;
    desk.advance(&saga, minutes(1_000)).await;
    desk.agent_sets(ticket_id, Status::Open).await;

    desk.advance(&saga, minutes(380) - microsecond()).await;
    assert_eq!(desk.breaches().await, []);
    desk.advance(&saga, microsecond()).await;
    assert_eq!(
        desk.breaches_of(ticket_id).await,
        [(Metric::AgentWork, start() + minutes(2_480))]
    );
}

#[tokio::test]
async fn a_change_of_priority_moves_the_deadlines_both_ways() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let ticket_id = desk.open_ticket(Priority::Low).await;
    desk.settle(&saga).await;

    desk.agent_does(ticket_id, TicketCommand::ChangePriority(Priority::Urgent))
        .await;
    assert_eq!(
        desk.settle(&saga).await.next_due_at,
        Some(start() + minutes(60))
    );
    desk.agent_does(ticket_id, TicketCommand::ChangePriority(Priority::High))
        .await;
    assert_eq!(
        desk.settle(&saga).await.next_due_at,
        Some(start() + minutes(240))
    );

    desk.advance(&saga, minutes(239)).await;
    assert_eq!(desk.breaches().await, []);
    desk.advance(&saga, minutes(1)).await;
    assert_eq!(
        desk.breaches_of(ticket_id).await,
        [(Metric::FirstReply, start() + minutes(240))]
    );
}

#[tokio::test]
async fn a_target_that_was_overrun_when_it_came_breaches_at_the_change_and_not_before() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let ticket_id = desk.open_ticket(Priority::Low).await;
    desk.advance(&saga, minutes(90)).await;
    assert_eq!(desk.breaches().await, []);

    desk.agent_does(ticket_id, TicketCommand::ChangePriority(Priority::Urgent))
        .await;
    desk.settle(&saga).await;
    assert_eq!(
        desk.breaches_of(ticket_id).await,
        [(Metric::FirstReply, start() + minutes(90))]
    );
}

#[tokio::test]
async fn a_reopened_ticket_goes_on_with_the_time_that_it_had_used() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let ticket_id = desk.open_ticket(Priority::Urgent).await;
    desk.agent_replies(ticket_id).await;
    desk.advance(&saga, minutes(200)).await;
    desk.agent_does(ticket_id, TicketCommand::Resolve).await;
    desk.advance(&saga, minutes(600)).await;
    assert_eq!(desk.breaches().await, []);

    desk.agent_does(ticket_id, TicketCommand::Reopen { reason: None })
        .await;
    desk.advance(&saga, minutes(280) - microsecond()).await;
    assert_eq!(desk.breaches().await, []);
    desk.advance(&saga, microsecond()).await;
    assert_eq!(
        desk.breaches_of(ticket_id).await,
        [(Metric::AgentWork, start() + minutes(1_080))]
    );
}

#[tokio::test]
async fn a_clock_that_breached_never_breaches_again() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let ticket_id = desk.open_ticket(Priority::Urgent).await;
    desk.agent_replies(ticket_id).await;
    desk.advance(&saga, minutes(481)).await;
    desk.agent_sets(ticket_id, Status::Pending).await;
    desk.agent_sets(ticket_id, Status::Open).await;
    desk.agent_does(ticket_id, TicketCommand::Resolve).await;
    desk.agent_does(ticket_id, TicketCommand::Reopen { reason: None })
        .await;
    desk.agent_does(ticket_id, TicketCommand::ChangePriority(Priority::High))
        .await;
    desk.advance(&saga, minutes(50_000)).await;
    assert_eq!(
        desk.breaches_of(ticket_id).await,
        [(Metric::AgentWork, start() + minutes(480))]
    );
}

#[tokio::test]
async fn an_imported_ticket_has_no_timers() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let import = Actor::Import {
        source: "servicenow-log".into(),
        by: None,
    };
    let ticket_id = desk.open_ticket_as(import.clone(), Priority::Urgent).await;
    for status in [
        Status::Open,
        Status::Resolved,
        Status::Open,
        Status::Resolved,
    ] {
        desk.command(&import, ticket_id, TicketCommand::ImportStatus(status))
            .await
            .unwrap();
    }
    desk.settle(&saga).await;
    assert_eq!(desk.count(table::TIMERS).await, 0);
    assert_eq!(desk.count(table::SLA_CLOCKS).await, 0);

    let before = desk.events().await.len();
    desk.advance(&saga, minutes(1_000_000)).await;
    assert_eq!(desk.events().await.len(), before);
}

#[tokio::test]
async fn a_clock_that_jumps_back_and_forth_makes_no_breach_early_and_none_twice() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let ticket_id = desk.open_ticket(Priority::Urgent).await;
    desk.settle(&saga).await;

    for minute in [59, -600, 30, -100_000, 59, 0] {
        desk.clock.set(start() + minutes(minute));
        desk.settle(&saga).await;
        assert_eq!(desk.breaches().await, []);
    }
    for minute in [61, 0, 61, -600, 479, 60] {
        desk.clock.set(start() + minutes(minute));
        desk.settle(&saga).await;
        assert_eq!(
            desk.breaches_of(ticket_id).await,
            [(Metric::FirstReply, start() + minutes(60))]
        );
    }
    assert!(
        desk.breaches()
            .await
            .iter()
            .all(|(_, breach)| breach.lateness_ms >= 0)
    );
}
