//! Questions to a calendar, each answered by two binary searches: over the segments of its line of time, and within a week.
//!
//! Exact to the millisecond: windows begin and end at whole seconds, instants need not.
//!
//! Holidays and settings of the clock are known from 1970 to 2099. Before and after, every week is a plain one.

use super::definition::CalendarDefinition;
use super::segment::{Rule, Segment, lay_out};
use super::week::Week;
use chrono::{DateTime, TimeDelta, Utc};

/// A definition made ready for questions. To make one costs about a hundred times a question: keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    week: Week,
    segments: Vec<Segment>,
}

impl Calendar {
    /// Lays a definition out on the line of time.
    #[must_use]
    pub fn new(definition: &CalendarDefinition) -> Self {
        let week = Week::new(&definition.weekly);
        let segments = lay_out(definition, &week);
        Self { week, segments }
    }

    /// The memory that it takes, in bytes, roughly.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.segments.len() * size_of::<Segment>() + self.week.bytes()
    }

    /// The working time between two instants, in milliseconds; zero if the second is not after the first.
    #[must_use]
    pub fn working_ms(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> i64 {
        if until <= from {
            return 0;
        }
        self.opened_ms(until) - self.opened_ms(from)
    }

    /// The earliest instant with this much working time since `from`. Nothing to work is `from` itself, open or not.
    /// Past the end of the calendar of the time library there is only its last instant.
    #[must_use]
    pub fn after(&self, from: DateTime<Utc>, working_ms: i64) -> DateTime<Utc> {
        if working_ms <= 0 {
            return from;
        }
        // What an instant has below a millisecond passes as it does on any clock.
        let below_ms = from - truncated(from);
        let reached = self.opened_ms(from).checked_add(working_ms);
        reached
            .and_then(|opened_ms| self.reached_at(opened_ms))
            .and_then(|reached| reached.checked_add_signed(below_ms))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Whether an instant is open.
    #[must_use]
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        self.stretch(at.timestamp()).0
    }

    /// The first open instant at or after `at`.
    #[must_use]
    pub fn next_open(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.next(at, true)
    }

    /// The first closed instant at or after `at`; none if it never closes.
    #[must_use]
    pub fn next_close(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.next(at, false)
    }

    fn next(&self, at: DateTime<Utc>, wanted: bool) -> Option<DateTime<Utc>> {
        let mut at_s = at.timestamp();
        let (mut is_open, mut until_s) = self.stretch(at_s);
        if is_open == wanted {
            return Some(at);
        }
        while is_open != wanted {
            at_s = until_s?;
            (is_open, until_s) = self.stretch(at_s);
        }
        DateTime::from_timestamp(at_s, 0)
    }

    /// Whether a second is open, and where that may change.
    fn stretch(&self, at_s: i64) -> (bool, Option<i64>) {
        let index = self.segment_of(at_s);
        let end_s = self.segments.get(index + 1).map(|next| next.from_s);
        match self.segments[index].rule {
            Rule::Closed => (false, end_s),
            Rule::Open => (true, end_s),
            Rule::Weeks { offset_s } => {
                let (is_open, until_s) = self.week.stretch(at_s + offset_s);
                let until_s = until_s.map(|local_s| local_s - offset_s);
                (is_open, [until_s, end_s].into_iter().flatten().min())
            }
        }
    }

    fn segment_of(&self, at_s: i64) -> usize {
        self.segments
            .partition_point(|segment| segment.from_s <= at_s)
            .saturating_sub(1)
    }

    /// Open time before an instant, from a zero that no question sees.
    fn opened_ms(&self, at: DateTime<Utc>) -> i64 {
        let at_s = at.timestamp();
        let segment = &self.segments[self.segment_of(at_s)];
        let whole_ms = segment.opened_until(at_s, &self.week) * 1_000;
        if self.stretch(at_s).0 {
            return whole_ms + i64::from(at.timestamp_subsec_millis());
        }
        whole_ms
    }

    /// The earliest instant before which this much is open.
    fn reached_at(&self, opened_ms: i64) -> Option<DateTime<Utc>> {
        // Up to the next whole second, and back by what it is too much: a whole second is open or closed.
        let opened_s = opened_ms.div_euclid(1_000) + i64::from(opened_ms.rem_euclid(1_000) != 0);
        let begun = self
            .segments
            .partition_point(|segment| segment.opened_before_s < opened_s);
        // All that is reached before the second segment lies in the first, whatever its own zero is.
        let segment = &self.segments[begun.saturating_sub(1)];
        let at_s = segment.reached_at(opened_s, &self.week);
        let back = TimeDelta::milliseconds(opened_s.checked_mul(1_000)? - opened_ms);
        DateTime::from_timestamp(at_s, 0)?.checked_sub_signed(back)
    }
}

fn truncated(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at)
}
