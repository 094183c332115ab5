//! How long a ticket waits for its requester: when they are reminded, and when what is resolved closes by itself.

use crate::ids::{CalendarId, TeamId};
use crate::sla::terms::CalendarBook;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A time to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delay {
    /// How long, in seconds.
    pub seconds: u32,
    /// The calendar whose working time counts, by the version that is the newest when the wait begins; all time without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar_id: Option<CalendarId>,
}

impl Delay {
    /// The shortest: a minute.
    pub const MIN_SECONDS: u32 = 60;
    /// The longest: a year.
    pub const MAX_SECONDS: u32 = 31_536_000;

    /// The instant after the wait; the end of time when it would lie beyond.
    #[must_use]
    pub fn after(self, at: DateTime<Utc>, book: &CalendarBook) -> DateTime<Utc> {
        let calendar = self.calendar_id.and_then(|id| book.newest(id));
        match calendar.and_then(|reference| book.get(reference)) {
            Some(calendar) => calendar.after(at, i64::from(self.seconds) * 1_000),
            None => at
                .checked_add_signed(TimeDelta::seconds(i64::from(self.seconds)))
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        }
    }
}

/// The waits of an organization, or those of a team, which leave to the organization what they do not name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WaitingRules {
    /// From resolved to closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_close: Option<Delay>,
    /// From pending to each reminder of the requester; an empty list is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminders: Option<Vec<Delay>>,
}

impl WaitingRules {
    /// The most reminders of one wait.
    pub const MAX_REMINDERS: usize = 5;
    /// The most teams with waits of their own.
    pub const MAX_TEAMS: usize = 100;

    /// True for those of a new organization, which are not written.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Every delay with its path: `reminders/0`.
    pub fn delays(&self) -> impl Iterator<Item = (String, Delay)> {
        let auto_close = self
            .auto_close
            .map(|delay| ("auto_close".to_owned(), delay));
        let reminders = self.reminders.iter().flatten().enumerate();
        auto_close
            .into_iter()
            .chain(reminders.map(|(index, delay)| (format!("reminders/{index}"), *delay)))
    }
}

/// The waits of a team, by its id.
pub type TeamWaiting = std::collections::BTreeMap<TeamId, WaitingRules>;
