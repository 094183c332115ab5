//! The log behind the `EventStore` trait of `eventually`, for one organization and one kind of stream.
//!
//! The trait's limits stop here: its versions are 32 bits wide, it carries no metadata (the codec adds it), it has no
//! idempotency key, and its `remove` contradicts an append-only log. `stream_all` covers the organization's streams of
//! this kind; its sequence numbers are positions and end with an error where 32 bits do.

use std::sync::Arc;

use eventually::store::{self, EventStream, Expected, Persisted, Select};
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use uuid::Uuid;

use crate::append::{AppendError, AppendRequest, Cause, StreamAppend};
use crate::error::ReadError;
use crate::event::{NewEvent, RecordedEvent};
use crate::ids::{OrgId, Partition, Position, StreamId, Version};
use crate::store::EventStore;

/// Events in one page of a stream.
const PAGE_EVENTS: u32 = 1_000;

/// Turns the events of an aggregate into those of the log and back.
pub trait Codec: Send + Sync {
    /// The aggregate's event.
    type Event: Send + Sync;
    /// To the log, with an id, metadata and time.
    ///
    /// # Errors
    /// What the encoding may refuse.
    fn encode(&self, event: &Self::Event) -> Result<NewEvent, Cause>;
    /// From the log.
    ///
    /// # Errors
    /// A shape that is not known.
    fn decode(&self, event: &RecordedEvent) -> Result<Self::Event, Cause>;
}

/// Why the adapter failed.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// The append was refused.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An event could not be encoded or decoded.
    #[error("an event does not fit its codec")]
    Codec(#[source] Cause),
    /// The number does not fit the 32 bits of the trait.
    #[error("{0} does not fit the 32 bits of this interface")]
    TooLarge(i64),
    /// The log never removes.
    #[error("the log is append-only: removing a stream is not supported")]
    Unsupported,
}

impl store::AppendError for AdapterError {
    fn is_conflict_error(&self) -> bool {
        matches!(self, Self::Append(AppendError::Conflict { .. }))
    }
}

/// The adapter. Clones are cheap, which is how the trait's `&mut self` is served.
#[derive(Debug)]
pub struct EventuallyStore<C> {
    store: EventStore,
    partition: Partition,
    org_id: OrgId,
    stream_type: &'static str,
    codec: Arc<C>,
}

impl<C> Clone for EventuallyStore<C> {
    fn clone(&self) -> Self {
        let (store, codec) = (self.store.clone(), Arc::clone(&self.codec));
        Self {
            store,
            codec,
            partition: self.partition,
            org_id: self.org_id,
            stream_type: self.stream_type,
        }
    }
}

impl<C: Codec> EventuallyStore<C> {
    /// The streams of one kind of one organization.
    pub fn new(
        store: EventStore,
        partition: Partition,
        org_id: OrgId,
        stream_type: &'static str,
        codec: C,
    ) -> Self {
        Self {
            store,
            partition,
            org_id,
            stream_type,
            codec: Arc::new(codec),
        }
    }

    async fn append_events(
        &self,
        id: Uuid,
        expected: Expected,
        events: &[C::Event],
    ) -> Result<u32, AdapterError> {
        let expected = match expected {
            Expected::Exact(version) => Version::from_row(i64::from(version)),
            Expected::Any => {
                let versions = self
                    .store
                    .stream_versions(self.partition, self.org_id, &[id])
                    .await?;
                versions.get(&id).copied().unwrap_or(Version::NONE)
            }
        };
        let encode = |event| self.codec.encode(event).map_err(AdapterError::Codec);
        let events = events.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
        let version = narrow(expected.get() + events.len() as i64)?;
        if events.is_empty() {
            return Ok(version);
        }
        let stream = StreamId {
            stream_type: self.stream_type.into(),
            id,
        };
        let streams = vec![StreamAppend {
            stream,
            expected,
            events,
        }];
        let request = AppendRequest {
            partition: self.partition,
            org_id: self.org_id,
            streams,
            result: None,
        };
        self.store.append(request).await?;
        Ok(version)
    }

    /// Every page of the stream, one after the other.
    async fn read_all_of(
        &self,
        id: Uuid,
        mut after: Version,
    ) -> Result<Vec<Persisted<Uuid, C::Event>>, AdapterError> {
        let mut persisted = Vec::new();
        loop {
            let page = self
                .store
                .read_stream(self.partition, self.org_id, id, after, PAGE_EVENTS)
                .await?;
            let Some(last) = page.last() else {
                return Ok(persisted);
            };
            after = last.version;
            for event in page
                .iter()
                .filter(|event| event.stream_type == self.stream_type)
            {
                persisted.push(self.persisted(event)?);
            }
        }
    }

    async fn next_of_partition(
        &self,
        after: Position,
    ) -> Result<Option<(Vec<RecordedEvent>, Position)>, ReadError> {
        let page = self
            .store
            .read_partition(self.partition, after, PAGE_EVENTS)
            .await?;
        let Some(last) = page.last().map(|event| event.position) else {
            return Ok(None);
        };
        let is_mine = |event: &RecordedEvent| {
            event.org_id == self.org_id && event.stream_type == self.stream_type
        };
        Ok(Some((page.into_iter().filter(is_mine).collect(), last)))
    }

    fn persisted(&self, event: &RecordedEvent) -> Result<Persisted<Uuid, C::Event>, AdapterError> {
        let decoded = self.codec.decode(event).map_err(AdapterError::Codec)?;
        Ok(Persisted::from(event.stream_id, decoded)
            .version(narrow(event.version.get())?)
            .sequence_number(narrow(event.position.get())?))
    }
}

impl<C: Codec> store::EventStore for EventuallyStore<C> {
    type SourceId = Uuid;
    type Event = C::Event;
    type Error = AdapterError;

    fn append(
        &mut self,
        id: Uuid,
        expected: Expected,
        events: Vec<C::Event>,
    ) -> BoxFuture<'_, Result<u32, AdapterError>> {
        Box::pin(async move { self.append_events(id, expected, &events).await })
    }

    /// The trait's `From` includes its version, ours comes after it.
    fn stream(
        &self,
        id: Uuid,
        select: Select,
    ) -> BoxFuture<'_, Result<EventStream<'_, Self>, AdapterError>> {
        let after = Version::from_row(before(select));
        Box::pin(async move {
            Ok(stream::iter(self.read_all_of(id, after).await?)
                .map(Ok)
                .boxed())
        })
    }

    fn stream_all(
        &self,
        select: Select,
    ) -> BoxFuture<'_, Result<EventStream<'_, Self>, AdapterError>> {
        let pages = stream::try_unfold(Position::from_row(before(select)), move |after| {
            self.next_of_partition(after)
        });
        let persisted = pages.flat_map(move |page| {
            stream::iter(match page {
                Ok(events) => events.iter().map(|event| self.persisted(event)).collect(),
                Err(error) => vec![Err(AdapterError::Read(error))],
            })
        });
        Box::pin(async move { Ok(persisted.boxed()) })
    }

    fn remove(&mut self, _id: Uuid) -> BoxFuture<'_, Result<(), AdapterError>> {
        Box::pin(async { Err(AdapterError::Unsupported) })
    }
}

fn before(select: Select) -> i64 {
    match select {
        Select::All => 0,
        Select::From(first) => i64::from(first.saturating_sub(1)),
    }
}

fn narrow(number: i64) -> Result<u32, AdapterError> {
    u32::try_from(number).map_err(|_| AdapterError::TooLarge(number))
}
