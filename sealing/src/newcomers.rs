//! People who wait for their first key. Keys are made together, so that a burst of new people waits for a few commits and
//! not for one each, and takes few of the connections that others load aggregates with.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use event_store::Partition;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit, oneshot};

use crate::keyring::{Found, Person};

/// Batches of keys that are made at the same time.
const TURNS: usize = 2;
/// The most keys of a batch.
const BATCH_MAX: usize = 500;

/// The queue. Whoever gets a turn works for all of their partition who wait.
pub(crate) struct Newcomers {
    // A std mutex: the critical sections move a few values and never wait.
    waiting: Mutex<HashMap<Partition, Vec<Newcomer>>>,
    turns: Semaphore,
}

struct Newcomer {
    person: Person,
    answer: oneshot::Sender<Found>,
}

/// Those whom one turn works for.
pub(crate) struct Batch(Vec<Newcomer>);

impl Newcomers {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Mutex::default(),
            turns: Semaphore::new(TURNS),
        }
    }

    /// Waits in the queue. The answer is an error when whoever took this person along failed.
    pub(crate) fn join(&self, partition: Partition, person: Person) -> oneshot::Receiver<Found> {
        let (answer, answered) = oneshot::channel();
        let newcomer = Newcomer { person, answer };
        self.lock().entry(partition).or_default().push(newcomer);
        answered
    }

    /// Waits for a turn, which lasts until it is dropped.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.turns.acquire().await
    }

    /// Takes those of a partition who wait. May be nobody: another turn took them along.
    pub(crate) fn take(&self, partition: Partition) -> Batch {
        let mut waiting = self.lock();
        let Some(all) = waiting.get_mut(&partition) else {
            return Batch(Vec::new());
        };
        let batch = all.drain(..all.len().min(BATCH_MAX)).collect();
        if all.is_empty() {
            waiting.remove(&partition);
        }
        Batch(batch)
    }

    /// A panic elsewhere cannot leave the map half-changed, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, HashMap<Partition, Vec<Newcomer>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    /// Everybody once, in an order that all servers share, so that none waits for another in a circle.
    pub(crate) fn people(&self) -> BTreeSet<Person> {
        self.0.iter().map(|newcomer| newcomer.person).collect()
    }

    /// Tells each of them what was found. One who has gone meanwhile is not missed.
    pub(crate) fn answer(self, found: &HashMap<Person, Found>) {
        for newcomer in self.0 {
            if let Some(found) = found.get(&newcomer.person) {
                let _ = newcomer.answer.send(found.clone());
            }
        }
    }
}
