//! An event as a line of newline-delimited JSON.
//!
//! `data` and `metadata` are JSON strings that hold the texts of the log: an object in their place would lose the exact
//! bytes that were hashed, and could not hold a text with a line end.

use chrono::{DateTime, SecondsFormat, Utc};
use event_store::{InvalidId, OrgId, Partition, Position, RecordedEvent, Version};
use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;
use uuid::Uuid;

/// All columns of an event, in the order of the table.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line<'a> {
    partition: i16,
    position: i64,
    org_id: Uuid,
    stream_type: Cow<'a, str>,
    stream_id: Uuid,
    version: i64,
    event_id: Uuid,
    #[serde(rename = "type")]
    event_type: Cow<'a, str>,
    schema_version: i16,
    data: Cow<'a, str>,
    metadata: Cow<'a, str>,
    #[serde(serialize_with = "microseconds")]
    occurred_at: DateTime<Utc>,
    #[serde(serialize_with = "microseconds")]
    recorded_at: DateTime<Utc>,
    hash: String,
}

/// Why a line is not an event.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It is cut off, or not of this form.
    #[error("this is not an exported event")]
    Form(#[from] serde_json::Error),
    /// A number is none of the log.
    #[error("a number cannot be in a log")]
    Number(#[from] InvalidId),
    /// The hash is not 64 hexadecimal digits.
    #[error("the hash is not one")]
    Hash,
}

impl<'a> From<&'a RecordedEvent> for Line<'a> {
    fn from(event: &'a RecordedEvent) -> Self {
        Self {
            partition: event.partition.get(),
            position: event.position.get(),
            org_id: event.org_id.0,
            stream_type: Cow::Borrowed(&event.stream_type),
            stream_id: event.stream_id,
            version: event.version.get(),
            event_id: event.event_id,
            event_type: Cow::Borrowed(&event.event_type),
            schema_version: event.schema_version,
            data: Cow::Borrowed(&event.data),
            metadata: Cow::Borrowed(&event.metadata),
            occurred_at: event.occurred_at,
            recorded_at: event.recorded_at,
            hash: blake3::Hash::from_bytes(event.hash).to_string(),
        }
    }
}

/// Reads a line.
///
/// # Errors
/// When it is not an exported event.
pub fn read(text: &str) -> Result<RecordedEvent, LineError> {
    let line: Line<'_> = serde_json::from_str(text)?;
    let hash = blake3::Hash::from_hex(&line.hash).map_err(|_| LineError::Hash)?;
    Ok(RecordedEvent {
        partition: Partition::new(line.partition)?,
        position: Position::new(line.position)?,
        org_id: OrgId(line.org_id),
        stream_type: line.stream_type.into_owned(),
        stream_id: line.stream_id,
        version: Version::new(line.version)?,
        event_id: line.event_id,
        event_type: line.event_type.into_owned(),
        schema_version: line.schema_version,
        data: line.data.into_owned(),
        metadata: line.metadata.into_owned(),
        occurred_at: line.occurred_at,
        recorded_at: line.recorded_at,
        hash: *hash.as_bytes(),
    })
}

/// As many digits in every line, so that tools which guess types see one.
fn microseconds<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn event() -> RecordedEvent {
        RecordedEvent {
            partition: Partition::new(3).unwrap(),
            position: Position::new(7).unwrap(),
            org_id: OrgId(Uuid::from_u128(1)),
            stream_type: "ticket".to_owned(),
            stream_id: Uuid::from_u128(2),
            version: Version::new(4).unwrap(),
            event_id: Uuid::from_u128(3),
            event_type: "ticket.opened".to_owned(),
            schema_version: 1,
            data: "{\n  \"subject\" : \"Gr\u{fc}\u{df}e \\u0041\u{1f525}\", \"n\": 1.50 }"
                .to_owned(),
            metadata: "{}".to_owned(),
            occurred_at: "2026-03-02T09:00:00.000001Z".parse().unwrap(),
            recorded_at: "2026-03-02T09:00:00Z".parse().unwrap(),
            hash: [0xAB; 32],
        }
    }

    #[test]
    fn a_line_holds_the_exact_texts_and_reads_back() {
        let text = serde_json::to_string(&Line::from(&event())).unwrap();
        assert!(!text.contains('\n'));
        assert!(text.contains("2026-03-02T09:00:00.000000Z"), "{text}");
        assert_eq!(read(&text).unwrap(), event());
    }

    #[test]
    fn what_is_cut_off_or_has_another_field_is_refused() {
        let text = serde_json::to_string(&Line::from(&event())).unwrap();
        assert!(read(&text[..text.len() - 1]).is_err());
        assert!(read(&text.replace("\"position\"", "\"place\"")).is_err());
        assert!(read(&text.replace("abab", "xyxy")).is_err());
    }
}
