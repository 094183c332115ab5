//! Warnings before a deadline: once, never early, with what they change, whoever is down meanwhile. The desk opens on a
//! Monday at 9 UTC.

use crate::desk::{Desk, eventually, microsecond, minutes, quick, start};
use domain::actor::Actor;
use domain::ids::PolicyId;
use domain::service_levels::command::ServiceLevelsCommand;
use domain::service_levels::state::ServiceLevels;
use domain::service_levels::stream_id;
use domain::sla::Metric;
use domain::sla::policy::{Conditions, PolicyDefinition, Target};
use domain::sla::warning::{Action, Threshold, Warning};
use domain::text::{Email, Name, Tag};
use domain::ticket::command::TicketCommand;
use domain::ticket::event::{SlaWarned, TicketEvent};
use domain::ticket::state::{Priority, Status};
use platform::shutdown::Shutdown;
use schema::table;
use uuid::Uuid;
use write_side::dispatch::{CommandContext, CommandError, UseCase, Work};

/// What an administrator promises: agents' work in 100 minutes, with warnings.
struct Promise(Vec<Warning>);

impl UseCase for Promise {
    type Answer = i64;

    async fn decide(&self, work: &mut Work<'_>) -> Result<i64, CommandError> {
        let levels = stream_id(work.organization_id());
        let target = |priority| Target {
            priority,
            metric: Metric::AgentWork,
            seconds: 6_000,
            calendar_id: None,
            warnings: self.0.clone(),
        };
        let definition = PolicyDefinition {
            name: Name::parse("Everybody").unwrap(),
            conditions: Conditions::default(),
            targets: Priority::ALL.map(target).into(),
        };
        let create = ServiceLevelsCommand::CreatePolicy {
            policy_id: PolicyId(Uuid::now_v7()),
            definition,
        };
        work.issue::<ServiceLevels>(levels, create).await?;
        Ok(0)
    }
}

fn warning(threshold: Threshold, actions: Vec<Action>) -> Warning {
    Warning { threshold, actions }
}

/// Half of the time raises the priority and writes to the desk; the deadline adds a tag.
fn escalation() -> Vec<Warning> {
    let address = Email::parse("duty@nordlicht.example").unwrap();
    let raise = vec![
        Action::RaisePriority { to: None },
        Action::NotifyAddress { address },
    ];
    let tag = Tag::parse("late").unwrap();
    vec![
        warning(Threshold::Percent(50), raise),
        warning(Threshold::SecondsBefore(0), vec![Action::AddTag { tag }]),
    ]
}

async fn promise(desk: &Desk) {
    let context = CommandContext::new(desk.organization_id, Actor::Operator);
    let promise = Promise(escalation());
    let dispatched = desk.server.dispatcher.dispatch(context, promise).await;
    dispatched.unwrap();
}

async fn warnings(desk: &Desk) -> Vec<SlaWarned> {
    let events = desk.events().await.into_iter();
    let warned = events.filter_map(|recorded| match recorded.event {
        TicketEvent::SlaWarned(warned) => Some(warned),
        _ => None,
    });
    warned.collect()
}

#[tokio::test]
async fn a_warning_comes_at_its_time_with_what_it_changes_as_its_effect() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    promise(&desk).await;
    desk.open_ticket(Priority::Normal).await;
    desk.advance(&saga, minutes(50) - microsecond()).await;
    assert_eq!(warnings(&desk).await, []);
    desk.advance(&saga, microsecond()).await;
    let [given] = &warnings(&desk).await[..] else {
        panic!("one warning")
    };
    assert_eq!(given.due_at, start() + minutes(50));
    assert_eq!(given.lateness_ms, 0);
    let events = desk.events().await;
    let place = |found: fn(&TicketEvent) -> bool| {
        let recorded = events.iter().find(|recorded| found(&recorded.event));
        recorded.expect("the event is there")
    };
    let warned = place(|event| matches!(event, TicketEvent::SlaWarned(_)));
    let raised = place(|event| matches!(event, TicketEvent::PriorityChanged(_)));
    assert_eq!(warned.metadata.actor, Actor::Timer);
    assert_eq!(raised.metadata.actor, Actor::Timer);
    assert_eq!(raised.metadata.causation_id, Some(warned.event_id));
    assert_eq!(
        raised.metadata.correlation_id,
        warned.metadata.correlation_id
    );

    desk.advance(&saga, minutes(500)).await;
    assert_eq!(warnings(&desk).await.len(), 2);
    assert_eq!(desk.breaches().await.len(), 1);
    assert_eq!(desk.count(table::TIMERS).await, 0);
}

