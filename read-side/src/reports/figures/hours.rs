//! How what counts is spread over the hours of the week.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use domain::calendar::zone::Zone;
use platform::rows::Cut;
use serde::Serialize;
use uuid::Uuid;

use super::filter::FigureQuery;
use super::periods::Frame;
use super::statement;
use crate::answers::Answer;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::Viewer;

/// How many count in each hour of each weekday, Monday first.
pub type Hours = [[i64; 24]; 7];

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct HourOfWeek {
    /// From 0, which is Monday.
    weekday: u32,
    hour: u32,
}

impl HourOfWeek {
    /// An hour, from 0, of a weekday, of which Monday is 1; none where a week does not have it.
    #[must_use]
    pub fn new(weekday: u32, hour: u32) -> Option<Self> {
        let is_one = (1..=7).contains(&weekday) && hour < 24;
        is_one.then(|| Self {
            weekday: weekday - 1,
            hour,
        })
    }

    /// The one that a zone's clock shows.
    fn of(at: DateTime<Utc>, zone: Zone) -> Self {
        let local = at.with_timezone(&zone.tz());
        Self {
            weekday: local.weekday().num_days_from_monday(),
            hour: local.hour(),
        }
    }

    /// The instants of the frame at which the hour begins and ends, in turn.
    pub(super) fn bounds(self, frame: &Frame) -> Vec<DateTime<Utc>> {
        let begins = hour_starts(frame);
        let ends = begins.iter().skip(1).copied().chain([frame.to()]);
        let hours = begins.iter().copied().zip(ends);
        let of_it = hours.filter(|(begin, _)| Self::of(*begin, frame.zone) == self);
        of_it.flat_map(|(begin, end)| [begin, end]).collect()
    }
}

impl Answer for Hours {
    const KIND: &'static str = "report_hours";

    fn len(&self) -> usize {
        self.as_flattened().len()
    }
}

/// Clocks are set by quarters of an hour at the finest.
const STEP: TimeDelta = TimeDelta::minutes(15);

impl ReadModels {
    /// The hours of the week in which what the figure counts happened, in the organization's zone. An hour that a clock has
    /// twice counts both.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn hours(
        &self,
        viewer: &Viewer,
        query: &FigureQuery,
        frame: &Frame,
    ) -> Result<Hours, ReadError> {
        let question = (query, frame.zone);
        let make = {
            let (query, frame) = (query.clone(), frame.clone());
            move |models: Self, viewer: Viewer| async move {
                models.new_hours(&viewer, &query, &frame).await
            }
        };
        self.answered(&self.near_hours, viewer, &question, make)
            .await
    }

    async fn new_hours(
        &self,
        viewer: &Viewer,
        query: &FigureQuery,
        frame: &Frame,
    ) -> Result<Hours, ReadError> {
        let mut hours = Hours::default();
        let cuts = query.cuts_by_hour();
        if let Some(cut) = self.first_visible(viewer, query.figure, cuts).await? {
            let statement = statement::hours_of_cells(viewer, query, cut, frame);
            for row in self
                .database
                .query_composed(viewer.tenant, &statement)
                .await?
            {
                let (weekday, key): (i32, Uuid) = (row.try_get("weekday")?, row.try_get("key")?);
                let hour = (0..24).find(|hour| Cut::of_hour(*hour) == key);
                let weekday = u32::try_from(weekday).unwrap_or_default();
                if let Some(of_week) = hour.and_then(|hour| HourOfWeek::new(weekday, hour)) {
                    add(&mut hours, of_week, row.try_get("count")?);
                }
            }
            return Ok(hours);
        }
        let begins = hour_starts(frame);
        let statement = statement::hours_of_facts(viewer, query, frame, begins.clone());
        for row in self
            .database
            .query_composed(viewer.tenant, &statement)
            .await?
        {
            let bucket: i32 = row.try_get("hour")?;
            let begin = usize::try_from(bucket - 1)
                .ok()
                .and_then(|at| begins.get(at));
            if let Some(begin) = begin {
                let of_week = HourOfWeek::of(*begin, frame.zone);
                add(&mut hours, of_week, row.try_get("count")?);
            }
        }
        Ok(hours)
    }
}

