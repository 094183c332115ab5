//! The charts of tickets: how many come, how many wait, and how long answers and resolutions take, by day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use futures::future::try_join_all;
use platform::http::problem::Problem;

use super::analytics::Range;
use super::form::address;
use super::visit::Visit;
use crate::charts::{self, Day, Ink};
use crate::shown::{FigureReport, Numbers};
use crate::words;

/// What a chart shows of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// How many tickets, of all days.
    Count,
    /// How many tickets at the end of a day.
    Stock,
    /// How long they took: half of them, and nine of ten.
    Time,
}

/// The figures of the page, as docs/METRICS.md defines them: name, title, and what is shown of it.
const FIGURES: [(&str, &str, Measure); 4] = [
    ("opened", "Tickets opened on each day", Measure::Count),
    ("backlog", "Backlog at the end of each day", Measure::Stock),
    (
        "first_response",
        "Time to the first response",
        Measure::Time,
    ),
    ("resolution", "Time to resolution", Measure::Time),
];
const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 60 * MINUTE_S;
const DAY_S: i64 = 24 * HOUR_S;

/// A chart of one figure with its numbers.
pub(super) struct FigureCard {
    pub(super) title: &'static str,
    /// The number of all days, in words.
    pub(super) total: String,
    pub(super) is_time: bool,
    pub(super) svg: String,
    /// Each day with its numbers.
    pub(super) rows: Vec<(String, Vec<String>)>,
}

/// One request a figure; none counts a list.
pub(super) async fn cards(visit: &Visit<'_>, range: &Range) -> Result<Vec<FigureCard>, Problem> {
    let (from, to) = (range.from.to_string(), range.end().to_string());
    let asked = FIGURES.map(|(figure, title, measure)| {
        let pairs = [
            ("figure", figure),
            ("from", from.as_str()),
            ("to", to.as_str()),
            ("group", "day"),
        ];
        let report = visit.get::<FigureReport>(address("/reports/tickets", pairs));
        async move { FigureCard::new(title, measure, &report.await?, range) }
    });
    try_join_all(asked).await
}

impl FigureCard {
    fn new(
        title: &'static str,
        measure: Measure,
        report: &FigureReport,
        range: &Range,
    ) -> Result<Self, Problem> {
        let seconds = report.groups.iter().map(|group| longest(&group.numbers));
        let scale = match measure {
            Measure::Count | Measure::Stock => Scale::ONE,
            Measure::Time => Scale::of(seconds.max().unwrap_or(0)),
        };
        let known: BTreeMap<NaiveDate, Vec<i64>> = report
            .groups
            .iter()
            .map(|group| (group.from, measure.parts(&group.numbers, scale)))
            .collect();
        let days = range.every_day(&known, measure.inks().len());
        let svg = charts::by_day(title, measure.inks(), scale.unit, &days);
        let rows = report.groups.iter();
        let rows = rows.map(|group| (group.from.to_string(), measure.told(&group.numbers)));
        Ok(Self {
            title,
            total: measure.total(&report.total),
            is_time: measure == Measure::Time,
            svg: if is_flat(&days) {
                String::new()
            } else {
                svg.map_err(Problem::internal)?
            },
            rows: rows.collect(),
        })
    }
}

fn is_flat(days: &[Day]) -> bool {
    days.iter()
        .all(|day| day.parts.iter().all(|part| *part == 0))
}

fn longest(numbers: &Numbers) -> i64 {
    numbers.seconds.map_or(0, |seconds| seconds.p90)
}

impl Measure {
    fn inks(self) -> &'static [Ink] {
        match self {
            Self::Count | Self::Stock => &[Ink::Plain],
            Self::Time => &[Ink::Plain, Ink::Faint],
        }
    }

    fn parts(self, numbers: &Numbers, scale: Scale) -> Vec<i64> {
        match self {
            Self::Count | Self::Stock => vec![numbers.count],
            Self::Time => {
                let seconds = numbers.seconds.unwrap_or_default();
                let [half, most] = [seconds.p50, seconds.p90].map(|seconds| scale.rounded(seconds));
                vec![half, most - half]
            }
        }
    }

    /// The numbers of all days in words.
    fn total(self, numbers: &Numbers) -> String {
        match self {
            Self::Count => format!("{} in all", numbers.count),
            Self::Stock => format!("{} at the end", numbers.count),
            Self::Time => format!(
                "half within {}",
                self.told(numbers).join(", nine of ten within ")
            ),
        }
    }

    /// The numbers as people read them.
    fn told(self, numbers: &Numbers) -> Vec<String> {
        match (self, numbers.seconds) {
            (Self::Count | Self::Stock, _) => vec![numbers.count.to_string()],
            (Self::Time, Some(seconds)) => [seconds.p50, seconds.p90].map(words::duration).into(),
            (Self::Time, None) => vec!["-".to_owned()],
        }
    }
}

/// What the numbers of an axis are of.
#[derive(Debug, Clone, Copy)]
struct Scale {
    seconds: i64,
    unit: &'static str,
}

impl Scale {
    const ONE: Self = Self {
        seconds: 1,
        unit: "",
    };

    /// The largest unit of which there are some.
    fn of(most_seconds: i64) -> Self {
        let (seconds, unit) = match most_seconds {
            ..600 => (1, " s"),
            600..36_000 => (MINUTE_S, " min"),
            36_000..1_728_000 => (HOUR_S, " h"),
            _ => (DAY_S, " d"),
        };
        Self { seconds, unit }
    }

    fn rounded(self, seconds: i64) -> i64 {
        (seconds + self.seconds / 2) / self.seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shown::Percentiles;

    #[test]
    fn times_are_drawn_in_a_unit_of_which_there_are_some() {
        for (most, unit) in [
            (0, " s"),
            (9 * HOUR_S, " min"),
            (10 * HOUR_S, " h"),
            (20 * DAY_S, " d"),
        ] {
            assert_eq!(Scale::of(most).unit, unit, "{most}");
        }
        let seconds = Some(Percentiles {
            p50: 90 * MINUTE_S,
            p90: 20 * HOUR_S,
        });
        let numbers = Numbers { count: 3, seconds };
        let scale = Scale::of(longest(&numbers));
        assert_eq!(Measure::Time.parts(&numbers, scale), [2, 18]);
        assert_eq!(Measure::Time.told(&numbers), ["1 h 30 min", "20 h"]);
        assert_eq!(Measure::Count.told(&numbers), ["3"]);
    }
}
