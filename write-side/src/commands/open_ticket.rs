//! A ticket is opened, usually with its first message.

use super::TicketAnswer;
use super::custom_fields::{RawFieldValue, resolve};
use crate::dispatch::{CommandError, UseCase, Work};
use domain::actor::Actor;
use domain::ids::{MessageId, TicketId};
use domain::message::command::MessageCommand;
use domain::message::state::{Message, Visibility};
use domain::text::{FieldKey, MessageBody};
use domain::ticket::command::{OpenTicket as Open, TicketCommand};
use domain::ticket::state::Ticket;

/// Opens a ticket.
#[derive(Debug, Clone)]
pub struct OpenTicket {
    /// Its id, fresh.
    pub ticket_id: TicketId,
    /// What it starts with. [`Open::message_id`] and [`Open::custom_fields`] follow from the fields below.
    pub open: Open,
    /// Its custom fields from the start.
    pub custom_fields: Vec<(FieldKey, RawFieldValue)>,
    /// Its first message.
    pub message: Option<FirstMessage>,
}

/// The message that a ticket is opened with. The requester can read it.
#[derive(Debug, Clone)]
pub struct FirstMessage {
    /// Its id, fresh.
    pub id: MessageId,
    /// The words.
    pub body: MessageBody,
}

impl UseCase for OpenTicket {
    type Answer = TicketAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<TicketAnswer, CommandError> {
        work.check_customer(self.open.requester_id, "/requester_id")
            .await?;
        work.check_assignment(self.open.assignment, "").await?;
        work.check_membership(self.open.assignment, "").await?;
        let mut custom_fields = Vec::with_capacity(self.custom_fields.len());
        for (key, raw) in &self.custom_fields {
            custom_fields.push((key.clone(), resolve(work, key, raw)?));
        }
        let first = Open {
            custom_fields,
            ..self.open.clone()
        };
        open(work, self.ticket_id, first, self.message.as_ref()).await
    }
}

/// Opens a ticket whose references are known to be right.
pub(super) async fn open(
    work: &mut Work<'_>,
    ticket_id: TicketId,
    open: Open,
    message: Option<&FirstMessage>,
) -> Result<TicketAnswer, CommandError> {
    work.create::<Ticket>(ticket_id.0);
    let open = Open {
        message_id: message.map(|message| message.id),
        ..open
    };
    work.issue::<Ticket>(ticket_id, TicketCommand::Open(open))
        .await?;
    if let Some(FirstMessage { id, body }) = message {
        work.create::<Message>(id.0);
        let visibility = Visibility::Public;
        work.issue::<Message>(
            *id,
            MessageCommand::Post {
                ticket_id,
                visibility,
                body: body.clone(),
            },
        )
        .await?;
    }
    TicketAnswer::of(work, ticket_id).await
}

/// True when the actor is the person that staff would call the customer.
pub(super) fn is_customer(actor: &Actor) -> bool {
    matches!(
        actor,
        Actor::User {
            role: domain::actor::Role::Customer,
            ..
        }
    )
}
