//! Reports of tickets as Apache Parquet: a row a group, with the columns that the file of comma-separated values has.

use std::sync::Arc;

use chrono::NaiveDate;
use parquet::basic::Compression;
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use uuid::Uuid;

use crate::ColumnarError;

const SCHEMA: &str = "
    message ticket_report {
        required int32 from (DATE);
        required int32 to (DATE);
        optional fixed_len_byte_array(16) key_id (UUID);
        optional binary key (STRING);
        required int64 count;
        optional int64 times;
        optional int64 population;
        optional double rate;
        optional int64 mean_seconds;
        optional int64 p50_seconds;
        optional int64 p90_seconds;
        optional int64 p99_seconds;
    }";

/// Days of Parquet are counted from this one.
const FIRST_DAY: NaiveDate = match NaiveDate::from_ymd_opt(1970, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// The numbers of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportLine {
    /// The first day of the period.
    pub from: NaiveDate,
    /// The day after its last.
    pub to: NaiveDate,
    /// The id of what the tickets have in common, if it has one.
    pub key_id: Option<Uuid>,
    /// Its name.
    pub key: Option<String>,
    /// How many tickets.
    pub count: i64,
    /// How often, of what can be more than once for a ticket.
    pub times: Option<i64>,
    /// Of how many tickets these are some.
    pub population: Option<i64>,
    /// Their part of those.
    pub rate: Option<f64>,
    /// The mean of the times measured.
    pub mean_seconds: Option<i64>,
    /// What the median, the ninetieth and the ninety-ninth of a hundred took.
    pub percentiles: Option<[i64; 3]>,
}

/// The bytes of a file with these lines.
///
/// # Errors
/// Never for a line that can be: the columns are those of the schema.
pub fn report_file(lines: &[ReportLine]) -> Result<Vec<u8>, ColumnarError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("insightdesk".to_owned());
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = Arc::new(properties.build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties)?;
    if !lines.is_empty() {
        write(writer.next_row_group()?, lines)?;
    }
    Ok(writer.into_inner()?)
}

/// The columns in the order of [`SCHEMA`].
fn write(
    mut group: SerializedRowGroupWriter<'_, Vec<u8>>,
    lines: &[ReportLine],
) -> Result<(), ParquetError> {
    let group_of = &mut group;
    required::<Int32Type>(group_of, lines, |line| day(line.from))?;
    required::<Int32Type>(group_of, lines, |line| day(line.to))?;
    optional::<FixedLenByteArrayType>(group_of, lines, |line| {
        let id = line.key_id?;
        Some(FixedLenByteArray::from(id.as_bytes().to_vec()))
    })?;
    optional::<ByteArrayType>(group_of, lines, |line| {
        line.key.as_deref().map(ByteArray::from)
    })?;
    required::<Int64Type>(group_of, lines, |line| line.count)?;
    optional::<Int64Type>(group_of, lines, |line| line.times)?;
    optional::<Int64Type>(group_of, lines, |line| line.population)?;
    optional::<DoubleType>(group_of, lines, |line| line.rate)?;
    optional::<Int64Type>(group_of, lines, |line| line.mean_seconds)?;
    for index in 0..3 {
        optional::<Int64Type>(group_of, lines, |line| {
            line.percentiles.map(|times| times[index])
        })?;
    }
    group.close()?;
    Ok(())
}

fn day(day: NaiveDate) -> i32 {
    // Some millions of days at most.
    i32::try_from((day - FIRST_DAY).num_days()).unwrap_or(i32::MAX)
}

fn required<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    lines: &[ReportLine],
    value: impl Fn(&ReportLine) -> T::T,
) -> Result<(), ParquetError> {
    let values: Vec<T::T> = lines.iter().map(value).collect();
    crate::column::<T, _>(group, &values, None)
}

fn optional<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    lines: &[ReportLine],
    value: impl Fn(&ReportLine) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let all: Vec<Option<T::T>> = lines.iter().map(value).collect();
    let is_there: Vec<i16> = all.iter().map(|value| value.is_some().into()).collect();
    let values: Vec<T::T> = all.into_iter().flatten().collect();
    crate::column::<T, _>(group, &values, Some(&is_there))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bytes::Bytes;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::{Field, RowAccessor};

    use super::*;

    fn line(key: Option<&str>, percentiles: Option<[i64; 3]>) -> ReportLine {
        ReportLine {
            from: "2026-03-02".parse().unwrap(),
            to: "2026-03-09".parse().unwrap(),
            key_id: key.map(|_| Uuid::from_u128(7)),
            key: key.map(str::to_owned),
            count: 3,
            times: None,
            population: Some(4),
            rate: Some(0.75),
            mean_seconds: percentiles.map(|_| 60),
            percentiles,
        }
    }

    #[test]
    fn every_column_reads_back_and_what_is_absent_stays_so() {
        let lines = [line(Some("=1+1 \u{fc}"), Some([1, 2, 3])), line(None, None)];
        let file = Bytes::from(report_file(&lines).unwrap());
        let reader = SerializedFileReader::new(file).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().collect();
        assert_eq!(rows.len(), 2);
        let (first, second) = (rows[0].as_ref().unwrap(), rows[1].as_ref().unwrap());
        let names: Vec<_> = first
            .get_column_iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(
            names.join(","),
            "from,to,key_id,key,count,times,population,rate,mean_seconds,p50_seconds,p90_seconds,p99_seconds"
        );
        assert_eq!(first.get_string(3).unwrap(), "=1+1 \u{fc}");
        let (count, rate) = (first.get_long(4).unwrap(), first.get_double(7).unwrap());
        assert_eq!((count, rate), (3, 0.75));
        assert_eq!(
            (first.get_long(9).unwrap(), first.get_long(11).unwrap()),
            (1, 3)
        );
        let days = first.get_column_iter().take(2);
        let days: Vec<_> = days.map(|(_, day)| day.clone()).collect();
        assert_eq!(days, [Field::Date(20_514), Field::Date(20_521)]);
        let absent = second
            .get_column_iter()
            .filter(|(_, it)| **it == Field::Null);
        assert_eq!(absent.count(), 7);
    }

    #[test]
    fn a_report_without_groups_can_be_read() {
        let file = Bytes::from(report_file(&[]).unwrap());
        let reader = SerializedFileReader::new(file).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
    }
}
