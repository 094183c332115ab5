//! The file of rows that could not be imported.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::incidents::Reject;

const HEADER: [&str; 2] = ["line", "reason"];

/// Writes rejected rows; the file is made with the first of them.
pub struct Rejects {
    path: PathBuf,
    writer: Option<csv::Writer<BufWriter<File>>>,
}

impl Rejects {
    /// Rejects that will go to `path`, over what an earlier run left there.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path, writer: None }
    }

    /// The usual place for the rejects of `log`: the current directory, under its name.
    #[must_use]
    pub fn default_path(log: &Path) -> PathBuf {
        let mut name = log.file_name().unwrap_or(log.as_os_str()).to_owned();
        name.push(".rejects.csv");
        PathBuf::from(name)
    }

    /// Writes one: its line, the reason, then the fields as they were.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&mut self, reject: &Reject) -> Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => self.writer.insert(create(&self.path)?),
        };
        let line = reject.line.to_string();
        let fields = [line.as_bytes(), reject.reason.as_bytes()]
            .into_iter()
            .chain(reject.record.iter());
        writer
            .write_record(fields)
            .with_context(|| format!("{} cannot be written", self.path.display()))
    }

    /// Writes out what is buffered; gives the path if there was any reject.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self) -> Result<Option<PathBuf>> {
        let Some(mut writer) = self.writer else {
            return Ok(None);
        };
        writer
            .flush()
            .with_context(|| format!("{} cannot be written", self.path.display()))?;
        Ok(Some(self.path))
    }
}

fn create(path: &Path) -> Result<csv::Writer<BufWriter<File>>> {
    let file = File::create(path).with_context(|| {
        format!(
            "{} cannot be made: name another place with --rejects",
            path.display()
        )
    })?;
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .from_writer(BufWriter::new(file));
    writer.write_record(HEADER)?;
    Ok(writer)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use csv::ByteRecord;

    use super::*;

    #[test]
    fn a_reject_keeps_its_line_reason_and_fields() {
        let dir = tempfile::tempdir().unwrap();
        let mut rejects = Rejects::at(dir.path().join("r.csv"));
        let record = ByteRecord::from(vec!["1", "a,b"]);
        rejects
            .write(&Reject {
                line: 7,
                reason: "priority is missing".to_owned(),
                record,
            })
            .unwrap();
        let path = rejects.finish().unwrap().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text, "line,reason\n7,priority is missing,1,\"a,b\"\n");
    }

    #[test]
    fn without_rejects_no_file_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.csv");
        assert_eq!(Rejects::at(path.clone()).finish().unwrap(), None);
        assert!(!path.exists());
    }

    #[test]
    fn the_usual_place_is_the_current_directory() {
        let path = Rejects::default_path(Path::new("/data/log.csv.gz"));
        assert_eq!(path, PathBuf::from("log.csv.gz.rejects.csv"));
    }
}
