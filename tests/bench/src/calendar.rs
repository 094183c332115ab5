//! `bench calendar`: the arithmetic of working time, in this process alone.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::arithmetic::Calendar;
use domain::calendar::definition::{
    CalendarDefinition, Holiday, HolidayDays, Holidays, WeeklyHours, WeeklyInterval,
};
use domain::calendar::zone::Zone;
use domain::text::Name;

use crate::cli::Cli;
use crate::machine;
use crate::report::{Fact, Report};

/// Starts of questions, an odd number of seconds apart over two years.
const QUESTIONS: u32 = 20_000;
const APART_S: i64 = 3_137;
const CALENDARS: u32 = 50;
const DAY_WORK_MS: i64 = 9 * 3_600_000;
/// Working days of ten years.
const TEN_YEARS_MS: i64 = 10 * 250 * DAY_WORK_MS;
const LIMIT_US: f64 = 50.0;

/// Measures.
///
/// # Errors
/// When the calendar is none, which it is.
pub async fn run(cli: &Cli) -> Result<Report> {
    let definition = office()?;
    let calendar = Calendar::new(&definition);
    let begin: DateTime<Utc> = "2025-01-01T00:00:00Z".parse()?;
    let starts: Vec<_> = (0..QUESTIONS)
        .map(|question| begin + TimeDelta::seconds(i64::from(question) * APART_S))
        .collect();
    let deadline = |work_ms: i64| {
        best_us(cli.rounds, QUESTIONS, || {
            for start in &starts {
                black_box(calendar.after(black_box(*start), work_ms));
            }
        })
    };
    let between = best_us(cli.rounds, QUESTIONS, || {
        for start in &starts {
            black_box(calendar.working_ms(black_box(*start), *start + TimeDelta::days(3_650)));
        }
    });
    let made = best_us(cli.rounds, CALENDARS, || {
        for _ in 0..CALENDARS {
            black_box(Calendar::new(black_box(&definition)));
        }
    });
    let conditions = vec![
        machine::describe(),
        format!(
            "Europe/Berlin, Monday to Friday 9-12 and 13-19, {} yearly holidays and a week off; means of {QUESTIONS} questions, the best of {} rounds",
            definition.holidays.as_slice().len() - 1,
            cli.rounds
        ),
    ];
    let mut report = Report::new("calendar", conditions);
    report.facts = vec![
        Fact::new(
            "a deadline in an hour of work",
            deadline(3_600_000),
            "us",
            LIMIT_US,
        ),
        Fact::new(
            "a deadline in ten years of work",
            deadline(TEN_YEARS_MS),
            "us",
            LIMIT_US,
        ),
        Fact::new("the working time of ten years", between, "us", LIMIT_US),
        Fact::new("laying a calendar out, once a version", made, "us", None),
    ];
    Ok(report)
}

/// The mean time of one of `count` in the fastest round, in microseconds.
fn best_us(rounds: u32, count: u32, mut round: impl FnMut()) -> f64 {
    let time_us = |_| {
        let begun = Instant::now();
        round();
        begun.elapsed().as_secs_f64() * 1e6 / f64::from(count)
    };
    (0..rounds).map(time_us).fold(f64::INFINITY, f64::min)
}

fn office() -> Result<CalendarDefinition> {
    let slots = [(9, 12), (13, 19)];
    let day = |day: u32| {
        slots.map(|(from_hour, to_hour)| WeeklyInterval {
            start_s: day * 86_400 + from_hour * 3_600,
            end_s: day * 86_400 + to_hour * 3_600,
        })
    };
    let weekly: Vec<_> = (0..5).flat_map(day).collect();
    let yearly = [
        (1, 1),
        (1, 6),
        (5, 1),
        (8, 15),
        (10, 3),
        (11, 1),
        (12, 24),
        (12, 25),
        (12, 26),
        (12, 31),
    ];
    let holiday = |days| -> Result<Holiday> {
        Ok(Holiday {
            name: Name::parse("Holiday")?,
            days,
        })
    };
    let yearly = yearly
        .into_iter()
        .map(|(month, day)| holiday(HolidayDays::Yearly { month, day }));
    let week_off = HolidayDays::Range {
        from: "2026-08-03".parse()?,
        to: "2026-08-09".parse()?,
    };
    let holidays: Vec<_> = yearly.chain([holiday(week_off)]).collect::<Result<_>>()?;
    Ok(CalendarDefinition {
        zone: Zone::parse("Europe/Berlin").context("the zone")?,
        weekly: WeeklyHours::parse(&weekly)?,
        holidays: Holidays::parse(holidays)?,
    })
}
