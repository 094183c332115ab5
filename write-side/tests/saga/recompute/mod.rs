//! Rules that change while tickets are open: each ticket is told once, whatever happens meanwhile, and who is not meant is
//! left alone.

mod interrupted;

use crate::desk::{Desk, Recorded, eventually, minutes, quick, start};
use crate::policies::{Rules, promise, rule};
use async_trait::async_trait;
use domain::actor::Actor;
use domain::ids::{CompanyId, PolicyId, TicketId};
use domain::sla::Metric;
use domain::sla::policy::{Choice, Condition, Conditions, PolicyRef, Presence};
use domain::sla::targets::{TargetTable, Targets};
use domain::text::Name;
use domain::ticket::command::TicketCommand;
use domain::ticket::event::{SlaCause, TicketEvent, TicketSlaApplied};
use domain::ticket::state::Priority;
use platform::shutdown::Shutdown;
use schema::table;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use uuid::Uuid;
use write_side::commands::{ChangeOrganization, CreateCompany, GroupUser};
use write_side::dispatch::{CommandContext, Dispatcher, UseCase};
use write_side::saga::{Options, Outcome, Reapplied, Saga, Timer, TimerCommands, TouchedTicket};

/// Batches so small that a walk has many, and leases of crashed sagas that end soon.
fn small_steps() -> Options {
    Options {
        lease_duration: Duration::from_millis(300),
        recompute_batch_limit: 5,
        ..quick()
    }
}

/// A lease that no holder loses by standing still: each ticket is asked once.
fn lasting() -> Options {
    Options {
        lease_duration: Duration::from_secs(60),
        ..quick()
    }
}

async fn saga(desk: &Desk) -> Saga {
    desk.server
        .saga(&desk.clock, small_steps(), &Shutdown::new())
        .await
}

async fn operator_does(desk: &Desk, command: impl UseCase) {
    let context = CommandContext::new(desk.organization_id, Actor::Operator);
    desk.server
        .dispatcher
        .dispatch(context, command)
        .await
        .unwrap();
}

fn policy() -> PolicyId {
    PolicyId(Uuid::now_v7())
}

/// What was applied to tickets because rules changed, in order.
async fn told(desk: &Desk) -> Vec<(Recorded, TicketSlaApplied)> {
    let applied = |recorded: Recorded| match recorded.event.clone() {
        TicketEvent::SlaApplied(applied) if applied.cause == SlaCause::RulesChanged => {
            Some((recorded, applied))
        }
        _ => None,
    };
    let events = desk.events().await.into_iter();
    events.filter_map(applied).collect()
}

/// The policy that each ticket was promised last.
async fn promised(desk: &Desk) -> BTreeMap<TicketId, Option<PolicyRef>> {
    let mut promised = BTreeMap::new();
    for recorded in desk.events().await {
        if let TicketEvent::SlaApplied(applied) = recorded.event {
            promised.insert(recorded.ticket_id, applied.rule.policy);
        }
    }
    promised
}

/// How many changes are on their way.
async fn unfinished(desk: &Desk) -> i64 {
    let statement = format!(
        "SELECT count(*) FROM {} WHERE partition = $1 AND finished_at IS NULL",
        table::SLA_RECOMPUTES
    );
    let row = desk
        .client()
        .await
        .query_one(&statement, &[&desk.partition.get()])
        .await;
    row.unwrap().get(0)
}

/// Waits until every change that the log holds was carried to the tickets.
async fn carried(desk: &Desk, saga: &Saga) {
    desk.settle(saga).await;
    eventually("every change is carried", async || {
        unfinished(desk).await == 0
    })
    .await;
    desk.settle(saga).await;
}

/// Total, looked at, changed.
async fn progress(desk: &Desk) -> (i64, i64, i64) {
    let statement = format!(
        "SELECT tickets_total, tickets_done, tickets_changed FROM {} WHERE partition = $1",
        table::SLA_RECOMPUTES
    );
    let row = desk
        .client()
        .await
        .query_one(&statement, &[&desk.partition.get()])
        .await
        .unwrap();
    (row.get(0), row.get(1), row.get(2))
}

fn normal_only() -> Conditions {
    Conditions {
        all: vec![Condition::Priority(Choice::IsOneOf(vec![Priority::Normal]))],
        any: Vec::new(),
    }
}

