//! What each partition's projection does, for health checks and metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_store::{Partition, Position};
use metrics::gauge;

use crate::checkpoint::Poison;
use crate::lag::Lag;

/// What the projection of a partition does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// It has not reached its checkpoint yet.
    Starting,
    /// It follows the log.
    Following,
    /// Another process projects this partition; this one watches.
    Standby,
    /// It stands before an event that it cannot apply.
    Poisoned(Poison),
    /// It failed and tries again.
    Failing {
        /// What failed, last.
        error: String,
    },
    /// It was told to finish.
    Stopped,
}

/// The projection of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionStatus {
    /// Which.
    pub partition: Partition,
    /// The last event that this process knows the tables to show.
    pub position: Position,
    /// What it does.
    pub activity: Activity,
    /// How far the tables are behind the log, at the last look.
    pub lag: Lag,
}

/// The status of all partitions. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Board {
    // A std mutex: the critical sections are look-ups and never wait.
    partitions: Arc<Mutex<BTreeMap<Partition, PartitionStatus>>>,
}

impl Board {
    pub(crate) fn all(&self) -> Vec<PartitionStatus> {
        self.lock().values().cloned().collect()
    }

    pub(crate) fn position(&self, partition: Partition, position: Position) {
        self.change(partition, |status| status.position = position);
        // Exact up to 2^53 events.
        #[allow(clippy::cast_precision_loss)]
        gauge!("insightdesk_projector_position", "partition" => partition.to_string())
            .set(position.get() as f64);
    }

    pub(crate) fn lag(&self, partition: Partition, lag: Lag) {
        self.change(partition, |status| status.lag = lag);
    }

    pub(crate) fn activity(&self, partition: Partition, activity: Activity) {
        let poisoned = matches!(activity, Activity::Poisoned(_));
        self.change(partition, |status| status.activity = activity);
        gauge!("insightdesk_projector_poisoned", "partition" => partition.to_string())
            .set(f64::from(u8::from(poisoned)));
    }

    fn change(&self, partition: Partition, change: impl FnOnce(&mut PartitionStatus)) {
        let mut partitions = self.lock();
        let status = partitions
            .entry(partition)
            .or_insert_with(|| PartitionStatus {
                partition,
                position: Position::START,
                activity: Activity::Starting,
                lag: Lag::default(),
            });
        change(status);
    }

    /// A panic elsewhere cannot leave the map half-changed, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Partition, PartitionStatus>> {
        self.partitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
