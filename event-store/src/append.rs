//! What is asked of the log in one append, and what it answers.

use std::collections::HashSet;
use std::error::Error as StdError;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::event::NewEvent;
use crate::ids::{IdempotencyKey, OrgId, Partition, Position, StreamId, Version};

/// Most events in one append. It fits a batch of the writer.
pub const EVENTS_MAX: usize = 4_000;
/// Most streams in one append.
pub const STREAMS_MAX: usize = 100;
/// Longest `data`, `metadata` or answer, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
/// Most bytes of `data`, `metadata` and answer together in one append.
pub const REQUEST_BYTES_MAX: usize = 8 << 20;
/// Longest stream type or event type, in bytes.
pub const TYPE_BYTES_MAX: usize = 128;

/// The events for one stream. Without events it is a guard: the append stands only if the stream is at `expected`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamAppend {
    /// The stream.
    pub stream: StreamId,
    /// The version that the stream must have before the append.
    pub expected: Version,
    /// Its new events, in order.
    pub events: Vec<NewEvent>,
}

/// The answer of a command, stored with its events so that the same key gets the same answer again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandResult {
    /// The client's key.
    pub key: IdempotencyKey,
    /// Hash of the request's content: the same key with another content is refused.
    pub request_hash: [u8; 32],
    /// The answer, JSON text.
    pub answer: String,
}

/// One append: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendRequest {
    /// The partition of the organization.
    pub partition: Partition,
    /// The organization; every stream of the append belongs to it.
    pub org_id: OrgId,
    /// What to append to which streams; the events get positions in this order.
    pub streams: Vec<StreamAppend>,
    /// The stored answer, when the command came with an idempotency key.
    pub result: Option<CommandResult>,
}

impl AppendRequest {
    /// How many events it appends.
    #[must_use]
    pub fn event_count(&self) -> usize {
        self.streams.iter().map(|stream| stream.events.len()).sum()
    }

    /// Bytes of the texts without an own small limit.
    pub(crate) fn text_bytes(&self) -> usize {
        let events = self.streams.iter().flat_map(|stream| &stream.events);
        let of_events: usize = events
            .map(|event| event.data.len() + event.metadata.len())
            .sum();
        of_events + self.result.as_ref().map_or(0, |result| result.answer.len())
    }

    /// Refuses what no database needs to see.
    pub(crate) fn check(&self) -> Result<(), InvalidAppend> {
        let mut seen = HashSet::with_capacity(self.streams.len());
        for append in &self.streams {
            if !seen.insert(append.stream.id) {
                return Err(InvalidAppend::StreamTwice(append.stream.id));
            }
            check_type(&append.stream.stream_type)?;
            append.events.iter().try_for_each(check_event)?;
        }
        if self.event_count() == 0 && self.result.is_none() {
            return Err(InvalidAppend::Empty);
        }
        if self.event_count() > EVENTS_MAX {
            return Err(InvalidAppend::TooManyEvents(self.event_count()));
        }
        if self.streams.len() > STREAMS_MAX {
            return Err(InvalidAppend::TooManyStreams(self.streams.len()));
        }
        let answer_bytes = self.result.as_ref().map_or(0, |result| result.answer.len());
        if answer_bytes > TEXT_BYTES_MAX || self.text_bytes() > REQUEST_BYTES_MAX {
            return Err(InvalidAppend::TooLarge);
        }
        Ok(())
    }
}

fn check_event(event: &NewEvent) -> Result<(), InvalidAppend> {
    check_type(&event.event_type)?;
    if event.schema_version < 1 {
        return Err(InvalidAppend::SchemaVersion(event.schema_version));
    }
    if event.data.len() > TEXT_BYTES_MAX || event.metadata.len() > TEXT_BYTES_MAX {
        return Err(InvalidAppend::TooLarge);
    }
    Ok(())
}

fn check_type(name: &str) -> Result<(), InvalidAppend> {
    if name.is_empty() || name.len() > TYPE_BYTES_MAX {
        return Err(InvalidAppend::TypeLength(name.len()));
    }
    Ok(())
}

/// A successful append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Of the last event; the head's position when there were no events.
    pub position: Position,
    /// When the log took it.
    pub recorded_at: DateTime<Utc>,
}

/// The cause of an error, kept for logs.
pub type Cause = Arc<dyn StdError + Send + Sync>;

/// Why an append did not happen, or is not known to have happened.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A stream is not at the expected version. Nothing was appended: load the stream again and decide anew.
    #[error("stream {stream_id} is at version {actual}, expected {expected}")]
    Conflict {
        /// The first stream that differs.
        stream_id: Uuid,
        /// What the request expected.
        expected: Version,
        /// What the log has.
        actual: Version,
    },
    /// The idempotency key was used by the same request before; this is its answer. Nothing was appended now.
    /// A request without events gets this too when it was itself stored but its connection broke.
    #[error("the command was already done at position {position}")]
    Repeated {
        /// The stored answer, JSON text.
        answer: String,
        /// The stored position.
        position: Position,
    },
    /// The idempotency key was used by a request with another content. Nothing was appended.
    #[error("the idempotency key was already used for another request")]
    KeyReused,
    /// The database refuses a row of this append, such as text that is not JSON. Nothing was appended; a retry fails too.
    #[error("the log refused the content of the append")]
    Rejected(#[source] Cause),
    /// The request breaks a limit or contradicts itself. Nothing was appended.
    #[error("the append is not valid")]
    Invalid(#[source] InvalidAppend),
    /// The queue is full. Nothing was appended: retry later.
    #[error("too many appends are waiting: retry later")]
    Overloaded,
    /// The database cannot be used now. Nothing was appended: retry later.
    #[error("the log cannot be reached: retry later")]
    Unavailable(#[source] Cause),
    /// The connection broke at the wrong moment and the log could not be asked in time: the append may have happened.
    /// Retry with the same idempotency key, or look for the event ids.
    #[error("the outcome of the append is not known: retry with the same idempotency key")]
    OutcomeUnknown(#[source] Cause),
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAppend {
    /// Neither events nor a result.
    #[error("it has neither events nor a result")]
    Empty,
    /// One stream is listed twice.
    #[error("stream {0} is listed twice")]
    StreamTwice(Uuid),
    /// More events than [`EVENTS_MAX`].
    #[error("it has {0} events, at most {EVENTS_MAX} are allowed")]
    TooManyEvents(usize),
    /// More streams than [`STREAMS_MAX`].
    #[error("it has {0} streams, at most {STREAMS_MAX} are allowed")]
    TooManyStreams(usize),
    /// A text longer than [`TEXT_BYTES_MAX`], or all together more than [`REQUEST_BYTES_MAX`].
    #[error(
        "a text is longer than {TEXT_BYTES_MAX} bytes, or all are longer than {REQUEST_BYTES_MAX}"
    )]
    TooLarge,
    /// A stream type or event type is empty or longer than [`TYPE_BYTES_MAX`].
    #[error("a type name has {0} bytes, it must have 1 to {TYPE_BYTES_MAX}")]
    TypeLength(usize),
    /// A schema version below 1.
    #[error("schema version {0} is below 1")]
    SchemaVersion(i16),
    /// The stream exists with another type or under another organization.
    #[error("stream {0} exists with another type or owner")]
    StreamOfAnother(Uuid),
    /// The partition has no row in the table of heads.
    #[error("partition {0} does not exist")]
    NoSuchPartition(Partition),
}
