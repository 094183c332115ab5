//! Files as they come from calendars of the world.
#![allow(clippy::unwrap_used)]

use super::*;

fn file(events: &[&str]) -> String {
    let events: String = events
        .iter()
        .map(|event| format!("BEGIN:VEVENT\r\nUID:1@x\r\n{event}\r\nEND:VEVENT\r\n"))
        .collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y\r\n{events}END:VCALENDAR\r\n")
}

fn parse(text: &str) -> Result<Vec<Holiday>, Vec<FieldError>> {
    super::parse(text, date("2026-03-02"))
}

/// The days of one event, the first of them and how many there are.
fn days_of(event: &str) -> (Vec<String>, usize) {
    let taken = parse(&file(&[&format!("SUMMARY:Day\r\n{event}")])).unwrap();
    let text = |holiday: &Holiday| match holiday.days {
        HolidayDays::Date { date } => date.to_string(),
        HolidayDays::Range { from, to } => format!("{from}/{to}"),
        HolidayDays::Yearly { month, day } => format!("{month}-{day}"),
    };
    let days: Vec<String> = taken.iter().map(text).collect();
    let count = days.len();
    (days.into_iter().take(3).collect(), count)
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn whole_days_are_taken_once_and_every_year() {
    let text = file(&[
        "SUMMARY:Easter Monday\r\nDTSTART;VALUE=DATE:20260406\r\nDTEND;VALUE=DATE:20260407",
        "SUMMARY:No end\r\nDTSTART;VALUE=DATE:20260501",
        "SUMMARY:Inventory\\, all\r\n  of us\r\nDTSTART;VALUE=DATE:20261228\r\nDTEND;VALUE=DATE:20261231",
        "SUMMARY:Christmas\r\nDTSTART;VALUE=DATE:20251225\r\nDTEND;VALUE=DATE:20251227\r\nRRULE:FREQ=YEARLY;BYMONTH=12",
    ]);
    let taken = parse(&text).unwrap();
    let days: Vec<_> = taken.iter().map(|holiday| holiday.days).collect();
    assert_eq!(
        days,
        [
            HolidayDays::Date {
                date: date("2026-04-06")
            },
            HolidayDays::Date {
                date: date("2026-05-01")
            },
            HolidayDays::Range {
                from: date("2026-12-28"),
                to: date("2026-12-30")
            },
            HolidayDays::Yearly { month: 12, day: 25 },
            HolidayDays::Yearly { month: 12, day: 26 },
        ]
    );
    assert_eq!(taken[2].name.as_str(), "Inventory, all of us");
}

#[test]
fn what_is_no_holiday_is_refused_with_its_place_and_nothing_is_taken() {
    let good = "SUMMARY:Good\r\nDTSTART;VALUE=DATE:20260406";
    let wrong = [
        "SUMMARY:Timed\r\nDTSTART:20260406T090000Z",
        "DTSTART;VALUE=DATE:20260406",
        "SUMMARY:No start",
        "SUMMARY:Backwards\r\nDTSTART;VALUE=DATE:20260406\r\nDTEND;VALUE=DATE:20260406",
        "SUMMARY:Hourly\r\nDTSTART;VALUE=DATE:20260406\r\nRRULE:FREQ=HOURLY",
        "SUMMARY:No frequency\r\nDTSTART;VALUE=DATE:20260406\r\nRRULE:COUNT=3",
        "SUMMARY:By Easter\r\nDTSTART;VALUE=DATE:20260406\r\nRRULE:FREQ=YEARLY;BYEASTER=1",
        "SUMMARY:Two ends\r\nDTSTART;VALUE=DATE:20260406\r\nRRULE:FREQ=YEARLY;COUNT=3;UNTIL=20300101",
        "SUMMARY:No interval\r\nDTSTART;VALUE=DATE:20260406\r\nRRULE:FREQ=YEARLY;INTERVAL=0",
        "SUMMARY:No such day\r\nDTSTART;VALUE=DATE:20260406\r\nRRULE:FREQ=YEARLY;BYDAY=4XX",
        "SUMMARY:Places of a week\r\nDTSTART;VALUE=DATE:20260406\r\nRRULE:FREQ=WEEKLY;BYDAY=1MO",
        "SUMMARY:Off its rule\r\nDTSTART;VALUE=DATE:20261125\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
        "SUMMARY:Every day\r\nDTSTART;VALUE=DATE:20260406\r\nRRULE:FREQ=DAILY",
        "SUMMARY:Twice\r\nDTSTART;VALUE=DATE:20260406\r\nRRULE:FREQ=YEARLY;FREQ=DAILY",
        "SUMMARY:Timed\r\nDTSTART;VALUE=DATE:20260406\r\nRDATE:20260506T090000Z",
        "SUMMARY:Two rules\r\nDTSTART;VALUE=DATE:20260406\r\nRRULE:FREQ=YEARLY\r\nRRULE:FREQ=WEEKLY",
        "SUMMARY:Off\r\nSTATUS:CANCELLED\r\nDTSTART;VALUE=DATE:20260406",
        "SUMMARY:Impossible\r\nDTSTART;VALUE=DATE:20260230",
        "SUMMARY:Long ago\r\nDTSTART;VALUE=DATE:19000101",
    ];
    for event in wrong {
        let errors = parse(&file(&[good, event])).unwrap_err();
        assert_eq!(errors.len(), 1, "{event}");
        assert_eq!(errors[0].pointer, "/icalendar/1", "{event}");
    }
}

#[test]
fn days_that_move_are_named_from_the_year_before_to_ten_years_on() {
    let thanksgiving = "DTSTART;VALUE=DATE:19701126\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH";
    let memorial = "DTSTART;VALUE=DATE:20250526\r\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO";
    let bank =
        "DTSTART;VALUE=DATE:20250505\r\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=MO;BYSETPOS=1;WKST=SU";
    let midsummer = "DTSTART;VALUE=DATE:20250621\r\nRRULE:FREQ=YEARLY;BYMONTH=6;BYDAY=SA;BYMONTHDAY=20,21,22,23,24,25,26";
    let programmers = "DTSTART;VALUE=DATE:20250913\r\nRRULE:FREQ=YEARLY;BYYEARDAY=256";
    for (event, days) in [
        (thanksgiving, ["2025-11-27", "2026-11-26", "2027-11-25"]),
        (memorial, ["2025-05-26", "2026-05-25", "2027-05-31"]),
        (bank, ["2025-05-05", "2026-05-04", "2027-05-03"]),
        (midsummer, ["2025-06-21", "2026-06-20", "2027-06-26"]),
        (programmers, ["2025-09-13", "2026-09-13", "2027-09-13"]),
    ] {
        assert_eq!(
            days_of(event),
            (days.map(str::to_owned).to_vec(), 12),
            "{event}"
        );
    }
}

#[test]
fn a_rule_ends_where_it_says_and_leaves_out_what_it_says() {
    let cases: [(&str, &[&str], usize); 8] = [
        (
            "DTSTART;VALUE=DATE:20240406\r\nRRULE:FREQ=YEARLY;COUNT=3",
            &["2025-04-06", "2026-04-06"],
            2,
        ),
        (
            "DTSTART;VALUE=DATE:20260406\r\nRRULE:FREQ=YEARLY;UNTIL=20270406",
            &["2026-04-06", "2027-04-06"],
            2,
        ),
        (
            "DTSTART;VALUE=DATE:20260406\r\nRRULE:FREQ=YEARLY;UNTIL=20270405T235959Z",
            &["2026-04-06"],
            1,
        ),
        (
            "DTSTART;VALUE=DATE:20241105\r\nRRULE:FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            &["2028-11-07", "2032-11-02", "2036-11-04"],
            3,
        ),
        (
            "DTSTART;VALUE=DATE:20240229\r\nRRULE:FREQ=YEARLY;COUNT=3",
            &["2028-02-29", "2032-02-29"],
            2,
        ),
        (
            "DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=YEARLY\r\nEXDATE;VALUE=DATE:20260101,20270101\r\nEXDATE;VALUE=DATE:20290101",
            &["2028-01-01", "2030-01-01", "2031-01-01"],
            8,
        ),
        (
            "DTSTART;VALUE=DATE:20260406\r\nRDATE;VALUE=DATE:20270329,20280417",
            &["2026-04-06", "2027-03-29", "2028-04-17"],
            3,
        ),
        (
            "DTSTART;VALUE=DATE:20260130\r\nRRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=3",
            &["2026-01-30", "2026-02-27", "2026-03-27"],
            3,
        ),
    ];
    for (event, days, count) in cases {
        let days: Vec<String> = days.iter().map(|day| (*day).to_owned()).collect();
        assert_eq!(days_of(event), (days, count), "{event}");
    }
}

#[test]
fn weeks_and_several_days_on_end_come_back_too() {
    let fortnight =
        "DTSTART;VALUE=DATE:20260302\r\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=3";
    let closed = "DTSTART;VALUE=DATE:20251227\r\nDTEND;VALUE=DATE:20251230\r\nRRULE:FREQ=YEARLY;BYMONTH=12;BYDAY=-1SA";
    let every = "DTSTART;VALUE=DATE:20251225\r\nRRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25\r\nRDATE;VALUE=DATE:20260331";
    let text = |days: &[&str]| days.iter().map(|day| (*day).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        days_of(fortnight),
        (text(&["2026-03-02", "2026-03-06", "2026-03-16"]), 3)
    );
    let (days, count) = days_of(closed);
    assert_eq!((&*days[0], count), ("2025-12-27/2025-12-29", 12));
    assert_eq!(days_of(every), (text(&["12-25", "2026-03-31"]), 2));
}

#[test]
fn a_rule_that_is_over_adds_nothing() {
    let over = "SUMMARY:Over\r\nDTSTART;VALUE=DATE:20100406\r\nRRULE:FREQ=YEARLY;UNTIL=20200406";
    let good = "SUMMARY:Good\r\nDTSTART;VALUE=DATE:20260406";
    assert_eq!(parse(&file(&[over, good])).unwrap().len(), 1);
    assert_eq!(parse(&file(&[over])).unwrap_err()[0].pointer, "/icalendar");
}

#[test]
fn what_is_no_calendar_is_refused_whole() {
    let deep = "BEGIN:X\r\n".repeat(20_000);
    let large = "x".repeat(MAX_BYTES + 1);
    for text in ["", "hello", "BEGIN:VCALENDAR", &deep, &large, &file(&[])] {
        let errors = parse(text).unwrap_err();
        assert_eq!(errors[0].pointer, "/icalendar");
    }
}

#[test]
fn a_file_holds_as_many_holidays_as_a_calendar_may() {
    let event = "SUMMARY:Day\r\nDTSTART;VALUE=DATE:20260406";
    assert!(parse(&file(&vec![event; Holidays::MAX])).is_ok());
    assert!(parse(&file(&vec![event; Holidays::MAX + 1])).is_err());
}
