//! What a calendar's commands may do.

use super::command::CalendarCommand;
use super::definition::CalendarDefinition;
use super::error::CalendarError;
use super::event::{CalendarChanged, CalendarCreated, CalendarEvent, CalendarRetired};
use super::state::{BusinessCalendar, PresentCalendar, definition_bytes};
use crate::command::Issued;
use crate::ids::CalendarId;
use crate::text::Name;

/// The events that a command yields; none when it changes nothing.
///
/// # Errors
/// When the command is refused. Permission comes first, so that a refusal does not tell whether the calendar exists.
pub fn decide(
    state: &BusinessCalendar,
    _id: CalendarId,
    issued: &Issued<CalendarCommand>,
) -> Result<Vec<CalendarEvent>, CalendarError> {
    if !issued.actor.is_admin() {
        return Err(CalendarError::AdminOnly);
    }
    match (&issued.command, state) {
        (CalendarCommand::Create { .. }, BusinessCalendar::Present(_)) => {
            Err(CalendarError::AlreadyExists)
        }
        (CalendarCommand::Create { name, definition }, BusinessCalendar::Absent) => {
            let (name, definition) = (name.clone(), definition.clone());
            Ok(vec![CalendarCreated { name, definition }.into()])
        }
        (CalendarCommand::Change { .. } | CalendarCommand::Retire, BusinessCalendar::Absent) => {
            Err(CalendarError::NotFound)
        }
        (CalendarCommand::Change { name, definition }, BusinessCalendar::Present(calendar)) => {
            change(calendar, name.as_ref(), definition.as_ref())
        }
        (CalendarCommand::Retire, BusinessCalendar::Present(calendar)) if calendar.retired => {
            Ok(Vec::new())
        }
        (CalendarCommand::Retire, BusinessCalendar::Present(_)) => {
            Ok(vec![CalendarRetired {}.into()])
        }
    }
}

fn change(
    calendar: &PresentCalendar,
    name: Option<&Name>,
    definition: Option<&CalendarDefinition>,
) -> Result<Vec<CalendarEvent>, CalendarError> {
    let present = calendar.definition().ok_or(CalendarError::NotFound)?;
    let name = name.unwrap_or(&calendar.name);
    let definition = definition.unwrap_or(present);
    let is_new = definition != present;
    if !is_new && *name == calendar.name {
        return Ok(Vec::new());
    }
    if calendar.retired {
        return Err(CalendarError::Retired);
    }
    let bytes = calendar.history_bytes() + definition_bytes(definition);
    if is_new && bytes > PresentCalendar::MAX_HISTORY_BYTES {
        return Err(CalendarError::HistoryFull);
    }
    let (name, definition) = (name.clone(), definition.clone());
    Ok(vec![CalendarChanged { name, definition }.into()])
}
