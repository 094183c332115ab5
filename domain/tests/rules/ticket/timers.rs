//! Auto-close and breaches: never early, never stale, once.

use super::{opened, resolved, ticket, ticket_in};
use crate::scenario::{AGENT, MESSAGE, Scenario, admin, agent, at, customer, hours, import};
use chrono::TimeDelta;
use domain::actor::Actor;
use domain::aggregate::TicketAggregate;
use domain::organization::settings::Settings;
use domain::sla::Metric;
use domain::ticket::command::TicketCommand;
use domain::ticket::error::TicketError;
use domain::ticket::event::{
    Cause, SlaBreached, TicketAgentReplied, TicketClosed, TicketEvent, TicketNoteAdded,
    TicketOpened,
};
use domain::ticket::state::{Priority, Status};

/// Resolved at minute 2, due to close 96 hours later.
fn resolved_ticket() -> Scenario<TicketAggregate> {
    ticket_in(Status::Open).given_command(2, agent(), TicketCommand::Resolve)
}

fn auto_close(minute: i64) -> TicketCommand {
    TicketCommand::AutoClose { due_at: at(minute) }
}

const DUE: i64 = 2 + 96 * 60;

#[test]
fn a_resolved_ticket_closes_when_the_delay_is_over() {
    for now in [DUE, DUE + hours(500)] {
        resolved_ticket()
            .when(now, Actor::Timer, auto_close(DUE))
            .yields([TicketClosed {
                from: Status::Resolved,
                cause: Cause::Timer,
            }
            .into()]);
    }
}

#[test]
fn an_auto_close_is_never_early() {
    let early = at(DUE) - TimeDelta::microseconds(1);
    resolved_ticket()
        .when_at(early, Actor::Timer, auto_close(DUE))
        .refuses(TicketError::TimerEarly { due_at: at(DUE) });
}

#[test]
fn an_auto_close_of_an_earlier_resolution_is_stale() {
    let again = resolved_ticket()
        .given_command(10, agent(), TicketCommand::Reopen { reason: None })
        .given_command(20, agent(), TicketCommand::Resolve);
    again
        .when(DUE + 30, Actor::Timer, auto_close(DUE))
        .refuses(TicketError::TimerStale);
    assert!(
        again
            .when(DUE + 30, Actor::Timer, auto_close(DUE + 18))
            .result
            .is_ok()
    );
}

#[test]
fn an_auto_close_of_a_ticket_that_is_not_resolved_is_stale() {
    for status in Status::ALL {
        ticket_in(status)
            .when(DUE, Actor::Timer, auto_close(DUE))
            .refuses(TicketError::TimerStale);
    }
}

#[test]
fn only_a_timer_says_that_time_is_up() {
    let breach = TicketCommand::Breach {
        metric: Metric::FirstReply,
        due_at: at(60),
    };
    for actor in [agent(), admin(), customer(), import(), Actor::Operator] {
        resolved_ticket()
            .when(DUE, actor.clone(), auto_close(DUE))
            .refuses(TicketError::TimerOnly);
        urgent()
            .when(60, actor, breach.clone())
            .refuses(TicketError::TimerOnly);
    }
}

/// An urgent ticket: first response due at minute 60, resolution at minute 480.
fn urgent() -> Scenario<TicketAggregate> {
    let sla_targets = Some(Settings::default().sla_targets.urgent);
    ticket().given(
        0,
        TicketOpened {
            priority: Priority::Urgent,
            sla_targets,
            ..opened()
        },
    )
}

fn breach(metric: Metric, due: i64) -> TicketCommand {
    TicketCommand::Breach {
        metric,
        due_at: at(due),
    }
}

fn breached(metric: Metric, due: i64, late_ms: i64) -> TicketEvent {
    SlaBreached {
        metric,
        due_at: at(due),
        lateness_ms: late_ms,
    }
    .into()
}

