//! The arithmetic against a walk over every minute or second, around settings of the clock that are known to be nasty, and
//! the laws that its questions obey among each other.

use super::naive::Walk;
use super::*;
use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Zones, and the day on which their clock is set.
const NASTY: &[(&str, &str)] = &[
    ("Europe/Berlin", "2025-03-30"),
    ("Europe/Berlin", "2025-10-26"),
    ("America/New_York", "2025-03-09"),
    ("America/New_York", "2025-11-02"),
    // Half an hour.
    ("Australia/Lord_Howe", "2025-04-06"),
    ("Australia/Lord_Howe", "2025-10-05"),
    // A quarter of an hour, for good.
    ("Asia/Kathmandu", "1986-01-01"),
    ("Asia/Kathmandu", "2025-06-15"),
    // A day that never was.
    ("Pacific/Apia", "2011-12-30"),
    // At midnight: a day without its first hour, and one with two last hours.
    ("America/Sao_Paulo", "2018-11-04"),
    ("America/Sao_Paulo", "2019-02-17"),
];

const DAY_S: i64 = 86_400;

fn midnight_s(day: NaiveDate) -> i64 {
    (day - NaiveDate::default()).num_days() * DAY_S
}

/// Intervals on whole steps: often about as long as a shift, sometimes tiny, sometimes days.
fn intervals(step_s: u32) -> impl Strategy<Value = Vec<WeeklyInterval>> {
    let length = prop_oneof![1..1_800u32, 14_400..36_000u32, 1..604_800u32];
    let interval = (0..WeeklyHours::WEEK_S / step_s, length).prop_map(move |(start, length)| {
        let start_s = start * step_s;
        WeeklyInterval {
            start_s,
            end_s: start_s + (length / step_s).max(1) * step_s,
        }
    });
    prop::collection::vec(interval, 1..8)
}

fn holidays(around: NaiveDate) -> impl Strategy<Value = Vec<HolidayDays>> {
    let day = (-8i64..=8).prop_map(move |days| around + TimeDelta::days(days));
    let days = prop_oneof![
        day.clone().prop_map(|date| HolidayDays::Date { date }),
        day.clone().prop_map(|date| HolidayDays::Yearly {
            month: chrono::Datelike::month(&date),
            day: chrono::Datelike::day(&date),
        }),
        (day, 0i64..4).prop_map(|(from, days)| HolidayDays::Range {
            from,
            to: from + TimeDelta::days(days)
        }),
    ];
    prop::collection::vec(days, 0..4)
}

fn nasty(step_s: u32) -> impl Strategy<Value = (CalendarDefinition, NaiveDate)> {
    select(NASTY).prop_flat_map(move |(zone, day)| {
        let day = date(day);
        (intervals(step_s), holidays(day))
            .prop_map(move |(weekly, days)| (definition(zone, &weekly, days), day))
    })
}

fn check(walk: &Walk, calendar: &Calendar, [a, b]: [Index; 2]) -> Result<(), TestCaseError> {
    let (a, b) = (a.index(walk.len()), b.index(walk.len()));
    let (from, until) = (a.min(b), a.max(b));
    let used_ms = calendar.working_ms(walk.at(from), walk.at(until));
    prop_assert_eq!(used_ms, walk.working_ms(from, until));

    let steps = (used_ms / (walk.at(1) - walk.at(0)).num_milliseconds()) as usize;
    if let Some(reached) = walk.after(from, steps) {
        prop_assert_eq!(calendar.after(walk.at(from), used_ms), walk.at(reached));
    }
    if let Some(open) = walk.next(from, true) {
        prop_assert_eq!(calendar.next_open(walk.at(from)), Some(walk.at(open)));
    }
    if let Some(close) = walk.next(from, false) {
        prop_assert_eq!(calendar.next_close(walk.at(from)), Some(walk.at(close)));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_minute_of_three_weeks_is_as_a_walk_finds_it(
        (definition, day) in nasty(60),
        pairs in prop::collection::vec(any::<[Index; 2]>(), 40),
    ) {
        let (from_s, until_s) = (midnight_s(day) - 9 * DAY_S, midnight_s(day) + 12 * DAY_S);
        let walk = Walk::new(&definition, from_s, until_s, 60);
        let calendar = Calendar::new(&definition);
        for pair in pairs {
            check(&walk, &calendar, pair)?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_second_of_four_days_is_as_a_walk_finds_it(
        (definition, day) in nasty(1),
        pairs in prop::collection::vec(any::<[Index; 2]>(), 20),
    ) {
        let (from_s, until_s) = (midnight_s(day) - 2 * DAY_S, midnight_s(day) + 2 * DAY_S);
        let walk = Walk::new(&definition, from_s, until_s, 1);
        let calendar = Calendar::new(&definition);
        for pair in pairs {
            check(&walk, &calendar, pair)?;
        }
    }

    #[test]
    fn every_quarter_of_six_years_is_as_a_walk_finds_it(
        (definition, day) in nasty(900),
        pairs in prop::collection::vec(any::<[Index; 2]>(), 20),
    ) {
        let (from_s, until_s) = (midnight_s(day) - 1_096 * DAY_S, midnight_s(day) + 1_096 * DAY_S);
        let walk = Walk::new(&definition, from_s, until_s, 900);
        let calendar = Calendar::new(&definition);
        for pair in pairs {
            check(&walk, &calendar, pair)?;
        }
    }
}

proptest! {
    #[test]
    fn the_instant_after_some_work_is_the_earliest_with_that_work(
        (definition, day) in nasty(1),
        offset_ms in -20 * DAY_S * 1_000..20 * DAY_S * 1_000,
        work_ms in 1..3_650 * DAY_S * 1_000 / 4,
    ) {
        let calendar = Calendar::new(&definition);
        let from = DateTime::from_timestamp_millis(midnight_s(day) * 1_000 + offset_ms).unwrap();
        let reached = calendar.after(from, work_ms);
        prop_assert_eq!(calendar.working_ms(from, reached), work_ms);
        prop_assert_eq!(calendar.working_ms(from, reached - TimeDelta::milliseconds(1)), work_ms - 1);
    }

    #[test]
    fn work_adds_up_over_any_instant_between(
        (definition, day) in nasty(1),
        offsets_ms in prop::array::uniform3(-400 * DAY_S * 1_000..400 * DAY_S * 1_000),
    ) {
        let calendar = Calendar::new(&definition);
        let mut instants = offsets_ms
            .map(|ms| DateTime::from_timestamp_millis(midnight_s(day) * 1_000 + ms).unwrap());
        instants.sort_unstable();
        let [a, b, c] = instants;
        let whole_ms = calendar.working_ms(a, c);
        prop_assert_eq!(calendar.working_ms(a, b) + calendar.working_ms(b, c), whole_ms);
        prop_assert!(whole_ms <= (c - a).num_milliseconds());
    }
}
