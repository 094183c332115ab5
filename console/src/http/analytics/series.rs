//! The charts over the periods of the page: how many tickets come and wait, how long they take, and how often they come back.

use std::collections::HashMap;

use chrono::NaiveDate;
use platform::http::problem::Problem;

use super::super::tables::{Cell, Line, Table};
use super::choice::{Choice, Period, Span};
use crate::charts::{self, Bar, Ink, Slot};
use crate::reported::{Attainment, FigureReport, Numbers};
use crate::words;

/// What a chart shows of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// How many tickets.
    Count,
    /// How long half of them took at most.
    Half,
    /// How long nine of ten took at most.
    Most,
    /// Which part of those that could be counted, of a hundred.
    Rate,
}

/// A figure in a chart: what the API calls it, what is shown of it, in which colour, and what that is called.
struct Series(&'static str, Measure, Ink, &'static str);

/// The charts, as docs/METRICS.md defines their figures.
const CHARTS: [(&str, &[Series]); 5] = [
    (
        "Opened and resolved",
        &[
            Series("opened", Measure::Count, Ink::Plain, "opened"),
            Series("resolution", Measure::Count, Ink::Faint, "resolved"),
        ],
    ),
    (
        "Backlog at the end",
        &[Series(
            "backlog",
            Measure::Count,
            Ink::Plain,
            "not resolved",
        )],
    ),
    (
        "Time to the first response",
        &[
            Series("first_response", Measure::Half, Ink::Plain, "half within"),
            Series(
                "first_response",
                Measure::Most,
                Ink::Faint,
                "nine of ten within",
            ),
        ],
    ),
    (
        "Time to resolution",
        &[
            Series("resolution", Measure::Half, Ink::Plain, "half within"),
            Series(
                "resolution",
                Measure::Most,
                Ink::Faint,
                "nine of ten within",
            ),
        ],
    ),
    (
        "Came back and passed on",
        &[
            Series("reopened", Measure::Rate, Ink::Plain, "came back"),
            Series("reassigned", Measure::Rate, Ink::Faint, "passed on"),
        ],
    ),
];
/// The figures of these charts.
pub(super) const FIGURES: [&str; 6] = [
    "opened",
    "resolution",
    "backlog",
    "first_response",
    "reopened",
    "reassigned",
];
const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 60 * MINUTE_S;
const DAY_S: i64 = 24 * HOUR_S;

/// A chart with its legend and its numbers.
pub(super) struct Chart {
    pub(super) title: &'static str,
    /// The class of the key, and what it stands for.
    pub(super) legend: Vec<(&'static str, &'static str)>,
    pub(super) svg: String,
    pub(super) table: Table,
}

/// The charts of figures, each of which has a report.
pub(super) fn of_figures(
    choice: &Choice,
    reports: &HashMap<&'static str, FigureReport>,
) -> Result<Vec<Chart>, Problem> {
    let none = FigureReport::default();
    let of = |figure: &str| reports.get(figure).unwrap_or(&none);
    let chart = |(title, series): &(&'static str, &[Series])| {
        let known: Vec<_> = series.iter().map(|one| by_first_day(of(one.0))).collect();
        let longest = known.iter().flat_map(HashMap::values);
        let scale = series[0]
            .1
            .scale(longest.filter_map(|it| it.seconds.map(|it| it.p90)).max());
        let parts = |span: Span| {
            let parts = series.iter().zip(&known).map(|(one, known)| {
                let numbers = known.get(&span.from).copied();
                one.part(choice, span, numbers.unwrap_or(&Numbers::default()), scale)
            });
            parts.collect()
        };
        drawn(
            choice,
            title,
            series.iter().map(|one| (one.2, one.3)),
            scale.unit,
            &parts,
        )
    };
    CHARTS.iter().map(chart).collect()
}

/// The chart of promises that were kept and missed.
pub(super) fn of_attainment(choice: &Choice, report: &Attainment) -> Result<Chart, Problem> {
    let groups = report.groups.iter();
    let known: HashMap<NaiveDate, _> = groups
        .filter_map(|group| {
            let day = group.from?.with_timezone(&choice.zone.tz()).date_naive();
            Some((day, group))
        })
        .collect();
    let parts = |span: Span| {
        let group = known.get(&span.from);
        let between = group.and_then(|group| Some((group.from?, group.to?)));
        let counts = group.map(|group| group.counts.clone()).unwrap_or_default();
        let part = |count, outcome, name| {
            let link = choice.waits(between, &[("outcome", outcome)]);
            Part::new(span, name, count, Cell::count(count, Some(link)))
        };
        vec![
            part(counts.met, "met", "met"),
            part(counts.breached, "breached", "missed"),
        ]
    };
    let legend = [(Ink::Met, "met"), (Ink::Breached, "missed")];
    drawn(
        choice,
        "Promises met and missed",
        legend.into_iter(),
        "",
        &parts,
    )
}

fn by_first_day(report: &FigureReport) -> HashMap<NaiveDate, &Numbers> {
    let groups = report.groups.iter();
    groups.map(|group| (group.from, &group.numbers)).collect()
}

/// A bar with its number in the table.
struct Part {
    bar: Bar,
    cell: Cell,
}

