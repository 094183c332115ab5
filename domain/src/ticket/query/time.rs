//! Times in queries: points, days and ages, and the range of time that a test of them means.

use super::Comparison;
use crate::calendar::zone::Zone;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

/// A time of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeField {
    /// When it was opened.
    Created,
    /// When it changed last, as far as the viewer can see.
    Updated,
    /// Its next deadline.
    Due,
}

/// What is asked of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeTest {
    /// It stands to a value as the comparison says; an age is compared with an age.
    Compared(Comparison, TimeValue),
    /// It lies on a day.
    On(TimeValue),
    /// There is none: a ticket without a deadline.
    Never,
}

/// A time, or how long it is ago (of a deadline: how long it is until then).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeValue {
    /// The local day of the moment.
    Today,
    /// The local day before.
    Yesterday,
    /// A local day.
    Day(NaiveDate),
    /// A point, in whole microseconds.
    Instant(DateTime<Utc>),
    /// An age.
    Age(Span),
}

impl TimeTest {
    /// Whether what it says changes while time goes on.
    pub(super) fn is_of_the_moment(&self) -> bool {
        match self {
            Self::Compared(_, value) | Self::On(value) => match value {
                TimeValue::Today | TimeValue::Yesterday | TimeValue::Age(_) => true,
                TimeValue::Day(_) | TimeValue::Instant(_) => false,
            },
            Self::Never => false,
        }
    }
}

/// A length of time: 1 to [`Span::MAX_AMOUNT`] of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// How many.
    pub amount: u32,
    /// Of what.
    pub unit: Unit,
}

/// A unit of time; a day has 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `m`
    Minute,
    /// `h`
    Hour,
    /// `d`
    Day,
    /// `w`
    Week,
}

/// From the first instant to before the second; without one, open.
pub type Bounds = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

impl Span {
    /// The most of a unit.
    pub const MAX_AMOUNT: u32 = 99_999;

    fn delta(self) -> TimeDelta {
        let amount = i64::from(self.amount);
        match self.unit {
            Unit::Minute => TimeDelta::minutes(amount),
            Unit::Hour => TimeDelta::hours(amount),
            Unit::Day => TimeDelta::days(amount),
            Unit::Week => TimeDelta::weeks(amount),
        }
    }
}

impl TimeTest {
    /// The times that pass the test at `now`, for somebody whose days are those of `zone`. None for [`TimeTest::Never`],
    /// which is about no time.
    #[must_use]
    pub fn bounds(&self, field: TimeField, now: DateTime<Utc>, zone: Zone) -> Option<Bounds> {
        match *self {
            Self::Never => None,
            Self::On(value) => {
                let (first, next) = value.extent(field, now, zone);
                Some((Some(first), Some(next)))
            }
            Self::Compared(comparison, value) => {
                let (first, next) = value.extent(field, now, zone);
                // The younger, the later: an age is compared the other way around than the time that it means.
                let is_age = matches!(value, TimeValue::Age(_)) && field != TimeField::Due;
                let comparison = if is_age {
                    comparison.mirrored()
                } else {
                    comparison
                };
                Some(match comparison {
                    Comparison::Less => (None, Some(first)),
                    Comparison::AtMost => (None, Some(next)),
                    Comparison::Greater => (Some(next), None),
                    Comparison::AtLeast => (Some(first), None),
                })
            }
        }
    }
}

impl TimeValue {
    /// From its first instant to before the first that is no more of it.
    fn extent(
        self,
        field: TimeField,
        now: DateTime<Utc>,
        zone: Zone,
    ) -> (DateTime<Utc>, DateTime<Utc>) {
        match self {
            Self::Today => day(zone.day_of(now), zone),
            Self::Yesterday => {
                let today = zone.day_of(now);
                day(today.pred_opt().unwrap_or(today), zone)
            }
            Self::Day(of) => day(of, zone),
            Self::Instant(at) => (at, after(at)),
            Self::Age(span) => {
                let moved = match field {
                    TimeField::Created | TimeField::Updated => now.checked_sub_signed(span.delta()),
                    TimeField::Due => now.checked_add_signed(span.delta()),
                };
                let at = moved.unwrap_or(now);
                (at, after(at))
            }
        }
    }
}

impl Comparison {
    fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::AtMost => Self::AtLeast,
            Self::Greater => Self::Less,
            Self::AtLeast => Self::AtMost,
        }
    }
}

fn day(of: NaiveDate, zone: Zone) -> (DateTime<Utc>, DateTime<Utc>) {
    let first = zone.first_instant(of);
    let next = of.checked_add_days(Days::new(1));
    let next = next.map_or(first, |next| zone.first_instant(next));
    (first, next)
}

/// The next time that a row can hold.
fn after(at: DateTime<Utc>) -> DateTime<Utc> {
    at.checked_add_signed(TimeDelta::microseconds(1))
        .unwrap_or(at)
}
