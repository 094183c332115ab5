//! Holidays from an iCalendar file (RFC 5545).
//!
//! Taken are the events of whole days, one day or several on end, once or coming back. What means the same day of every year
//! becomes a yearly holiday; other rules become the days that they name within a window around today. Whatever else a file
//! holds is refused by name, and nothing of it is taken: a calendar that lacks a holiday is noticed only when it is too late.

mod recurrence;

use chrono::{Datelike, Days, NaiveDate};
use domain::calendar::definition::{Holiday, HolidayDays, Holidays};
use domain::text::Name;
use icalendar::parser::{Component, Property, read_calendar, unfold};
use platform::http::problem::FieldError;
use recurrence::Rule;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// The most bytes of a file.
pub(super) const MAX_BYTES: usize = 256 * 1024;
/// Components within components. Ours need two; the parser goes down one call a level.
const MAX_DEPTH: usize = 8;
/// The most days of an event that comes back every year: each becomes a holiday of its own.
const MAX_YEARLY_DAYS: i64 = 31;
/// The most problems that are told at once.
const MAX_ERRORS: usize = 20;
/// The days that a rule names are taken from the year before the present one on.
const YEARS_BEFORE: i32 = 1;
/// And up to the end of this one after it.
const YEARS_AFTER: i32 = 10;

/// The holidays of a file, in its order, with what its rules name around `today`.
///
/// # Errors
/// What cannot be taken, each with the place of its event.
pub(super) fn parse(text: &str, today: NaiveDate) -> Result<Vec<Holiday>, Vec<FieldError>> {
    let window = window(today);
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
        // What is too much already is not laid out further.
        if holidays.len() > Holidays::MAX {
            break;
        }
        match event(component, &window) {
            Ok(days) => holidays.extend(days),
            Err(detail) => errors.push(at(&format!("/{index}"), detail)),
        }
    }
    if holidays.is_empty() && errors.is_empty() {
        errors.push(at("", "holds no holiday"));
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

fn window(today: NaiveDate) -> RangeInclusive<NaiveDate> {
    let year = today.year();
    let first = NaiveDate::from_ymd_opt(year - YEARS_BEFORE, 1, 1);
    let last = NaiveDate::from_ymd_opt(year + YEARS_AFTER, 12, 31);
    first.unwrap_or(NaiveDate::MIN)..=last.unwrap_or(NaiveDate::MAX)
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
fn event(
    component: &Component<'_>,
    window: &RangeInclusive<NaiveDate>,
) -> Result<Vec<Holiday>, String> {
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
    let days = days(component, window).map_err(told)?;
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

fn days(
    component: &Component<'_>,
    window: &RangeInclusive<NaiveDate>,
) -> Result<Vec<HolidayDays>, String> {
    for unknown in ["DURATION", "EXRULE", "RECURRENCE-ID"] {
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
    let length = Days::new((last - first).num_days().unsigned_abs());
    let excepted = dates(component, "EXDATE")?;
    let mut taken = Vec::new();
    let mut begins = dates(component, "RDATE")?;
    match value(component, "RRULE")? {
        None => {
            begins.insert(first);
        }
        Some(text) => {
            let refused = |detail| format!("repeats by {text}: {detail}");
            let rule = Rule::parse(text).map_err(refused)?;
            if rule.is_every_year(first) && excepted.is_empty() {
                taken.extend(yearly(first, last)?);
            } else {
                begins.extend(rule.days(first, window).map_err(refused)?);
            }
        }
    }
    let kept = begins.into_iter().filter(|day| !excepted.contains(day));
    taken.extend(kept.filter_map(|from| spanning(from, length)));
    Ok(taken)
}

/// From a day on, for so many more; none past the end of the calendar.
fn spanning(from: NaiveDate, length: Days) -> Option<HolidayDays> {
    let to = from.checked_add_days(length)?;
    Some(match from == to {
        true => HolidayDays::Date { date: from },
        false => HolidayDays::Range { from, to },
    })
}

/// Each day from the first to the last, of every year.
fn yearly(first: NaiveDate, last: NaiveDate) -> Result<impl Iterator<Item = HolidayDays>, String> {
    if (last - first).num_days() >= MAX_YEARLY_DAYS {
        return Err(format!(
            "comes back every year for more than {MAX_YEARLY_DAYS} days"
        ));
    }
    let days = first.iter_days().take_while(move |day| *day <= last);
    Ok(days.map(|day| HolidayDays::Yearly {
        month: day.month(),
        day: day.day(),
    }))
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
    let value = value(component, name)?;
    value.map(|text| whole_day(name, text)).transpose()
}

/// The days of a property that may stand there several times, with several days each.
fn dates(component: &Component<'_>, name: &str) -> Result<BTreeSet<NaiveDate>, String> {
    let properties = component.properties.iter();
    let properties = properties.filter(|it| it.name.as_str().eq_ignore_ascii_case(name));
    let texts = properties.flat_map(|property| property.val.as_str().split(','));
    texts.map(|text| whole_day(name, text)).collect()
}

fn whole_day(name: &str, text: &str) -> Result<NaiveDate, String> {
    let text = text.trim();
    let is_day = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let day = is_day.then(|| NaiveDate::parse_from_str(text, "%Y%m%d").ok());
    let wrong = || format!("has the {name} {text}: only whole days such as 20261225 are taken");
    day.flatten().ok_or_else(wrong)
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
mod tests;
