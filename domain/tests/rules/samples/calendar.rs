//! Samples of the events of a calendar.

use super::{FULL, MINIMAL, name};
use chrono::NaiveDate;
use domain::calendar::definition::{
    CalendarDefinition, Holiday, HolidayDays, Holidays, WeeklyHours, WeeklyInterval,
};
use domain::calendar::event::{CalendarChanged, CalendarCreated, CalendarEvent, CalendarRetired};
use domain::calendar::zone::Zone;

fn holiday(text: &str, days: HolidayDays) -> Holiday {
    Holiday {
        name: name(text),
        days,
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Two intervals on Monday, one over midnight, and a holiday of each kind.
fn berlin() -> CalendarDefinition {
    let intervals = [(28_800, 43_200), (46_800, 61_200), (590_400, 612_000)];
    let interval = |(start_s, end_s)| WeeklyInterval { start_s, end_s };
    let from = day("2026-12-24");
    CalendarDefinition {
        zone: Zone::parse("Europe/Berlin").unwrap(),
        weekly: WeeklyHours::parse(&intervals.map(interval)).unwrap(),
        holidays: Holidays::parse(vec![
            holiday(
                "Easter Monday",
                HolidayDays::Date {
                    date: day("2026-04-06"),
                },
            ),
            holiday("Unity Day", HolidayDays::Yearly { month: 10, day: 3 }),
            holiday(
                "Company holidays",
                HolidayDays::Range {
                    from,
                    to: day("2027-01-01"),
                },
            ),
        ])
        .unwrap(),
    }
}

fn utc() -> CalendarDefinition {
    let interval = WeeklyInterval {
        start_s: 0,
        end_s: 432_000,
    };
    CalendarDefinition {
        zone: Zone::UTC,
        weekly: WeeklyHours::parse(&[interval]).unwrap(),
        holidays: Holidays::default(),
    }
}

pub fn samples() -> impl Iterator<Item = (&'static str, CalendarEvent)> {
    let created = |definition| CalendarCreated {
        name: name("Office"),
        definition,
    };
    let changed = CalendarChanged {
        name: name("Head office"),
        definition: berlin(),
    };
    [
        (FULL, created(berlin()).into()),
        (MINIMAL, created(utc()).into()),
        (FULL, changed.into()),
        (FULL, CalendarRetired {}.into()),
    ]
    .into_iter()
}
