//! Which tickets a report counts.

use chrono::{Datelike, NaiveDate, TimeDelta};
use domain::ticket::state::Channel;
use platform::cursor::Moment;
use platform::rows::{Cut, Figure};
use serde::Serialize;
use std::ops::RangeInclusive;
use uuid::Uuid;

use super::periods::Period;
use crate::conditions::id_in_sums;
use crate::reports::tickets_now::in_one_spelling;
use crate::reports::{RangeError, ReportRange};
use crate::tickets::{Terms, TicketFilter, TimeRange};

/// Those that instants may be of, too; PostgreSQL knows no date long before.
const YEARS: RangeInclusive<i32> = 0..=9999;

/// Local days of the organization, from the first to before the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DayRange {
    from: NaiveDate,
    to: NaiveDate,
}

impl DayRange {
    /// The days from one to before another.
    ///
    /// # Errors
    /// When there are none, or too many.
    pub fn new(from: NaiveDate, to: NaiveDate) -> Result<Self, RangeError> {
        if to <= from {
            return Err(RangeError::Empty);
        }
        if to - from > TimeDelta::days(ReportRange::MAX_DAYS) {
            return Err(RangeError::TooLong);
        }
        if !YEARS.contains(&from.year()) || !YEARS.contains(&to.year()) {
            return Err(RangeError::Unknown);
        }
        Ok(Self { from, to })
    }

    /// The first day.
    #[must_use]
    pub fn from(self) -> NaiveDate {
        self.from
    }

    /// The day after the last.
    #[must_use]
    pub fn to(self) -> NaiveDate {
        self.to
    }
}

/// Conditions that a ticket fulfils all of, as it is, or as it was at `as_of`. An empty list is no condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FigureFilter {
    /// Counted on one of these days.
    pub days: DayRange,
    /// What the log knew at this moment; what it knows now when absent.
    pub as_of: Option<Moment>,
    /// One of these channels.
    pub channels: Vec<Channel>,
    /// The conditions that lists have, too.
    pub tickets: TicketFilter,
}

impl FigureFilter {
    /// The same conditions in one spelling, so that a cursor fits however the client ordered them.
    pub(super) fn normalized(mut self) -> Self {
        self.channels = in_one_spelling(self.channels);
        self.tickets = self.tickets.normalized();
        self
    }

    /// With the terms of a query as conditions more, in one spelling.
    #[must_use]
    pub fn narrowed(mut self, terms: Option<&Terms>) -> Self {
        if let Some(terms) = terms {
            self.tickets = terms.narrow(self.tickets);
        }
        self.normalized()
    }

    /// Whether a figure can be told by these conditions. What was changed last, and what is due, is known of tickets as they
    /// are: not of those of a moment, nor of those that were open at the end of a day.
    #[must_use]
    pub fn is_told(&self, figure: Figure) -> bool {
        let is_of_past = self.as_of.is_some() || figure == Figure::Backlog;
        !(is_of_past && self.tickets.is_of_now())
    }

    /// The keys in a cut that fit; none where every key does.
    pub(super) fn keys(&self, cut: Cut) -> Option<Vec<Uuid>> {
        let listed = |keys: Vec<Uuid>| (!keys.is_empty()).then_some(keys);
        match cut {
            Cut::Priority => {
                let priorities = self.tickets.priorities.iter();
                listed(priorities.map(|it| Cut::of_priority(*it)).collect())
            }
            Cut::Channel => {
                let channels = self.channels.iter();
                listed(channels.map(|it| Cut::of_channel(*it)).collect())
            }
            // Without any where nobody is there by such an id.
            Cut::Agent => {
                let agent = self.tickets.assignee.map(|it| it.map(|id| id.0));
                agent.map(|agent| id_in_sums(agent).into_iter().collect())
            }
            Cut::Tag => {
                let tags = self.tickets.tags.iter();
                listed(tags.map(|tag| Cut::of_tag(tag.as_str())).collect())
            }
            Cut::Hour => None,
        }
    }
}

/// What the numbers of a report are split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Split {
    /// The team.
    Team,
    /// The agent.
    Agent,
    /// Each tag.
    Tag,
    /// The channel.
    Channel,
    /// The priority.
    Priority,
}

impl Split {
    fn cut(self) -> Option<Cut> {
        match self {
            Self::Team => None,
            Self::Agent => Some(Cut::Agent),
            Self::Tag => Some(Cut::Tag),
            Self::Channel => Some(Cut::Channel),
            Self::Priority => Some(Cut::Priority),
        }
    }
}

/// What a report is asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FigureQuery {
    /// What is counted.
    pub figure: Figure,
    /// Of which tickets.
    pub filter: FigureFilter,
    /// In which steps; one number when absent.
    pub period: Option<Period>,
    /// Split by what.
    pub split: Option<Split>,
}

impl FigureQuery {
    /// Whether the sums by hour answer for the hours of it.
    pub(super) fn is_summed_by_hour(&self) -> bool {
        let by_key = Cut::ALL
            .into_iter()
            .any(|cut| self.filter.keys(cut).is_some());
        self.figure == Figure::Opened && self.cut().is_some() && !by_key
    }

    /// The cut whose sums answer it; none where only the facts can.
    pub(super) fn cut(&self) -> Option<Cut> {
        let filter = &self.filter;
        let tickets = &filter.tickets;
        let is_summed = filter.as_of.is_none()
            && tickets.statuses.is_empty()
            && tickets.requester.is_none()
            && tickets.tags.len() <= 1
            && tickets.created == TimeRange::default()
            && tickets.updated == TimeRange::default()
            && tickets.clauses.is_empty();
        if !is_summed {
            return None;
        }
        let filtered = Cut::ALL
            .into_iter()
            .filter(|cut| filter.keys(*cut).is_some());
        let split = self.split.and_then(Split::cut);
        let mut cuts: Vec<Cut> = filtered.chain(split).collect();
        cuts.dedup();
        let is_by_team = tickets.team.is_some() || self.split == Some(Split::Team);
        match cuts.as_slice() {
            [Cut::Tag] if is_by_team => None,
            [] => Some(Cut::Priority),
            // Split by all its tags, a ticket with this tag is more than the cut knows.
            [Cut::Tag] if tickets.tags.len() == 1 && split.is_some() => None,
            [cut] => Some(*cut),
            _ => None,
        }
    }
}
