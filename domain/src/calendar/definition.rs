//! What a calendar says: a zone, the hours of a week, the holidays. Parsed once; bounded.

use super::zone::Zone;
use crate::ids::CalendarId;
use crate::text::Name;
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One definition for ever: a calendar and the version of its stream that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CalendarRef {
    /// Which calendar.
    pub id: CalendarId,
    /// The version of its stream.
    pub version: i64,
}

/// When an organization works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarDefinition {
    /// Whose clock the hours are read from.
    pub zone: Zone,
    /// The hours of every week.
    pub weekly: WeeklyHours,
    /// The days that are closed all the same.
    #[serde(default, skip_serializing_if = "Holidays::is_empty")]
    pub holidays: Holidays,
}

/// Why a definition was refused. The message is safe to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DefinitionError {
    /// Never open.
    #[error("must hold at least one interval")]
    NeverOpen,
    /// Too many intervals.
    #[error("must hold at most {} intervals", WeeklyHours::MAX_INTERVALS)]
    TooManyIntervals,
    /// Outside of the week, empty or longer than a week.
    #[error(
        "an interval must begin within the week (0 to 604799 seconds after Monday 00:00), end after its start, and last at most a week"
    )]
    BadInterval,
    /// Too many holidays.
    #[error("must hold at most {} holidays", Holidays::MAX)]
    TooManyHolidays,
    /// No day of any year.
    #[error("a yearly holiday must be a day of the year, such as month 12 and day 25")]
    NoSuchDay,
    /// The last day before the first, or too long.
    #[error(
        "a range must end on or after the day it begins and last at most {} days",
        Holidays::MAX_RANGE_DAYS
    )]
    BadRange,
    /// Outside of the years that the arithmetic knows.
    #[error("a holiday must lie in the years 1970 to 2099")]
    BadYear,
}

/// An open interval of every week, in seconds of the local clock after Monday 00:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WeeklyInterval {
    /// The start: below 604,800.
    pub start_s: u32,
    /// The end, which is no longer open. Beyond 604,800 when it reaches into the next week.
    pub end_s: u32,
}

/// The open intervals of every week: several a day, over midnight where they like. What touches or overlaps is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<WeeklyInterval>", into = "Vec<WeeklyInterval>")]
pub struct WeeklyHours(Vec<WeeklyInterval>);

impl WeeklyHours {
    /// Most intervals.
    pub const MAX_INTERVALS: usize = 168;
    /// The seconds of a week by the local clock.
    pub const WEEK_S: u32 = 7 * 86_400;

    /// Parses intervals in any order.
    ///
    /// # Errors
    /// When there are none or too many, or one is not of the form.
    pub fn parse(intervals: &[WeeklyInterval]) -> Result<Self, DefinitionError> {
        if intervals.is_empty() {
            return Err(DefinitionError::NeverOpen);
        }
        if intervals.len() > Self::MAX_INTERVALS {
            return Err(DefinitionError::TooManyIntervals);
        }
        let is_good = |interval: &WeeklyInterval| {
            interval.start_s < Self::WEEK_S
                && interval.start_s < interval.end_s
                && interval.end_s - interval.start_s <= Self::WEEK_S
        };
        if !intervals.iter().all(is_good) {
            return Err(DefinitionError::BadInterval);
        }
        let mut intervals = intervals.to_vec();
        intervals.sort_unstable();
        Ok(Self(intervals))
    }

    /// The intervals, by their start.
    #[must_use]
    pub fn intervals(&self) -> &[WeeklyInterval] {
        &self.0
    }
}

impl TryFrom<Vec<WeeklyInterval>> for WeeklyHours {
    type Error = DefinitionError;
    fn try_from(intervals: Vec<WeeklyInterval>) -> Result<Self, DefinitionError> {
        Self::parse(&intervals)
    }
}

impl From<WeeklyHours> for Vec<WeeklyInterval> {
    fn from(hours: WeeklyHours) -> Self {
        hours.0
    }
}

/// Days that are closed from midnight to midnight by the local clock.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Holiday {
    /// What the day is called.
    pub name: Name,
    /// Which days.
    #[serde(flatten)]
    pub days: HolidayDays,
}

/// Which days a holiday closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HolidayDays {
    /// One day.
    Date {
        /// Which.
        date: NaiveDate,
    },
    /// The same day of every year. 29 February is closed in the years that have it.
    Yearly {
        /// The month, 1 to 12.
        month: u32,
        /// The day of the month.
        day: u32,
    },
    /// Several days on end.
    Range {
        /// The first.
        from: NaiveDate,
        /// The last, which is closed too.
        to: NaiveDate,
    },
}

/// The holidays of a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<Holiday>", into = "Vec<Holiday>")]
pub struct Holidays(Vec<Holiday>);

impl Holidays {
    /// Most holidays.
    pub const MAX: usize = 1_000;
    /// The longest range, in days.
    pub const MAX_RANGE_DAYS: u32 = 366;
    /// The first year whose holidays count.
    pub const FIRST_YEAR: i32 = 1970;
    /// The last year whose holidays count.
    pub const LAST_YEAR: i32 = 2099;

    /// Parses holidays in any order.
    ///
    /// # Errors
    /// When there are too many, or one is not of the form.
    pub fn parse(holidays: Vec<Holiday>) -> Result<Self, DefinitionError> {
        if holidays.len() > Self::MAX {
            return Err(DefinitionError::TooManyHolidays);
        }
        holidays
            .iter()
            .try_for_each(|holiday| holiday.days.check())?;
        Ok(Self(holidays))
    }

    /// The holidays, in the order in which they were given.
    #[must_use]
    pub fn as_slice(&self) -> &[Holiday] {
        &self.0
    }

    /// True when there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<Holiday>> for Holidays {
    type Error = DefinitionError;
    fn try_from(holidays: Vec<Holiday>) -> Result<Self, DefinitionError> {
        Self::parse(holidays)
    }
}

impl From<Holidays> for Vec<Holiday> {
    fn from(holidays: Holidays) -> Self {
        holidays.0
    }
}

impl HolidayDays {
    /// Whether the day is closed by it.
    #[must_use]
    pub fn covers(&self, day: NaiveDate) -> bool {
        match *self {
            Self::Date { date } => day == date,
            Self::Yearly { month, day: of } => day.month() == month && day.day() == of,
            Self::Range { from, to } => (from..=to).contains(&day),
        }
    }

    fn check(&self) -> Result<(), DefinitionError> {
        let years = Holidays::FIRST_YEAR..=Holidays::LAST_YEAR;
        let in_years = |date: NaiveDate| {
            let is_known = years.contains(&date.year());
            is_known.then_some(()).ok_or(DefinitionError::BadYear)
        };
        match *self {
            Self::Date { date } => in_years(date),
            Self::Yearly { month, day } => {
                // A leap year has every day.
                let exists = NaiveDate::from_ymd_opt(2024, month, day).is_some();
                exists.then_some(()).ok_or(DefinitionError::NoSuchDay)
            }
            Self::Range { from, to } => {
                in_years(from)?;
                in_years(to)?;
                let days = (to - from).num_days();
                let is_good = (0..i64::from(Holidays::MAX_RANGE_DAYS)).contains(&days);
                is_good.then_some(()).ok_or(DefinitionError::BadRange)
            }
        }
    }
}
