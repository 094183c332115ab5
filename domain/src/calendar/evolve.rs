//! What a calendar's events mean.

use super::definition::CalendarDefinition;
use super::event::CalendarEvent;
use super::state::{BusinessCalendar, DefinitionVersion, PresentCalendar};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// The state after an event. An event that its stream cannot begin with leaves an absent calendar absent.
#[must_use]
pub fn evolve(
    state: BusinessCalendar,
    event: &CalendarEvent,
    at: DateTime<Utc>,
) -> BusinessCalendar {
    let mut calendar = match (state, event) {
        (_, CalendarEvent::Created(e)) => PresentCalendar {
            name: e.name.clone(),
            versions: Vec::new(),
            version: 0,
            retired: false,
        },
        (BusinessCalendar::Absent, _) => return BusinessCalendar::Absent,
        (BusinessCalendar::Present(calendar), _) => calendar,
    };
    calendar.version += 1;
    match event {
        CalendarEvent::Created(e) => calendar.say(&e.definition, at),
        CalendarEvent::Changed(e) => {
            calendar.name = e.name.clone();
            calendar.say(&e.definition, at);
        }
        CalendarEvent::Retired(_) => calendar.retired = true,
    }
    BusinessCalendar::Present(calendar)
}

impl PresentCalendar {
    /// Another name alone is nothing new.
    fn say(&mut self, definition: &CalendarDefinition, from: DateTime<Utc>) {
        if self.definition() == Some(definition) {
            return;
        }
        self.versions.push(DefinitionVersion {
            version: self.version,
            from,
            definition: Arc::new(definition.clone()),
        });
    }
}
