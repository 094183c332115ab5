//! Random calendars.

use crate::chance::Chance;
use anyhow::Result;
use chrono::{DateTime, Datelike, Days, Utc};
use domain::calendar::definition::{
    CalendarDefinition, Holiday, HolidayDays, Holidays, WeeklyHours, WeeklyInterval,
};
use domain::calendar::zone::Zone;
use domain::text::Name;

const HOUR_S: u32 = 3_600;
const DAY_S: u32 = 24 * HOUR_S;

/// What a calendar in a zone may say; its holidays lie around `middle`.
///
/// # Errors
/// When the domain refuses what this file made, which is a fault of it.
pub fn definition(
    chance: &mut Chance,
    zone: &str,
    middle: DateTime<Utc>,
) -> Result<CalendarDefinition> {
    Ok(CalendarDefinition {
        zone: Zone::parse(zone)?,
        weekly: WeeklyHours::parse(&weekly(chance))?,
        holidays: Holidays::parse(holidays(chance, middle)?)?,
    })
}

fn weekly(chance: &mut Chance) -> Vec<WeeklyInterval> {
    let office = 0..5;
    match chance.number(0, 7) {
        0 => daily(office, &[(9 * HOUR_S, 17 * HOUR_S)]),
        1 => daily(
            office,
            &[
                (8 * HOUR_S + 1_800, 12 * HOUR_S),
                (13 * HOUR_S, 17 * HOUR_S + 15),
            ],
        ),
        // Nights.
        2 => daily(0..7, &[(22 * HOUR_S, 30 * HOUR_S)]),
        // The hours in which clocks are set.
        3 => daily(
            0..7,
            &[
                (HOUR_S + 1_800, 2 * HOUR_S + 1_800),
                (2 * HOUR_S + 2_700, 4 * HOUR_S),
            ],
        ),
        4 => daily(0..7, &[(0, DAY_S)]),
        5 => vec![WeeklyInterval {
            start_s: 0,
            end_s: 7 * DAY_S,
        }],
        // From Friday over the weekend to Monday.
        6 => vec![WeeklyInterval {
            start_s: 4 * DAY_S + 20 * HOUR_S,
            end_s: 7 * DAY_S + 6 * HOUR_S + 1,
        }],
        _ => (0..chance.number(1, 6)).map(|_| anywhere(chance)).collect(),
    }
}

fn daily(days: std::ops::Range<u32>, windows: &[(u32, u32)]) -> Vec<WeeklyInterval> {
    let interval = |day: u32, (start_s, end_s): (u32, u32)| WeeklyInterval {
        start_s: day * DAY_S + start_s,
        end_s: day * DAY_S + end_s,
    };
    days.flat_map(|day| windows.iter().map(move |window| interval(day, *window)))
        .collect()
}

fn anywhere(chance: &mut Chance) -> WeeklyInterval {
    let start_s = seconds(chance, WeeklyHours::WEEK_S - 1);
    let longest_s = chance.one_of(&[HOUR_S, 12 * HOUR_S, 3 * DAY_S]);
    WeeklyInterval {
        start_s,
        end_s: start_s + HOUR_S + seconds(chance, longest_s),
    }
}

fn seconds(chance: &mut Chance, most: u32) -> u32 {
    u32::try_from(chance.number(0, i64::from(most))).unwrap_or_default()
}

fn holidays(chance: &mut Chance, middle: DateTime<Utc>) -> Result<Vec<Holiday>> {
    let mut holidays = Vec::new();
    for number in 0..chance.number(0, 3) {
        let days = Days::new(chance.number(0, 40).unsigned_abs());
        let date = middle.date_naive() - Days::new(20) + days;
        let days = match chance.number(0, 2) {
            0 => HolidayDays::Date { date },
            1 => HolidayDays::Yearly {
                month: date.month(),
                day: date.day(),
            },
            _ => HolidayDays::Range {
                from: date,
                to: date + Days::new(chance.number(0, 4).unsigned_abs()),
            },
        };
        holidays.push(Holiday {
            name: Name::parse(&format!("Holiday {number}"))?,
            days,
        });
    }
    Ok(holidays)
}
