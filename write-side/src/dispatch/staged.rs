//! A stream that an attempt touches: what it was, what is to be appended, and the state that follows.

use super::aggregate::Aggregate;
use super::states::{Caches, Place};
use domain::ids::UserId;
use event_store::{NewEvent, StreamAppend, StreamId, Version};
use std::any::Any;
use std::borrow::Cow;
use uuid::Uuid;

/// A touched stream. Without events it guards the append: the decision stands only if the stream did not change.
pub(super) struct Staged {
    pub stream: StreamId,
    pub base: Version,
    pub events: Vec<NewEvent>,
    pub state: Box<dyn StagedState>,
}

/// The state of a touched stream, of whichever aggregate.
pub(super) trait StagedState: Any + Send + Sync {
    fn keep(self: Box<Self>, caches: &Caches, place: Place, id: Uuid, version: Version);
    fn forget(&self, caches: &Caches, place: Place, id: Uuid);
    fn subject(&self, id: Uuid) -> Option<UserId>;
    fn outlives_subject(&self) -> bool;
}

impl<A: Aggregate> StagedState for A {
    fn keep(self: Box<Self>, caches: &Caches, place: Place, id: Uuid, version: Version) {
        A::cache(caches).keep(place, id, version, *self);
    }

    fn forget(&self, caches: &Caches, place: Place, id: Uuid) {
        A::cache(caches).forget(place, id);
    }

    fn subject(&self, id: Uuid) -> Option<UserId> {
        self.stream_subject(id)
    }

    fn outlives_subject(&self) -> bool {
        A::OUTLIVES_SUBJECT
    }
}

impl Staged {
    /// A stream at `base`, without new events so far.
    pub(super) fn new<A: Aggregate>(id: Uuid, base: Version, state: A) -> Self {
        let stream = StreamId {
            stream_type: Cow::Borrowed(A::STREAM_TYPE),
            id,
        };
        Self {
            stream,
            base,
            events: Vec::new(),
            state: Box::new(state),
        }
    }

    /// The person whom it is about.
    pub(super) fn subject(&self) -> Option<UserId> {
        self.state.subject(self.stream.id)
    }

    /// The append of its events, or the guard that it did not change. Takes the events.
    pub(super) fn append(&mut self) -> StreamAppend {
        StreamAppend {
            stream: self.stream.clone(),
            expected: self.base,
            events: std::mem::take(&mut self.events),
        }
    }

    /// The version that it has once the append stands.
    pub(super) fn version(&self) -> Version {
        // More events than i64 has positive values cannot be in one append.
        let count = i64::try_from(self.events.len()).unwrap_or(i64::MAX);
        Version::new(self.base.get().saturating_add(count)).unwrap_or(self.base)
    }
}
