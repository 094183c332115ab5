//! The hash chain of a partition, and the exact bytes that are hashed.
//!
//! `hash(n) = BLAKE3(bytes(n))` with 32 bytes of output, unkeyed. `bytes(n)` is this concatenation, nothing between:
//!
//! | # | field | bytes |
//! |---|---|---|
//! | 1 | domain tag | the 24 ASCII bytes `insightdesk.log.event.v1` |
//! | 2 | previous hash | 32 bytes: `hash(n - 1)` of the partition, 32 zero bytes for the event at position 1 |
//! | 3 | partition | signed 16 bit |
//! | 4 | position | signed 64 bit |
//! | 5 | org_id | 16 bytes of the UUID in RFC 9562 order |
//! | 6 | stream_type | text |
//! | 7 | stream_id | 16 bytes, as 5 |
//! | 8 | version | signed 64 bit |
//! | 9 | event_id | 16 bytes, as 5 |
//! | 10 | type | text |
//! | 11 | schema_version | signed 16 bit |
//! | 12 | data | text, exactly the bytes that the column `data` gives back as text |
//! | 13 | metadata | text, as 12 |
//! | 14 | occurred_at | signed 64 bit: microseconds since 1970-01-01T00:00:00Z, without leap seconds |
//! | 15 | recorded_at | as 14 |
//!
//! Integers are two's complement, most significant byte first.
//! A text is its length in bytes as an unsigned 32-bit integer, then its UTF-8 bytes.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::event::RecordedEvent;

/// Separates these hashes from every other use of BLAKE3; a new encoding gets a new tag.
const DOMAIN_TAG: &[u8] = b"insightdesk.log.event.v1";

/// A hash of the chain.
pub type Hash = [u8; 32];

/// The hash before the first event of a partition.
pub const GENESIS: Hash = [0; 32];

/// The fields of an event that its hash covers.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// Number of the partition.
    pub partition: i16,
    /// Place in the partition.
    pub position: i64,
    /// Organization.
    pub org_id: Uuid,
    /// Kind of aggregate.
    pub stream_type: &'a str,
    /// Aggregate.
    pub stream_id: Uuid,
    /// Place in the stream.
    pub version: i64,
    /// Id of the event.
    pub event_id: Uuid,
    /// What happened.
    pub event_type: &'a str,
    /// Shape of `data`.
    pub schema_version: i16,
    /// JSON text.
    pub data: &'a str,
    /// JSON text.
    pub metadata: &'a str,
    /// Business time.
    pub occurred_at: DateTime<Utc>,
    /// Time of the log.
    pub recorded_at: DateTime<Utc>,
}

impl Link<'_> {
    /// The hash of this event after the one with hash `previous`.
    #[must_use]
    pub fn hash(&self, previous: &Hash) -> Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(DOMAIN_TAG);
        hasher.update(previous);
        hasher.update(&self.partition.to_be_bytes());
        hasher.update(&self.position.to_be_bytes());
        hasher.update(self.org_id.as_bytes());
        update_text(&mut hasher, self.stream_type);
        hasher.update(self.stream_id.as_bytes());
        hasher.update(&self.version.to_be_bytes());
        hasher.update(self.event_id.as_bytes());
        update_text(&mut hasher, self.event_type);
        hasher.update(&self.schema_version.to_be_bytes());
        update_text(&mut hasher, self.data);
        update_text(&mut hasher, self.metadata);
        hasher.update(&self.occurred_at.timestamp_micros().to_be_bytes());
        hasher.update(&self.recorded_at.timestamp_micros().to_be_bytes());
        *hasher.finalize().as_bytes()
    }
}

impl<'a> From<&'a RecordedEvent> for Link<'a> {
    fn from(event: &'a RecordedEvent) -> Self {
        Self {
            partition: event.partition.get(),
            position: event.position.get(),
            org_id: event.org_id.0,
            stream_type: &event.stream_type,
            stream_id: event.stream_id,
            version: event.version.get(),
            event_id: event.event_id,
            event_type: &event.event_type,
            schema_version: event.schema_version,
            data: &event.data,
            metadata: &event.metadata,
            occurred_at: event.occurred_at,
            recorded_at: event.recorded_at,
        }
    }
}

/// The limits on a request keep every text far below 4 GiB, so the cast keeps the value.
fn update_text(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u32).to_be_bytes());
    hasher.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn link() -> Link<'static> {
        Link {
            partition: 3,
            position: 1,
            org_id: Uuid::from_u128(1),
            stream_type: "ticket",
            stream_id: Uuid::from_u128(2),
            version: 1,
            event_id: Uuid::from_u128(3),
            event_type: "ticket.opened",
            schema_version: 1,
            data: r#"{"subject":"Grüße"}"#,
            metadata: "{}",
            occurred_at: DateTime::from_timestamp_micros(1_700_000_000_000_001).unwrap(),
            recorded_at: DateTime::from_timestamp_micros(1_700_000_000_000_002).unwrap(),
        }
    }

    fn hex(hash: &Hash) -> String {
        blake3::Hash::from_bytes(*hash).to_hex().to_string()
    }

    /// The same two values come out of an independent computation in another language.
    #[test]
    fn the_encoding_is_fixed_by_a_test_vector() {
        let first = link().hash(&GENESIS);
        let second = Link {
            position: 2,
            version: 2,
            ..link()
        }
        .hash(&first);
        assert_eq!(
            hex(&first),
            "0fae260f1ec2a941e908a400fb8a5363a0c666ed8850b6da38e003fd201193c3"
        );
        assert_eq!(
            hex(&second),
            "5ada8c881596e4c41b8f1ad6ad4f5692c08005ecb20b062c0b144310ffd7a681"
        );
    }

    #[test]
    fn text_moved_between_neighbouring_fields_changes_the_hash() {
        let one = Link {
            data: "ab",
            metadata: "c",
            ..link()
        };
        let other = Link {
            data: "a",
            metadata: "bc",
            ..link()
        };
        assert_ne!(one.hash(&GENESIS), other.hash(&GENESIS));
    }
}
