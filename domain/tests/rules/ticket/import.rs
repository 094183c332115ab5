//! Taking another system's history over.

use super::{moved, status_of, ticket_in};
use crate::scenario::{Scenario, admin, agent, customer, import};
use domain::actor::Actor;
use domain::aggregate::TicketAggregate;
use domain::ticket::command::TicketCommand;
use domain::ticket::error::TicketError;
use domain::ticket::event::{Cause, TicketClosed, TicketEvent, TicketReopened, TicketResolved};
use domain::ticket::state::{Status, Ticket};

#[test]
fn an_import_makes_any_move_and_its_events_say_so() {
    for from in Status::ALL {
        for to in Status::ALL {
            let outcome = ticket_in(from).when(9, import(), TicketCommand::ImportStatus(to));
            let cause = Cause::Import;
            let expected: TicketEvent = match to {
                _ if from == to => {
                    outcome.changes_nothing();
                    continue;
                }
                Status::Resolved => TicketResolved {
                    from,
                    cause,
                    auto_close_at: None,
                }
                .into(),
                Status::Closed => TicketClosed { from, cause }.into(),
                _ if from.is_done() => TicketReopened {
                    from,
                    to,
                    cause,
                    reason: None,
                }
                .into(),
                _ => moved(from, to, cause),
            };
            outcome.yields([expected]);
            assert_eq!(status_of(&outcome.state), to);
        }
    }
}

#[test]
fn an_imported_resolution_sets_no_timer() {
    let ticket = ticket_in(Status::Open).given_command(
        9,
        import(),
        TicketCommand::ImportStatus(Status::Resolved),
    );
    let Ticket::Present(present) = ticket.state() else {
        panic!("the ticket exists")
    };
    assert_eq!(
        present.resolved.map(|resolved| resolved.auto_close_at),
        Some(None)
    );
}

#[test]
fn leaving_closed_forgets_when_it_closed() {
    let closed_at = |ticket: &Scenario<TicketAggregate>| match ticket.state() {
        Ticket::Present(ticket) => ticket.closed_at,
        Ticket::Absent => panic!("the ticket exists"),
    };
    for to in [Status::Open, Status::Resolved] {
        let ticket = ticket_in(Status::Closed);
        assert!(closed_at(&ticket).is_some());
        assert!(
            closed_at(&ticket.given_command(9, import(), TicketCommand::ImportStatus(to)))
                .is_none()
        );
    }
}

#[test]
fn nobody_else_may_take_a_status_over() {
    for actor in [agent(), admin(), customer(), Actor::Operator, Actor::Timer] {
        ticket_in(Status::Open)
            .when(9, actor, TicketCommand::ImportStatus(Status::Closed))
            .refuses(TicketError::ImportOnly {
                what: "take a status over from another system",
            });
    }
}
