//! A calendar on the wire: hours by day and clock, holidays by date.

use chrono::{DateTime, Utc};
use domain::calendar::definition::{
    CalendarDefinition, Holiday, HolidayDays, Holidays, WeeklyHours, WeeklyInterval,
};
use domain::calendar::zone::Zone;
use domain::text::{Name, full_date};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use crate::http::problem::FieldError;

const DAY_S: u32 = 86_400;

/// A calendar of working time.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "Calendar", skip_serializing_if_is_none)]
pub struct CalendarView {
    /// Its id.
    pub id: Uuid,
    /// Rises with every event of the calendar; what `ETag` and `If-Match` carry.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Whose clock the hours are read from: the IANA name of a time zone.
    pub zone: String,
    /// The open hours of every week.
    pub weekly: Vec<OpenView>,
    /// The days that are closed all the same.
    pub holidays: Vec<HolidayView>,
    /// Since when nothing may count by it any more.
    pub retired_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// From when on it said this: its last change, or the change that made the version asked for.
    pub valid_from: Option<DateTime<Utc>>,
}

/// Open hours of a day of every week.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "OpenHours", deny_unknown_fields)]
pub struct OpenView {
    /// The day on which they begin.
    pub day: DayView,
    /// When they begin by the local clock: `09:00` or `09:00:30`.
    #[oai(validator(max_length = 8))]
    pub start: String,
    /// When they end, `24:00` at the latest. Not after `start`: on the next day.
    #[oai(validator(max_length = 8))]
    pub end: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "Weekday", rename_all = "snake_case")]
#[allow(missing_docs)] // They are what they are called.
pub enum DayView {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl DayView {
    const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];
}

/// A day or days that are closed: one `date`, the `month` and `day` of every year, or all days `from` one `to` another.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "Holiday", deny_unknown_fields, skip_serializing_if_is_none)]
pub struct HolidayView {
    /// What the day is called.
    #[oai(validator(min_length = 1, max_length = 120))]
    pub name: String,
    /// The one day, such as `2026-04-06`.
    #[oai(validator(max_length = 10))]
    pub date: Option<String>,
    /// The month of every year, 1 to 12.
    pub month: Option<u32>,
    /// The day of that month.
    pub day: Option<u32>,
    /// The first of several days.
    #[oai(validator(max_length = 10))]
    pub from: Option<String>,
    /// The last of them, which is closed too.
    #[oai(validator(max_length = 10))]
    pub to: Option<String>,
}

/// The zone of a name.
///
/// # Errors
/// The field at fault.
pub fn zone(name: &str) -> Result<Zone, Vec<FieldError>> {
    Zone::parse(name).map_err(|error| vec![at("/zone", error)])
}

