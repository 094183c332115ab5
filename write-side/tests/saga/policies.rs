//! Deadlines that a policy promises by a calendar: the timers follow working time, and what changes while a ticket is open.
//! The desk opens on a Monday at 9 UTC; the office works from 9 to 10 every day.

use crate::desk::{Desk, minutes, start};
use chrono::TimeDelta;
use domain::actor::Actor;
use domain::calendar::command::CalendarCommand;
use domain::calendar::definition::{CalendarDefinition, Holidays, WeeklyHours, WeeklyInterval};
use domain::calendar::state::BusinessCalendar;
use domain::calendar::zone::Zone;
use domain::ids::{CalendarId, PolicyId};
use domain::service_levels::command::ServiceLevelsCommand;
use domain::service_levels::state::ServiceLevels;
use domain::service_levels::stream_id;
use domain::sla::Metric;
use domain::sla::policy::{Conditions, PolicyDefinition, Target};
use domain::text::Name;
use domain::ticket::command::TicketCommand;
use domain::ticket::event::{SlaCause, TicketEvent};
use domain::ticket::state::{Priority, Status};
use schema::table;
use uuid::Uuid;
use write_side::dispatch::{CommandContext, CommandError, UseCase, Work};

/// What an administrator changes.
#[derive(Clone)]
pub enum Rules {
    Office(CalendarId),
    Hours(CalendarId, u32, u32),
    /// So many minutes of work on normal tickets, by a calendar.
    Promise(PolicyId, CalendarId, u32),
    /// Likewise by all time, for which tickets it says.
    Say(PolicyId, Conditions, u32),
    SayAnew(PolicyId, Conditions, u32),
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// A promise to normal tickets.
fn work_within(
    title: &str,
    minutes: u32,
    calendar_id: Option<CalendarId>,
    conditions: Conditions,
) -> PolicyDefinition {
    PolicyDefinition {
        name: name(title),
        conditions,
        targets: vec![Target {
            priority: Priority::Normal,
            metric: Metric::AgentWork,
            seconds: minutes * 60,
            calendar_id,
            warnings: Vec::new(),
        }],
    }
}

/// The same hours every day.
fn hours(from_hour: u32, to_hour: u32) -> CalendarDefinition {
    let day = |day: u32| WeeklyInterval {
        start_s: day * 86_400 + from_hour * 3_600,
        end_s: day * 86_400 + to_hour * 3_600,
    };
    CalendarDefinition {
        zone: Zone::UTC,
        weekly: WeeklyHours::parse(&(0..7).map(day).collect::<Vec<_>>()).unwrap(),
        holidays: Holidays::default(),
    }
}

impl UseCase for Rules {
    type Answer = i64;

    async fn decide(&self, work: &mut Work<'_>) -> Result<i64, CommandError> {
        let levels = stream_id(work.organization_id());
        match self.clone() {
            Self::Office(id) => {
                let command = CalendarCommand::Create {
                    name: name("Office"),
                    definition: hours(9, 10),
                };
                work.issue::<BusinessCalendar>(id, command).await?;
                let add = ServiceLevelsCommand::AddCalendar { calendar_id: id };
                work.issue::<ServiceLevels>(levels, add).await?;
            }
            Self::Hours(id, from_hour, to_hour) => {
                let command = CalendarCommand::Change {
                    name: None,
                    definition: Some(hours(from_hour, to_hour)),
                };
                work.issue::<BusinessCalendar>(id, command).await?;
            }
            Self::Promise(policy_id, calendar_id, minutes) => {
                let definition =
                    work_within("Office", minutes, Some(calendar_id), Conditions::default());
                let create = ServiceLevelsCommand::CreatePolicy {
                    policy_id,
                    definition,
                };
                work.issue::<ServiceLevels>(levels, create).await?;
            }
            Self::Say(policy_id, conditions, minutes) => {
                let create = ServiceLevelsCommand::CreatePolicy {
                    policy_id,
                    definition: work_within("All time", minutes, None, conditions),
                };
                work.issue::<ServiceLevels>(levels, create).await?;
            }
            Self::SayAnew(policy_id, conditions, minutes) => {
                let change = ServiceLevelsCommand::ChangePolicy {
                    policy_id,
                    definition: work_within("All time", minutes, None, conditions),
                };
                work.issue::<ServiceLevels>(levels, change).await?;
            }
        }
        Ok(0)
    }
}

pub async fn rule(desk: &Desk, rules: Rules) {
    let context = CommandContext::new(desk.organization_id, Actor::Operator);
    desk.server
        .dispatcher
        .dispatch(context, rules)
        .await
        .unwrap();
}

/// An office, and the promise that a ticket is worked on for at most so many minutes of it.
pub async fn promise(desk: &Desk, minutes: u32) -> CalendarId {
    let calendar_id = CalendarId(Uuid::now_v7());
    rule(desk, Rules::Office(calendar_id)).await;
    let policy_id = PolicyId(Uuid::now_v7());
    rule(desk, Rules::Promise(policy_id, calendar_id, minutes)).await;
    calendar_id
}

fn day(days: i64) -> TimeDelta {
    TimeDelta::days(days)
}

#[tokio::test]
async fn a_promise_of_working_time_is_missed_after_so_much_of_it() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    promise(&desk, 90).await;
    let ticket_id = desk.open_ticket(Priority::Normal).await;
    desk.settle(&saga).await;
    // An hour on Monday, half an hour on Tuesday.
    desk.advance(&saga, day(1) + minutes(29)).await;
    assert_eq!(desk.breaches_of(ticket_id).await, []);
    desk.advance(&saga, minutes(1)).await;
    let due_at = start() + day(1) + minutes(30);
    assert_eq!(
        desk.breaches_of(ticket_id).await,
        [(Metric::AgentWork, due_at)]
    );
}

