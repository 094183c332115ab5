//! From rows to whole incidents: what the reading thread does.
//!
//! The file is read twice. The first pass counts the rows of each incident; the second hands an incident on as soon as
//! its last row was read, so that only incidents that are not yet whole wait in memory.

use std::collections::HashMap;
use std::mem;
use std::path::Path;

use anyhow::Result;
use csv::ByteRecord;

use super::log_file::LogFile;
use super::row::{Row, number_of};

/// Incidents handed on at once.
const CHUNK_INCIDENTS: usize = 512;
/// Rows after which a chunk is handed on even when few incidents became whole, so that progress shows.
const CHUNK_ROWS: u64 = 8_192;

/// What the first pass found.
#[derive(Debug, Default)]
pub struct Survey {
    /// Rows of the file, bad ones too.
    pub rows: u64,
    rows_of: HashMap<Box<str>, u32>,
}

/// All good rows of an incident, in order.
#[derive(Debug, Default)]
pub struct Incident {
    /// Never empty; by number of modification, then by line.
    pub rows: Vec<Row>,
}

/// A row that was refused.
#[derive(Debug)]
pub struct Reject {
    /// Where it stands in the file.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
    /// Its fields as they were read; empty when the whole incident was refused.
    pub record: ByteRecord,
}

/// Some of the file.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Rows read for it.
    pub rows: u64,
    /// Incidents that became whole, in the order of their last rows.
    pub incidents: Vec<Incident>,
    /// Rows that were refused.
    pub rejects: Vec<Reject>,
}

/// Counts the rows of each incident.
///
/// # Errors
/// When the file cannot be read or is not an incident log.
pub fn survey(path: &Path) -> Result<Survey> {
    let mut file = LogFile::open(path)?;
    let columns = file.columns().clone();
    let mut survey = Survey::default();
    let mut record = ByteRecord::new();
    while file.read(&mut record)? {
        survey.rows += 1;
        let Some(number) = number_of(&record, &columns) else {
            continue;
        };
        match survey.rows_of.get_mut(number) {
            Some(rows) => *rows += 1,
            None => {
                survey.rows_of.insert(number.into(), 1);
            }
        }
    }
    Ok(survey)
}

/// Reads the file and hands its incidents to `sink` in chunks, until the end or until `sink` says false.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path, survey: Survey, mut sink: impl FnMut(Chunk) -> bool) -> Result<()> {
    let mut file = LogFile::open(path)?;
    let columns = file.columns().clone();
    let mut collector = Collector {
        rows_left: survey.rows_of,
        unfinished: HashMap::new(),
        chunk: Chunk::default(),
    };
    let mut record = ByteRecord::new();
    while file.read(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        let row = Row::parse(&record, &columns, line).map_err(|error| error.to_string());
        collector.take(number_of(&record, &columns), row, line, &record);
        if collector.is_full() && !sink(mem::take(&mut collector.chunk)) {
            return Ok(());
        }
    }
    sink(collector.finish());
    Ok(())
}

struct Collector {
    rows_left: HashMap<Box<str>, u32>,
    unfinished: HashMap<Box<str>, Incident>,
    chunk: Chunk,
}

impl Collector {
    fn take(
        &mut self,
        number: Option<&str>,
        row: Result<Row, String>,
        line: u64,
        record: &ByteRecord,
    ) {
        self.chunk.rows += 1;
        match row {
            Ok(row) => self
                .unfinished
                .entry(row.number.clone())
                .or_default()
                .rows
                .push(row),
            Err(reason) => self.chunk.rejects.push(Reject {
                line,
                reason,
                record: record.clone(),
            }),
        }
        if let Some(number) = number {
            self.count_down(number);
        }
    }

    fn count_down(&mut self, number: &str) {
        // A row more than the first pass saw (the file grew meanwhile) waits for the end of the file.
        let Some(left) = self.rows_left.get_mut(number) else {
            return;
        };
        *left -= 1;
        if *left == 0 {
            self.rows_left.remove(number);
            if let Some(incident) = self.unfinished.remove(number) {
                self.hand_on(incident);
            }
        }
    }

