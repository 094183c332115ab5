//! The limits and timeouts of the store.

use std::time::Duration;

/// Everything that bounds an [`crate::EventStore`]. The defaults suit one server with 16 partitions.
#[derive(Debug, Clone)]
pub struct Options {
    /// Writer tasks, each with one connection; partition `p` belongs to writer `p % writer_count`.
    pub writer_count: usize,
    /// Requests that may wait at one writer; more are answered `Overloaded`.
    pub queue_limit: usize,
    /// Most bytes of events and answers that may wait at one writer; more are answered `Overloaded`.
    pub queue_bytes_limit: usize,
    /// Most requests in one batch.
    pub batch_limit: usize,
    /// Requests that must wait before a batch is sent behind one that is still under way: enough to be worth a commit of
    /// their own.
    pub follower_min: usize,
    /// To open a writer connection and prepare it.
    pub connect_timeout: Duration,
    /// For one statement of a writer, kept by the server.
    pub statement_timeout: Duration,
    /// For a writer to get the lock of a head, kept by the server.
    pub lock_timeout: Duration,
    /// For one query of a reader, with the wait for a pooled connection.
    pub read_timeout: Duration,
    /// A page of a partition ends with the event that reaches so many bytes of data and metadata, however many were asked
    /// for.
    pub page_bytes_limit: usize,
    /// How long a request may wait for its turn; after that it is answered `Unavailable` and never executed.
    pub answer_deadline: Duration,
    /// How much longer an executed request may wait for its outcome; after that it is answered `OutcomeUnknown`.
    pub outcome_deadline: Duration,
    /// The floor of subscriptions: they look at the log this often even without a wake-up.
    pub poll_interval: Duration,
    /// Most organizations whose placement is kept in memory.
    pub placement_cache_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            writer_count: 2,
            queue_limit: 4_096,
            queue_bytes_limit: 64 << 20,
            batch_limit: 256,
            follower_min: 16,
            connect_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(3),
            read_timeout: Duration::from_secs(10),
            page_bytes_limit: 8 << 20,
            answer_deadline: Duration::from_secs(5),
            outcome_deadline: Duration::from_secs(10),
            poll_interval: Duration::from_millis(200),
            placement_cache_limit: 100_000,
        }
    }
}
