//! The projections: one file each, pure functions from an event and the rows that it touches to the changed rows.
//!
//! An event is applied at its place in the log: names are those of that moment, so that one event at a time, a large
//! batch and a rebuild give the same rows.

pub mod audit;
mod audit_security;
mod audit_service_levels;
mod audit_views;
pub mod calendars;
pub mod companies;
mod facts;
pub mod history;
mod measures;
pub mod messages;
pub mod organizations;
pub mod service_levels;
pub mod teams;
pub mod tickets;
pub mod users;
pub mod views;
mod who;

#[cfg(test)]
mod tests;

pub(crate) use facts::Effect;
pub(crate) use measures::is_word;

use domain::event::DomainEvent;
use domain::ids::{CalendarId, CompanyId, MessageId, TeamId, TicketId, UserId, ViewId};

use crate::event::Event;
use crate::state::State;

/// Why an event could not be applied: it speaks of something that no event before it made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event_type} speaks of {kind} {id}, which no earlier event of the partition made")]
pub struct ApplyError {
    /// The event.
    pub event_type: String,
    /// What is missing.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
}

impl ApplyError {
    fn missing(event: &Event, kind: &'static str, id: impl std::fmt::Display) -> Self {
        Self {
            event_type: event.event_type.clone(),
            kind,
            id: id.to_string(),
        }
    }
}

/// Applies one event to the rows that it touches. After an error the state is of no use any more.
///
/// # Errors
/// When the event speaks of something that is not there.
pub fn apply(state: &mut State, event: &Event) -> Result<(), ApplyError> {
    audit::add(state, event);
    match &event.body {
        DomainEvent::Organization(change) => organizations::apply(state, event, change),
        DomainEvent::User(change) => users::apply(state, event, UserId(event.stream_id), change),
        // The reservation of an address or domain is a rule of the log, not something to show.
        DomainEvent::EmailClaim(_) | DomainEvent::DomainClaim(_) | DomainEvent::ViewShelf(_) => {
            Ok(())
        }
        DomainEvent::View(change) => views::apply(state, event, ViewId(event.stream_id), change),
        // Told by the audit alone.
        DomainEvent::Security(_) => Ok(()),
        DomainEvent::Company(change) => {
            companies::apply(state, event, CompanyId(event.stream_id), change)
        }
        DomainEvent::Team(change) => teams::apply(state, event, TeamId(event.stream_id), change),
        DomainEvent::Calendar(change) => {
            calendars::apply(state, event, CalendarId(event.stream_id), change)
        }
        DomainEvent::ServiceLevels(change) => {
            service_levels::apply(state, event, change);
            Ok(())
        }
        DomainEvent::Ticket(change) => {
            let id = TicketId(event.stream_id);
            let steps = tickets::apply(state, event, id, change)?;
            history::of_ticket(state, event, id, change, steps);
            Ok(())
        }
        DomainEvent::Message(change) => {
            let id = MessageId(event.stream_id);
            messages::apply(state, event, id, change)?;
            tickets::apply_message(state, event, id, change)?;
            history::of_message(state, event, id, change)
        }
    }
}
