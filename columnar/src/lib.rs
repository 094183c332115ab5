//! Events and reports as Apache Parquet, for DuckDB, pandas and other tools that work on columns.
//!
//! Of events the envelope has typed columns: integers, UUIDs, timestamps in microseconds of UTC, the hash as 32 bytes. `data` and
//! `metadata` are JSON texts as the log holds them, and `schema_version` beside `type` says which shape `data` has.
//!
//! Invariant: memory is bounded by one row group; a report is one.
//! Never: a change to what an event says.

mod report;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use event_store::RecordedEvent;
use parquet::basic::{Compression, Encoding};
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use uuid::Uuid;

pub use report::{ReportColumn, Values, report_file};

/// Most events in one row group.
const GROUP_EVENTS_MAX: usize = 100_000;
/// Most bytes of `data` and `metadata` in one row group.
const GROUP_BYTES_MAX: usize = 64 << 20;

const SCHEMA: &str = "
    message event {
        required int32 partition (INTEGER(16, true));
        required int64 position (INTEGER(64, true));
        required fixed_len_byte_array(16) org_id (UUID);
        required binary stream_type (STRING);
        required fixed_len_byte_array(16) stream_id (UUID);
        required int64 version (INTEGER(64, true));
        required fixed_len_byte_array(16) event_id (UUID);
        required binary type (STRING);
        required int32 schema_version (INTEGER(16, true));
        required binary data (JSON);
        required binary metadata (JSON);
        required int64 occurred_at (TIMESTAMP(MICROS, true));
        required int64 recorded_at (TIMESTAMP(MICROS, true));
        required fixed_len_byte_array(32) hash;
    }";

/// Columns of which hardly two values are the same: a dictionary of them would only cost.
const WITHOUT_DICTIONARY: [&str; 4] = ["event_id", "hash", "data", "metadata"];
/// Columns whose values lie close to the ones before.
const ASCENDING: [&str; 3] = ["position", "occurred_at", "recorded_at"];

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ColumnarError {
    /// The file cannot be made.
    #[error("{path} cannot be made")]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("the Parquet file cannot be written")]
    Write(#[from] ParquetError),
    /// The disk did not take it.
    #[error("the Parquet file did not reach the disk")]
    Sync(#[from] std::io::Error),
}

/// A file of events. Without [`EventFile::finish`] it cannot be read.
pub struct EventFile {
    writer: SerializedFileWriter<File>,
    group: Group,
}

impl EventFile {
    /// Makes a new file.
    ///
    /// # Errors
    /// When it is there already or cannot be made.
    pub fn create(path: &Path) -> Result<Self, ColumnarError> {
        let file = File::create_new(path).map_err(|source| ColumnarError::Create {
            path: path.to_owned(),
            source,
        })?;
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let writer = SerializedFileWriter::new(file, schema, Arc::new(properties()))?;
        Ok(Self {
            writer,
            group: Group::default(),
        })
    }

    /// Adds an event.
    ///
    /// # Errors
    /// When the disk refuses it.
    pub fn write(&mut self, event: &RecordedEvent) -> Result<(), ColumnarError> {
        self.group.push(event);
        if self.group.is_full() {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes the rest and closes the file. Returns once the disk has it.
    ///
    /// # Errors
    /// When the disk refuses it.
    pub fn finish(mut self) -> Result<(), ColumnarError> {
        self.flush()?;
        let file = self.writer.into_inner()?;
        Ok(file.sync_all()?)
    }

    fn flush(&mut self) -> Result<(), ColumnarError> {
        let group = std::mem::take(&mut self.group);
        if group.positions.is_empty() {
            return Ok(());
        }
        let writer = self.writer.next_row_group()?;
        Ok(group.write(writer)?)
    }
}

fn properties() -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by("insightdesk".to_owned());
    for column in WITHOUT_DICTIONARY.iter().chain(&ASCENDING) {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(*column), false);
    }
    for column in ASCENDING {
        let path = ColumnPath::from(column);
        properties = properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    properties.build()
}

/// The events of the next row group, by column.
#[derive(Default)]
struct Group {
    partitions: Vec<i32>,
    positions: Vec<i64>,
    org_ids: Vec<FixedLenByteArray>,
    stream_types: Vec<ByteArray>,
    stream_ids: Vec<FixedLenByteArray>,
    versions: Vec<i64>,
    event_ids: Vec<FixedLenByteArray>,
    types: Vec<ByteArray>,
    schema_versions: Vec<i32>,
    data: Vec<ByteArray>,
    metadata: Vec<ByteArray>,
    occurred_at: Vec<i64>,
    recorded_at: Vec<i64>,
    hashes: Vec<FixedLenByteArray>,
    bytes: usize,
}

impl Group {
    fn push(&mut self, event: &RecordedEvent) {
        self.partitions.push(event.partition.get().into());
        self.positions.push(event.position.get());
        self.org_ids.push(uuid(event.org_id.0));
        self.stream_types.push(text(&event.stream_type));
        self.stream_ids.push(uuid(event.stream_id));
        self.versions.push(event.version.get());
        self.event_ids.push(uuid(event.event_id));
        self.types.push(text(&event.event_type));
        self.schema_versions.push(event.schema_version.into());
        self.data.push(text(&event.data));
        self.metadata.push(text(&event.metadata));
        self.occurred_at.push(microseconds(event.occurred_at));
        self.recorded_at.push(microseconds(event.recorded_at));
        self.hashes.push(event.hash.to_vec().into());
        self.bytes += event.data.len() + event.metadata.len();
    }

    fn is_full(&self) -> bool {
        self.positions.len() >= GROUP_EVENTS_MAX || self.bytes >= GROUP_BYTES_MAX
    }

    /// The columns in the order of [`SCHEMA`].
    fn write<W: Write + Send>(
        self,
        mut group: SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        column::<Int32Type, W>(&mut group, &self.partitions, None)?;
        column::<Int64Type, W>(&mut group, &self.positions, None)?;
        column::<FixedLenByteArrayType, W>(&mut group, &self.org_ids, None)?;
        column::<ByteArrayType, W>(&mut group, &self.stream_types, None)?;
        column::<FixedLenByteArrayType, W>(&mut group, &self.stream_ids, None)?;
        column::<Int64Type, W>(&mut group, &self.versions, None)?;
        column::<FixedLenByteArrayType, W>(&mut group, &self.event_ids, None)?;
        column::<ByteArrayType, W>(&mut group, &self.types, None)?;
        column::<Int32Type, W>(&mut group, &self.schema_versions, None)?;
        column::<ByteArrayType, W>(&mut group, &self.data, None)?;
        column::<ByteArrayType, W>(&mut group, &self.metadata, None)?;
        column::<Int64Type, W>(&mut group, &self.occurred_at, None)?;
        column::<Int64Type, W>(&mut group, &self.recorded_at, None)?;
        column::<FixedLenByteArrayType, W>(&mut group, &self.hashes, None)?;
        group.close()?;
        Ok(())
    }
}

/// Writes the next column. `is_there` says of each row whether it has a value, where it may have none.
fn column<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    is_there: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General(
            "the schema has too few columns".to_owned(),
        ));
    };
    column.typed::<T>().write_batch(values, is_there, None)?;
    column.close()
}

