//! A report of tickets as comma-separated values (RFC 4180), for spreadsheets.

use platform::rows::Figure;
use uuid::Uuid;

use crate::reports::Named;
use crate::reports::figures::{FigureReport, Frame, Group, Key};

/// The name of each column.
const HEADER: [&str; 12] = [
    "from",
    "to",
    "key_id",
    "key",
    "count",
    "times",
    "population",
    "rate",
    "mean_seconds",
    "p50_seconds",
    "p90_seconds",
    "p99_seconds",
];
/// What a spreadsheet takes for a formula when a cell begins with it (OWASP, "CSV Injection").
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The groups of a report, a line each.
pub(super) fn csv(figure: Figure, report: &FigureReport) -> String {
    let mut text = line(HEADER.map(str::to_owned));
    for group in &report.groups {
        text += &line(cells(figure, &report.frame, group));
    }
    text
}

fn cells(figure: Figure, frame: &Frame, group: &Group) -> [String; 12] {
    let (from, to) = frame.days_of(group.period);
    let (key_id, key) = key(group.key.as_ref());
    let numbers = &group.numbers;
    let percentile = |index: usize| numbers.percentiles.map(|times| times[index].to_string());
    [
        Some(from.to_string()),
        Some(to.to_string()),
        key_id.map(|id| id.to_string()),
        key,
        Some(numbers.count.to_string()),
        is_repeated(figure).then(|| numbers.total.to_string()),
        numbers.population.map(|count| count.to_string()),
        numbers.rate().map(|rate| rate.to_string()),
        numbers.mean_seconds().map(|seconds| seconds.to_string()),
        percentile(0),
        percentile(1),
        percentile(2),
    ]
    .map(Option::unwrap_or_default)
}

/// Whether a figure tells how often something was.
pub(super) fn is_repeated(figure: Figure) -> bool {
    matches!(figure, Figure::Reopened | Figure::Reassigned)
}

/// The id and the name of what the tickets of a group have in common, as far as it has these.
pub(super) fn key(key: Option<&Key>) -> (Option<Uuid>, Option<String>) {
    match key {
        Some(Key::Team(Some(Named { id, name }))) => (Some(id.0), name.clone()),
        Some(Key::Agent(Some(Named { id, name }))) => (Some(id.0), name.clone()),
        Some(Key::Tag(tag)) => (None, tag.clone()),
        Some(Key::Channel(channel)) => (None, Some(channel.as_str().to_owned())),
        Some(Key::Priority(priority)) => (None, Some(priority.as_str().to_owned())),
        None | Some(Key::Team(None) | Key::Agent(None)) => (None, None),
    }
}

fn line(cells: [String; 12]) -> String {
    cells.map(|text| cell(&text)).join(",") + "\r\n"
}

/// A cell that is text to every spreadsheet: what would be a formula begins with an apostrophe. Numbers are safe as they are.
fn cell(text: &str) -> String {
    let is_number = text.parse::<f64>().is_ok();
    let guarded = match text.starts_with(FORMULA) && !is_number {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    if guarded.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("@SUM(A1), B"), "\"'@SUM(A1), B\"");
        assert_eq!(cell("say \"no\""), "\"say \"\"no\"\"\"");
        assert_eq!(cell("-12"), "-12");
        assert_eq!(cell("plain"), "plain");
    }
}
