//! The rules of the ticket. The helpers make events and commands; a ticket here carries no SLA clocks unless a test is
//! about them.

mod conversation;
mod fields;
mod follow_up;
mod import;
mod open;
mod properties;
mod reminders;
mod status;
mod timers;

use crate::scenario::{AGENT, CUSTOMER, MESSAGE, Scenario, TICKET, scenario};
use domain::aggregate::TicketAggregate;
use domain::ids::UserId;
use domain::text::Subject;
use domain::ticket::command::OpenTicket;
use domain::ticket::event::{
    Cause, TicketAssigned, TicketClosed, TicketEvent, TicketOpened, TicketResolved,
    TicketStatusChanged,
};
use domain::ticket::state::{Assignment, Channel, Priority, Status};

pub fn ticket() -> Scenario<TicketAggregate> {
    scenario(TicketAggregate, TICKET)
}

pub fn subject(text: &str) -> Subject {
    Subject::parse(text).unwrap()
}

pub fn opened() -> TicketOpened {
    TicketOpened {
        subject: subject("The printer is on fire"),
        requester_id: CUSTOMER,
        priority: Priority::Normal,
        channel: Channel::Api,
        message_id: Some(MESSAGE),
        follow_up_of: None,
        external: None,
        sla_targets: None,
    }
}

pub fn open_command() -> OpenTicket {
    OpenTicket {
        subject: subject("The printer is on fire"),
        requester_id: CUSTOMER,
        priority: Priority::Normal,
        channel: Channel::Api,
        message_id: Some(MESSAGE),
        tags: Vec::new(),
        custom_fields: Vec::new(),
        assignment: Assignment::default(),
        follow_up_of: None,
        external: None,
    }
}

pub fn nobody() -> Assignment {
    Assignment::default()
}

pub fn only(agent: UserId) -> Assignment {
    Assignment {
        agent_id: Some(agent),
        team_id: None,
    }
}

pub fn assigned(to: Assignment) -> TicketEvent {
    TicketAssigned { from: nobody(), to }.into()
}

pub fn moved(from: Status, to: Status, cause: Cause) -> TicketEvent {
    TicketStatusChanged { from, to, cause }.into()
}

pub fn resolved() -> TicketEvent {
    TicketResolved {
        from: Status::Open,
        cause: Cause::Request,
        auto_close_at: None,
    }
    .into()
}

pub fn closed() -> TicketEvent {
    TicketClosed {
        from: Status::Resolved,
        cause: Cause::Request,
    }
    .into()
}

/// A ticket that an agent works on, brought to a status in the first four minutes.
pub fn ticket_in(status: Status) -> Scenario<TicketAggregate> {
    let ticket = ticket().given(0, opened());
    let open = |ticket: Scenario<TicketAggregate>| {
        ticket
            .given(1, assigned(only(AGENT)))
            .given(1, moved(Status::New, Status::Open, Cause::Assignment))
    };
    match status {
        Status::New => ticket,
        Status::Open => open(ticket),
        Status::Pending | Status::OnHold => {
            open(ticket).given(2, moved(Status::Open, status, Cause::Request))
        }
        Status::Resolved => open(ticket).given(2, resolved()),
        Status::Closed => open(ticket).given(2, resolved()).given(4, closed()),
    }
}

pub fn status_of(scenario: &domain::ticket::state::Ticket) -> Status {
    match scenario {
        domain::ticket::state::Ticket::Present(ticket) => ticket.status,
        domain::ticket::state::Ticket::Absent => panic!("there is no ticket"),
    }
}
