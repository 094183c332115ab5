//! A report of tickets as a table.

use platform::rows::Figure;

use super::{Rows, Sheet, key_id, key_name};
use crate::http::figure_views::is_repeated;
use crate::reports::figures::{FigureReport, Group};

/// The groups of a report, a row each.
pub(in crate::http) fn figure_sheet(figure: Figure, report: &FigureReport) -> Sheet {
    let rows = Rows(&report.groups);
    let days = |group: &Group| report.frame.days_of(group.period);
    let is_repeated = is_repeated(figure);
    let percentile =
        |index: usize| move |group: &Group| group.numbers.percentiles.map(|seconds| seconds[index]);
    Sheet {
        name: "ticket_report",
        columns: vec![
            rows.required("from", |group| days(group).0),
            rows.required("to", |group| days(group).1),
            rows.optional("key_id", |group| key_id(group.key.as_ref())),
            rows.optional("key", |group| key_name(group.key.as_ref())),
            rows.required("count", |group| group.numbers.count),
            rows.optional("times", |group| is_repeated.then_some(group.numbers.total)),
            rows.optional("population", |group| group.numbers.population),
            rows.optional("rate", |group| group.numbers.rate()),
            rows.optional("mean_seconds", |group| group.numbers.mean_seconds()),
            rows.optional("p50_seconds", percentile(0)),
            rows.optional("p90_seconds", percentile(1)),
            rows.optional("p99_seconds", percentile(2)),
        ],
    }
}
