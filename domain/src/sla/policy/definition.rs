//! What a policy says.

use super::bounds::{self, PolicyError};
use super::condition::{Condition, TicketFacts};
use super::target::{self, Target};
use crate::ids::CalendarId;
use crate::text::Name;
use crate::ticket::state::Priority;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a policy says: for which tickets it is, and what it promises them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyDefinition {
    /// What people read.
    pub name: Name,
    /// For which tickets it is.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
    /// What it promises, one at most for each metric and priority. A ticket of a priority that has none of a metric has no
    /// such clock.
    pub targets: Vec<Target>,
}

/// For which tickets a policy is: those for which each of `all` holds and, where `any` names some, one of those at least.
/// Without conditions it is for every ticket.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Conditions {
    /// Each has to hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<Condition>,
    /// One at least has to hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<Condition>,
}

impl Conditions {
    /// True when it is for every ticket.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.any.is_empty()
    }

    /// Whether they hold for a ticket.
    #[must_use]
    pub fn hold(&self, facts: &TicketFacts<'_>) -> bool {
        self.all.iter().all(|condition| condition.holds(facts))
            && (self.any.is_empty() || self.any.iter().any(|condition| condition.holds(facts)))
    }

    /// Every condition with its path: `conditions/all/0`.
    pub(super) fn paths(&self) -> impl Iterator<Item = (String, &Condition)> {
        let lists = [("all", &self.all), ("any", &self.any)];
        lists.into_iter().flat_map(|(list, conditions)| {
            let numbered = conditions.iter().enumerate();
            numbered
                .map(move |(index, condition)| (format!("conditions/{list}/{index}"), condition))
        })
    }
}

impl PolicyDefinition {
    /// The most conditions, `all` and `any` together.
    pub const MAX_CONDITIONS: usize = 30;
    /// The most values of one condition.
    pub const MAX_VALUES: usize = 100;
    /// The most bytes of all words, ids and targets: an organization's policies are kept in memory while it is at work.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// Whether it is within its limits.
    ///
    /// # Errors
    /// The first field that is not.
    pub fn check(&self) -> Result<(), PolicyError> {
        bounds::check_conditions(&self.conditions)?;
        target::check(&self.targets)?;
        bounds::check_size(self)
    }

    /// What it promises to a ticket of a priority.
    pub fn targets_of(&self, priority: Priority) -> impl Iterator<Item = &Target> {
        let targets = self.targets.iter();
        targets.filter(move |target| target.priority == priority)
    }

    /// The calendars that its targets name.
    #[must_use]
    pub fn calendars(&self) -> BTreeSet<CalendarId> {
        let targets = self.targets.iter();
        targets.filter_map(|target| target.calendar_id).collect()
    }

    /// The bytes that it takes, roughly.
    #[must_use]
    pub fn bytes(&self) -> usize {
        bounds::bytes(self)
    }
}
