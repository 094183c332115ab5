#![allow(clippy::unwrap_used)]

mod naive;
mod properties;
mod vectors;
mod zones;

use super::arithmetic::Calendar;
use super::definition::*;
use super::zone::Zone;
use crate::text::Name;
use chrono::{DateTime, NaiveDate, Utc};

const MINUTE_MS: i64 = 60_000;
const WORKDAYS: std::ops::Range<u32> = 0..5;
const ALL_DAYS: std::ops::Range<u32> = 0..7;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The same hours, as `HH:MM` to `HH:MM` in minutes, on each of some days.
fn hours(days: std::ops::Range<u32>, slots: &[(u32, u32)]) -> Vec<WeeklyInterval> {
    let on_day = |day: u32| {
        slots.iter().map(move |(from_min, to_min)| WeeklyInterval {
            start_s: day * 86_400 + from_min * 60,
            end_s: day * 86_400 + to_min * 60,
        })
    };
    days.flat_map(on_day).collect()
}

fn holiday(days: HolidayDays) -> Holiday {
    Holiday {
        name: Name::parse("Holiday").unwrap(),
        days,
    }
}

fn definition(
    zone: &str,
    weekly: &[WeeklyInterval],
    holidays: Vec<HolidayDays>,
) -> CalendarDefinition {
    CalendarDefinition {
        zone: Zone::parse(zone).unwrap(),
        weekly: WeeklyHours::parse(weekly).unwrap(),
        holidays: Holidays::parse(holidays.into_iter().map(holiday).collect()).unwrap(),
    }
}

fn calendar(zone: &str, weekly: &[WeeklyInterval], holidays: Vec<HolidayDays>) -> Calendar {
    Calendar::new(&definition(zone, weekly, holidays))
}
