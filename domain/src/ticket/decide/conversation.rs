//! What is said: replies, notes, and the tickets that continue a closed one.

use super::{Request, Standing};
use crate::ids::{MessageId, TicketId};
use crate::ticket::error::TicketError;
use crate::ticket::event::{
    Cause, TicketAgentReplied, TicketCustomerReplied, TicketEvent, TicketFollowUpOpened,
    TicketNoteAdded, TicketReopened, TicketStatusChanged,
};
use crate::ticket::state::Status;

pub(super) fn reply(
    request: &Request<'_>,
    message_id: MessageId,
) -> Result<Vec<TicketEvent>, TicketError> {
    match request.standing {
        Standing::Requester => customer_reply(request.ticket.status, message_id),
        Standing::Staff { user: Some(_) } => agent_reply(request, message_id),
        Standing::Staff { user: None } | Standing::Import | Standing::Timer => {
            Err(TicketError::AuthorNeeded)
        }
    }
}

fn customer_reply(from: Status, message_id: MessageId) -> Result<Vec<TicketEvent>, TicketError> {
    let replied = TicketCustomerReplied { message_id }.into();
    let to = Status::Open;
    let cause = Cause::Reply { message_id };
    match from {
        Status::New | Status::Open => Ok(vec![replied]),
        Status::Pending | Status::OnHold => Ok(vec![
            replied,
            TicketStatusChanged { from, to, cause }.into(),
        ]),
        Status::Resolved => Ok(vec![
            replied,
            TicketReopened {
                from,
                to,
                cause,
                reason: None,
            }
            .into(),
        ]),
        Status::Closed => Err(TicketError::ClosedNeedsFollowUp),
    }
}

fn agent_reply(
    request: &Request<'_>,
    message_id: MessageId,
) -> Result<Vec<TicketEvent>, TicketError> {
    let from = request.ticket.status;
    let replied = TicketAgentReplied {
        message_id,
        machine: request.terms.is_machine,
    }
    .into();
    match from {
        Status::New => {
            let cause = Cause::Reply { message_id };
            Ok(vec![
                replied,
                TicketStatusChanged {
                    from,
                    to: Status::Open,
                    cause,
                }
                .into(),
            ])
        }
        Status::Open | Status::Pending | Status::OnHold | Status::Resolved => Ok(vec![replied]),
        Status::Closed => Err(TicketError::Closed),
    }
}

/// A note never moves the status. A closed ticket takes none: it is the record of what was known when the work ended, and
/// what is found out later belongs to the follow-up or to the reopened ticket, where somebody will read it.
pub(super) fn add_note(
    request: &Request<'_>,
    message_id: MessageId,
) -> Result<Vec<TicketEvent>, TicketError> {
    match request.standing {
        Standing::Staff { user: Some(_) } if request.ticket.status == Status::Closed => {
            Err(TicketError::Closed)
        }
        Standing::Staff { user: Some(_) } => Ok(vec![TicketNoteAdded { message_id }.into()]),
        Standing::Requester => Err(TicketError::StaffOnly {
            what: "write notes",
        }),
        Standing::Staff { user: None } | Standing::Import | Standing::Timer => {
            Err(TicketError::AuthorNeeded)
        }
    }
}

/// Linking the same ticket a second time changes nothing.
pub(super) fn link_follow_up(
    request: &Request<'_>,
    ticket_id: TicketId,
) -> Result<Vec<TicketEvent>, TicketError> {
    if request.standing == Standing::Timer {
        return Err(TicketError::StaffOnly {
            what: "open a follow-up ticket for a customer",
        });
    }
    if ticket_id == request.id {
        return Err(TicketError::FollowUpOfItself);
    }
    if request.ticket.status != Status::Closed {
        return Err(TicketError::FollowUpOfUnclosed);
    }
    if request.ticket.follow_ups.contains(&ticket_id) {
        return Ok(Vec::new());
    }
    Ok(vec![
        TicketFollowUpOpened {
            follow_up_id: ticket_id,
        }
        .into(),
    ])
}
