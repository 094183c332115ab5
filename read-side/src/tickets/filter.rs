//! Which tickets a list has.

use domain::ids::{TeamId, UserId};
use domain::text::Tag;
use domain::ticket::state::{Channel, Priority, Status};
use serde::Serialize;

use super::terms::Clause;
use crate::search::Said;
use platform::cursor::Moment;

/// Conditions that a ticket fulfils all of. An empty list is no condition.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct TicketFilter {
    /// One of these statuses.
    pub statuses: Vec<Status>,
    /// One of these priorities.
    pub priorities: Vec<Priority>,
    /// One of these channels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// This agent, or none.
    pub assignee: Option<Holder<UserId>>,
    /// This team, or none.
    pub team: Option<Holder<TeamId>>,
    /// This requester.
    pub requester: Option<UserId>,
    /// All of these tags.
    pub tags: Vec<Tag>,
    /// Opened in this time.
    pub created: TimeRange,
    /// Changed last in this time, as far as the viewer can see.
    pub updated: TimeRange,
    /// What the fields above cannot say.
    pub clauses: Vec<Clause>,
    /// Which words are said in it, and which are not.
    pub(crate) said: Vec<Said>,
}

/// Who has a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder<T> {
    /// Nobody.
    Nobody,
    /// This one.
    One(T),
}

impl<T> Holder<T> {
    /// The same with another id.
    pub fn map<U>(self, id: impl FnOnce(T) -> U) -> Holder<U> {
        match self {
            Self::Nobody => Holder::Nobody,
            Self::One(one) => Holder::One(id(one)),
        }
    }
}

/// A range of time that includes its beginning and not its end, so that ranges can follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct TimeRange {
    /// Its beginning, if it has one.
    pub from: Option<Moment>,
    /// Its end, if it has one.
    pub to: Option<Moment>,
}

impl TicketFilter {
    /// The same conditions in one spelling, so that a cursor fits however the client ordered them.
    pub(crate) fn normalized(mut self) -> Self {
        self.statuses.sort_unstable();
        self.statuses.dedup();
        self.priorities.sort_unstable();
        self.priorities.dedup();
        self.channels.sort_unstable();
        self.channels.dedup();
        self.tags.sort_unstable();
        self.tags.dedup();
        self
    }

    /// True when every ticket that fits has a deadline.
    pub(crate) fn has_deadline(&self) -> bool {
        let mut clauses = self.clauses.iter();
        clauses.any(|clause| matches!(clause, Clause::DueWithin(_) | Clause::Due(true)))
    }

    /// True when a condition looks into the tags or the custom fields for those that fit.
    pub(crate) fn asks_for_words(&self) -> bool {
        let mut clauses = self.clauses.iter();
        !self.tags.is_empty()
            || clauses.any(|clause| match clause {
                Clause::Tag(tags) => !tags.negated,
                Clause::Field(_, values) => !values.negated,
                _ => false,
            })
    }

    /// True when a condition looks at when the ticket was changed last, or has to be answered next: what is known of tickets
    /// as they are, and not as they were.
    pub(crate) fn is_of_now(&self) -> bool {
        let mut clauses = self.clauses.iter();
        self.updated != TimeRange::default() || clauses.any(Clause::is_of_now)
    }

    /// True when a condition looks at what customers do not see.
    #[must_use]
    pub fn is_for_staff(&self) -> bool {
        self.team.is_some() || !self.tags.is_empty()
    }
}
