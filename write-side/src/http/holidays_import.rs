//! Holidays from an iCalendar file (RFC 5545).
//!
//! Taken are the events of whole days, one day or several on end, once or every year. Whatever else a file holds is refused
//! by name, and nothing of it is taken: a calendar that lacks a holiday is noticed only when it is too late.

use chrono::{Datelike, Days, NaiveDate};
use domain::calendar::definition::{Holiday, HolidayDays, Holidays};
use domain::text::Name;
use icalendar::parser::{Component, Property, read_calendar, unfold};
use platform::http::problem::FieldError;

/// The most bytes of a file.
pub(super) const MAX_BYTES: usize = 256 * 1024;
/// Components within components. Ours need two; the parser goes down one call a level.
const MAX_DEPTH: usize = 8;
/// The most days of an event that comes back every year: each becomes a holiday of its own.
const MAX_YEARLY_DAYS: i64 = 31;
/// The most problems that are told at once.
const MAX_ERRORS: usize = 20;

/// The holidays of a file, in its order.
///
/// # Errors
/// What cannot be taken, each with the place of its event.
pub(super) fn parse(text: &str) -> Result<Vec<Holiday>, Vec<FieldError>> {
    if text.len() > MAX_BYTES {
        return Err(vec![at("", format!("must be at most {MAX_BYTES} bytes"))]);
    }
    let text = unfold(text);
    if depth(&text) > MAX_DEPTH {
        return Err(vec![at("", "nests its components too deeply")]);
    }
    let calendar = read_calendar(&text);
    let calendar = calendar.map_err(|_| vec![at("", "is no iCalendar file (RFC 5545)")])?;
    let (mut holidays, mut errors) = (Vec::new(), Vec::new());
    let components = calendar.components.iter();
    let events = components.filter(|it| it.name.as_str() != "VTIMEZONE");
    for (index, component) in events.enumerate() {
        match event(component) {
            Ok(days) => holidays.extend(days),
            Err(detail) => errors.push(at(&format!("/{index}"), detail)),
        }
    }
    if holidays.is_empty() && errors.is_empty() {
        errors.push(at("", "holds no event"));
    }
    if holidays.len() > Holidays::MAX {
        let detail = format!("must hold at most {} holidays", Holidays::MAX);
        errors.push(at("", detail));
    }
    if errors.is_empty() {
        return Ok(holidays);
    }
    errors.truncate(MAX_ERRORS);
    Err(errors)
}

fn at(place: &str, detail: impl Into<String>) -> FieldError {
    FieldError {
        pointer: format!("/icalendar{place}"),
        detail: detail.into(),
    }
}

fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for line in text.lines() {
        let line = line.trim_start().as_bytes();
        let begins = |word: &[u8]| {
            line.get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        if begins(b"BEGIN:") {
            depth += 1;
            deepest = deepest.max(depth);
        } else if begins(b"END:") {
            depth = depth.saturating_sub(1);
        }
    }
    deepest
}

/// The days of an event, all under its summary.
fn event(component: &Component<'_>) -> Result<Vec<Holiday>, String> {
    let kind = component.name.as_str();
    if kind != "VEVENT" {
        return Err(format!("is a {kind}: only events (VEVENT) are holidays"));
    }
    let summary = value(component, "SUMMARY")?.ok_or("has no SUMMARY, which names the holiday")?;
    let summary = unescaped(summary);
    let told = |detail: String| {
        format!(
            "“{}” {detail}",
            summary.chars().take(60).collect::<String>()
        )
    };
    let name = Name::parse(&summary).map_err(|error| told(format!("as a name {error}")))?;
    let days = days(component).map_err(told)?;
    let holidays: Vec<Holiday> = days
        .into_iter()
        .map(|days| Holiday {
            name: name.clone(),
            days,
        })
        .collect();
    match Holidays::parse(holidays.clone()) {
        Ok(_) => Ok(holidays),
        Err(error) => Err(told(error.to_string())),
    }
}