#[tokio::test]
async fn a_changed_policy_reaches_the_open_tickets_that_match_and_no_others() {
    let desk = Desk::open().await;
    let saga = saga(&desk).await;
    let policy_id = policy();
    rule(&desk, Rules::Say(policy_id, normal_only(), 600)).await;
    carried(&desk, &saga).await;
    let normal = desk.open_ticket(Priority::Normal).await;
    let urgent = desk.open_ticket(Priority::Urgent).await;
    let done = desk.open_ticket(Priority::Normal).await;
    desk.agent_does(done, TicketCommand::Resolve).await;
    desk.advance(&saga, minutes(30)).await;

    rule(&desk, Rules::SayAnew(policy_id, normal_only(), 60)).await;
    carried(&desk, &saga).await;
    let told = told(&desk).await;
    let [(event, applied)] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(event.ticket_id, normal);
    assert_eq!(
        applied.rule.policy,
        Some(PolicyRef {
            id: policy_id,
            version: 2
        })
    );
    assert_eq!(applied.used[0].used_ms, 30 * 60_000);
    // The change is the cause, and the chain of commands goes on.
    let change = cause(&desk, "sla_policy.changed").await;
    assert_eq!(event.metadata.actor, Actor::Timer);
    assert_eq!(event.metadata.causation_id, Some(change.0));
    assert_eq!(event.metadata.correlation_id, change.1);
    assert_eq!(progress(&desk).await, (2, 2, 1));

    desk.advance(&saga, minutes(30)).await;
    let due_at = start() + minutes(60);
    assert_eq!(
        desk.breaches_of(normal).await,
        [(Metric::AgentWork, due_at)]
    );
    let urgent_due = [(Metric::FirstReply, due_at)];
    assert_eq!(desk.breaches_of(urgent).await, urgent_due);
    assert_eq!(desk.breaches_of(done).await, []);
}

/// The id of the last event of a type, and its command chain.
async fn cause(desk: &Desk, event_type: &str) -> (Uuid, Uuid) {
    let after = event_store::Position::START;
    let store = &desk.server.store;
    let page = store
        .read_partition(desk.partition, after, 5_000)
        .await
        .unwrap();
    let mut of_type = page.iter().rev();
    let event = of_type.find(|it| it.event_type == event_type).unwrap();
    let metadata: domain::metadata::Metadata = serde_json::from_str(&event.metadata).unwrap();
    (event.event_id, metadata.correlation_id)
}

/// A target that was overrun before the change is missed at the change: never before it.
#[tokio::test]
async fn a_shorter_promise_is_missed_at_the_change_and_not_before() {
    let desk = Desk::open().await;
    let saga = saga(&desk).await;
    let policy_id = policy();
    rule(&desk, Rules::Say(policy_id, Conditions::default(), 600)).await;
    let ticket_id = desk.open_ticket(Priority::Normal).await;
    carried(&desk, &saga).await;
    desk.advance(&saga, minutes(90)).await;
    rule(&desk, Rules::SayAnew(policy_id, Conditions::default(), 60)).await;
    carried(&desk, &saga).await;
    assert_eq!(
        desk.breaches_of(ticket_id).await,
        [(Metric::AgentWork, start() + minutes(90))]
    );
}

#[tokio::test]
async fn changed_settings_reach_the_open_tickets_that_are_under_no_policy() {
    let desk = Desk::open().await;
    let saga = saga(&desk).await;
    rule(&desk, Rules::Say(policy(), normal_only(), 600)).await;
    carried(&desk, &saga).await;
    desk.open_ticket(Priority::Normal).await;
    let urgent = desk.open_ticket(Priority::Urgent).await;
    // What else the settings say touches no promise.
    let renamed = ChangeOrganization {
        name: Some(Name::parse("Acme & Sons").unwrap()),
        reopen_window_days: Some(7),
        ..ChangeOrganization::default()
    };
    operator_does(&desk, renamed).await;
    desk.settle(&saga).await;
    assert_eq!(unfinished(&desk).await, 0);

    let targets = Targets {
        first_response_minutes: 30,
        resolution_minutes: 240,
    };
    let changed = ChangeOrganization {
        sla_targets: Some(TargetTable {
            urgent: targets,
            ..TargetTable::default()
        }),
        ..ChangeOrganization::default()
    };
    operator_does(&desk, changed).await;
    carried(&desk, &saga).await;
    let told = told(&desk).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].0.ticket_id, told[0].1.rule.policy), (urgent, None));
    desk.advance(&saga, minutes(30)).await;
    assert_eq!(
        desk.breaches_of(urgent).await,
        [(Metric::FirstReply, start() + minutes(30))]
    );
}

