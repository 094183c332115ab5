//! Which waits a report counts and a list shows.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{PolicyId, TeamId, UserId};
use domain::sla::Metric;
use domain::sla::measure::Outcome;
use domain::ticket::state::Priority;
use serde::Serialize;

use super::tickets_now::TicketsNow;
use crate::tickets::{Holder, Terms};
use platform::cursor::Moment;

/// A time that is reported on; it includes its beginning and not its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ReportRange {
    from: Moment,
    to: Moment,
}

/// Why a time cannot be reported on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// It has no length.
    #[error("must be after from")]
    Empty,
    /// It has too many rows to be counted while somebody waits.
    #[error("must be at most {max} days after from", max = ReportRange::MAX_DAYS)]
    TooLong,
    /// Outside of the calendar.
    #[error("must be of the years 0 to 9999")]
    Unknown,
}

impl ReportRange {
    /// The longest time that is reported on.
    pub const MAX_DAYS: i64 = 400;

    /// A time from one instant to before another.
    ///
    /// # Errors
    /// When it is empty or too long.
    pub fn new(from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Self, RangeError> {
        if to <= from {
            return Err(RangeError::Empty);
        }
        if to - from > TimeDelta::days(Self::MAX_DAYS) {
            return Err(RangeError::TooLong);
        }
        let moment = |at| Moment::new(at).map_err(|_| RangeError::Unknown);
        Ok(Self {
            from: moment(from)?,
            to: moment(to)?,
        })
    }

    /// Its beginning.
    #[must_use]
    pub fn from(self) -> DateTime<Utc> {
        self.from.get()
    }

    /// Its end.
    #[must_use]
    pub fn to(self) -> DateTime<Utc> {
        self.to.get()
    }
}

/// Conditions that a wait fulfils all of. An empty list is no condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasureFilter {
    /// Counted in this time.
    pub counted: ReportRange,
    /// One of these metrics.
    pub metrics: Vec<Metric>,
    /// One of these priorities.
    pub priorities: Vec<Priority>,
    /// One of these outcomes.
    pub outcomes: Vec<Outcome>,
    /// Promised by this policy, or by the organization's settings.
    pub policy: Option<Holder<PolicyId>>,
    /// Counted for this team, or none.
    pub team: Option<Holder<TeamId>>,
    /// Counted for this agent, or nobody.
    pub agent: Option<Holder<UserId>>,
    /// Of a ticket that is so now.
    pub tickets: TicketsNow,
    /// What the log knew at this moment; what it knows now when absent.
    pub as_of: Option<Moment>,
}

impl MeasureFilter {
    /// The same conditions in one spelling, so that a cursor fits however the client ordered them.
    pub(super) fn normalized(mut self) -> Self {
        self.metrics.sort_unstable();
        self.metrics.dedup();
        self.priorities.sort_unstable();
        self.priorities.dedup();
        self.outcomes.sort_unstable();
        self.outcomes.dedup();
        self.tickets = self.tickets.normalized();
        self
    }

    /// With the terms of a query as conditions of the ticket, in one spelling.
    #[must_use]
    pub fn narrowed(mut self, terms: Option<&Terms>) -> Self {
        self.tickets = self.tickets.narrowed(terms);
        self.normalized()
    }
}

/// What a report groups by, beside periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Grouping {
    /// The policy that promised it.
    Policy,
    /// How urgent the ticket was.
    Priority,
    /// The team that it is counted for.
    Team,
    /// The agent that it is counted for.
    Agent,
    /// What was measured.
    Metric,
    /// How its ticket came in.
    Channel,
    /// Each tag that its ticket has now: it counts for all of them.
    Tag,
}

impl Grouping {
    /// Everything that a report can group by, in the order of its columns.
    pub const ALL: [Self; 7] = [
        Self::Policy,
        Self::Priority,
        Self::Team,
        Self::Agent,
        Self::Metric,
        Self::Channel,
        Self::Tag,
    ];
}