fn days(component: &Component<'_>) -> Result<Vec<HolidayDays>, String> {
    for unknown in ["DURATION", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"] {
        if value(component, unknown)?.is_some() {
            return Err(format!(
                "has {unknown}, which is not taken: name each day as an event"
            ));
        }
    }
    let is_cancelled = |status: &str| status.eq_ignore_ascii_case("CANCELLED");
    if value(component, "STATUS")?.is_some_and(is_cancelled) {
        return Err("is cancelled: leave it out".to_owned());
    }
    let first = day(component, "DTSTART")?.ok_or("has no DTSTART")?;
    // Of an all-day event DTEND is the day after the last (RFC 5545, section 3.6.1).
    let after = day(component, "DTEND")?.map_or_else(|| first.succ_opt(), Some);
    let last = after.and_then(|after| after.pred_opt());
    let last = last.filter(|last| *last >= first);
    let last = last.ok_or("ends before it begins")?;
    match value(component, "RRULE")? {
        None if first == last => Ok(vec![HolidayDays::Date { date: first }]),
        None => Ok(vec![HolidayDays::Range {
            from: first,
            to: last,
        }]),
        Some(rule) => {
            check_yearly(rule, first)?;
            let count = (last - first).num_days() + 1;
            if count > MAX_YEARLY_DAYS {
                return Err(format!(
                    "comes back every year for more than {MAX_YEARLY_DAYS} days"
                ));
            }
            let yearly = |day: NaiveDate| HolidayDays::Yearly {
                month: day.month(),
                day: day.day(),
            };
            let offsets = 0..count.unsigned_abs();
            let days = offsets.filter_map(|offset| first.checked_add_days(Days::new(offset)));
            Ok(days.map(yearly).collect())
        }
    }
}

/// Passes for a rule that means the same day of every year, for ever.
fn check_yearly(rule: &str, first: NaiveDate) -> Result<(), String> {
    let refused = || {
        format!(
            "repeats by {rule}: only FREQ=YEARLY on its own day is taken, name other days one by one"
        )
    };
    let mut is_yearly = false;
    for part in rule.split(';') {
        let (key, value) = part.split_once('=').ok_or_else(refused)?;
        match (key.to_ascii_uppercase().as_str(), value) {
            ("FREQ", value) if value.eq_ignore_ascii_case("YEARLY") => is_yearly = true,
            ("INTERVAL", "1") | ("WKST", _) => {}
            ("BYMONTH", month) if month.parse() == Ok(first.month()) => {}
            ("BYMONTHDAY", day) if day.parse() == Ok(first.day()) => {}
            _ => return Err(refused()),
        }
    }
    is_yearly.then_some(()).ok_or_else(refused)
}

fn property<'a>(
    component: &'a Component<'a>,
    name: &str,
) -> Result<Option<&'a Property<'a>>, String> {
    let mut found = component
        .properties
        .iter()
        .filter(|property| property.name.as_str().eq_ignore_ascii_case(name));
    let first = found.next();
    match found.next() {
        None => Ok(first),
        Some(_) => Err(format!("has {name} twice")),
    }
}

fn value<'a>(component: &'a Component<'a>, name: &str) -> Result<Option<&'a str>, String> {
    Ok(property(component, name)?.map(|property| property.val.as_str()))
}

/// A day without a time.
fn day(component: &Component<'_>, name: &str) -> Result<Option<NaiveDate>, String> {
    let Some(property) = property(component, name)? else {
        return Ok(None);
    };
    let text = property.val.as_str().trim();
    let is_day = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let day = is_day.then(|| NaiveDate::parse_from_str(text, "%Y%m%d").ok());
    match day.flatten() {
        Some(day) => Ok(Some(day)),
        None => Err(format!(
            "has the {name} {text}: only whole days such as 20261225 are taken"
        )),
    }
}

/// A text as it was before it was escaped (RFC 5545, section 3.3.11). A line break becomes a blank.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n' | 'N') => out.push(' '),
                Some(escaped) => out.push(escaped),
                None => {}
            },
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn file(events: &[&str]) -> String {
        let events: String = events
            .iter()
            .map(|event| format!("BEGIN:VEVENT\r\nUID:1@x\r\n{event}\r\nEND:VEVENT\r\n"))
            .collect();
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y\r\n{events}END:VCALENDAR\r\n")
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
            "SUMMARY:Monthly\r\nDTSTART;VALUE=DATE:20260406\r\nRRULE:FREQ=MONTHLY",
            "SUMMARY:Thanksgiving\r\nDTSTART;VALUE=DATE:20261126\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
            "SUMMARY:Some years\r\nDTSTART;VALUE=DATE:20260406\r\nRRULE:FREQ=YEARLY;COUNT=3",
            "SUMMARY:But not\r\nDTSTART;VALUE=DATE:20260406\r\nEXDATE;VALUE=DATE:20270406",
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
}
