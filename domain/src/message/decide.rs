//! What a message's commands may do.

use super::command::MessageCommand;
use super::error::MessageError;
use super::event::{MessageEdited, MessageEvent, MessagePosted, MessageRedacted};
use super::state::{Message, PresentMessage, Visibility};
use crate::actor::{Actor, Role};
use crate::command::Issued;
use crate::ids::{MessageId, TicketId};
use crate::text::{MessageBody, Reason};
use chrono::TimeDelta;

/// The events that a command yields; none when it changes nothing.
///
/// # Errors
/// When the command is refused.
pub fn decide(
    state: &Message,
    _id: MessageId,
    issued: &Issued<MessageCommand>,
) -> Result<Vec<MessageEvent>, MessageError> {
    match (state, &issued.command) {
        (
            Message::Absent,
            MessageCommand::Post {
                ticket_id,
                visibility,
                body,
            },
        ) => post(&issued.actor, *ticket_id, *visibility, body),
        (Message::Present(_), MessageCommand::Post { .. }) => Err(MessageError::AlreadyExists),
        (Message::Absent, _) => Err(MessageError::NotFound),
        (Message::Present(message), MessageCommand::Edit { body }) => edit(message, issued, body),
        (Message::Present(message), MessageCommand::Redact { reason }) => {
            redact(message, &issued.actor, reason.as_ref())
        }
    }
}

fn post(
    actor: &Actor,
    ticket_id: TicketId,
    visibility: Visibility,
    body: &MessageBody,
) -> Result<Vec<MessageEvent>, MessageError> {
    let Actor::User { id, role } = actor else {
        return Err(MessageError::AuthorNeeded);
    };
    if visibility == Visibility::Internal && !role.is_staff() {
        return Err(MessageError::NoteByStaffOnly);
    }
    let posted = MessagePosted {
        ticket_id,
        author_id: *id,
        author_role: *role,
        visibility,
        body: body.clone(),
    };
    Ok(vec![posted.into()])
}

fn edit(
    message: &PresentMessage,
    issued: &Issued<MessageCommand>,
    to: &MessageBody,
) -> Result<Vec<MessageEvent>, MessageError> {
    hide_from_other_customers(message, &issued.actor)?;
    if issued.actor.user_id() != Some(message.author_id) {
        return Err(MessageError::AuthorOnly);
    }
    let Some(body) = &message.body else {
        return Err(MessageError::Redacted);
    };
    let minutes = issued.settings.edit_window_minutes;
    if issued.now - message.posted_at > TimeDelta::minutes(i64::from(minutes)) {
        return Err(MessageError::EditWindowPassed { minutes });
    }
    if to == body {
        Ok(Vec::new())
    } else {
        Ok(vec![MessageEdited { body: to.clone() }.into()])
    }
}

fn redact(
    message: &PresentMessage,
    actor: &Actor,
    reason: Option<&Reason>,
) -> Result<Vec<MessageEvent>, MessageError> {
    hide_from_other_customers(message, actor)?;
    if !actor.is_staff() {
        return Err(MessageError::RedactByStaffOnly);
    }
    if message.body.is_none() {
        return Ok(Vec::new());
    }
    Ok(vec![
        MessageRedacted {
            reason: reason.cloned(),
        }
        .into(),
    ])
}

/// A customer learns nothing of notes and of what others wrote by trying to change it.
fn hide_from_other_customers(message: &PresentMessage, actor: &Actor) -> Result<(), MessageError> {
    match actor {
        Actor::User {
            id,
            role: Role::Customer,
        } if *id != message.author_id || message.visibility == Visibility::Internal => {
            Err(MessageError::NotFound)
        }
        _ => Ok(()),
    }
}
