//! Tells readers in this process that a partition may have grown. A hint: readers trust positions only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::ids::{Partition, Position};

/// The latest known position of each partition, to be waited for. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Wakeups {
    // A std mutex: the critical section is one look-up and never waits.
    latest: Arc<Mutex<HashMap<Partition, watch::Sender<Position>>>>,
}

impl Wakeups {
    /// Says that the partition reached the position. An older position than the known one changes nothing.
    pub fn announce(&self, partition: Partition, position: Position) {
        self.lock()
            .entry(partition)
            .or_insert_with(no_event)
            .send_if_modified(|known| {
                let is_news = position > *known;
                if is_news {
                    *known = position;
                }
                is_news
            });
    }

    /// The latest known position, with a way to wait for the next.
    #[must_use]
    pub fn subscribe(&self, partition: Partition) -> watch::Receiver<Position> {
        self.lock()
            .entry(partition)
            .or_insert_with(no_event)
            .subscribe()
    }

    /// A panic elsewhere cannot leave the map half-changed, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, HashMap<Partition, watch::Sender<Position>>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_event() -> watch::Sender<Position> {
    watch::Sender::new(Position::START)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_announcement_never_goes_back() {
        let wakeups = Wakeups::default();
        let partition = Partition::new(1).unwrap();
        let mut receiver = wakeups.subscribe(partition);
        wakeups.announce(partition, Position::from_row(5));
        assert_eq!(*receiver.borrow_and_update(), Position::from_row(5));
        wakeups.announce(partition, Position::from_row(3));
        assert_eq!(*receiver.borrow(), Position::from_row(5));
        assert!(!receiver.has_changed().unwrap());
    }
}
