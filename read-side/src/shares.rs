//! Shares of what a process does at once: what one asks for never fills it, so that something is left for others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// A share for each organization or person. Clones share them.
#[derive(Clone)]
pub(crate) struct Shares {
    each: usize,
    /// Those that somebody holds a part of, or waits for.
    taken: Arc<Mutex<HashMap<Uuid, Weak<Semaphore>>>>,
}

impl Shares {
    /// Everybody may have so many parts at once.
    pub(crate) fn new(each: usize) -> Self {
        Self {
            each,
            taken: Arc::default(),
        }
    }

    /// A part of somebody's share, as soon as there is one.
    pub(crate) async fn take(&self, whose: Uuid) -> OwnedSemaphorePermit {
        loop {
            // The semaphore is never closed.
            if let Ok(part) = self.of(whose).acquire_owned().await {
                return part;
            }
        }
    }

    fn of(&self, whose: Uuid) -> Arc<Semaphore> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = taken.get(&whose).and_then(Weak::upgrade) {
            return share;
        }
        taken.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(self.each));
        taken.insert(whose, Arc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures::FutureExt;

    use super::*;

    fn one(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn whoever_has_their_share_waits_and_others_do_not() {
        let shares = Shares::new(2);
        let first = shares.take(one(1)).now_or_never().unwrap();
        let _second = shares.take(one(1)).now_or_never().unwrap();
        assert!(shares.take(one(1)).now_or_never().is_none());
        assert!(shares.take(one(2)).now_or_never().is_some());
        drop(first);
        assert!(shares.take(one(1)).now_or_never().is_some());
    }

    #[test]
    fn shares_that_nobody_holds_are_forgotten() {
        let shares = Shares::new(1);
        for number in 0..100 {
            drop(shares.take(one(number)).now_or_never().unwrap());
        }
        assert_eq!(shares.taken.lock().unwrap().len(), 1);
    }
}
