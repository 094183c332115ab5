//! Apache Parquet, in a program that was built with it.

use platform::http::problem::Problem;

use super::Sheet;

/// Makes the bytes of a file.
pub(in crate::http) type Writer = fn(&Sheet) -> Result<Vec<u8>, Problem>;

/// What writes such a file.
///
/// # Errors
/// 400 in a program that was built without it.
#[cfg(not(feature = "parquet"))]
pub(in crate::http) fn writer() -> Result<Writer, Problem> {
    Err(Problem::bad_request(
        "this server was built without Parquet: ask for comma-separated values (/reports/tickets/csv, or `format=csv`), or \
         build it with `--features parquet`",
    ))
}

#[cfg(feature = "parquet")]
pub(in crate::http) use built::writer;

#[cfg(feature = "parquet")]
mod built {
    use columnar::{ReportColumn, Values, report_file};

    use super::super::{Cells, Column};
    use super::{Problem, Sheet, Writer};

    /// What writes a file.
    #[allow(
        clippy::unnecessary_wraps,
        reason = "a program that was built without it refuses"
    )]
    pub(in crate::http) fn writer() -> Result<Writer, Problem> {
        Ok(|sheet: &Sheet| {
            let columns: Vec<ReportColumn<'_>> = sheet.columns.iter().map(column).collect();
            report_file(sheet.name, &columns).map_err(Problem::internal)
        })
    }

    fn column(column: &Column) -> ReportColumn<'_> {
        ReportColumn {
            name: column.name,
            is_required: column.is_required,
            values: match &column.cells {
                Cells::Dates(cells) => Values::Days(cells),
                Cells::Ids(cells) => Values::Ids(cells),
                Cells::Texts(cells) => Values::Texts(cells),
                Cells::Integers(cells) => Values::Integers(cells),
                Cells::Numbers(cells) => Values::Numbers(cells),
            },
        }
    }
}
