//! What a message's events mean.

use super::event::MessageEvent;
use super::state::{Message, PresentMessage};
use chrono::{DateTime, Utc};

/// The state after an event that occurred at `at`. An event that its stream cannot begin with leaves an absent message
/// absent.
#[must_use]
pub fn evolve(state: Message, event: &MessageEvent, at: DateTime<Utc>) -> Message {
    match (state, event) {
        (_, MessageEvent::Posted(e)) => Message::Present(PresentMessage {
            ticket_id: e.ticket_id,
            author_id: e.author_id,
            visibility: e.visibility,
            posted_at: at,
            body: Some(e.body.clone()),
        }),
        (Message::Absent, _) => Message::Absent,
        (Message::Present(message), MessageEvent::Edited(e)) => Message::Present(PresentMessage {
            body: Some(e.body.clone()),
            ..message
        }),
        (Message::Present(message), MessageEvent::Redacted(_)) => {
            Message::Present(PresentMessage {
                body: None,
                ..message
            })
        }
    }
}
