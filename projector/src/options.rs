//! The limits and delays of the projector.

use std::time::Duration;

use event_store::RecordedEvent;

use crate::cells;

/// Everything that bounds a [`crate::Projector`], a rebuild and a check.
#[derive(Debug, Clone)]
pub struct Options {
    /// Most events in one batch.
    pub batch_limit: u32,
    /// The longest that one batch may take; after that it is tried again.
    pub batch_timeout: Duration,
    /// The same for a batch that sets the zone of an organization, whose sums are then made anew from all its facts.
    pub zone_timeout: Duration,
    /// The first delay after a failure; it doubles up to `retry_delay_max`.
    pub retry_delay_min: Duration,
    /// The longest delay after a failure.
    pub retry_delay_max: Duration,
    /// How often a partition that stands before a poison event tries it again.
    pub poison_retry: Duration,
    /// How often a stand-by looks whether the active projector still works.
    pub standby_poll: Duration,
    /// How long a checkpoint must stand still before a stand-by takes the partition over.
    pub takeover_after: Duration,
    /// How often an idle worker looks whether its caches were flushed.
    pub cache_check: Duration,
    /// How often the lag is measured.
    pub lag_interval: Duration,
    /// Partitions that a rebuild fills at a time.
    pub rebuild_concurrency: usize,
    /// Most events that a switch may apply while it holds the live read models.
    pub switch_rest_limit: i64,
    /// How often a rebuild tries to catch up and switch.
    pub switch_attempts: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            batch_limit: 5_000,
            batch_timeout: Duration::from_secs(60),
            zone_timeout: Duration::from_secs(3_600),
            retry_delay_min: Duration::from_millis(50),
            retry_delay_max: Duration::from_secs(5),
            poison_retry: Duration::from_secs(10),
            standby_poll: Duration::from_millis(500),
            takeover_after: Duration::from_secs(2),
            cache_check: Duration::from_secs(5),
            lag_interval: Duration::from_secs(5),
            rebuild_concurrency: 2,
            switch_rest_limit: 5_000,
            switch_attempts: 100,
        }
    }
}

impl Options {
    /// The longest that a batch of these events may take.
    pub(crate) fn timeout_of(&self, events: &[RecordedEvent]) -> Duration {
        if events.iter().any(cells::may_set_zone) {
            self.zone_timeout
        } else {
            self.batch_timeout
        }
    }
}
