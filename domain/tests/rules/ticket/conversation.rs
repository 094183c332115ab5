//! Replies and notes.

use super::{moved, opened, status_of, ticket, ticket_in};
use crate::scenario::{AGENT, MESSAGE, agent, customer, import, other_agent, other_customer};
use domain::actor::Actor;
use domain::ticket::command::TicketCommand;
use domain::ticket::error::TicketError;
use domain::ticket::event::{
    Cause, TicketAgentReplied, TicketCustomerReplied, TicketEvent, TicketNoteAdded, TicketReopened,
};
use domain::ticket::state::{Status, Ticket};

const REPLY: TicketCommand = TicketCommand::Reply {
    message_id: MESSAGE,
};
const NOTE: TicketCommand = TicketCommand::AddNote {
    message_id: MESSAGE,
};
const BY_REPLY: Cause = Cause::Reply {
    message_id: MESSAGE,
};

fn customer_replied() -> TicketEvent {
    TicketCustomerReplied {
        message_id: MESSAGE,
    }
    .into()
}

fn agent_replied() -> TicketEvent {
    TicketAgentReplied {
        message_id: MESSAGE,
        machine: false,
    }
    .into()
}

#[test]
fn a_customers_reply_leaves_new_and_open() {
    for status in [Status::New, Status::Open] {
        ticket_in(status)
            .when(9, customer(), REPLY)
            .yields([customer_replied()]);
    }
}

#[test]
fn a_customers_reply_opens_pending_and_on_hold() {
    for status in [Status::Pending, Status::OnHold] {
        ticket_in(status)
            .when(9, customer(), REPLY)
            .yields([customer_replied(), moved(status, Status::Open, BY_REPLY)]);
    }
}

#[test]
fn a_customers_reply_reopens_resolved_and_keeps_the_assignee() {
    let outcome = ticket_in(Status::Resolved).when(9, customer(), REPLY);
    let reopened = TicketReopened {
        from: Status::Resolved,
        to: Status::Open,
        cause: BY_REPLY,
        reason: None,
    };
    outcome.yields([customer_replied(), reopened.into()]);
    let Ticket::Present(ticket) = outcome.state else {
        panic!("the ticket exists")
    };
    assert_eq!(ticket.assignment.agent_id, Some(AGENT));
    assert_eq!((ticket.resolved, ticket.closed_at), (None, None));
}

#[test]
fn a_customers_reply_to_closed_needs_a_follow_up() {
    ticket_in(Status::Closed)
        .when(9, customer(), REPLY)
        .refuses(TicketError::ClosedNeedsFollowUp);
}

#[test]
fn for_another_customer_there_is_no_ticket() {
    ticket_in(Status::Open)
        .when(9, other_customer(), REPLY)
        .refuses(TicketError::NotFound);
    ticket_in(Status::Closed)
        .when(9, other_customer(), REPLY)
        .refuses(TicketError::NotFound);
}

#[test]
fn an_agents_reply_opens_a_new_ticket() {
    ticket_in(Status::New)
        .when(9, agent(), REPLY)
        .yields([agent_replied(), moved(Status::New, Status::Open, BY_REPLY)]);
}

#[test]
fn an_agents_reply_leaves_every_other_status_and_the_assignment() {
    for status in [
        Status::Open,
        Status::Pending,
        Status::OnHold,
        Status::Resolved,
    ] {
        let outcome = ticket_in(status).when(9, other_agent(), REPLY);
        outcome.yields([agent_replied()]);
        assert_eq!(status_of(&outcome.state), status);
    }
}

#[test]
fn an_agents_reply_to_closed_is_refused() {
    ticket_in(Status::Closed)
        .when(9, agent(), REPLY)
        .refuses(TicketError::Closed);
}

#[test]
fn a_note_never_moves_the_status() {
    for status in [
        Status::New,
        Status::Open,
        Status::Pending,
        Status::OnHold,
        Status::Resolved,
    ] {
        ticket_in(status)
            .when(9, agent(), NOTE)
            .yields([TicketNoteAdded {
                message_id: MESSAGE,
            }
            .into()]);
    }
}

#[test]
fn a_closed_ticket_takes_no_note() {
    ticket_in(Status::Closed)
        .when(9, agent(), NOTE)
        .refuses(TicketError::Closed);
}

#[test]
fn a_customer_may_not_write_notes() {
    ticket_in(Status::Open)
        .when(9, customer(), NOTE)
        .refuses(TicketError::StaffOnly {
            what: "write notes",
        });
}

#[test]
fn only_a_person_writes() {
    for actor in [Actor::Timer, Actor::Operator, import()] {
        for command in [REPLY, NOTE] {
            let outcome = ticket_in(Status::Open).when(9, actor.clone(), command);
            outcome.refuses(TicketError::AuthorNeeded);
        }
    }
}

const FOR_COLLEAGUE: TicketCommand = TicketCommand::ReplyForColleague {
    message_id: MESSAGE,
};

#[test]
fn a_colleague_answers_as_the_requester_would() {
    let ticket = ticket().given(0, opened());
    let reply = ticket.when(1, other_customer(), FOR_COLLEAGUE).result;
    assert_eq!(reply, ticket.when(1, customer(), REPLY).result);
    assert!(reply.is_ok_and(|events| !events.is_empty()));
}

#[test]
fn another_customer_who_is_no_colleague_finds_no_ticket() {
    ticket()
        .given(0, opened())
        .when(1, other_customer(), REPLY)
        .refuses(TicketError::NotFound);
}
