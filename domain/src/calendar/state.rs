//! A calendar as its events tell it, with everything that it ever said.

use super::definition::{CalendarDefinition, CalendarRef};
use crate::ids::CalendarId;
use crate::text::Name;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// The state of a calendar's stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum BusinessCalendar {
    /// No event yet.
    #[default]
    Absent,
    /// It exists.
    Present(PresentCalendar),
}

/// A calendar that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentCalendar {
    /// What people read.
    pub name: Name,
    /// What it said, the oldest first; never empty.
    pub(super) versions: Vec<DefinitionVersion>,
    /// The version of its stream.
    pub(super) version: i64,
    /// Whether nothing may count by it any more.
    pub retired: bool,
}

/// What a calendar said from a version of its stream on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionVersion {
    /// The version.
    pub version: i64,
    /// From when on.
    pub from: DateTime<Utc>,
    /// What it said.
    pub definition: Arc<CalendarDefinition>,
}

impl BusinessCalendar {
    /// What it said at a version of its stream.
    #[must_use]
    pub fn at(&self, version: i64) -> Option<&Arc<CalendarDefinition>> {
        let Self::Present(calendar) = self else {
            return None;
        };
        let upto = calendar
            .versions
            .partition_point(|said| said.version <= version);
        let said = calendar.versions.get(upto.checked_sub(1)?)?;
        (version <= calendar.version).then_some(&said.definition)
    }

    /// What it says now, and the name of that for ever.
    #[must_use]
    pub fn newest(&self, id: CalendarId) -> Option<(CalendarRef, &Arc<CalendarDefinition>)> {
        let Self::Present(calendar) = self else {
            return None;
        };
        let said = calendar.versions.last()?;
        let version = said.version;
        Some((CalendarRef { id, version }, &said.definition))
    }
}

impl PresentCalendar {
    /// The most bytes of all that it ever said: a calendar is kept in memory with its versions while clocks run by them.
    pub const MAX_HISTORY_BYTES: usize = 1024 * 1024;

    /// What it says now.
    #[must_use]
    pub fn definition(&self) -> Option<&CalendarDefinition> {
        self.versions.last().map(|said| said.definition.as_ref())
    }

    /// What it ever said, the oldest first.
    #[must_use]
    pub fn versions(&self) -> &[DefinitionVersion] {
        &self.versions
    }

    /// The bytes of all that it ever said, roughly.
    #[must_use]
    pub fn history_bytes(&self) -> usize {
        let versions = self.versions.iter();
        versions
            .map(|said| definition_bytes(&said.definition))
            .sum()
    }
}

/// What a definition takes beside its parts, each of its intervals, and each of its holidays beside its name.
const DEFINITION_BYTES: usize = 128;
const INTERVAL_BYTES: usize = 8;
const HOLIDAY_BYTES: usize = 48;

/// The bytes of a definition, roughly.
pub(super) fn definition_bytes(definition: &CalendarDefinition) -> usize {
    let holidays = definition.holidays.as_slice().iter();
    let of_holidays: usize = holidays
        .map(|holiday| HOLIDAY_BYTES + holiday.name.as_str().len())
        .sum();
    DEFINITION_BYTES + INTERVAL_BYTES * definition.weekly.intervals().len() + of_holidays
}
