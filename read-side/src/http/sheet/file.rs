//! The operations that give a report as a file of the kind that is asked for.

use domain::security::words::ReportFormat;
use platform::http::problem::Problem;
use poem_openapi::payload::{Binary, PlainText};
use poem_openapi::{ApiResponse, Enum, ResponseContent};

use super::{Sheet, csv, parquet};

/// What kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "ReportFormat", rename_all = "snake_case")]
pub(in crate::http) enum FormatView {
    /// Comma-separated values, for spreadsheets.
    Csv,
    /// Apache Parquet, for DuckDB, pandas and the like.
    Parquet,
}

/// The answer with a file.
#[derive(ApiResponse)]
pub(in crate::http) enum FileAnswer {
    /// The rows, with the names of the columns.
    #[oai(status = 200)]
    File(
        Contents,
        /// What to call the file.
        #[oai(header = "Content-Disposition")]
        String,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

/// What is in a file.
#[derive(ResponseContent)]
pub(in crate::http) enum Contents {
    #[oai(content_type = "text/csv")]
    Csv(PlainText<String>),
    #[oai(content_type = "application/vnd.apache.parquet")]
    Parquet(Binary<Vec<u8>>),
}

impl FormatView {
    /// The table as a file of this kind and name, to which its ending is added.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(in crate::http) fn answer(
        self,
        sheet: &Sheet,
        name: &str,
        token: String,
    ) -> Result<FileAnswer, Problem> {
        let (contents, ending) = match self {
            Self::Csv => (Contents::Csv(PlainText(csv(sheet))), "csv"),
            Self::Parquet => (Contents::Parquet(Binary(parquet(sheet)?)), "parquet"),
        };
        let disposition = format!("attachment; filename=\"{name}.{ending}\"");
        Ok(FileAnswer::File(contents, disposition, token))
    }
}

impl From<FormatView> for ReportFormat {
    fn from(view: FormatView) -> Self {
        match view {
            FormatView::Csv => Self::Csv,
            FormatView::Parquet => Self::Parquet,
        }
    }
}
