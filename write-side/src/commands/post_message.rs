//! A reply or a note on a ticket; a customer's reply to a closed ticket goes to its follow-up instead.

use super::open_ticket::{FirstMessage, is_customer, open};
use super::{MessageAnswer, TicketAnswer};
use crate::dispatch::{CommandError, Refusal, StoredAnswer, UseCase, Work};
use domain::ids::{MessageId, TicketId, UserId};
use domain::message::command::MessageCommand;
use domain::message::state::{Message, Visibility};
use domain::text::MessageBody;
use domain::ticket::command::{OpenTicket as Open, TicketCommand};
use domain::ticket::error::TicketError;
use domain::ticket::state::{Assignment, PresentTicket, Ticket};
use sealing::AnswerPart;
use serde::{Deserialize, Serialize};

/// The longest chain of closed tickets, each the follow-up of the one before, that is gone along.
const CHAIN_MAX: usize = 20;

/// Writes a message on a ticket.
#[derive(Debug, Clone)]
pub struct PostMessage {
    /// The ticket.
    pub ticket_id: TicketId,
    /// The message's id, fresh.
    pub message_id: MessageId,
    /// Public is a reply, internal a note.
    pub visibility: Visibility,
    /// The words.
    pub body: MessageBody,
    /// The id, fresh, of the ticket that is opened when this one is closed, its requester writes, and nothing continues it.
    pub follow_up_id: TicketId,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PostedMessage {
    /// The message.
    pub message: MessageAnswer,
    /// The ticket that it is on: the addressed one, or the follow-up.
    pub ticket: TicketAnswer,
}

impl StoredAnswer for PostedMessage {
    const PERSONAL: &'static [AnswerPart] = &[
        AnswerPart {
            within: Some("message"),
            fields: MessageAnswer::FIELDS,
        },
        AnswerPart {
            within: Some("ticket"),
            fields: TicketAnswer::FIELDS,
        },
    ];

    fn owners(&self) -> Vec<UserId> {
        vec![self.message.author_id, self.ticket.requester_id]
    }
}

impl UseCase for PostMessage {
    type Answer = PostedMessage;

    async fn decide(&self, work: &mut Work<'_>) -> Result<PostedMessage, CommandError> {
        work.address(self.ticket_id.0);
        let message_id = self.message_id;
        let is_colleague = self.is_by_colleague(work).await?;
        let command = match self.visibility {
            Visibility::Public if is_colleague => TicketCommand::ReplyForColleague { message_id },
            Visibility::Public => TicketCommand::Reply { message_id },
            Visibility::Internal => TicketCommand::AddNote { message_id },
        };
        let ticket = match work.try_issue::<Ticket>(self.ticket_id, command).await? {
            Ok(()) => self.post(work, self.ticket_id).await?,
            // A closed ticket is continued by its requester alone.
            Err(TicketError::ClosedNeedsFollowUp) if is_customer(work.actor()) && !is_colleague => {
                self.follow_up(work).await?
            }
            Err(refused) => return Err(Refusal::from(refused).into()),
        };
        Ok(PostedMessage {
            message: MessageAnswer::of(work, message_id).await?,
            ticket,
        })
    }
}

impl PostMessage {
    async fn is_by_colleague(&self, work: &mut Work<'_>) -> Result<bool, CommandError> {
        let requester = match work.state::<Ticket>(self.ticket_id.0).await? {
            Ticket::Present(ticket) => ticket.requester_id,
            Ticket::Absent => return Ok(false),
        };
        work.is_colleague_of(requester).await
    }

    async fn post(
        &self,
        work: &mut Work<'_>,
        ticket_id: TicketId,
    ) -> Result<TicketAnswer, CommandError> {
        work.create::<Message>(self.message_id.0);
        let post = MessageCommand::Post {
            ticket_id,
            visibility: self.visibility,
            body: self.body.clone(),
        };
        work.issue::<Message>(self.message_id, post).await?;
        TicketAnswer::of(work, ticket_id).await
    }

    /// Replies to the ticket that continues the closed one, and opens one if none does or all are closed. Two replies at
    /// once, or one that was sent twice, meet in one follow-up, because both change the closed ticket's stream.
    async fn follow_up(&self, work: &mut Work<'_>) -> Result<TicketAnswer, CommandError> {
        let message_id = self.message_id;
        let mut closed_id = self.ticket_id;
        for _ in 0..CHAIN_MAX {
            let Some(next_id) = present(work, closed_id).await?.follow_ups.last().copied() else {
                break;
            };
            match work
                .try_issue::<Ticket>(next_id, TicketCommand::Reply { message_id })
                .await?
            {
                Ok(()) => return self.post(work, next_id).await,
                Err(TicketError::ClosedNeedsFollowUp) => closed_id = next_id,
                Err(refused) => return Err(Refusal::from(refused).into()),
            }
        }
        self.open_follow_up(work, closed_id).await
    }

    /// Opens a new ticket with the subject and the priority of the closed one, and links both. Of a private team's ticket
    /// it stays with the team: the subject is the same.
    async fn open_follow_up(
        &self,
        work: &mut Work<'_>,
        closed_id: TicketId,
    ) -> Result<TicketAnswer, CommandError> {
        let team_id = present(work, closed_id).await?.assignment.team_id;
        let team_id = work.private_team(team_id).await?;
        let closed = present(work, closed_id).await?;
        let continued = Open {
            subject: closed.subject.clone(),
            requester_id: closed.requester_id,
            priority: closed.priority,
            channel: closed.channel,
            message_id: None,
            tags: Vec::new(),
            custom_fields: Vec::new(),
            assignment: Assignment {
                agent_id: None,
                team_id,
            },
            follow_up_of: Some(closed_id),
            external: None,
        };
        let message = FirstMessage {
            id: self.message_id,
            body: self.body.clone(),
        };
        let opened = open(work, self.follow_up_id, continued, Some(&message)).await?;
        let link = TicketCommand::LinkFollowUp {
            ticket_id: self.follow_up_id,
        };
        work.issue::<Ticket>(closed_id, link).await?;
        Ok(opened)
    }
}

async fn present<'w>(
    work: &'w mut Work<'_>,
    id: TicketId,
) -> Result<&'w PresentTicket, CommandError> {
    match work.state::<Ticket>(id.0).await? {
        Ticket::Present(ticket) => Ok(ticket),
        Ticket::Absent => Err(Refusal::NotFound { what: "ticket" }.into()),
    }
}
