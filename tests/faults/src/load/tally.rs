//! What the load has met so far, for those who wait for something and for the report.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Answers by kind.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Commands acknowledged.
    pub acknowledged: u64,
    /// Commands whose connection was refused, which cannot have happened.
    pub not_sent: u64,
    /// Attempts without an answer.
    pub unanswered: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Commands that were sent and wait for their answer.
    pub in_flight: u64,
}

/// Counts that all connections share.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Counts>);

impl Tally {
    /// As they are now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.lock().clone()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
