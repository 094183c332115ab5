//! The tickets that continue a closed one.

use super::ticket_in;
use crate::scenario::{OTHER_TICKET, TICKET, agent, customer, other_customer};
use domain::ticket::command::TicketCommand;
use domain::ticket::error::TicketError;
use domain::ticket::event::TicketFollowUpOpened;
use domain::ticket::state::Status;

const LINK: TicketCommand = TicketCommand::LinkFollowUp {
    ticket_id: OTHER_TICKET,
};

#[test]
fn the_requester_and_staff_continue_a_closed_ticket() {
    for actor in [customer(), agent()] {
        ticket_in(Status::Closed)
            .when(9, actor, LINK)
            .yields([TicketFollowUpOpened {
                follow_up_id: OTHER_TICKET,
            }
            .into()]);
    }
}

#[test]
fn another_customer_does_not() {
    ticket_in(Status::Closed)
        .when(9, other_customer(), LINK)
        .refuses(TicketError::NotFound);
}

#[test]
fn what_is_not_closed_has_no_follow_up() {
    for status in Status::ALL
        .into_iter()
        .filter(|status| *status != Status::Closed)
    {
        ticket_in(status)
            .when(9, customer(), LINK)
            .refuses(TicketError::FollowUpOfUnclosed);
    }
}

#[test]
fn the_same_follow_up_is_linked_once() {
    ticket_in(Status::Closed)
        .given(
            5,
            TicketFollowUpOpened {
                follow_up_id: OTHER_TICKET,
            },
        )
        .when(9, customer(), LINK)
        .changes_nothing();
}

#[test]
fn a_ticket_is_not_its_own_follow_up() {
    ticket_in(Status::Closed)
        .when(
            9,
            customer(),
            TicketCommand::LinkFollowUp { ticket_id: TICKET },
        )
        .refuses(TicketError::FollowUpOfItself);
}