fn add(hours: &mut Hours, of_week: HourOfWeek, count: i64) {
    let [weekday, hour] = [of_week.weekday, of_week.hour].map(|place| place as usize);
    hours[weekday][hour] += count;
}

/// The instants of the frame at which the local hour changes.
fn hour_starts(frame: &Frame) -> Vec<DateTime<Utc>> {
    let tz = frame.zone.tz();
    let hour_of = |at: DateTime<Utc>| {
        let local = at.with_timezone(&tz);
        (local.date_naive(), local.hour())
    };
    let mut begins = vec![frame.from()];
    let mut at = frame.from() + STEP;
    while at < frame.to() {
        if begins
            .last()
            .is_some_and(|last| hour_of(*last) != hour_of(at))
        {
            begins.push(at);
        }
        at += STEP;
    }
    begins
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::DayRange;
    use super::*;
    use domain::calendar::zone::Zone;

    fn hours_of(zone: &str, day: &str) -> Vec<u32> {
        let from = day.parse::<chrono::NaiveDate>().unwrap();
        let range = DayRange::new(from, from.succ_opt().unwrap()).unwrap();
        let frame = Frame::of(range, None, Zone::parse(zone).unwrap());
        let local = |at: &DateTime<Utc>| at.with_timezone(&frame.zone.tz()).hour();
        hour_starts(&frame).iter().map(local).collect()
    }

    #[test]
    fn a_day_has_the_hours_of_its_clock() {
        assert_eq!(
            hours_of("Asia/Kathmandu", "2026-03-29"),
            (0..24).collect::<Vec<_>>()
        );
        let spring: Vec<u32> = (0..24).filter(|hour| *hour != 2).collect();
        assert_eq!(hours_of("Europe/Berlin", "2026-03-29"), spring);
        // The hour that comes twice is one.
        assert_eq!(
            hours_of("Europe/Berlin", "2026-10-25"),
            (0..24).collect::<Vec<_>>()
        );
    }

    fn minutes_of(zone: &str, days: (&str, &str), weekday: u32, hour: u32) -> Vec<(String, i64)> {
        let range = DayRange::new(days.0.parse().unwrap(), days.1.parse().unwrap()).unwrap();
        let frame = Frame::of(range, None, Zone::parse(zone).unwrap());
        let bounds = HourOfWeek::new(weekday, hour).unwrap().bounds(&frame);
        let spans = bounds.chunks(2);
        spans
            .map(|span| (span[0].to_string(), (span[1] - span[0]).num_minutes()))
            .collect()
    }

    #[test]
    fn an_hour_of_the_week_is_as_long_as_the_clock_shows_it() {
        // The Sundays before, of and after the change in autumn; the last hour of the range ends with it.
        assert_eq!(
            minutes_of("Europe/Berlin", ("2026-10-18", "2026-11-02"), 7, 2),
            [
                ("2026-10-18 00:00:00 UTC".to_owned(), 60),
                ("2026-10-25 00:00:00 UTC".to_owned(), 120),
                ("2026-11-01 01:00:00 UTC".to_owned(), 60)
            ]
        );
        let spring = minutes_of("Europe/Berlin", ("2026-03-29", "2026-03-30"), 7, 2);
        assert_eq!(spring, []);
        let last = minutes_of("Asia/Kathmandu", ("2026-03-29", "2026-03-30"), 7, 23);
        assert_eq!(last, [("2026-03-29 17:15:00 UTC".to_owned(), 60)]);
    }

    #[test]
    fn a_week_has_no_other_hours() {
        for (weekday, hour) in [(0, 0), (8, 0), (1, 24)] {
            assert_eq!(HourOfWeek::new(weekday, hour), None);
        }
    }
}
