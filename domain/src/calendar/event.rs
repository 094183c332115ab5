//! Events of a calendar's stream.

use super::definition::CalendarDefinition;
use crate::event::events;
use crate::text::Name;
use serde::{Deserialize, Serialize};

events! {
    /// What happened to a calendar.
    CalendarEvent {
        /// It was made.
        Created(CalendarCreated) = "calendar.created" v 1,
        /// It says something else. Carries all of it, so that each version stands alone.
        Changed(CalendarChanged) = "calendar.changed" v 1,
        /// Nothing may count by it any more. What did before still can: its versions stay.
        Retired(CalendarRetired) = "calendar.retired" v 1,
    }
}

/// A calendar was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarCreated {
    /// What people read.
    pub name: Name,
    /// What it says.
    #[serde(flatten)]
    pub definition: CalendarDefinition,
}

/// A calendar says something else, or has another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarChanged {
    /// What people read from now on.
    pub name: Name,
    /// What it says from now on.
    #[serde(flatten)]
    pub definition: CalendarDefinition,
}

/// Nothing may count by the calendar any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarRetired {}
