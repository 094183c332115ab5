//! Messages: the conversation of each ticket.

use domain::ids::MessageId;
use domain::message::event::{MessageEvent, MessagePosted};
use platform::rows::{MessageFactsRow, MessageKind, MessageRow};

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
        count(state, event, id, message);
        let author = state.writer(event.org_id, message.author_id);
        state.messages.insert(
            key,
            MessageRow::posted(&event.moment(), id, message, author),
        );
        return Ok(());
    }
    let row = state
        .messages
        .change(key)
        .ok_or_else(|| ApplyError::missing(event, "message", id))?;
    row.evolve(&event.moment(), change);
    Ok(())
}

/// Notes a new message for reports. One that opens its ticket may be posted before it: no team has that ticket then.
fn count(state: &mut State, event: &Event, id: MessageId, message: &MessagePosted) {
    let ticket = state.tickets.get((event.org_id, message.ticket_id));
    let facts = MessageFactsRow {
        org_id: event.org_id,
        message_id: id,
        ticket_id: message.ticket_id,
        kind: MessageKind::of(message.author_role, message.visibility),
        author_id: message.author_id,
        team_id: ticket.and_then(|ticket| ticket.team_id),
        written_at: event.occurred_at,
        known_from: event.recorded_at,
    };
    let zone = state.zone(event.org_id);
    state.message_cells.add(zone, &facts);
    state.message_facts.push(facts);
}