impl Part {
    fn new(span: Span, name: &str, value: i64, cell: Cell) -> Self {
        let of = cell.title.iter().map(|title| format!(" ({title})"));
        let of: String = of.collect();
        let bar = Bar {
            value,
            told: format!("{}: {name} {}{of}", span.told(), cell.text),
            link: cell.link.clone(),
        };
        Self { bar, cell }
    }
}

/// A chart of the parts of every period of the page.
fn drawn(
    choice: &Choice,
    title: &'static str,
    legend: impl Iterator<Item = (Ink, &'static str)>,
    unit: &str,
    parts: &dyn Fn(Span) -> Vec<Part>,
) -> Result<Chart, Problem> {
    let (inks, names): (Vec<Ink>, Vec<&'static str>) = legend.unzip();
    let (mut slots, mut lines) = (Vec::new(), Vec::new());
    for span in choice.periods() {
        let (bars, cells): (Vec<Bar>, Vec<Cell>) = parts(span)
            .into_iter()
            .map(|part| (part.bar, part.cell))
            .unzip();
        let is_empty = bars.iter().all(|bar| bar.value == 0);
        if !is_empty {
            lines.push(Line {
                name: Cell::plain(span.told()),
                bar: None,
                cells,
            });
        }
        let name = below_axis(choice.period, span.from);
        slots.push(Slot { name, bars });
    }
    let svg = charts::by_period(title, &inks, unit, &slots).map_err(Problem::internal)?;
    let keys = inks.iter().map(|ink| ink.class());
    Ok(Chart {
        title,
        legend: keys.zip(names.iter().copied()).collect(),
        svg,
        table: Table::whole(title, names, lines),
    })
}

fn below_axis(period: Period, first: NaiveDate) -> String {
    match period {
        Period::Day | Period::Week => first.format("%m-%d").to_string(),
        Period::Month => first.format("%Y-%m").to_string(),
    }
}

impl Series {
    fn part(&self, choice: &Choice, span: Span, numbers: &Numbers, scale: Scale) -> Part {
        let Self(figure, measure, _, name) = self;
        let value = measure.value(numbers, scale);
        let link = choice.tickets(figure, span, &[]);
        Part::new(span, name, value, measure.cell(numbers, link))
    }
}

impl Measure {
    fn scale(self, longest_seconds: Option<i64>) -> Scale {
        match self {
            Self::Count => Scale::ONE,
            Self::Rate => Scale::PERCENT,
            Self::Half | Self::Most => Scale::of(longest_seconds.unwrap_or(0)),
        }
    }

    fn value(self, numbers: &Numbers, scale: Scale) -> i64 {
        let seconds = numbers.seconds.unwrap_or_default();
        match self {
            Self::Count => numbers.count,
            Self::Half => scale.rounded(seconds.p50),
            Self::Most => scale.rounded(seconds.p90),
            Self::Rate => (numbers.rate.unwrap_or(0.0) * 100.0).round() as i64,
        }
    }

    /// What is told of the numbers; it leads to their tickets, where there are any.
    fn cell(self, numbers: &Numbers, link: String) -> Cell {
        let title = match self {
            Self::Count => return Cell::count(numbers.count, Some(link)),
            Self::Half | Self::Most => words::some(numbers.count, "ticket"),
            Self::Rate => numbers.of_resolved(),
        };
        let told = self.told(numbers);
        if numbers.count > 0 {
            Cell::of(told, title, link)
        } else {
            Cell::plain(told)
        }
    }

    fn told(self, numbers: &Numbers) -> String {
        let seconds = |of: fn(&crate::reported::Percentiles) -> i64| {
            let seconds = numbers.seconds.as_ref().map(of);
            seconds.map_or_else(|| "-".to_owned(), words::duration)
        };
        match self {
            Self::Count => numbers.count.to_string(),
            Self::Half => seconds(|it| it.p50),
            Self::Most => seconds(|it| it.p90),
            Self::Rate => numbers.rate.map_or_else(|| "-".to_owned(), words::percent),
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
    const PERCENT: Self = Self {
        seconds: 1,
        unit: " %",
    };

    /// The largest unit of which there are some.
    fn of(longest_seconds: i64) -> Self {
        let (seconds, unit) = match longest_seconds {
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
    use crate::reported::Percentiles;

    #[test]
    fn times_are_drawn_in_a_unit_of_which_there_are_some() {
        for (longest, unit) in [
            (0, " s"),
            (9 * HOUR_S, " min"),
            (10 * HOUR_S, " h"),
            (20 * DAY_S, " d"),
        ] {
            assert_eq!(Scale::of(longest).unit, unit, "{longest}");
        }
        let seconds = Some(Percentiles {
            p50: 90 * MINUTE_S,
            p90: 20 * HOUR_S,
        });
        let numbers = Numbers {
            count: 3,
            seconds,
            ..Numbers::default()
        };
        let scale = Measure::Most.scale(seconds.map(|it| it.p90));
        assert_eq!(Measure::Half.value(&numbers, scale), 2);
        assert_eq!(Measure::Most.value(&numbers, scale), 20);
        assert_eq!(Measure::Half.told(&numbers), "1 h 30 min");
        assert_eq!(Measure::Count.told(&numbers), "3");
    }

    #[test]
    fn every_figure_of_a_chart_is_asked_for() {
        let shown = CHARTS.iter().flat_map(|(_, series)| series.iter());
        for Series(figure, ..) in shown {
            assert!(FIGURES.contains(figure), "{figure}");
        }
    }
}
