//! What the saga tells health checks and metrics.

use chrono::{DateTime, Utc};
use event_store::{Partition, Position};

/// How a partition of the saga is doing, in this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionStatus {
    /// The partition.
    pub partition: Partition,
    /// Whether this process holds its lease. The others stand by, and what they say below is old.
    pub is_leading: bool,
    /// The fence of the lease that it holds or held last.
    pub fence: i64,
    /// How far the log is folded.
    pub position: Position,
    /// How far the log is, as far as this process heard.
    pub head: Position,
    /// Timers that wait, due or not.
    pub timers_pending: u64,
    /// The time by the saga's clock when it found everything folded and nothing due; absent while there is work to do.
    pub settled_at: Option<DateTime<Utc>>,
    /// When the next timer comes due, while there is no work to do.
    pub next_due_at: Option<DateTime<Utc>>,
    /// Why it stands still, if it does.
    pub failure: Option<String>,
}

impl PartitionStatus {
    pub(super) fn standing_by(partition: Partition) -> Self {
        Self {
            partition,
            is_leading: false,
            fence: 0,
            position: Position::START,
            head: Position::START,
            timers_pending: 0,
            settled_at: None,
            next_due_at: None,
            failure: None,
        }
    }

    /// Events that are not folded yet.
    #[must_use]
    pub fn lag(&self) -> i64 {
        (self.head.get() - self.position.get()).max(0)
    }
}
