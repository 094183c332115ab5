//! Worked examples: those of other products' suites, and our own about settings of the clock.

use super::*;

fn minutes_after(calendar: &Calendar, from: &str, minutes: i64) -> DateTime<Utc> {
    calendar.after(at(from), minutes * MINUTE_MS)
}

fn working_minutes(calendar: &Calendar, from: &str, until: &str) -> i64 {
    calendar.working_ms(at(from), at(until)) / MINUTE_MS
}

fn around_the_clock(zone: &str) -> Calendar {
    calendar(zone, &hours(ALL_DAYS, &[(0, 24 * 60)]), vec![])
}

#[test]
fn an_hour_that_a_zone_skips_is_no_working_time() {
    let berlin = around_the_clock("Europe/Berlin");
    assert_eq!(
        minutes_after(&berlin, "2025-03-29T22:30:00Z", 240),
        at("2025-03-30T02:30:00Z")
    );
    assert_eq!(
        working_minutes(&berlin, "2025-03-29T23:00:00Z", "2025-03-30T22:00:00Z"),
        1_380
    );
}

#[test]
fn an_hour_that_a_zone_has_twice_counts_twice() {
    let berlin = around_the_clock("Europe/Berlin");
    assert_eq!(
        working_minutes(&berlin, "2025-10-25T22:00:00Z", "2025-10-26T23:00:00Z"),
        1_500
    );
    let new_york = around_the_clock("America/New_York");
    assert_eq!(
        minutes_after(&new_york, "2025-11-01T22:00:00Z", 600),
        at("2025-11-02T08:00:00Z")
    );
}

#[test]
fn a_window_that_begins_in_an_hour_that_comes_twice_begins_with_the_first() {
    let sunday = WeeklyInterval {
        start_s: 6 * 86_400 + 5_400,
        end_s: 6 * 86_400 + 9_000,
    };
    let night = calendar("America/New_York", &[sunday], vec![]);
    assert_eq!(
        working_minutes(&night, "2025-11-02T00:00:00Z", "2025-11-03T00:00:00Z"),
        120
    );
    assert_eq!(
        night.next_open(at("2025-11-02T00:00:00Z")),
        Some(at("2025-11-02T05:30:00Z"))
    );
    assert_eq!(
        night.next_close(at("2025-11-02T06:00:00Z")),
        Some(at("2025-11-02T07:30:00Z"))
    );
}

#[test]
fn a_window_within_a_skipped_hour_is_empty_and_one_into_it_ends_at_the_skip() {
    let sunday = |start_s: u32, end_s: u32| WeeklyInterval {
        start_s: 6 * 86_400 + start_s,
        end_s: 6 * 86_400 + end_s,
    };
    let day = ("2025-03-30T00:00:00Z", "2025-03-31T00:00:00Z");
    let within = calendar("Europe/Berlin", &[sunday(7_800, 9_000)], vec![]);
    assert_eq!(working_minutes(&within, day.0, day.1), 0);
    let into = calendar("Europe/Berlin", &[sunday(3_600, 9_000)], vec![]);
    assert_eq!(working_minutes(&into, day.0, day.1), 60);
    let out_of = calendar("Europe/Berlin", &[sunday(9_000, 12_600)], vec![]);
    assert_eq!(working_minutes(&out_of, day.0, day.1), 30);
}

#[test]
fn a_weekend_in_which_the_clock_is_set_moves_monday_morning() {
    let office = calendar("Europe/Berlin", &hours(WORKDAYS, &[(540, 1_020)]), vec![]);
    assert_eq!(
        minutes_after(&office, "2025-03-28T15:30:00Z", 120),
        at("2025-03-31T08:30:00Z")
    );
    assert_eq!(
        minutes_after(&office, "2025-10-24T14:30:00Z", 120),
        at("2025-10-27T09:30:00Z")
    );
}

#[test]
fn a_lunch_break_is_closed() {
    let slots = [(540, 720), (810, 1_080)];
    let office = calendar("Europe/Berlin", &hours(WORKDAYS, &slots), vec![]);
    assert_eq!(
        minutes_after(&office, "2025-06-02T09:45:00Z", 60),
        at("2025-06-02T12:15:00Z")
    );
}

#[test]
fn work_that_ends_with_the_day_is_due_at_closing_time() {
    let office = calendar("Europe/Berlin", &hours(ALL_DAYS, &[(540, 1_080)]), vec![]);
    assert_eq!(
        minutes_after(&office, "2013-06-04T15:00:00Z", 60),
        at("2013-06-04T16:00:00Z")
    );
}

#[test]
fn a_holiday_is_closed_from_midnight_to_midnight_and_cuts_what_reaches_into_it() {
    let night = WeeklyInterval {
        start_s: 86_400 - 7_200,
        end_s: 86_400 + 7_200,
    };
    let tuesday = HolidayDays::Date {
        date: date("2025-06-03"),
    };
    let nights = calendar("Europe/Berlin", &[night], vec![tuesday]);
    assert_eq!(
        working_minutes(&nights, "2025-06-02T00:00:00Z", "2025-06-04T00:00:00Z"),
        120
    );
    assert_eq!(
        working_minutes(&nights, "2025-06-09T00:00:00Z", "2025-06-11T00:00:00Z"),
        240
    );
}

#[test]
fn a_yearly_holiday_and_a_range_are_closed_every_time() {
    let days = vec![
        HolidayDays::Yearly { month: 12, day: 25 },
        HolidayDays::Yearly { month: 2, day: 29 },
        HolidayDays::Range {
            from: date("2026-12-28"),
            to: date("2027-01-01"),
        },
    ];
    let utc = calendar("UTC", &hours(ALL_DAYS, &[(0, 1_440)]), days);
    for closed in [
        "2024-12-25",
        "2098-12-25",
        "2024-02-29",
        "2026-12-28",
        "2027-01-01",
    ] {
        let noon = at(&format!("{closed}T12:00:00Z"));
        assert!(!utc.is_open(noon), "{closed}");
    }
    for open in ["2025-02-28", "2025-03-01", "2027-01-02", "2026-12-27"] {
        let noon = at(&format!("{open}T12:00:00Z"));
        assert!(utc.is_open(noon), "{open}");
    }
}

#[test]
fn what_never_closes_has_no_next_close() {
    let utc = calendar("UTC", &hours(ALL_DAYS, &[(0, 1_440)]), vec![]);
    assert_eq!(utc.next_close(at("2025-06-02T09:45:00Z")), None);
    let now = at("2025-06-02T09:45:00.250Z");
    assert_eq!(utc.next_open(now), Some(now));
}

#[test]
fn milliseconds_are_kept() {
    let office = calendar("UTC", &hours(WORKDAYS, &[(540, 1_020)]), vec![]);
    let from = at("2025-06-02T16:59:59.750Z");
    assert_eq!(office.working_ms(from, at("2025-06-03T09:00:00.125Z")), 375);
    assert_eq!(office.after(from, 250), at("2025-06-02T17:00:00Z"));
    assert_eq!(office.after(from, 251), at("2025-06-03T09:00:00.001Z"));
}

#[test]
fn what_ends_beyond_the_calendar_ends_with_it() {
    let office = calendar("UTC", &hours(WORKDAYS, &[(540, 1_020)]), vec![]);
    assert_eq!(
        office.after(at("2025-06-02T09:00:00Z"), i64::MAX),
        DateTime::<Utc>::MAX_UTC
    );
}
