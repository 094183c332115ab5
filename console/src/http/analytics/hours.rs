//! The hours of the week in which tickets are opened.

use askama::Template;

use super::choice::Choice;
use crate::reported::Hours;

const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
/// Shades of the cells, besides that of nothing.
const SHADES: i64 = 4;
pub(super) const FIGURE: &str = "opened";

/// A table with a cell for each hour of each weekday.
#[derive(Template)]
#[template(path = "hours.html")]
pub(super) struct HeatMap {
    hours: Vec<usize>,
    weekdays: Vec<(&'static str, Vec<Hour>)>,
}

struct Hour {
    count: i64,
    /// From 0, which is nothing.
    shade: i64,
    link: String,
    told: String,
}

/// An hour of the week as an address has it, in words; nothing where there is none such.
pub(super) fn told(weekday: &str, hour: &str) -> String {
    let weekday = weekday
        .parse()
        .ok()
        .and_then(|number: usize| number.checked_sub(1));
    let weekday = weekday.and_then(|place| WEEKDAYS.get(place));
    let hour: Option<u8> = hour.parse().ok();
    match (weekday, hour) {
        (Some(weekday), Some(hour)) => format!(", {weekday}s {hour}:00 to {hour}:59"),
        _ => String::new(),
    }
}

impl HeatMap {
    pub(super) fn new(choice: &Choice, hours: &Hours) -> Self {
        let all = hours.weekdays.iter().flatten().copied();
        let most = all.max().unwrap_or(0);
        let hour = |weekday: usize, hour: usize, count: i64| {
            let (number, at) = ((weekday + 1).to_string(), hour.to_string());
            let cell = [("weekday", number.as_str()), ("hour", at.as_str())];
            Hour {
                count,
                shade: shade(count, most),
                link: choice.tickets(FIGURE, choice.days, &cell),
                told: format!("{}, {hour}:00 to {hour}:59: {count}", WEEKDAYS[weekday]),
            }
        };
        let weekdays = WEEKDAYS.iter().zip(&hours.weekdays).enumerate();
        let weekdays = weekdays.map(|(weekday, (name, counts))| {
            let counts = counts.iter().enumerate();
            let hours = counts.map(|(at, count)| hour(weekday, at, *count));
            (*name, hours.collect())
        });
        Self {
            hours: (0..24).collect(),
            weekdays: weekdays.collect(),
        }
    }
}

/// The more, the darker: the highest has the last shade, and whatever there is has one.
fn shade(count: i64, most: i64) -> i64 {
    if count <= 0 {
        return 0;
    }
    ((count * SHADES + most - 1) / most.max(1)).clamp(1, SHADES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_has_a_shade_and_the_most_has_the_last() {
        let shades = [0, 1, 25, 26, 50, 75, 76, 100].map(|count| shade(count, 100));
        assert_eq!(shades, [0, 1, 1, 2, 2, 3, 4, 4]);
        assert_eq!(shade(1, 1), SHADES);
    }
}
