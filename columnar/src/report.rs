//! Reports as Apache Parquet: the columns and rows that the file of comma-separated values has.

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

/// Days of Parquet are counted from this one.
const FIRST_DAY: NaiveDate = match NaiveDate::from_ymd_opt(1970, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// A column of a report: a value, or none, for each row.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportColumn<'a> {
    /// Its name: a word of lower case.
    pub name: &'a str,
    /// Whether every row has a value.
    pub is_required: bool,
    /// The values.
    pub values: Values<'a>,
}

/// Values of one type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Values<'a> {
    /// Days of a calendar.
    Days(&'a [Option<NaiveDate>]),
    /// Ids.
    Ids(&'a [Option<Uuid>]),
    /// Texts.
    Texts(&'a [Option<String>]),
    /// Whole numbers.
    Integers(&'a [Option<i64>]),
    /// Other numbers.
    Numbers(&'a [Option<f64>]),
}

impl Values<'_> {
    /// The type of the column `name` in a schema.
    fn declared(&self, name: &str) -> String {
        match self {
            Self::Days(_) => format!("int32 {name} (DATE)"),
            Self::Ids(_) => format!("fixed_len_byte_array(16) {name} (UUID)"),
            Self::Texts(_) => format!("binary {name} (STRING)"),
            Self::Integers(_) => format!("int64 {name}"),
            Self::Numbers(_) => format!("double {name}"),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Days(values) => values.is_empty(),
            Self::Ids(values) => values.is_empty(),
            Self::Texts(values) => values.is_empty(),
            Self::Integers(values) => values.is_empty(),
            Self::Numbers(values) => values.is_empty(),
        }
    }
}

/// The bytes of a file with these columns. `name` is what the rows are, in one word.
///
/// # Errors
/// When a required column lacks a value, columns differ in length, or a name is none.
pub fn report_file(name: &str, columns: &[ReportColumn<'_>]) -> Result<Vec<u8>, ColumnarError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("insightdesk".to_owned());
    let schema = Arc::new(parse_message_type(&schema(name, columns))?);
    let properties = Arc::new(properties.build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties)?;
    if columns.iter().any(|column| !column.values.is_empty()) {
        let mut group = writer.next_row_group()?;
        for column in columns {
            write(&mut group, column)?;
        }
        group.close()?;
    }
    Ok(writer.into_inner()?)
}

fn schema(name: &str, columns: &[ReportColumn<'_>]) -> String {
    let declared = columns.iter().map(|column| {
        let repetition = match column.is_required {
            true => "required",
            false => "optional",
        };
        format!("{repetition} {};", column.values.declared(column.name))
    });
    let declared: Vec<String> = declared.collect();
    format!("message {name} {{ {} }}", declared.join(" "))
}

fn write(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    column: &ReportColumn<'_>,
) -> Result<(), ParquetError> {
    let required = column.is_required;
    match column.values {
        Values::Days(values) => typed::<Int32Type, _>(group, required, values, |it| day(*it)),
        Values::Ids(values) => typed::<FixedLenByteArrayType, _>(group, required, values, |it| {
            FixedLenByteArray::from(it.as_bytes().to_vec())
        }),
        Values::Texts(values) => {
            typed::<ByteArrayType, _>(group, required, values, |it| ByteArray::from(it.as_str()))
        }
        Values::Integers(values) => typed::<Int64Type, _>(group, required, values, |it| *it),
        Values::Numbers(values) => typed::<DoubleType, _>(group, required, values, |it| *it),
    }
}

fn typed<T: DataType, V>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    is_required: bool,
    values: &[Option<V>],
    stored: impl Fn(&V) -> T::T,
) -> Result<(), ParquetError> {
    let is_there: Vec<i16> = values.iter().map(|value| value.is_some().into()).collect();
    let stored: Vec<T::T> = values.iter().flatten().map(stored).collect();
    let is_there = (!is_required).then_some(is_there.as_slice());
    crate::column::<T, _>(group, &stored, is_there)
}

fn day(day: NaiveDate) -> i32 {
    // Some millions of days at most.
    i32::try_from((day - FIRST_DAY).num_days()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bytes::Bytes;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::{Field, RowAccessor};

    use super::*;

    fn column<'a>(name: &'a str, is_required: bool, values: Values<'a>) -> ReportColumn<'a> {
        ReportColumn {
            name,
            is_required,
            values,
        }
    }

    fn read(columns: &[ReportColumn<'_>]) -> SerializedFileReader<Bytes> {
        let file = Bytes::from(report_file("some_report", columns).unwrap());
        SerializedFileReader::new(file).unwrap()
    }

    #[test]
    fn every_column_reads_back_and_what_is_absent_stays_so() {
        let days = ["2026-03-02", "2026-03-09"].map(|day| Some(day.parse().unwrap()));
        let ids = [Some(Uuid::from_u128(7)), None];
        let texts = [Some("=1+1 \u{fc}".to_owned()), None];
        let (counts, rates) = ([Some(3), Some(4)], [Some(0.75), None]);
        let reader = read(&[
            column("from", true, Values::Days(&days)),
            column("key_id", false, Values::Ids(&ids)),
            column("key", false, Values::Texts(&texts)),
            column("count", true, Values::Integers(&counts)),
            column("rate", false, Values::Numbers(&rates)),
        ]);
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().collect();
        assert_eq!(rows.len(), 2);
        let (first, second) = (rows[0].as_ref().unwrap(), rows[1].as_ref().unwrap());
        let columns = first.get_column_iter();
        let names: Vec<_> = columns.map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.join(","), "from,key_id,key,count,rate");
        assert_eq!(first.get_string(2).unwrap(), "=1+1 \u{fc}");
        let (count, rate) = (first.get_long(3).unwrap(), first.get_double(4).unwrap());
        assert_eq!((count, rate), (3, 0.75));
        let fields = second.get_column_iter().map(|(_, it)| it.clone());
        let fields: Vec<Field> = fields.collect();
        let day = Field::Date(20_521);
        assert_eq!(
            fields,
            [day, Field::Null, Field::Null, Field::Long(4), Field::Null]
        );
    }

    #[test]
    fn every_kind_of_values_has_its_type() {
        let reader = read(&[
            column("day", true, Values::Days(&[])),
            column("id", false, Values::Ids(&[])),
            column("text", false, Values::Texts(&[])),
            column("integer", true, Values::Integers(&[])),
            column("number", false, Values::Numbers(&[])),
        ]);
        let expected = "message same {
            required int32 day (DATE);
            optional fixed_len_byte_array(16) id (UUID);
            optional binary text (STRING);
            required int64 integer;
            optional double number;
        }";
        let expected = parse_message_type(expected).unwrap();
        let schema = reader.metadata().file_metadata().schema();
        assert_eq!(schema.get_fields(), expected.get_fields());
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
    }

    #[test]
    fn a_required_column_does_not_lack_a_value() {
        let columns = [
            column("count", true, Values::Integers(&[Some(1), None])),
            column("times", false, Values::Integers(&[Some(1), None])),
        ];
        assert!(report_file("some_report", &columns).is_err());
    }
}