#[tokio::test]
async fn two_sagas_and_a_downtime_give_each_warning_once() {
    let desk = Desk::open().await;
    promise(&desk).await;
    desk.open_ticket(Priority::Normal).await;
    // Nobody is there when the warning and the deadline come.
    desk.clock.advance(minutes(600));
    let first = desk.saga().await;
    let second = desk.saga().await;
    eventually("both thresholds are told", async || {
        warnings(&desk).await.len() == 2
    })
    .await;
    drop(second);
    desk.settle(&first).await;
    assert_eq!(warnings(&desk).await.len(), 2);
    assert_eq!(desk.breaches().await.len(), 1);
    assert_eq!(desk.count(table::NOTICES).await, 1);
}

#[tokio::test]
async fn a_command_after_downtime_gives_the_warnings_first_and_the_timer_none() {
    let desk = Desk::open().await;
    promise(&desk).await;
    let ticket_id = desk.open_ticket(Priority::Normal).await;
    desk.clock.advance(minutes(60));
    let tag = Tag::parse("seen").unwrap();
    desk.agent_does(ticket_id, TicketCommand::Tag(tag)).await;
    let events = desk.events().await;
    let by = |found: fn(&TicketEvent) -> bool| {
        let recorded = events.iter().find(|recorded| found(&recorded.event));
        recorded.expect("the event is there").metadata.actor.clone()
    };
    assert_eq!(
        by(|event| matches!(event, TicketEvent::SlaWarned(_))),
        Actor::Timer
    );
    assert_eq!(
        by(|event| matches!(event, TicketEvent::PriorityChanged(_))),
        Actor::Timer
    );
    assert_eq!(
        by(|event| matches!(event, TicketEvent::Tagged(_))),
        desk.agent
    );
    let saga = desk.saga().await;
    desk.settle(&saga).await;
    assert_eq!(warnings(&desk).await.len(), 1);
}

#[tokio::test]
async fn a_pause_moves_the_warning() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    promise(&desk).await;
    let ticket_id = desk.open_ticket(Priority::Normal).await;
    desk.advance(&saga, minutes(40)).await;
    desk.agent_sets(ticket_id, Status::Pending).await;
    desk.advance(&saga, minutes(300)).await;
    desk.agent_sets(ticket_id, Status::Open).await;
    desk.advance(&saga, minutes(9)).await;
    assert_eq!(warnings(&desk).await, []);
    desk.advance(&saga, minutes(1)).await;
    assert_eq!(warnings(&desk).await.len(), 1);
}

/// The log is folded anew after an upgrade: nobody is written to again.
#[tokio::test]
async fn a_log_that_is_folded_anew_notices_nothing_twice() {
    let desk = Desk::open().await;
    promise(&desk).await;
    desk.open_ticket(Priority::Normal).await;
    let saga = desk.saga().await;
    desk.advance(&saga, minutes(50)).await;
    assert_eq!(desk.count(table::NOTICES).await, 1);
    let shutdown = Shutdown::new();
    drop(saga);
    let client = desk.client().await;
    for statement in [
        format!("DELETE FROM {}", table::NOTICES),
        format!("DELETE FROM {}", table::TIMERS),
        format!("DELETE FROM {}", table::SLA_CLOCKS),
        format!("UPDATE {} SET position = 0", table::SAGA_CHECKPOINTS),
    ] {
        client.execute(&statement, &[]).await.unwrap();
    }
    drop(client);
    let again = desk.server.saga(&desk.clock, quick(), &shutdown).await;
    desk.settle(&again).await;
    assert_eq!(desk.count(table::NOTICES).await, 0);
    assert_eq!(warnings(&desk).await.len(), 1);
}
