//! Setting the status, resolving, closing, reopening.

use super::{assigned, closed, moved, opened, resolved, ticket, ticket_in};
use crate::scenario::{
    AGENT, TEAM, admin, agent, at, customer, days, hours, import, other_agent, other_customer,
};
use chrono::TimeDelta;
use domain::actor::Actor;
use domain::text::Reason;
use domain::ticket::command::TicketCommand;
use domain::ticket::error::TicketError;
use domain::ticket::event::{Cause, TicketAssigned, TicketReopened, TicketResolved};
use domain::ticket::state::{Assignment, Status};

const UNFINISHED: [Status; 4] = [Status::New, Status::Open, Status::Pending, Status::OnHold];
const REOPEN: TicketCommand = TicketCommand::Reopen { reason: None };

#[test]
fn staff_moves_among_open_pending_and_on_hold() {
    for from in UNFINISHED {
        for to in [Status::Open, Status::Pending, Status::OnHold] {
            let outcome = ticket_in(from).when(9, agent(), TicketCommand::SetStatus(to));
            if from == to {
                outcome.changes_nothing();
            } else {
                outcome.yields([moved(from, to, Cause::Request)]);
            }
        }
    }
}

#[test]
fn new_never_comes_back() {
    for from in Status::ALL {
        ticket_in(from)
            .when(9, agent(), TicketCommand::SetStatus(Status::New))
            .refuses(TicketError::NewNeverReturns);
    }
}

#[test]
fn resolved_and_closed_have_commands_of_their_own() {
    for (status, command) in [(Status::Resolved, "resolve"), (Status::Closed, "close")] {
        let outcome = ticket_in(Status::Open).when(9, agent(), TicketCommand::SetStatus(status));
        outcome.refuses(TicketError::OwnCommand { status, command });
    }
}

#[test]
fn only_reopening_leads_out_of_resolved_and_closed() {
    let set_open = TicketCommand::SetStatus(Status::Open);
    ticket_in(Status::Resolved)
        .when(9, agent(), set_open.clone())
        .refuses(TicketError::Resolved);
    ticket_in(Status::Closed)
        .when(9, agent(), set_open)
        .refuses(TicketError::Closed);
}

#[test]
fn a_customer_moves_no_status_by_command_and_sees_no_other_ticket() {
    let commands = [
        TicketCommand::SetStatus(Status::Pending),
        TicketCommand::Resolve,
        TicketCommand::Close,
        REOPEN,
    ];
    for command in commands {
        let outcome = ticket_in(Status::Resolved).when(9, customer(), command.clone());
        assert!(
            matches!(outcome.result, Err(TicketError::StaffOnly { .. })),
            "{command:?}"
        );
        ticket_in(Status::Resolved)
            .when(9, other_customer(), command)
            .refuses(TicketError::NotFound);
    }
}

#[test]
fn an_import_and_a_timer_use_their_own_commands() {
    for actor in [import(), Actor::Timer] {
        for command in [TicketCommand::Resolve, TicketCommand::Close, REOPEN] {
            let outcome = ticket_in(Status::Resolved).when(9, actor.clone(), command);
            assert!(matches!(outcome.result, Err(TicketError::StaffOnly { .. })));
        }
    }
}

#[test]
fn resolving_sets_the_time_of_the_auto_close_by_the_delay_of_that_moment() {
    for from in [Status::Open, Status::Pending, Status::OnHold] {
        let auto_close_at = Some(at(9 + hours(96)));
        ticket_in(from)
            .when(9, other_agent(), TicketCommand::Resolve)
            .yields([TicketResolved {
                from,
                cause: Cause::Request,
                auto_close_at,
            }
            .into()]);
    }
    let auto_close_at = Some(at(9 + hours(1)));
    ticket_in(Status::Open)
        .with_settings(|settings| settings.auto_close_after_hours = 1)
        .when(9, agent(), TicketCommand::Resolve)
        .yields([TicketResolved {
            from: Status::Open,
            cause: Cause::Request,
            auto_close_at,
        }
        .into()]);
}

