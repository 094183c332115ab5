//! The store: the one door to the log.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use deadpool_postgres::Pool;
use uuid::Uuid;

use crate::append::{AppendError, AppendRequest, Appended};
use crate::error::{ReadError, StartError};
use crate::event::RecordedEvent;
use crate::ids::{IdempotencyKey, OrgId, Partition, Position, Version};
use crate::mark::Mark;
use crate::options::Options;
use crate::placement::{Placement, PlacementError, Placements};
use crate::read::{Reader, StoredResult};
use crate::selection::{Selected, Selection};
use crate::subscribe::Subscription;
use crate::wakeups::Wakeups;
use crate::writer::{Connector, Writers};

/// The log. Clones are cheap and share the writers.
#[derive(Clone)]
pub struct EventStore {
    inner: Arc<Inner>,
    reader: Reader,
}

struct Inner {
    writers: Writers,
    placements: Placements,
    wakeups: Wakeups,
    options: Options,
}

impl fmt::Debug for EventStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EventStore")
            .field("options", &self.inner.options)
            .finish_non_exhaustive()
    }
}

impl EventStore {
    /// Starts the writers. `writers` says how they connect; `readers` serves everything else, on the same primary.
    ///
    /// # Errors
    /// [`StartError`] when an option makes no sense, or the partitions cannot be read.
    pub async fn start(
        writers: impl Into<Connector>,
        readers: Pool,
        options: Options,
    ) -> Result<Self, StartError> {
        let counts = [
            ("writer_count", options.writer_count),
            ("queue_limit", options.queue_limit),
            ("queue_bytes_limit", options.queue_bytes_limit),
            ("batch_limit", options.batch_limit),
        ];
        if let Some((name, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(StartError::Option { name });
        }
        let reader = Reader::new(readers, &options);
        if reader
            .partitions()
            .await
            .map_err(StartError::Read)?
            .is_empty()
        {
            return Err(StartError::NoPartition);
        }
        let wakeups = Wakeups::default();
        let writers = Writers::start(&writers.into(), &options, &wakeups);
        let placements = Placements::new(reader.clone(), options.placement_cache_limit);
        Ok(Self {
            inner: Arc::new(Inner {
                writers,
                placements,
                wakeups,
                options,
            }),
            reader,
        })
    }

    /// The same log, read through other connections on the same primary, so that long reads of one kind do not keep
    /// those of another waiting.
    #[must_use]
    pub fn reading_through(&self, readers: Pool) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            reader: Reader::new(readers, &self.inner.options),
        }
    }

    /// Appends: all of the request or nothing. Always answers within the two deadlines of the options.
    ///
    /// Dropping the future while the request waits takes it back; later the append goes on without its caller.
    ///
    /// # Errors
    /// [`AppendError`]; every variant but `OutcomeUnknown` means that nothing was appended now.
    pub async fn append(&self, request: AppendRequest) -> Result<Appended, AppendError> {
        self.inner.writers.append(request).await
    }

    /// Events of one stream after a version, in order, at most `limit`. Another organization's stream is empty.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read_stream(
        &self,
        partition: Partition,
        org_id: OrgId,
        stream_id: Uuid,
        after: Version,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        self.reader
            .stream(partition, org_id, stream_id, after, limit)
            .await
    }

    /// Events of a partition after a position, in order of commit, at most `limit` and at most about
    /// [`Options::page_bytes_limit`]; at least one if there is one.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::Hole`] when the positions do not follow each other.
    pub async fn read_partition(
        &self,
        partition: Partition,
        after: Position,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        self.reader.partition(partition, after, limit).await
    }

    /// Events of one organization by position, at most as many as asked for and at most about
    /// [`Options::page_bytes_limit`]; how far they were looked for is in the answer.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn select(&self, selection: &Selection<'_>) -> Result<Selected, ReadError> {
        self.reader.select(selection).await
    }

    /// The last event of an organization after a position that was recorded by a time, if there is one. Costs a look at each
    /// event of the partition that is newer than both.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn last_recorded(
        &self,
        partition: Partition,
        org_id: OrgId,
        after: Position,
        by: DateTime<Utc>,
    ) -> Result<Option<Position>, ReadError> {
        self.reader
            .last_recorded(partition, org_id, after, by)
            .await
    }

    /// The versions of those of the streams that exist.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn stream_versions(
        &self,
        partition: Partition,
        org_id: OrgId,
        stream_ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Version>, ReadError> {
        self.reader
            .stream_versions(partition, org_id, stream_ids)
            .await
    }

    /// The stored answer of a command.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn command_result(
        &self,
        partition: Partition,
        org_id: OrgId,
        key: &IdempotencyKey,
    ) -> Result<Option<StoredResult>, ReadError> {
        self.reader.command_result(partition, org_id, key).await
    }

    /// Removes at most `limit` stored answers of a partition that were stored before a time, the oldest first; how many.
    /// A command with such a key is a new one from then on.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn expire_results(
        &self,
        partition: Partition,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, ReadError> {
        self.reader.expire_results(partition, before, limit).await
    }

    /// The position of the last event of a partition.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn head(&self, partition: Partition) -> Result<Position, ReadError> {
        self.reader.head(partition).await
    }

    /// The position of the last event of a partition with its hash.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn head_mark(&self, partition: Partition) -> Result<Mark, ReadError> {
        self.reader.head_mark(partition).await
    }

    /// A position of a partition with the hash of its event; none when no event is there.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn mark(
        &self,
        partition: Partition,
        position: Position,
    ) -> Result<Option<Mark>, ReadError> {
        self.reader.mark(partition, position).await
    }

    /// Every partition there is, in order.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn partitions(&self) -> Result<Vec<Partition>, ReadError> {
        self.reader.partitions().await
    }

    /// Follows a partition from after a position.
    #[must_use]
    pub fn subscribe(&self, partition: Partition, after: Position) -> Subscription {
        let wakeup = self.inner.wakeups.subscribe(partition);
        Subscription::new(
            self.reader.clone(),
            partition,
            after,
            wakeup,
            self.inner.options.poll_interval,
        )
    }

    /// The wake-ups: of this store's own appends, and of whatever else announces here.
    #[must_use]
    pub fn wakeups(&self) -> &Wakeups {
        &self.inner.wakeups
    }

    /// Every organization with its slug, in the order of the slugs: for operators, not for requests.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn organizations(&self) -> Result<Vec<(String, OrgId)>, ReadError> {
        self.inner.placements.all().await
    }

    /// Places a new organization in the partition with the fewest. A taken slug gives the placement of its owner, so
    /// compare `org_id` with the asked one.
    ///
    /// # Errors
    /// [`PlacementError`].
    pub async fn place_organization(
        &self,
        org_id: OrgId,
        slug: &str,
    ) -> Result<Placement, PlacementError> {
        self.inner.placements.place(org_id, slug).await
    }

    /// The partition of an organization, from memory once it was seen.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn placement(&self, org_id: OrgId) -> Result<Option<Partition>, ReadError> {
        self.inner.placements.by_organization(org_id).await
    }

    /// The organization of a slug and its partition.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn placement_by_slug(&self, slug: &str) -> Result<Option<Placement>, ReadError> {
        self.inner.placements.by_slug(slug).await
    }

    /// Says in the metrics how much is kept in memory. Called now and then.
    pub fn measure(&self) {
        self.inner.placements.measure();
    }

    /// Refuses new appends, answers those that wait, and ends the writers.
    pub async fn shutdown(&self) {
        self.inner.writers.shutdown().await;
    }

    pub(crate) fn reader(&self) -> &Reader {
        &self.reader
    }
}
