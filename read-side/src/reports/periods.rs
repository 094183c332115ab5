//! The days of a report, in a time zone.

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::zone::Zone;

use super::filter::ReportRange;

/// The days that a range touches, cut at its ends. The zone's clock is asked here alone, so that the report and the lists
/// that its days lead to agree on where a day begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Days {
    days: Vec<NaiveDate>,
    /// The first instant of each.
    starts: Vec<DateTime<Utc>>,
    end: DateTime<Utc>,
}

/// A range of dates that a calendar does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be within the years 0 to 9999")]
pub struct DaysError;

impl Days {
    /// The days of a range.
    ///
    /// # Errors
    /// [`DaysError`] at the end of the calendar.
    pub fn of(range: ReportRange, zone: Zone) -> Result<Self, DaysError> {
        let (from, to) = (range.from(), range.to());
        let mut day = zone.day_of(from);
        let (mut days, mut starts) = (vec![day], vec![from]);
        loop {
            day = day.succ_opt().ok_or(DaysError)?;
            let start = zone.first_instant(day);
            if start >= to {
                break;
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
            days,
            starts,
            end: to,
        })
    }

    /// The first instant of each day.
    pub(super) fn starts(&self) -> &[DateTime<Utc>] {
        &self.starts
    }

    /// A day with the instants from which and before which it is counted; `index` is its place in the range.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<(NaiveDate, DateTime<Utc>, DateTime<Utc>)> {
        let (day, start) = (*self.days.get(index)?, *self.starts.get(index)?);
        let end = self.starts.get(index + 1).copied().unwrap_or(self.end);
        Some((day, start, end))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn days(zone: &str, from: &str, to: &str) -> Vec<(String, i64)> {
        let range = ReportRange::new(from.parse().unwrap(), to.parse().unwrap()).unwrap();
        let days = Days::of(range, Zone::parse(zone).unwrap()).unwrap();
        let day = |index| {
            let (day, start, end) = days.get(index)?;
            Some((day.to_string(), (end - start).num_minutes()))
        };
        (0..).map_while(day).collect()
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
}
