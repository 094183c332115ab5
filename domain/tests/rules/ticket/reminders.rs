//! How long a ticket waits for its requester: reminders while it is pending, and the close of what is resolved, for the
//! organization or for a team.

use super::{assigned, ticket_in};
use crate::scenario::{CALENDAR, MESSAGE, Scenario, TEAM, agent, at, customer, days, hours};
use chrono::TimeDelta;
use domain::actor::Actor;
use domain::aggregate::TicketAggregate;
use domain::calendar::arithmetic::Calendar;
use domain::calendar::definition::{
    CalendarDefinition, CalendarRef, Holidays, WeeklyHours, WeeklyInterval,
};
use domain::calendar::zone::Zone;
use domain::organization::settings::Settings;
use domain::organization::waiting::{Delay, WaitingRules};
use domain::sla::terms::{CalendarBook, Terms};
use domain::ticket::command::TicketCommand;
use domain::ticket::error::TicketError;
use domain::ticket::event::{TicketEvent, TicketReminded, TicketRemindersSet};
use domain::ticket::state::{Assignment, Status};
use std::sync::Arc;

fn delay(minutes: i64) -> Delay {
    Delay {
        seconds: u32::try_from(minutes * 60).unwrap(),
        calendar_id: None,
    }
}

fn reminders(settings: &mut Settings) {
    settings.waiting.reminders = Some(vec![delay(days(5)), delay(days(2))]);
}

fn pend() -> TicketCommand {
    TicketCommand::SetStatus(Status::Pending)
}

fn remind(minute: i64) -> TicketCommand {
    TicketCommand::Remind { due_at: at(minute) }
}

fn reminded(number: u32, due: i64, late_minutes: i64) -> TicketEvent {
    TicketReminded {
        number,
        due_at: at(due),
        lateness_ms: late_minutes * 60_000,
    }
    .into()
}

/// Pending from minute 10 on.
fn pending() -> Scenario<TicketAggregate> {
    ticket_in(Status::Open)
        .with_settings(reminders)
        .given_command(10, agent(), pend())
}

#[test]
fn who_makes_a_ticket_pending_sets_the_reminders_of_its_requester() {
    let ticket = ticket_in(Status::Open).with_settings(reminders);
    let events = ticket.when(10, agent(), pend()).result.unwrap();
    let due_at = vec![at(10 + days(2)), at(10 + days(5))];
    assert_eq!(events.last(), Some(&TicketRemindersSet { due_at }.into()));
    // Other statuses wait for nobody's answer, and where nothing is set nobody is reminded.
    let held = ticket.when(10, agent(), TicketCommand::SetStatus(Status::OnHold));
    assert_eq!(held.result.unwrap().len(), 1);
    let plain = ticket_in(Status::Open).when(10, agent(), pend());
    assert_eq!(plain.result.unwrap().len(), 1);
}

#[test]
fn delays_that_end_at_the_same_instant_are_one_reminder() {
    let ticket = ticket_in(Status::Open).with_settings(|settings| {
        settings.waiting.reminders = Some(vec![delay(days(2)), delay(days(5)), delay(days(2))]);
    });
    let events = ticket.when(10, agent(), pend()).result.unwrap();
    let due_at = vec![at(10 + days(2)), at(10 + days(5))];
    assert_eq!(events.last(), Some(&TicketRemindersSet { due_at }.into()));
}

#[test]
fn a_reminder_comes_at_its_time_and_once() {
    let due = 10 + days(2);
    let ticket = pending();
    ticket
        .when(due, Actor::Timer, remind(due))
        .yields([reminded(1, due, 0)]);
    let early = at(due) - TimeDelta::microseconds(1);
    ticket
        .when_at(early, Actor::Timer, remind(due))
        .refuses(TicketError::TimerEarly { due_at: at(due) });
    let ticket = ticket.given_command(due, Actor::Timer, remind(due));
    ticket
        .when(due + 1, Actor::Timer, remind(due))
        .refuses(TicketError::TimerStale);
    let next = 10 + days(5);
    ticket
        .when(next, Actor::Timer, remind(next))
        .yields([reminded(2, next, 0)]);
}

#[test]
fn after_a_downtime_only_the_last_reminder_is_given() {
    let ticket = pending();
    let now = 10 + days(6);
    ticket
        .when(now, Actor::Timer, remind(10 + days(2)))
        .yields([reminded(2, 10 + days(5), days(1))]);
    let ticket = ticket.given_command(now, Actor::Timer, remind(10 + days(2)));
    ticket
        .when(now, Actor::Timer, remind(10 + days(5)))
        .refuses(TicketError::TimerStale);
}