fn text(text: &str) -> ByteArray {
    ByteArray::from(text)
}

fn uuid(id: Uuid) -> FixedLenByteArray {
    id.as_bytes().to_vec().into()
}

fn microseconds(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use event_store::{OrgId, Partition, Position, Version};
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    use super::*;

    fn event(position: i64, data: &str) -> RecordedEvent {
        RecordedEvent {
            partition: Partition::new(3).unwrap(),
            position: Position::new(position).unwrap(),
            org_id: OrgId(Uuid::from_u128(1)),
            stream_type: "ticket".to_owned(),
            stream_id: Uuid::from_u128(2),
            version: Version::new(position).unwrap(),
            event_id: Uuid::from_u128(3),
            event_type: "ticket.opened".to_owned(),
            schema_version: 2,
            data: data.to_owned(),
            metadata: "{}".to_owned(),
            occurred_at: "2026-03-02T09:00:00.000001Z".parse().unwrap(),
            recorded_at: "2026-03-02T09:00:00.000002Z".parse().unwrap(),
            hash: [0xAB; 32],
        }
    }

    fn written(events: &[RecordedEvent]) -> SerializedFileReader<File> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.parquet");
        let mut file = EventFile::create(&path).unwrap();
        for event in events {
            file.write(event).unwrap();
        }
        assert!(
            EventFile::create(&path).is_err(),
            "a file is never overwritten"
        );
        file.finish().unwrap();
        SerializedFileReader::new(File::open(&path).unwrap()).unwrap()
    }

    #[test]
    fn every_column_reads_back() {
        let data = "{\n \"subject\" : \"Gr\u{fc}\u{df}e \u{1f525}\" }";
        let reader = written(&[event(1, data), event(2, "{}")]);
        assert_eq!(reader.metadata().file_metadata().num_rows(), 2);
        let row = reader.get_row_iter(None).unwrap().next().unwrap().unwrap();
        assert_eq!(
            (row.get_short(0).unwrap(), row.get_long(1).unwrap()),
            (3, 1)
        );
        assert_eq!(row.get_string(3).unwrap(), "ticket");
        assert_eq!(
            (row.get_long(5).unwrap(), row.get_short(8).unwrap()),
            (1, 2)
        );
        assert_eq!(row.get_string(7).unwrap(), "ticket.opened");
        assert_eq!(row.get_string(9).unwrap(), data);
        assert_eq!(row.get_timestamp_micros(11).unwrap(), 1_772_442_000_000_001);
        assert_eq!(row.get_timestamp_micros(12).unwrap(), 1_772_442_000_000_002);
        assert_eq!(row.get_bytes(13).unwrap().data(), [0xAB; 32]);
    }

    #[test]
    fn large_events_make_small_row_groups() {
        let data = format!("\"{}\"", "x".repeat(1 << 20));
        let events: Vec<_> = (1..=130).map(|position| event(position, &data)).collect();
        let reader = written(&events);
        assert_eq!(reader.num_row_groups(), 3);
        assert_eq!(reader.metadata().file_metadata().num_rows(), 130);
    }

    #[test]
    fn a_file_without_events_can_be_read() {
        assert_eq!(written(&[]).metadata().file_metadata().num_rows(), 0);
    }
}