    fn hand_on(&mut self, mut incident: Incident) {
        incident
            .rows
            .sort_by_key(|row| (row.modification, row.line));
        self.chunk.incidents.push(incident);
    }

    fn is_full(&self) -> bool {
        self.chunk.incidents.len() >= CHUNK_INCIDENTS || self.chunk.rows >= CHUNK_ROWS
    }

    /// What is left at the end of the file; more than a last chunk only if the file shrank between the passes.
    fn finish(mut self) -> Chunk {
        let mut rest: Vec<Incident> = mem::take(&mut self.unfinished).into_values().collect();
        rest.sort_by_key(|incident| incident.rows.first().map_or(0, |row| row.line));
        for incident in rest {
            self.hand_on(incident);
        }
        self.chunk
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::io::Write;

    use super::*;

    const HEADER: &str = "number,incident_state,sys_mod_count,opened_at,sys_updated_at,priority\n";

    fn read_all(rows: &str) -> (Survey, Vec<Chunk>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "{HEADER}{rows}").unwrap();
        let mut chunks = Vec::new();
        let seen = survey(file.path()).unwrap();
        read(file.path(), survey(file.path()).unwrap(), |chunk| {
            chunks.push(chunk);
            true
        })
        .unwrap();
        (seen, chunks)
    }

    fn row(number: &str, modification: u32, priority: &str) -> String {
        format!("{number},Active,{modification},1/3/2016 10:00,1/3/2016 11:00,{priority}\n")
    }

    #[test]
    fn rows_are_ordered_by_modification_then_line() {
        let (_, chunks) =
            read_all(&[row("1", 2, "3"), row("1", 0, "3"), row("1", 2, "1")].concat());
        let order: Vec<_> = chunks[0].incidents[0]
            .rows
            .iter()
            .map(|row| (row.modification, row.line))
            .collect();
        assert_eq!(order, [(0, 3), (2, 2), (2, 4)]);
    }

    #[test]
    fn incidents_come_in_the_order_of_their_last_rows() {
        let rows = [
            row("1", 0, "3"),
            row("2", 0, "3"),
            row("2", 1, "3"),
            row("1", 1, "3"),
        ]
        .concat();
        let (survey, chunks) = read_all(&rows);
        let numbers: Vec<_> = chunks[0]
            .incidents
            .iter()
            .map(|incident| &*incident.rows[0].number)
            .collect();
        assert_eq!((survey.rows, numbers), (4, vec!["2", "1"]));
    }

    #[test]
    fn an_incident_goes_on_without_its_bad_rows_and_each_is_told() {
        let rows = [
            row("1", 0, "?"),
            row("1", 1, "3"),
            "1,Closed,2\n".to_owned(),
            row("?", 0, "3"),
        ]
        .concat();
        let (survey, chunks) = read_all(&rows);
        assert_eq!(survey.rows, 4);
        assert_eq!(chunks[0].incidents.len(), 1);
        assert_eq!(chunks[0].incidents[0].rows.len(), 1);
        let told: Vec<_> = chunks[0]
            .rejects
            .iter()
            .map(|reject| (reject.line, reject.reason.as_str()))
            .collect();
        let expected = [
            (2, "priority is missing"),
            (4, "it has 3 fields, the header has 6"),
            (5, "number is missing"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn an_incident_of_bad_rows_alone_is_only_a_reject() {
        let (_, chunks) = read_all(&row("1", 0, "9"));
        assert_eq!(
            (
                chunks[0].incidents.len(),
                chunks[0].rejects.len(),
                chunks[0].rows
            ),
            (0, 1, 1)
        );
    }

    #[test]
    fn full_chunks_are_handed_on_before_the_end() {
        let rows: String = (0..CHUNK_INCIDENTS + 1)
            .map(|number| row(&number.to_string(), 0, "3"))
            .collect();
        let (_, chunks) = read_all(&rows);
        let sizes: Vec<_> = chunks.iter().map(|chunk| chunk.incidents.len()).collect();
        assert_eq!(sizes, [CHUNK_INCIDENTS, 1]);
    }
}