#[tokio::test]
async fn pauses_take_only_the_working_time_that_they_cover() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    promise(&desk, 90).await;
    let ticket_id = desk.open_ticket(Priority::Normal).await;
    desk.advance(&saga, minutes(40)).await;
    // From 9:40 to the next day at 8: twenty minutes of work.
    desk.agent_sets(ticket_id, Status::Pending).await;
    desk.advance(&saga, TimeDelta::hours(22) + minutes(20))
        .await;
    desk.agent_sets(ticket_id, Status::Open).await;
    desk.advance(&saga, TimeDelta::hours(1) + minutes(49)).await;
    assert_eq!(desk.breaches_of(ticket_id).await, []);
    desk.advance(&saga, minutes(1)).await;
    let due_at = start() + day(1) + minutes(50);
    assert_eq!(
        desk.breaches_of(ticket_id).await,
        [(Metric::AgentWork, due_at)]
    );
}

#[tokio::test]
async fn a_changed_calendar_moves_the_timer_when_it_is_applied() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let calendar_id = promise(&desk, 90).await;
    let ticket_id = desk.open_ticket(Priority::Normal).await;
    desk.advance(&saga, minutes(30)).await;
    rule(&desk, Rules::Hours(calendar_id, 9, 17)).await;
    desk.command(&Actor::Timer, ticket_id, TicketCommand::ReapplySla)
        .await
        .unwrap();
    // Half an hour was used; the other hour ends at half past ten, which the old hours would not reach today.
    desk.advance(&saga, minutes(60)).await;
    let due_at = start() + minutes(90);
    assert_eq!(
        desk.breaches_of(ticket_id).await,
        [(Metric::AgentWork, due_at)]
    );
    let events = desk.events().await;
    let applied: Vec<_> = events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            TicketEvent::SlaApplied(applied) => Some(applied),
            _ => None,
        })
        .collect();
    let causes: Vec<_> = applied.iter().map(|applied| applied.cause).collect();
    assert_eq!(causes, [SlaCause::Opened, SlaCause::RulesChanged]);
    assert_eq!(applied[1].used[0].used_ms, 30 * 60_000);
}

/// What the saga knows of calendars it reads from the log: another instance knows the same.
#[tokio::test]
async fn a_saga_that_takes_over_counts_by_the_same_calendar() {
    let desk = Desk::open().await;
    let first = desk.saga().await;
    promise(&desk, 90).await;
    let ticket_id = desk.open_ticket(Priority::Normal).await;
    desk.settle(&first).await;
    assert_eq!(desk.count(table::TIMERS).await, 1);
    drop(first);
    let second = desk.saga().await;
    desk.settle(&second).await;
    desk.advance(&second, minutes(40)).await;
    desk.agent_sets(ticket_id, Status::Pending).await;
    desk.settle(&second).await;
    assert_eq!(desk.count(table::TIMERS).await, 0);
    desk.agent_sets(ticket_id, Status::Open).await;
    desk.advance(&second, day(1)).await;
    let due_at = start() + day(1) + minutes(30);
    assert_eq!(
        desk.breaches_of(ticket_id).await,
        [(Metric::AgentWork, due_at)]
    );
}

#[tokio::test]
async fn an_organization_without_policies_keeps_the_promises_of_its_settings() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let ticket_id = desk.open_ticket(Priority::Normal).await;
    desk.command(&Actor::Timer, ticket_id, TicketCommand::ReapplySla)
        .await
        .unwrap();
    desk.settle(&saga).await;
    let events = desk.events().await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(desk.count(table::TIMERS).await, 2);
}
