//! The periods of a report of attainment, in a time zone.

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::zone::Zone;
use serde::{Deserialize, Serialize};

use super::figures::Period;
use super::filter::ReportRange;

/// The days, weeks or months that a range touches, cut at its ends. The zone's clock is asked here alone, so that the report and
/// the lists that its periods lead to agree on where each begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Periods {
    kind: Period,
    zone: Zone,
    /// The first day of each.
    days: Vec<NaiveDate>,
    /// The first instant of each.
    starts: Vec<DateTime<Utc>>,
    end: DateTime<Utc>,
}

/// One period of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// How long it is where the range does not cut it.
    pub kind: Period,
    /// Its first day.
    pub first_day: NaiveDate,
    /// From when it is counted.
    pub from: DateTime<Utc>,
    /// Before when it is counted.
    pub to: DateTime<Utc>,
}

/// A range of dates that a calendar does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be within the years 0 to 9999")]
pub struct PeriodsError;

impl Periods {
    /// The periods of a range.
    ///
    /// # Errors
    /// [`PeriodsError`] at the end of the calendar.
    pub fn of(range: ReportRange, kind: Period, zone: Zone) -> Result<Self, PeriodsError> {
        let (from, to) = (range.from(), range.to());
        let mut day = zone.day_of(from);
        let (mut days, mut starts) = (vec![day], vec![from]);
        loop {
            day = day.succ_opt().ok_or(PeriodsError)?;
            let start = zone.first_instant(day);
            if start >= to {
                break;
            }
            if !kind.begins_at(day) {
                continue;
            }
            // A day that the zone skipped has no instant: the next one begins where it would.
            if starts.last() == Some(&start) {
                days.pop();
                starts.pop();
            }
            days.push(day);
            starts.push(start);
        }
        Ok(Self {
            kind,
            zone,
            days,
            starts,
            end: to,
        })
    }

    /// Whose days they are.
    pub(super) fn zone(&self) -> Zone {
        self.zone
    }

    /// How long each is where the range does not cut it.
    pub(super) fn kind(&self) -> Period {
        self.kind
    }

    /// The first day of each period.
    pub(super) fn first_days(&self) -> &[NaiveDate] {
        &self.days
    }

    /// The first instant of each period.
    pub(super) fn starts(&self) -> &[DateTime<Utc>] {
        &self.starts
    }

    /// The period with this place in the range.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Span> {
        let next = self.starts.get(index + 1).copied();
        Some(Span {
            kind: self.kind,
            first_day: *self.days.get(index)?,
            from: *self.starts.get(index)?,
            to: next.unwrap_or(self.end),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn periods(kind: Period, zone: &str, from: &str, to: &str) -> Vec<(String, i64)> {
        let range = ReportRange::new(from.parse().unwrap(), to.parse().unwrap()).unwrap();
        let periods = Periods::of(range, kind, Zone::parse(zone).unwrap()).unwrap();
        let told = |index| {
            let span = periods.get(index)?;
            let minutes = (span.to - span.from).num_minutes();
            Some((span.first_day.to_string(), minutes))
        };
        (0..).map_while(told).collect()
    }

    fn days(zone: &str, from: &str, to: &str) -> Vec<(String, i64)> {
        periods(Period::Day, zone, from, to)
    }

    fn expected(days: &[(&str, i64)]) -> Vec<(String, i64)> {
        let days = days.iter();
        days.map(|(day, minutes)| ((*day).to_owned(), *minutes))
            .collect()
    }

    #[test]
    fn days_have_the_hours_that_the_zone_gives_them_and_are_cut_at_the_ends() {
        assert_eq!(
            days(
                "Europe/Berlin",
                "2026-03-28T12:00:00Z",
                "2026-03-30T01:00:00Z"
            ),
            expected(&[
                ("2026-03-28", 11 * 60),
                ("2026-03-29", 23 * 60),
                ("2026-03-30", 3 * 60)
            ])
        );
        assert_eq!(
            days(
                "Europe/Berlin",
                "2026-10-24T22:00:00Z",
                "2026-10-25T23:00:00Z"
            ),
            expected(&[("2026-10-25", 25 * 60)])
        );
    }

    #[test]
    fn a_day_that_begins_in_a_skipped_hour_begins_after_it_and_a_skipped_day_is_none() {
        // Beirut skips the first hour of the day.
        assert_eq!(
            days(
                "Asia/Beirut",
                "2026-03-28T00:00:00Z",
                "2026-03-29T21:00:00Z"
            ),
            expected(&[("2026-03-28", 22 * 60), ("2026-03-29", 23 * 60)])
        );
        // Samoa had no 30th of December in 2011.
        assert_eq!(
            days(
                "Pacific/Apia",
                "2011-12-29T10:00:00Z",
                "2011-12-31T10:00:00Z"
            ),
            expected(&[("2011-12-29", 24 * 60), ("2011-12-31", 24 * 60)])
        );
    }

    #[test]
    fn weeks_begin_on_mondays_and_months_on_firsts_and_both_are_cut_at_the_ends() {
        // From a Wednesday to a Tuesday, over the hour that is skipped in March.
        assert_eq!(
            periods(
                Period::Week,
                "Europe/Berlin",
                "2026-03-25T11:00:00Z",
                "2026-04-07T10:00:00Z"
            ),
            expected(&[
                ("2026-03-25", (4 * 24 + 12 - 1) * 60),
                ("2026-03-30", 7 * 24 * 60),
                ("2026-04-06", (24 + 12) * 60)
            ])
        );
        assert_eq!(
            periods(
                Period::Month,
                "Europe/Berlin",
                "2026-01-30T23:00:00Z",
                "2026-03-01T00:00:00Z"
            ),
            expected(&[
                ("2026-01-31", 24 * 60),
                ("2026-02-01", 28 * 24 * 60),
                ("2026-03-01", 60)
            ])
        );
    }
}
