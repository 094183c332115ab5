//! What a decision about service levels has to know beside the ticket: policies, calendars, and who is who.

use crate::calendar::arithmetic::Calendar;
use crate::calendar::definition::CalendarRef;
use crate::ids::{CalendarId, CompanyId};
use crate::service_levels::state::ServiceLevels;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Calendars made ready for questions. Whoever asks about a ticket's clocks fills it with the calendars that they name.
#[derive(Debug, Clone, Default)]
pub struct CalendarBook {
    calendars: BTreeMap<CalendarRef, Arc<Calendar>>,
    newest: BTreeMap<CalendarId, i64>,
}

impl CalendarBook {
    /// Adds one version of a calendar.
    pub fn add(&mut self, reference: CalendarRef, calendar: Arc<Calendar>) {
        let newest = self.newest.entry(reference.id).or_insert(reference.version);
        *newest = (*newest).max(reference.version);
        self.calendars.insert(reference, calendar);
    }

    /// One version of a calendar.
    #[must_use]
    pub fn get(&self, reference: CalendarRef) -> Option<&Calendar> {
        self.calendars.get(&reference).map(Arc::as_ref)
    }

    /// The newest version of a calendar that the book has.
    #[must_use]
    pub fn newest(&self, id: CalendarId) -> Option<CalendarRef> {
        let version = *self.newest.get(&id)?;
        Some(CalendarRef { id, version })
    }
}

/// What a command to a ticket is decided by, as it stood when the command was issued.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// The organization's policies.
    pub levels: Arc<ServiceLevels>,
    /// The calendars that the policies name, in their newest version, and those that the ticket's clocks name.
    pub calendars: CalendarBook,
    /// The company that the ticket's requester belongs to.
    pub company_id: Option<CompanyId>,
    /// Whether the actor is a machine, whose replies meet no promise.
    pub is_machine: bool,
}
