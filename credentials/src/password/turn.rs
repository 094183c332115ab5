//! Who may hash now, and with which memory.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::Error;
use argon2::{Argon2, Block};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::text::Password;

/// The memory of one hash. Handed on from turn to turn: each on a thread of its own would stay with that thread, and a
/// burst of logins takes many threads, one after the other.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    /// Computes a hash in this memory, which grows to what it needs.
    pub(super) fn hash(
        &mut self,
        argon2: &Argon2<'_>,
        password: &Password,
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), Error> {
        let count = argon2.params().block_count();
        let missing = count.saturating_sub(self.0.len());
        self.0
            .try_reserve_exact(missing)
            .map_err(|_| Error::OutOfMemory)?;
        self.0.resize(count, Block::new());
        let blocks = self.0.as_mut_slice();
        argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, blocks)?;
        Ok(())
    }
}

/// Gives turns, first come, first served. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    concurrent_max: usize,
    places_max: usize,
    /// Those who hash and those who wait.
    places: Arc<Semaphore>,
    /// Those who hash.
    turns: Arc<Semaphore>,
    spare: Arc<Mutex<Vec<Memory>>>,
}

impl Turns {
    pub(super) fn new(concurrent_max: usize, waiting_max: usize) -> Self {
        let places_max = concurrent_max + waiting_max;
        Self {
            concurrent_max,
            places_max,
            places: Arc::new(Semaphore::new(places_max)),
            turns: Arc::new(Semaphore::new(concurrent_max)),
            spare: Arc::default(),
        }
    }

    /// Waits for a turn. A caller who leaves while waiting gives the place back.
    ///
    /// # Errors
    /// When as many wait as may.
    pub(super) async fn next(&self) -> Result<Turn, TryAcquireError> {
        let place = Arc::clone(&self.places).try_acquire_owned()?;
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| TryAcquireError::Closed)?;
        let spare = self.spare().pop();
        Ok(Turn {
            memory: spare.unwrap_or_default(),
            all: self.clone(),
            _turn: turn,
            _place: place,
        })
    }

    fn spare(&self) -> std::sync::MutexGuard<'_, Vec<Memory>> {
        // Nothing that could panic is done with it.
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held while a hash is made: dropped by the thread that makes it, and not by the caller, who may be gone by then.
pub(super) struct Turn {
    memory: Memory,
    all: Turns,
    _turn: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Turn {
    pub(super) fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }
}

impl Drop for Turn {
    /// The next one gets the memory, if somebody waits; with the last one it goes.
    fn drop(&mut self) {
        let present = self.all.places_max - self.all.places.available_permits();
        let mut spare = self.all.spare();
        if present > self.all.concurrent_max {
            spare.push(std::mem::take(&mut self.memory));
        } else if present == 1 {
            spare.clear();
        }
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memory({} KiB)", self.0.len())
    }
}

#[cfg(test)]
impl Turns {
    pub(super) fn free_turns(&self) -> usize {
        self.turns.available_permits()
    }

    pub(super) fn free_places(&self) -> usize {
        self.places.available_permits()
    }

    pub(super) async fn hold_all(&self) -> OwnedSemaphorePermit {
        let all = u32::try_from(self.concurrent_max).unwrap_or(1);
        let held = Arc::clone(&self.turns).acquire_many_owned(all).await;
        held.unwrap_or_else(|_| unreachable!("never closed"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn memory_is_handed_on_while_somebody_waits_and_goes_with_the_last() {
        let turns = Turns::new(1, 2);
        let mut first = turns.next().await.unwrap();
        first.memory().0.resize(7, Block::new());
        let waiting = tokio::spawn({
            let turns = turns.clone();
            async move { turns.next().await.unwrap() }
        });
        while turns.free_places() > 1 {
            tokio::task::yield_now().await;
        }
        drop(first);
        let mut second = waiting.await.unwrap();
        assert_eq!(second.memory().0.len(), 7, "handed on");
        assert!(turns.spare().is_empty());
        drop(second);
        assert!(turns.spare().is_empty(), "gone");
        assert_eq!(turns.free_places(), 3);
    }
}
