//! Calendars as they are now, and what each said before.

use std::sync::Arc;

use domain::calendar::arithmetic::Calendar;
use domain::calendar::definition::{CalendarDefinition, CalendarRef};
use domain::calendar::event::CalendarEvent;
use domain::ids::CalendarId;
use domain::text::Name;
use platform::rows::{CalendarRow, CalendarVersionRow};
use tokio_postgres::types::Json;

use super::ApplyError;
use crate::event::Event;
use crate::state::State;

/// Applies an event of a calendar's stream.
///
/// # Errors
/// When the calendar was never made.
pub fn apply(
    state: &mut State,
    event: &Event,
    id: CalendarId,
    change: &CalendarEvent,
) -> Result<(), ApplyError> {
    let key = (event.org_id, id);
    match change {
        CalendarEvent::Created(created) => {
            let row = CalendarRow::made(&event.moment(), id, created);
            state.calendars.insert(key, row);
            add_version(state, event, id, &created.name, &created.definition);
            return Ok(());
        }
        CalendarEvent::Changed(changed) => {
            add_version(state, event, id, &changed.name, &changed.definition);
        }
        CalendarEvent::Retired(_) => {}
    }
    let row = state
        .calendars
        .change(key)
        .ok_or_else(|| ApplyError::missing(event, "calendar", id))?;
    row.evolve(&event.moment(), change);
    Ok(())
}

fn add_version(
    state: &mut State,
    event: &Event,
    id: CalendarId,
    name: &Name,
    definition: &CalendarDefinition,
) {
    let reference = CalendarRef {
        id,
        version: event.version,
    };
    state
        .book
        .add(reference, Arc::new(Calendar::new(definition)));
    state.calendar_versions.push(CalendarVersionRow {
        org_id: event.org_id,
        calendar_id: id,
        version: event.version,
        name: name.to_string(),
        definition: Json(definition.clone()),
        valid_from: event.occurred_at,
    });
}
