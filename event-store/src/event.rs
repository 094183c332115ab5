//! Events: as they are handed in, and as the log gives them back.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::ids::{OrgId, Partition, Position, Version};

/// An event that is to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Unique for each event; UUIDv7 keeps indexes dense.
    pub event_id: Uuid,
    /// What happened, `noun.past_tense`.
    pub event_type: Cow<'static, str>,
    /// The shape of `data`, from 1.
    pub schema_version: i16,
    /// What happened in detail, JSON text; stored and hashed byte for byte.
    pub data: String,
    /// Who and why, JSON text; stored and hashed byte for byte.
    pub metadata: String,
    /// Business time; stored in microseconds, finer digits are cut.
    pub occurred_at: DateTime<Utc>,
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// The partition of its organization.
    pub partition: Partition,
    /// Its place in the partition.
    pub position: Position,
    /// The organization it belongs to.
    pub org_id: OrgId,
    /// The kind of aggregate.
    pub stream_type: String,
    /// The aggregate.
    pub stream_id: Uuid,
    /// Its place in the stream.
    pub version: Version,
    /// Its own id.
    pub event_id: Uuid,
    /// What happened.
    pub event_type: String,
    /// The shape of `data`.
    pub schema_version: i16,
    /// JSON text, byte for byte as appended.
    pub data: String,
    /// JSON text, byte for byte as appended.
    pub metadata: String,
    /// Business time, in microseconds.
    pub occurred_at: DateTime<Utc>,
    /// When the log took it, by the writer's clock, in microseconds.
    pub recorded_at: DateTime<Utc>,
    /// Its link of the partition's hash chain, see [`crate::chain`].
    pub hash: [u8; 32],
}
