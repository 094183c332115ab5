//! How what counts is spread over the hours of the week.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use platform::rows::Cut;
use uuid::Uuid;

use super::filter::FigureQuery;
use super::periods::Frame;
use super::statement;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::Viewer;

/// How many count in each hour of each weekday, Monday first.
pub type Hours = [[i64; 24]; 7];

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
        let mut hours = Hours::default();
        if query.is_summed_by_hour() {
            let statement = statement::hours_of_cells(viewer, query, frame);
            for row in self
                .database
                .query_composed(viewer.tenant, &statement)
                .await?
            {
                let (weekday, key): (i32, Uuid) = (row.try_get("weekday")?, row.try_get("key")?);
                let hour = (0..24).find(|hour| Cut::of_hour(*hour) == key);
                add(&mut hours, weekday - 1, hour, row.try_get("count")?);
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
            let Some(local) = begin.map(|begin| begin.with_timezone(&frame.zone.tz())) else {
                continue;
            };
            let weekday = i32::try_from(local.weekday().num_days_from_monday());
            add(
                &mut hours,
                weekday.unwrap_or_default(),
                Some(local.hour()),
                row.try_get("count")?,
            );
        }
        Ok(hours)
    }
}

fn add(hours: &mut Hours, weekday: i32, hour: Option<u32>, count: i64) {
    let weekday = usize::try_from(weekday).unwrap_or_default();
    let hour = hour.and_then(|hour| usize::try_from(hour).ok());
    if let Some(cell) = hour.and_then(|hour| hours.get_mut(weekday)?.get_mut(hour)) {
        *cell += count;
    }
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
}
