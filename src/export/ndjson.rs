//! A file of newline-delimited JSON.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use event_store::RecordedEvent;

use super::line::Line;

/// An open file.
#[derive(Debug)]
pub(super) struct NdjsonFile(BufWriter<File>);

impl NdjsonFile {
    pub(super) fn create(path: &Path) -> Result<Self> {
        let file =
            File::create_new(path).with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Self(BufWriter::with_capacity(1 << 20, file)))
    }

    pub(super) fn write(&mut self, event: &RecordedEvent) -> Result<()> {
        serde_json::to_writer(&mut self.0, &Line::from(event))?;
        self.0.write_all(b"\n")?;
        Ok(())
    }

    /// Returns once the disk has it.
    pub(super) fn finish(self) -> Result<()> {
        self.0.into_inner()?.sync_all()?;
        Ok(())
    }
}