#[test]
fn whatever_ends_the_wait_ends_the_reminders() {
    let due = 10 + days(2);
    let reply = TicketCommand::Reply {
        message_id: MESSAGE,
    };
    let ends = [
        (customer(), reply.clone()),
        (agent(), TicketCommand::SetStatus(Status::Open)),
        (agent(), TicketCommand::SetStatus(Status::OnHold)),
        (agent(), TicketCommand::Resolve),
    ];
    for (actor, command) in ends {
        pending()
            .given_command(20, actor, command)
            .when(due, Actor::Timer, remind(due))
            .refuses(TicketError::TimerStale);
    }
    // An agent's word keeps the ticket waiting; a wait that begins again counts from its own beginning.
    let waiting = pending().given_command(20, agent(), reply);
    assert!(waiting.when(due, Actor::Timer, remind(due)).result.is_ok());
    let again = pending()
        .given_command(20, agent(), TicketCommand::SetStatus(Status::Open))
        .given_command(30, agent(), pend());
    again
        .when(due, Actor::Timer, remind(due))
        .refuses(TicketError::TimerStale);
    assert!(
        again
            .when(due + 20, Actor::Timer, remind(due + 20))
            .result
            .is_ok()
    );
}

#[test]
fn only_a_timer_reminds() {
    let due = 10 + days(2);
    for actor in [agent(), customer(), Actor::Operator] {
        pending()
            .when(due, actor, remind(due))
            .refuses(TicketError::TimerOnly);
    }
}

#[test]
fn changed_settings_hold_for_what_waits_from_then_on() {
    let due = 10 + days(2);
    let ticket = pending().with_settings(|settings| settings.waiting = WaitingRules::default());
    assert!(ticket.when(due, Actor::Timer, remind(due)).result.is_ok());
}

fn of_team() -> Assignment {
    Assignment {
        agent_id: None,
        team_id: Some(TEAM),
    }
}

#[test]
fn a_team_may_have_waits_of_its_own_and_keeps_the_organizations_otherwise() {
    let with = |rules: WaitingRules| {
        let ticket = ticket_in(Status::Open)
            .given(1, assigned(of_team()))
            .with_settings(reminders)
            .with_settings(|settings| {
                settings.team_waiting = [(TEAM, rules)].into();
            });
        let pended = ticket.when(10, agent(), pend()).result.unwrap();
        let resolved = ticket.when(10, agent(), TicketCommand::Resolve).result;
        let close_at = resolved.unwrap().iter().find_map(|event| match event {
            TicketEvent::Resolved(resolved) => resolved.auto_close_at,
            _ => None,
        });
        (pended.len() - 1, close_at)
    };
    let organizations = (1, Some(at(10 + hours(96))));
    assert_eq!(with(WaitingRules::default()), organizations);
    let own = WaitingRules {
        auto_close: Some(delay(hours(1))),
        reminders: Some(Vec::new()),
    };
    assert_eq!(with(own), (0, Some(at(10 + hours(1)))));
}

/// Monday to Friday, 9 to 17; minute 0 is a Monday at 9.
#[test]
fn a_delay_may_count_working_time() {
    let day = |day: u32| WeeklyInterval {
        start_s: day * 86_400 + 9 * 3_600,
        end_s: day * 86_400 + 17 * 3_600,
    };
    let definition = CalendarDefinition {
        zone: Zone::UTC,
        weekly: WeeklyHours::parse(&(0..5).map(day).collect::<Vec<_>>()).unwrap(),
        holidays: Holidays::default(),
    };
    let reference = CalendarRef {
        id: CALENDAR,
        version: 1,
    };
    let mut calendars = CalendarBook::default();
    calendars.add(reference, Arc::new(Calendar::new(&definition)));
    let ticket = ticket_in(Status::Open)
        .with_terms(Terms {
            calendars,
            ..Terms::default()
        })
        .with_settings(|settings| {
            let delay = Delay {
                calendar_id: Some(CALENDAR),
                ..delay(hours(10))
            };
            settings.waiting.auto_close = Some(delay);
            settings.waiting.reminders = Some(vec![delay]);
        });
    // Eight hours of Monday, two of Tuesday.
    let due = days(1) + hours(2);
    let pended = ticket.when(0, agent(), pend()).result.unwrap();
    let due_at = vec![at(due)];
    assert_eq!(pended.last(), Some(&TicketRemindersSet { due_at }.into()));
    let resolved = ticket.when(0, agent(), TicketCommand::Resolve).result;
    let resolved = resolved.unwrap();
    let closes = resolved.iter().find_map(|event| match event {
        TicketEvent::Resolved(resolved) => resolved.auto_close_at,
        _ => None,
    });
    assert_eq!(closes, Some(at(due)));
}
