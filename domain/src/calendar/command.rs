//! What may be asked of a calendar.

use super::definition::CalendarDefinition;
use crate::text::Name;

/// A command to a calendar. Only admins and the operator may issue one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalendarCommand {
    /// Make it.
    Create {
        /// What people read.
        name: Name,
        /// What it says.
        definition: CalendarDefinition,
    },
    /// Change what is given, leave the rest.
    Change {
        /// The new name.
        name: Option<Name>,
        /// What it says from now on, whole.
        definition: Option<CalendarDefinition>,
    },
    /// Let nothing count by it any more. That nothing does was checked.
    Retire,
}