/// The hours of a week.
///
/// # Errors
/// The fields at fault.
pub fn weekly(given: &[OpenView]) -> Result<WeeklyHours, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut intervals = Vec::with_capacity(given.len());
    for (index, open) in given.iter().enumerate() {
        let mut clock = |field: &str, text: &str, last_s: u32| {
            let parsed = seconds(text).filter(|second| *second <= last_s);
            if parsed.is_none() {
                let wanted = "must be a time of day such as 09:00 or 17:30:15";
                errors.push(at(&format!("/weekly/{index}/{field}"), wanted));
            }
            parsed
        };
        let start = clock("start", &open.start, DAY_S - 1);
        let end = clock("end", &open.end, DAY_S);
        if let (Some(start), Some(end)) = (start, end) {
            let midnight = open.day as u32 * DAY_S;
            let over = if end <= start { DAY_S } else { 0 };
            intervals.push(WeeklyInterval {
                start_s: midnight + start,
                end_s: midnight + end + over,
            });
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    WeeklyHours::parse(&intervals).map_err(|error| vec![at("/weekly", error)])
}

/// The holidays of a calendar.
///
/// # Errors
/// The fields at fault.
pub fn holidays(given: &[HolidayView]) -> Result<Holidays, Vec<FieldError>> {
    let (mut errors, mut parsed) = (Vec::new(), Vec::with_capacity(given.len()));
    for (index, view) in given.iter().enumerate() {
        let pointer = format!("/holidays/{index}");
        match holiday(view) {
            // Each alone, so that the one at fault is named.
            Ok(holiday) => match Holidays::parse(vec![holiday.clone()]) {
                Ok(_) => parsed.push(holiday),
                Err(error) => errors.push(at(&pointer, error)),
            },
            Err((field, detail)) => errors.push(at(&format!("{pointer}{field}"), detail)),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Holidays::parse(parsed).map_err(|error| vec![at("/holidays", error)])
}

fn holiday(view: &HolidayView) -> Result<Holiday, (&'static str, String)> {
    let name = Name::parse(&view.name).map_err(|error| ("/name", error.to_string()))?;
    let day = |field, text: &str| {
        full_date(text).ok_or((field, "must be a date such as 2026-04-06".to_owned()))
    };
    let days = match (&view.date, view.month, view.day, &view.from, &view.to) {
        (Some(date), None, None, None, None) => HolidayDays::Date {
            date: day("/date", date)?,
        },
        (None, Some(month), Some(day), None, None) => HolidayDays::Yearly { month, day },
        (None, None, None, Some(from), Some(to)) => HolidayDays::Range {
            from: day("/from", from)?,
            to: day("/to", to)?,
        },
        _ => {
            let detail = "must have a date, or month and day, or from and to";
            return Err(("", detail.to_owned()));
        }
    };
    Ok(Holiday { name, days })
}

fn at(pointer: &str, detail: impl ToString) -> FieldError {
    FieldError {
        pointer: pointer.to_owned(),
        detail: detail.to_string(),
    }
}

/// The second of the day, up to 24:00.
fn seconds(text: &str) -> Option<u32> {
    let parts: Vec<&str> = text.split(':').collect();
    let number = |part: &str| {
        let is_plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| part.parse::<u32>().ok()).flatten()
    };
    let (hour, minute, second) = match parts[..] {
        [hour, minute] => (number(hour)?, number(minute)?, 0),
        [hour, minute, second] => (number(hour)?, number(minute)?, number(second)?),
        _ => return None,
    };
    let fits = minute < 60 && second < 60;
    let total = hour * 3_600 + minute * 60 + second;
    (fits && total <= DAY_S).then_some(total)
}

fn clock(second: u32) -> String {
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    if second == 0 {
        format!("{hour:02}:{minute:02}")
    } else {
        format!("{hour:02}:{minute:02}:{second:02}")
    }
}

/// The hours and holidays of a definition as they are shown. What is open for longer than a day is shown day by day.
#[must_use]
pub fn shown(definition: &CalendarDefinition) -> (Vec<OpenView>, Vec<HolidayView>) {
    let intervals = definition.weekly.intervals().iter();
    let weekly = intervals.flat_map(|interval| days_of(*interval)).collect();
    let holidays = definition.holidays.as_slice().iter();
    (weekly, holidays.map(HolidayView::from).collect())
}

fn days_of(interval: WeeklyInterval) -> Vec<OpenView> {
    let starts = (interval.start_s..interval.end_s).step_by(DAY_S as usize);
    let open = |start: u32| {
        let end = interval.end_s.min(start + DAY_S);
        let midnight = start - start % DAY_S;
        let end = end - midnight;
        OpenView {
            day: DayView::ALL[(start / DAY_S % 7) as usize],
            start: clock(start - midnight),
            end: clock(if end > DAY_S { end - DAY_S } else { end }),
        }
    };
    starts.map(open).collect()
}

impl From<&Holiday> for HolidayView {
    fn from(holiday: &Holiday) -> Self {
        let mut view = Self {
            name: holiday.name.to_string(),
            date: None,
            month: None,
            day: None,
            from: None,
            to: None,
        };
        match holiday.days {
            HolidayDays::Date { date } => view.date = Some(date.to_string()),
            HolidayDays::Yearly { month, day } => {
                (view.month, view.day) = (Some(month), Some(day));
            }
            HolidayDays::Range { from, to } => {
                (view.from, view.to) = (Some(from.to_string()), Some(to.to_string()));
            }
        }
        view
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn open(day: DayView, start: &str, end: &str) -> OpenView {
        OpenView {
            day,
            start: start.to_owned(),
            end: end.to_owned(),
        }
    }

    fn shown_of(weekly: WeeklyHours) -> Vec<OpenView> {
        let definition = CalendarDefinition {
            zone: Zone::UTC,
            weekly,
            holidays: Holidays::default(),
        };
        shown(&definition).0
    }

    #[test]
    fn hours_are_shown_as_they_were_given() {
        let given = [
            open(DayView::Monday, "08:00", "12:00"),
            open(DayView::Monday, "13:00:30", "24:00"),
            open(DayView::Wednesday, "00:00", "24:00"),
            open(DayView::Friday, "22:00", "06:00"),
            open(DayView::Sunday, "20:00", "02:00"),
        ];
        let parsed = weekly(&given).unwrap();
        assert_eq!(parsed.intervals()[4].end_s, 7 * DAY_S + 7_200);
        assert_eq!(shown_of(parsed), given);
    }

    #[test]
    fn what_is_open_for_days_is_shown_day_by_day() {
        let interval = WeeklyInterval {
            start_s: 4 * DAY_S + 64_800,
            end_s: 7 * DAY_S + 21_600,
        };
        let parsed = WeeklyHours::parse(&[interval]).unwrap();
        let days = [
            open(DayView::Friday, "18:00", "18:00"),
            open(DayView::Saturday, "18:00", "18:00"),
            open(DayView::Sunday, "18:00", "06:00"),
        ];
        assert_eq!(shown_of(parsed), days);
    }

    #[test]
    fn a_time_of_day_is_two_digits_each_and_none_other() {
        for wrong in [
            "9:00", "24:01", "25:00", "09:60", "0900", "09:00:60", "+9:00", "",
        ] {
            let errors = weekly(&[open(DayView::Monday, "08:00", wrong)]).unwrap_err();
            assert_eq!(errors[0].pointer, "/weekly/0/end", "{wrong}");
        }
        let errors = weekly(&[open(DayView::Monday, "24:00", "08:00")]).unwrap_err();
        assert_eq!(errors[0].pointer, "/weekly/0/start");
    }

    #[test]
    fn a_holiday_has_one_form_and_the_field_at_fault_is_named() {
        let named = || HolidayView {
            name: "X".to_owned(),
            date: None,
            month: None,
            day: None,
            from: None,
            to: None,
        };
        let wrong = [
            (named(), "/holidays/0"),
            (
                HolidayView {
                    date: Some("2026-02-30".to_owned()),
                    ..named()
                },
                "/holidays/0/date",
            ),
            (
                HolidayView {
                    month: Some(2),
                    day: Some(30),
                    ..named()
                },
                "/holidays/0",
            ),
            (
                HolidayView {
                    from: Some("2026-02-02".to_owned()),
                    to: Some("2026-02-01".to_owned()),
                    ..named()
                },
                "/holidays/0",
            ),
            (
                HolidayView {
                    name: " ".to_owned(),
                    ..named()
                },
                "/holidays/0/name",
            ),
        ];
        for (view, pointer) in wrong {
            let errors = holidays(&[view]).unwrap_err();
            assert_eq!(errors[0].pointer, pointer);
        }
    }
}
