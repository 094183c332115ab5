//! The periods of a report: days, weeks from Monday, or months, in the organization's zone, cut at the ends of its days.

use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};
use domain::calendar::zone::Zone;
use serde::{Deserialize, Serialize};

use super::filter::DayRange;

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Period {
    /// A local day.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
}

impl Period {
    /// Whether a period begins with this day.
    pub(in crate::reports) fn begins_at(self, day: NaiveDate) -> bool {
        match self {
            Self::Day => true,
            Self::Week => day.weekday() == Weekday::Mon,
            Self::Month => day.day() == 1,
        }
    }
}

/// The periods of a range of days. The zone's clock is asked here alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The zone.
    pub zone: Zone,
    /// How long each period is where the range does not cut it; none where there is one.
    period: Option<Period>,
    /// The first day of each period, and the day after the last.
    days: Vec<NaiveDate>,
    /// The first instant of each of these days.
    starts: Vec<DateTime<Utc>>,
}

impl Frame {
    /// The periods of these days; one that has them all when `period` is absent.
    #[must_use]
    pub fn of(range: DayRange, period: Option<Period>, zone: Zone) -> Self {
        let all = range.from().iter_days().take_while(|day| *day < range.to());
        let begins = |day: &NaiveDate| {
            *day == range.from() || period.is_some_and(|period| period.begins_at(*day))
        };
        let mut days: Vec<NaiveDate> = all.filter(begins).collect();
        days.push(range.to());
        let starts = days.iter().map(|day| zone.first_instant(*day)).collect();
        Self {
            zone,
            period,
            days,
            starts,
        }
    }

    /// How many periods there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.days.len() - 1
    }

    /// Never: a range has a day.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first day of a period and the day after its last.
    #[must_use]
    pub fn days_of(&self, index: usize) -> (NaiveDate, NaiveDate) {
        (self.days[index], self.days[index + 1])
    }

    /// The first day of the range and the day after its last.
    #[must_use]
    pub fn range(&self) -> (NaiveDate, NaiveDate) {
        (self.days[0], self.days[self.len()])
    }

    /// How long each period is where the range does not cut it; none where there is one.
    pub(in crate::reports) fn period(&self) -> Option<Period> {
        self.period
    }

    /// The first day of each period.
    pub(in crate::reports) fn first_days(&self) -> &[NaiveDate] {
        &self.days[..self.len()]
    }

    /// The first instant of each period.
    pub(in crate::reports) fn first_instants(&self) -> &[DateTime<Utc>] {
        &self.starts[..self.len()]
    }

    /// The first instant of the range.
    pub(in crate::reports) fn from(&self) -> DateTime<Utc> {
        self.starts[0]
    }

    /// The first instant after the range.
    pub(in crate::reports) fn to(&self) -> DateTime<Utc> {
        self.starts[self.len()]
    }

    /// The day after the range.
    pub(super) fn day_after(&self) -> NaiveDate {
        self.days[self.len()]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn first_days(from: &str, to: &str, period: Option<Period>) -> Vec<String> {
        let range = DayRange::new(from.parse().unwrap(), to.parse().unwrap()).unwrap();
        let frame = Frame::of(range, period, Zone::UTC);
        frame.first_days().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn weeks_begin_on_mondays_and_months_on_firsts_but_for_the_range_itself() {
        assert_eq!(
            first_days("2026-01-28", "2026-02-10", Some(Period::Week)),
            ["2026-01-28", "2026-02-02", "2026-02-09"]
        );
        assert_eq!(
            first_days("2026-01-28", "2026-03-02", Some(Period::Month)),
            ["2026-01-28", "2026-02-01", "2026-03-01"]
        );
        assert_eq!(first_days("2026-01-28", "2026-03-02", None), ["2026-01-28"]);
    }

    #[test]
    fn a_day_has_the_hours_that_the_zone_gives_it() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let day = |text: &str| text.parse().unwrap();
        let range = DayRange::new(day("2026-03-28"), day("2026-03-31")).unwrap();
        let frame = Frame::of(range, Some(Period::Day), berlin);
        let hours: Vec<_> = frame
            .starts
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).num_hours())
            .collect();
        assert_eq!(hours, [24, 23, 24]);
    }
}
