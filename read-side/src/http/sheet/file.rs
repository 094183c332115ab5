//! The operations that give a report as a file of the kind that is asked for.

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
    /// Apache Parquet, where the server was built with it.
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

/// Makes files of one kind.
pub(in crate::http) enum Writer {
    Csv,
    Parquet(parquet::Writer),
}

impl FormatView {
    /// What writes files of this kind: to be asked for before the report is.
    ///
    /// # Errors
    /// 400 where the program was built without it.
    pub(in crate::http) fn writer(self) -> Result<Writer, Problem> {
        match self {
            Self::Csv => Ok(Writer::Csv),
            Self::Parquet => Ok(Writer::Parquet(parquet::writer()?)),
        }
    }
}

impl Writer {
    /// The table as a file of this name, to which its ending is added.
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
            Self::Parquet(write) => (Contents::Parquet(Binary(write(sheet)?)), "parquet"),
        };
        let disposition = format!("attachment; filename=\"{name}.{ending}\"");
        Ok(FileAnswer::File(contents, disposition, token))
    }
}
