//! Where events go: a file of one of the formats.

use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;
use event_store::RecordedEvent;

use super::ndjson::NdjsonFile;

/// The kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Newline-delimited JSON, a line an event: everything, byte for byte; can be restored.
    Ndjson,
    /// Apache Parquet for DuckDB, pandas and the like.
    Parquet,
}

impl Format {
    /// How its files end.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        }
    }
}

/// An open file.
pub(super) enum Sink {
    Ndjson(NdjsonFile),
    Parquet(Box<columnar::EventFile>),
}

impl Sink {
    pub(super) fn create(format: Format, path: &Path) -> Result<Self> {
        match format {
            Format::Ndjson => NdjsonFile::create(path).map(Self::Ndjson),
            Format::Parquet => Ok(Self::Parquet(Box::new(columnar::EventFile::create(path)?))),
        }
    }

    pub(super) fn write(&mut self, event: &RecordedEvent) -> Result<()> {
        match self {
            Self::Ndjson(file) => file.write(event),
            Self::Parquet(file) => Ok(file.write(event)?),
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        match self {
            Self::Ndjson(file) => file.finish(),
            Self::Parquet(file) => Ok(file.finish()?),
        }
    }
}
