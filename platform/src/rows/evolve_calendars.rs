//! How the row of a calendar follows from the events of its stream: one fold for the projector, which keeps rows up to date, and
//! for queries of the past.

use domain::calendar::event::{CalendarCreated, CalendarEvent};
use domain::ids::CalendarId;
use tokio_postgres::types::Json;

use super::{CalendarRow, Moment};

impl CalendarRow {
    /// The row of a calendar that was made.
    #[must_use]
    pub fn made(at: &Moment, id: CalendarId, created: &CalendarCreated) -> Self {
        Self {
            org_id: at.org_id,
            calendar_id: id,
            name: created.name.to_string(),
            definition: Json(created.definition.clone()),
            retired_at: None,
            version: at.version,
            created_at: at.occurred_at,
            updated_at: at.occurred_at,
        }
    }

    /// Follows an event of its stream.
    pub fn evolve(&mut self, at: &Moment, change: &CalendarEvent) {
        match change {
            CalendarEvent::Created(_) => return,
            CalendarEvent::Changed(changed) => {
                self.name = changed.name.to_string();
                self.definition = Json(changed.definition.clone());
            }
            CalendarEvent::Retired(_) => self.retired_at = Some(at.occurred_at),
        }
        self.version = at.version;
        self.updated_at = self.updated_at.max(at.occurred_at);
    }
}