#[test]
fn without_an_assignee_the_resolver_becomes_it_and_the_team_stays() {
    let team = Assignment {
        agent_id: None,
        team_id: Some(TEAM),
    };
    let auto_close_at = Some(at(9 + hours(96)));
    ticket()
        .given(0, opened())
        .given(1, assigned(team))
        .when(9, agent(), TicketCommand::Resolve)
        .yields([
            TicketAssigned {
                from: team,
                to: Assignment {
                    agent_id: Some(AGENT),
                    team_id: Some(TEAM),
                },
            }
            .into(),
            TicketResolved {
                from: Status::New,
                cause: Cause::Request,
                auto_close_at,
            }
            .into(),
        ]);
}

#[test]
fn the_operator_is_no_user_and_cannot_become_the_assignee() {
    ticket_in(Status::New)
        .when(9, Actor::Operator, TicketCommand::Resolve)
        .refuses(TicketError::AssigneeNeeded);
}

#[test]
fn resolving_twice_is_no_event_and_a_closed_ticket_cannot_be_resolved() {
    ticket_in(Status::Resolved)
        .when(9, agent(), TicketCommand::Resolve)
        .changes_nothing();
    ticket_in(Status::Closed)
        .when(9, agent(), TicketCommand::Resolve)
        .refuses(TicketError::Closed);
}

#[test]
fn only_a_resolved_ticket_closes() {
    ticket_in(Status::Resolved)
        .when(9, admin(), TicketCommand::Close)
        .yields([closed()]);
    ticket_in(Status::Closed)
        .when(9, agent(), TicketCommand::Close)
        .changes_nothing();
    for status in UNFINISHED {
        ticket_in(status)
            .when(9, agent(), TicketCommand::Close)
            .refuses(TicketError::NotResolved);
    }
}

#[test]
fn staff_reopens_a_resolved_ticket_with_a_reason() {
    let reason = Some(Reason::parse("It burns again").unwrap());
    ticket_in(Status::Resolved)
        .when(
            9,
            agent(),
            TicketCommand::Reopen {
                reason: reason.clone(),
            },
        )
        .yields([TicketReopened {
            from: Status::Resolved,
            to: Status::Open,
            cause: Cause::Request,
            reason,
        }
        .into()]);
}

#[test]
fn staff_reopens_a_closed_ticket_to_the_last_instant_of_the_window_and_not_after() {
    let last = at(4 + days(28));
    let ticket = ticket_in(Status::Closed);
    ticket
        .when_at(last, agent(), REOPEN)
        .yields([TicketReopened {
            from: Status::Closed,
            to: Status::Open,
            cause: Cause::Request,
            reason: None,
        }
        .into()]);
    ticket
        .when_at(last + TimeDelta::microseconds(1), agent(), REOPEN)
        .refuses(TicketError::ReopenWindowPassed { days: 28 });
}

#[test]
fn the_reopen_window_counts_from_the_last_closing() {
    let reopened = TicketReopened {
        from: Status::Closed,
        to: Status::Open,
        cause: Cause::Request,
        reason: None,
    };
    let ticket = ticket_in(Status::Closed)
        .given(days(20), reopened)
        .given(days(21), resolved())
        .given(days(22), closed());
    assert!(ticket.when(days(50), agent(), REOPEN).result.is_ok());
}

#[test]
fn what_is_not_done_cannot_be_reopened() {
    for status in UNFINISHED {
        ticket_in(status)
            .when(9, agent(), REOPEN)
            .refuses(TicketError::NotDone);
    }
}

#[test]
fn a_reopened_ticket_resolves_again_with_a_new_auto_close() {
    let reopened = TicketReopened {
        from: Status::Resolved,
        to: Status::Open,
        cause: Cause::Request,
        reason: None,
    };
    let auto_close_at = Some(at(days(1) + hours(96)));
    ticket_in(Status::Resolved)
        .given(hours(1), reopened)
        .when(days(1), agent(), TicketCommand::Resolve)
        .yields([TicketResolved {
            from: Status::Open,
            cause: Cause::Request,
            auto_close_at,
        }
        .into()]);
}
