//! Apache Parquet.

use columnar::{ReportColumn, Values, report_file};
use platform::http::problem::Problem;

use super::{Cells, Column, Sheet};

/// The bytes of a file with this table.
///
/// # Errors
/// When it cannot be written.
pub(in crate::http) fn parquet(sheet: &Sheet) -> Result<Vec<u8>, Problem> {
    let columns: Vec<ReportColumn<'_>> = sheet.columns.iter().map(column).collect();
    report_file(sheet.name, &columns).map_err(Problem::internal)
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