#[test]
fn a_missed_deadline_is_a_breach_with_its_lateness() {
    let command = breach(Metric::FirstReply, 60);
    urgent()
        .when(60, Actor::Timer, command.clone())
        .yields([breached(Metric::FirstReply, 60, 0)]);
    urgent()
        .when_at(at(61) + TimeDelta::milliseconds(250), Actor::Timer, command)
        .yields([breached(Metric::FirstReply, 60, 60_250)]);
}

#[test]
fn a_breach_happened_at_its_deadline_and_all_else_when_it_was_asked() {
    assert_eq!(
        breached(Metric::AgentWork, 480, 99).occurred_at(at(500)),
        at(480)
    );
    assert_eq!(resolved().occurred_at(at(500)), at(500));
}

#[test]
fn a_breach_is_never_early() {
    urgent()
        .when_at(
            at(60) - TimeDelta::microseconds(1),
            Actor::Timer,
            breach(Metric::FirstReply, 60),
        )
        .refuses(TicketError::TimerEarly { due_at: at(60) });
}

#[test]
fn a_clock_breaches_once() {
    urgent()
        .given(60, breached(Metric::FirstReply, 60, 0))
        .when(61, Actor::Timer, breach(Metric::FirstReply, 60))
        .refuses(TicketError::TimerStale);
}

#[test]
fn a_deadline_that_moved_makes_its_timer_stale() {
    urgent()
        .given_command(5, agent(), TicketCommand::ChangePriority(Priority::Low))
        .when(60, Actor::Timer, breach(Metric::FirstReply, 60))
        .refuses(TicketError::TimerStale);
}

#[test]
fn a_clock_that_was_met_or_is_paused_or_never_ran_does_not_breach() {
    urgent()
        .given(
            60,
            TicketAgentReplied {
                message_id: MESSAGE,
                machine: false,
            },
        )
        .when(60, Actor::Timer, breach(Metric::FirstReply, 60))
        .refuses(TicketError::TimerStale);
    urgent()
        .given_command(1, agent(), TicketCommand::SetStatus(Status::Pending))
        .when(480, Actor::Timer, breach(Metric::AgentWork, 480))
        .refuses(TicketError::TimerStale);
    ticket_in(Status::Open)
        .when(480, Actor::Timer, breach(Metric::AgentWork, 480))
        .refuses(TicketError::TimerStale);
}

#[test]
fn a_breach_of_one_clock_leaves_the_other_to_its_own_timer() {
    urgent()
        .when(500, Actor::Timer, breach(Metric::AgentWork, 480))
        .yields([breached(Metric::AgentWork, 480, 20 * 60_000)]);
}

#[test]
fn a_command_after_a_missed_deadline_records_the_breach_first_though_the_timer_is_late() {
    let reply = TicketCommand::Reply {
        message_id: MESSAGE,
    };
    let outcome = urgent()
        .given(1, super::assigned(super::only(AGENT)))
        .when(90, agent(), reply);
    outcome.yields([
        breached(Metric::FirstReply, 60, 30 * 60_000),
        TicketAgentReplied {
            message_id: MESSAGE,
            machine: false,
        }
        .into(),
        super::moved(
            Status::New,
            Status::Open,
            Cause::Reply {
                message_id: MESSAGE,
            },
        ),
    ]);
}

#[test]
fn missed_deadlines_are_recorded_in_their_order() {
    urgent()
        .when(
            500,
            agent(),
            TicketCommand::AddNote {
                message_id: MESSAGE,
            },
        )
        .yields([
            breached(Metric::FirstReply, 60, 440 * 60_000),
            breached(Metric::AgentWork, 480, 20 * 60_000),
            TicketNoteAdded {
                message_id: MESSAGE,
            }
            .into(),
        ]);
}

#[test]
fn a_command_that_changes_nothing_or_comes_at_the_deadline_records_no_breach() {
    urgent()
        .when(
            500,
            agent(),
            TicketCommand::ChangePriority(Priority::Urgent),
        )
        .changes_nothing();
    urgent()
        .when(
            60,
            agent(),
            TicketCommand::AddNote {
                message_id: MESSAGE,
            },
        )
        .yields([TicketNoteAdded {
            message_id: MESSAGE,
        }
        .into()]);
}
