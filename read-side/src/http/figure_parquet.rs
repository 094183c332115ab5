//! A report of tickets as Apache Parquet, in a program that was built with it.

use platform::http::problem::Problem;
use platform::rows::Figure;

use crate::reports::figures::FigureReport;

/// Makes the bytes of a file.
pub(super) type Writer = fn(Figure, &FigureReport) -> Result<Vec<u8>, Problem>;

/// What writes such a file.
///
/// # Errors
/// 400 in a program that was built without it.
#[cfg(not(feature = "parquet"))]
pub(super) fn writer() -> Result<Writer, Problem> {
    Err(Problem::bad_request(
        "this server was built without Parquet: ask for /reports/tickets/csv, or build it with `--features parquet`",
    ))
}

#[cfg(feature = "parquet")]
pub(super) use built::writer;

#[cfg(feature = "parquet")]
mod built {
    use columnar::{ReportLine, report_file};

    use super::{Figure, Problem, Writer};
    use crate::http::figure_csv::{is_repeated, key};
    use crate::reports::figures::{Frame, Group};

    /// What writes a file.
    #[allow(
        clippy::unnecessary_wraps,
        reason = "a program that was built without it refuses"
    )]
    pub(in crate::http) fn writer() -> Result<Writer, Problem> {
        Ok(|figure, report| {
            let groups = report.groups.iter();
            let lines: Vec<ReportLine> = groups
                .map(|group| line(figure, &report.frame, group))
                .collect();
            report_file(&lines).map_err(Problem::internal)
        })
    }

    fn line(figure: Figure, frame: &Frame, group: &Group) -> ReportLine {
        let (from, to) = frame.days_of(group.period);
        let (key_id, key) = key(group.key.as_ref());
        let numbers = &group.numbers;
        ReportLine {
            from,
            to,
            key_id,
            key,
            count: numbers.count,
            times: is_repeated(figure).then_some(numbers.total),
            population: numbers.population,
            rate: numbers.rate(),
            mean_seconds: numbers.mean_seconds(),
            percentiles: numbers.percentiles,
        }
    }
}
