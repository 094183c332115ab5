//! The hash of an event, from the written description of the chain.

use super::tables::EventRow;

/// A hash.
pub type Hash = [u8; 32];

/// Before the first event of a partition.
pub const GENESIS: Hash = [0; 32];

const TAG: &[u8; 24] = b"insightdesk.log.event.v1";

/// The hash of an event that follows the one with hash `previous`.
#[must_use]
pub fn hash(event: &EventRow, previous: &Hash) -> Hash {
    let mut bytes = Vec::with_capacity(256 + event.data.len() + event.metadata.len());
    bytes.extend_from_slice(TAG);
    bytes.extend_from_slice(previous);
    bytes.extend_from_slice(&event.partition.to_be_bytes());
    bytes.extend_from_slice(&event.position.to_be_bytes());
    bytes.extend_from_slice(event.org_id.as_bytes());
    text(&mut bytes, &event.stream_type);
    bytes.extend_from_slice(event.stream_id.as_bytes());
    bytes.extend_from_slice(&event.version.to_be_bytes());
    bytes.extend_from_slice(event.event_id.as_bytes());
    text(&mut bytes, &event.event_type);
    bytes.extend_from_slice(&event.schema_version.to_be_bytes());
    text(&mut bytes, &event.data);
    text(&mut bytes, &event.metadata);
    bytes.extend_from_slice(&event.occurred_at.timestamp_micros().to_be_bytes());
    bytes.extend_from_slice(&event.recorded_at.timestamp_micros().to_be_bytes());
    *blake3::hash(&bytes).as_bytes()
}

/// A length of 32 bits, then the bytes. PostgreSQL keeps a text below 1 GiB, so the cast keeps the value.
fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&(text.len() as u32).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}
