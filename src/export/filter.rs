//! Which events are wanted.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use event_store::{Placement, RecordedEvent};

/// Which events are wanted; everything unless told otherwise.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Recorded at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Recorded before this time.
    pub to: Option<DateTime<Utc>>,
    /// Of this organization.
    pub place: Option<Placement>,
    /// Of these types; of all when empty.
    pub types: BTreeSet<String>,
}

impl Filter {
    /// Whether nothing is left out.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.from.is_none() && self.to.is_none() && self.place.is_none() && self.types.is_empty()
    }

    /// Whether this event is wanted.
    #[must_use]
    pub fn wants(&self, event: &RecordedEvent) -> bool {
        let in_time = self.from.is_none_or(|from| event.recorded_at >= from)
            && self.to.is_none_or(|to| event.recorded_at < to);
        let of_organization = self.place.is_none_or(|place| place.org_id == event.org_id);
        let of_type = self.types.is_empty() || self.types.contains(&event.event_type);
        in_time && of_organization && of_type
    }
}
