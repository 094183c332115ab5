//! The file of an incident log: plain or gzip CSV with a header.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;

/// The first two bytes of a gzip file (RFC 1952, section 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const READ_BUFFER_BYTES: usize = 1 << 16;
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A log that is open for reading, its header understood.
pub struct LogFile {
    reader: csv::Reader<Box<dyn Read + Send>>,
    columns: Columns,
}

/// Where each field stands in a record.
#[derive(Debug, Clone)]
pub struct Columns {
    /// How many fields a record must have.
    pub count: usize,
    pub number: usize,
    pub state: usize,
    pub modification: usize,
    pub opened_at: usize,
    pub updated_at: usize,
    pub priority: usize,
    pub updated_by: Option<usize>,
    pub caller: Option<usize>,
    pub contact_type: Option<usize>,
    pub category: Option<usize>,
    pub subcategory: Option<usize>,
    pub symptom: Option<usize>,
    pub group: Option<usize>,
    pub agent: Option<usize>,
}

impl LogFile {
    /// Opens `path` and reads the header.
    ///
    /// # Errors
    /// When the file cannot be read, or a column that every row needs is missing.
    pub fn open(path: &Path) -> Result<Self> {
        let file =
            File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
        let mut file = BufReader::with_capacity(READ_BUFFER_BYTES, file);
        let start = file
            .fill_buf()
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let source: Box<dyn Read + Send> = if start.starts_with(&GZIP_MAGIC) {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .buffer_capacity(READ_BUFFER_BYTES)
            .from_reader(source);
        let header = reader
            .headers()
            .with_context(|| format!("the header of {} cannot be read", path.display()))?;
        let columns = Columns::find(header)
            .with_context(|| format!("{} is not an incident log", path.display()))?;
        Ok(Self { reader, columns })
    }

    /// Where the fields stand.
    #[must_use]
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Reads the next record into `record`; false at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn read(&mut self, record: &mut csv::ByteRecord) -> Result<bool> {
        self.reader
            .read_byte_record(record)
            .context("the log cannot be read on")
    }
}

impl Columns {
    fn find(header: &csv::StringRecord) -> Result<Self> {
        let names: Vec<String> = header
            .iter()
            .map(|name| {
                name.trim_start_matches(BYTE_ORDER_MARK)
                    .trim()
                    .to_ascii_lowercase()
            })
            .collect();
        let position = |wanted: &[&str]| {
            names
                .iter()
                .position(|name| wanted.contains(&name.as_str()))
        };
        let category = position(&["category"]);
        // Some exports name the sub-category `category` too: the second one of that name is it.
        let second_category = names
            .iter()
            .enumerate()
            .filter(|(_, name)| *name == "category")
            .map(|(at, _)| at)
            .nth(1);
        let mut missing = Vec::new();
        let mut required = |wanted: &[&str]| {
            position(wanted).unwrap_or_else(|| {
                missing.push(wanted.join(" or "));
                0
            })
        };
        let columns = Self {
            count: names.len(),
            number: required(&["number"]),
            state: required(&["incident_state", "ident_state"]),
            modification: required(&["sys_mod_count"]),
            opened_at: required(&["opened_at"]),
            updated_at: required(&["sys_updated_at"]),
            priority: required(&["priority"]),
            updated_by: position(&["sys_updated_by"]),
            caller: position(&["caller_id"]),
            contact_type: position(&["contact_type"]),
            category,
            subcategory: position(&["subcategory"]).or(second_category),
            symptom: position(&["u_symptom"]),
            group: position(&["assignment_group"]),
            agent: position(&["assigned_to"]),
        };
        if !missing.is_empty() {
            bail!("its header has no column {}", missing.join(", no column "));
        }
        Ok(columns)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn find(header: &str) -> Result<Columns> {
        Columns::find(&csv::StringRecord::from(
            header.split(',').collect::<Vec<_>>(),
        ))
    }

    #[test]
    fn the_second_category_is_the_subcategory() {
        let columns = find(
            "number,ident_state,sys_mod_count,opened_at,sys_updated_at,category,category,priority",
        )
        .unwrap();
        assert_eq!((columns.category, columns.subcategory), (Some(5), Some(6)));
    }

    #[test]
    fn a_column_named_subcategory_wins() {
        let columns = find("\u{feff}number,incident_state,sys_mod_count,opened_at,sys_updated_at,category,subcategory,priority").unwrap();
        assert_eq!(
            (columns.number, columns.category, columns.subcategory),
            (0, Some(5), Some(6))
        );
        assert_eq!(columns.caller, None);
    }

    #[test]
    fn every_missing_column_is_named() {
        let error = find("number,category,opened_at").unwrap_err().to_string();
        for name in [
            "incident_state or ident_state",
            "sys_mod_count",
            "sys_updated_at",
            "priority",
        ] {
            assert!(error.contains(name), "{error}");
        }
        assert!(!error.contains("opened_at"), "{error}");
    }
}