/// Counts the commands of changed rules, and answers them after a while.
struct Counting {
    dispatcher: Dispatcher,
    sent: AtomicUsize,
}

#[async_trait]
impl TimerCommands for Counting {
    async fn fire(&self, timer: &Timer) -> Outcome {
        self.dispatcher.fire(timer).await
    }

    async fn reapply(&self, ticket: &TouchedTicket) -> Reapplied {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.dispatcher.reapply(ticket).await
    }
}

#[tokio::test]
async fn a_changed_calendar_asks_only_the_tickets_that_count_by_it() {
    let desk = Desk::open().await;
    let counting = Arc::new(Counting {
        dispatcher: desk.server.dispatcher.clone(),
        sent: AtomicUsize::new(0),
    });
    let commands = Arc::clone(&counting) as Arc<dyn TimerCommands>;
    let server = &desk.server;
    let saga = server
        .saga_with(commands, &desk.clock, lasting(), &Shutdown::new())
        .await;
    rule(&desk, Rules::Say(policy(), urgent_only(), 600)).await;
    let calendar_id = promise(&desk, 90).await;
    carried(&desk, &saga).await;
    let by_calendar = desk.open_ticket(Priority::Normal).await;
    desk.open_ticket(Priority::Urgent).await;
    desk.settle(&saga).await;
    rule(&desk, Rules::Hours(calendar_id, 9, 17)).await;
    carried(&desk, &saga).await;
    assert_eq!(counting.sent.load(Ordering::Relaxed), 1);
    desk.advance(&saga, minutes(90)).await;
    assert_eq!(
        desk.breaches_of(by_calendar).await,
        [(Metric::AgentWork, start() + minutes(90))]
    );
}

fn urgent_only() -> Conditions {
    Conditions {
        all: vec![Condition::Priority(Choice::IsOneOf(vec![Priority::Urgent]))],
        any: Vec::new(),
    }
}

#[tokio::test]
async fn what_changed_under_a_program_that_carried_nothing_waits_for_the_next_change() {
    let desk = Desk::open().await;
    let ticket_id = desk.open_ticket(Priority::Normal).await;
    let policy_id = policy();
    rule(&desk, Rules::Say(policy_id, normal_only(), 600)).await;
    // As the migration leaves it.
    let head = desk.server.store.head(desk.partition).await.unwrap();
    let carried_from = format!(
        "INSERT INTO {} (partition, carried_from) VALUES ($1, $2)",
        table::SAGA_CHECKPOINTS
    );
    let superuser = desk.superuser().await;
    let (partition, head) = (desk.partition.get(), head.get());
    let noted = superuser.execute(&carried_from, &[&partition, &head]).await;
    assert_eq!(noted.unwrap(), 1);
    let saga = saga(&desk).await;
    carried(&desk, &saga).await;
    assert_eq!(desk.count(table::SLA_RECOMPUTES).await, 0);
    assert_eq!(told(&desk).await.len(), 0);

    rule(&desk, Rules::SayAnew(policy_id, normal_only(), 60)).await;
    carried(&desk, &saga).await;
    let told = told(&desk).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0.ticket_id, ticket_id);
    assert!(told[0].1.rule.policy.is_some());
}

#[tokio::test]
async fn another_company_of_the_requester_reaches_their_tickets() {
    let desk = Desk::open().await;
    let saga = saga(&desk).await;
    let company_id = CompanyId(Uuid::now_v7());
    let company = CreateCompany {
        company_id,
        name: Name::parse("Initech").unwrap(),
        domains: BTreeSet::new(),
    };
    operator_does(&desk, company).await;
    let of_company = Conditions {
        all: vec![Condition::Company(Presence::IsOneOf(vec![company_id]))],
        any: Vec::new(),
    };
    rule(&desk, Rules::Say(policy(), of_company, 60)).await;
    let ticket_id = desk.open_ticket(Priority::Normal).await;
    carried(&desk, &saga).await;
    assert_eq!(told(&desk).await.len(), 0);

    let joins = GroupUser {
        user_id: desk.customer_id,
        company_id: Some(company_id),
    };
    operator_does(&desk, joins).await;
    carried(&desk, &saga).await;
    let told = told(&desk).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0.ticket_id, ticket_id);
    assert!(told[0].1.rule.policy.is_some());
    // The walk over one requester's tickets is not kept; that of the organization is, to be seen.
    assert_eq!(desk.count(table::SLA_RECOMPUTES).await, 1);
}
