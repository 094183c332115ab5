//! Messages: the conversation of each ticket.

use domain::ids::MessageId;
use domain::message::event::{MessageEvent, MessagePosted};
use platform::rows::MessageRow;

use super::ApplyError;
use crate::event::Event;
use crate::state::State;

/// Applies an event of a message's stream.
///
/// # Errors
/// When the message was never posted.
pub fn apply(
    state: &mut State,
    event: &Event,
    id: MessageId,
    change: &MessageEvent,
) -> Result<(), ApplyError> {
    let key = (event.org_id, id);
    if let MessageEvent::Posted(message) = change {
        let author_name = state.user_name(event.org_id, message.author_id);
        state
            .messages
            .insert(key, posted(event, id, message, author_name));
        return Ok(());
    }
    let row = state
        .messages
        .change(key)
        .ok_or_else(|| ApplyError::missing(event, "message", id))?;
    match change {
        MessageEvent::Posted(_) => {}
        // A redaction is final, whatever follows it in the log.
        MessageEvent::Edited(edited) if row.redacted_at.is_none() => {
            row.body = Some(edited.body.to_string());
            row.edited_at = Some(event.occurred_at);
        }
        MessageEvent::Edited(_) => {}
        MessageEvent::Redacted(_) => {
            row.body = None;
            row.redacted_at = Some(event.occurred_at);
        }
    }
    row.version = event.version;
    Ok(())
}

fn posted(
    event: &Event,
    id: MessageId,
    message: &MessagePosted,
    author_name: String,
) -> MessageRow {
    MessageRow {
        org_id: event.org_id,
        message_id: id,
        ticket_id: message.ticket_id,
        visibility: message.visibility,
        author_id: message.author_id,
        author_role: message.author_role,
        author_name,
        body: Some(message.body.to_string()),
        created_at: event.occurred_at,
        edited_at: None,
        redacted_at: None,
        version: event.version,
        position: event.position,
    }
}
