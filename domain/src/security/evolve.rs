//! What a security event means.

use super::event::SecurityEvent;
use super::state::Occurrence;
use chrono::{DateTime, Utc};

/// The state after an event.
#[must_use]
pub fn evolve(_state: Occurrence, event: &SecurityEvent, _at: DateTime<Utc>) -> Occurrence {
    Occurrence::Recorded {
        user_id: event.user_id(),
    }
}
