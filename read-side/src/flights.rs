//! One reading for many who ask for the same at once: the first reads it, the others wait for what is found.
//!
//! Whoever joins is shown no less than they would find by themselves, as far as they can tell: what is asked for has the
//! [`Moment`](platform::freshness::Moment) of asking in its key, a reading is joined by those whose token asks for no more
//! than that of who began it, and never after it has ended.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_store::Position;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};

use crate::error::ReadError;

/// What a reading finds. All who wait for it are told of one error.
type Reading<T> = BoxFuture<'static, Result<T, Arc<ReadError>>>;

/// The readings that are under way, by what is asked for. Clones share them.
pub(crate) struct Flights<K, T>(Arc<Mutex<UnderWay<K, T>>>);

struct UnderWay<K, T> {
    begun: u64,
    flights: HashMap<K, Flight<T>>,
}

struct Flight<T> {
    number: u64,
    /// What it shows at least.
    at_least: Position,
    /// Carried on by those who wait; when all of them have hung up there is none.
    reading: WeakShared<Reading<T>>,
}

/// The place of one who waits. The last to leave clears up.
struct Seat<'a, K: Eq + Hash, T> {
    flights: &'a Flights<K, T>,
    key: Option<K>,
    number: u64,
    has_ended: bool,
}

impl<K, T> Clone for Flights<K, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        let under_way = UnderWay {
            begun: 0,
            flights: HashMap::new(),
        };
        Self(Arc::new(Mutex::new(under_way)))
    }
}

impl<K, T> Flights<K, T> {
    /// A panic elsewhere cannot leave the map half-changed, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, UnderWay<K, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash + Clone, T: Clone + Send + Sync + 'static> Flights<K, T> {
    /// What `read` finds, or what the reading of somebody else finds that is under way and shows `at_least` this position.
    /// Says whether it was somebody else's.
    ///
    /// # Errors
    /// As the reading fails, for all who wait for it.
    pub(crate) async fn join_or<F>(
        &self,
        key: K,
        at_least: Position,
        read: F,
    ) -> Result<(T, bool), ReadError>
    where
        F: Future<Output = Result<T, ReadError>> + Send + 'static,
    {
        let (number, reading, joined) = self.reading(key.clone(), at_least, read);
        // Who hangs up gives up the reading first, and then the seat.
        let mut seat = Seat {
            flights: self,
            key: Some(key),
            number,
            has_ended: false,
        };
        let found = reading.await;
        seat.has_ended = true;
        drop(seat);
        match found {
            Ok(found) => Ok((found, joined)),
            Err(error) => Err(ReadError::shared(error)),
        }
    }

    fn reading<F>(&self, key: K, at_least: Position, read: F) -> (u64, Shared<Reading<T>>, bool)
    where
        F: Future<Output = Result<T, ReadError>> + Send + 'static,
    {
        let mut under_way = self.lock();
        let fitting = under_way.flights.get(&key);
        if let Some(flight) = fitting.filter(|flight| flight.at_least >= at_least)
            && let Some(reading) = flight.reading.upgrade()
        {
            return (flight.number, reading, true);
        }
        let reading = read.map(|found| found.map_err(Arc::new)).boxed().shared();
        under_way.begun += 1;
        let number = under_way.begun;
        // None for a reading that has ended; this one has not begun.
        if let Some(weak) = reading.downgrade() {
            let flight = Flight {
                number,
                at_least,
                reading: weak,
            };
            under_way.flights.insert(key, flight);
        }
        (number, reading, false)
    }
}

impl<K: Eq + Hash, T> Drop for Seat<'_, K, T> {
    fn drop(&mut self) {
        let Some(key) = self.key.take() else {
            return;
        };
        let mut under_way = self.flights.lock();
        let Entry::Occupied(entry) = under_way.flights.entry(key) else {
            return;
        };
        let flight = entry.get();
        let is_over = self.has_ended || flight.reading.upgrade().is_none();
        if flight.number == self.number && is_over {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use tokio::sync::Notify;

    use super::*;

    const KEY: &str = "the printer";

    /// A table that is locked until it is told to go on, and counts who read it.
    #[derive(Clone, Default)]
    struct Locked {
        reads: Arc<AtomicUsize>,
        unlocked: Arc<Notify>,
    }

    impl Locked {
        fn read(&self) -> impl Future<Output = Result<usize, ReadError>> + Send + use<> {
            let table = self.clone();
            async move {
                let number = table.reads.fetch_add(1, Ordering::SeqCst) + 1;
                table.unlocked.notified().await;
                Ok(number)
            }
        }
    }

    fn at(position: i64) -> Position {
        Position::new(position).unwrap()
    }

    #[tokio::test]
    async fn many_who_ask_at_once_make_one_reading_and_leave_nothing_behind() {
        let (flights, table) = (Flights::default(), Locked::default());
        let readers = (0..50).map(|_| flights.join_or(KEY, Position::START, table.read()));
        let unlock = async { table.unlocked.notify_one() };
        let (found, ()) = tokio::join!(join_all(readers), unlock);
        let found: Vec<_> = found.into_iter().map(Result::unwrap).collect();
        assert!(found.iter().all(|(row, _)| *row == 1));
        assert_eq!(found.iter().filter(|(_, joined)| *joined).count(), 49);
        assert!(flights.lock().flights.is_empty());
        table.unlocked.notify_one();
        let next = flights.join_or(KEY, Position::START, table.read()).await;
        assert_eq!(next.unwrap(), (2, false));
    }

    #[tokio::test]
    async fn who_has_seen_more_does_not_join() {
        let (flights, table) = (Flights::default(), Locked::default());
        let early = flights.join_or(KEY, at(3), table.read());
        let equal = flights.join_or(KEY, at(3), table.read());
        let later = flights.join_or(KEY, at(4), table.read());
        let unlock = async {
            table.unlocked.notify_waiters();
        };
        let (early, equal, later, ()) = tokio::join!(early, equal, later, unlock);
        assert_eq!(early.unwrap(), (1, false));
        assert_eq!(equal.unwrap(), (1, true));
        assert_eq!(later.unwrap(), (2, false));
        assert!(flights.lock().flights.is_empty());
    }

    #[tokio::test]
    async fn when_the_first_hangs_up_the_others_carry_on() {
        let (flights, table) = (Flights::default(), Locked::default());
        let mut first = Box::pin(flights.join_or(KEY, Position::START, table.read()));
        let second = flights.join_or(KEY, Position::START, table.read());
        assert!(futures::poll!(&mut first).is_pending());
        let leave = async {
            drop(first);
            table.unlocked.notify_one();
        };
        let (second, ()) = tokio::join!(second, leave);
        assert_eq!(second.unwrap(), (1, true));
        let alone = Box::pin(flights.join_or(KEY, Position::START, table.read()));
        drop(alone);
        assert!(flights.lock().flights.is_empty());
    }

    #[tokio::test]
    async fn all_are_told_that_it_failed() {
        let flights = Flights::<&str, usize>::default();
        let read = || async {
            tokio::task::yield_now().await;
            Err(ReadError::Unavailable("the disk is gone".into()))
        };
        let both = [(); 2].map(|()| flights.join_or(KEY, Position::START, read()));
        for found in join_all(both).await {
            assert!(matches!(found, Err(ReadError::Unavailable(_))));
        }
    }
}
