//! Read-your-writes: the token that a command answers with, and the wait until the read models are that far.
//!
//! A token names an event. A query that carries it is answered from read models that show this event.
//! How far they are is told in this process by the projector ([`Progress::announce`]) and, because the projector
//! may be another process, asked of the database while somebody waits.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use const_format::formatcp;
use deadpool_postgres::Pool;
use event_store::{Partition, Position};
use schema::projection::CORE;
use schema::table::core::CHECKPOINTS;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// How often the database is asked while somebody waits.
const POLL_INTERVAL: Duration = Duration::from_millis(25);
/// How old the knowledge may be that an answer's own token is made from.
const FRESH_FOR: Duration = Duration::from_millis(250);
/// How long an answer may be held up to learn how far it is.
const CURRENT_TIMEOUT: Duration = Duration::from_millis(250);

const POSITION: &str = formatcp!("SELECT position FROM {CORE}.{CHECKPOINTS} WHERE partition = $1");

/// An event that read models have to show: `<partition>-<position>` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConsistencyToken {
    /// The partition of the organization.
    pub partition: Partition,
    /// The event in it.
    pub position: Position,
}

/// A text is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a token as an earlier answer gave it, such as 3-1042")]
pub struct InvalidToken;

impl fmt::Display for ConsistencyToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.partition, self.position)
    }
}

impl FromStr for ConsistencyToken {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let (partition, position) = text.split_once('-').ok_or(InvalidToken)?;
        let partition = parse_digits(partition)?;
        let position = parse_digits(position)?;
        Ok(Self {
            partition: Partition::new(partition).map_err(|_| InvalidToken)?,
            position: Position::new(position).map_err(|_| InvalidToken)?,
        })
    }
}

/// `str::parse` alone would also take a sign.
fn parse_digits<N: FromStr>(text: &str) -> Result<N, InvalidToken> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidToken);
    }
    text.parse().map_err(|_| InvalidToken)
}

/// The read models did not get as far as asked in the time allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the read models did not reach {token} within {} ms; try again shortly", timeout.as_millis())]
pub struct WaitTimeout {
    /// What was waited for.
    pub token: ConsistencyToken,
    /// How long.
    pub timeout: Duration,
}

/// How far the core read models are in each partition. Clones share the knowledge.
#[derive(Clone)]
pub struct Progress {
    pool: Pool,
    // A std mutex: the critical section is one look-up and never waits.
    partitions: Arc<Mutex<HashMap<Partition, Arc<Known>>>>,
}

impl fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Progress").finish_non_exhaustive()
    }
}

/// What is known of one partition.
struct Known {
    position: watch::Sender<Position>,
    /// When the position was last found to be another one.
    moved_at: Mutex<Instant>,
    /// When the database was asked last. Held while asking, so that one asks for all who wait.
    asked_at: tokio::sync::Mutex<Option<Instant>>,
}

impl Progress {
    /// Knows nothing yet; `pool` is asked for what nobody announces. Its timeouts bound each question.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self {
            pool,
            partitions: Arc::default(),
        }
    }

    /// Says that the committed read models show the event. An older one than the known changes nothing.
    pub fn announce(&self, partition: Partition, position: Position) {
        self.known_of(partition).announce(position);
    }

    /// How far the read models of the partition are at least, by what is known already, if they have not been seen to
    /// move for `quiet`. None after they moved.
    #[must_use]
    pub fn at_rest(&self, partition: Partition, quiet: Duration) -> Option<Position> {
        let known = self.known_of(partition);
        // In this order: a position that is new here was marked as moved before.
        let position = *known.position.borrow();
        let moved_at = *known.lock_moved_at();
        (moved_at.elapsed() >= quiet).then_some(position)
    }

    /// How far the read models of the partition are at least. Asks the database when the knowledge is older
    /// than 250 ms; when it does not answer, what was known before stands.
    pub async fn current(&self, partition: Partition) -> Position {
        let known = self.known_of(partition);
        // Too late is the same as no answer: what was known before is true, only less.
        let _ = timeout(CURRENT_TIMEOUT, self.refresh(partition, &known, FRESH_FOR)).await;
        *known.position.borrow()
    }

    /// Returns as soon as the read models show the token's event.
    ///
    /// # Errors
    /// [`WaitTimeout`] when they do not within `limit`.
    pub async fn wait_for(
        &self,
        token: ConsistencyToken,
        limit: Duration,
    ) -> Result<(), WaitTimeout> {
        let known = self.known_of(token.partition);
        timeout(limit, self.reach(token, &known))
            .await
            .map_err(|_| WaitTimeout {
                token,
                timeout: limit,
            })
    }

    async fn reach(&self, token: ConsistencyToken, known: &Known) {
        let mut changes = known.position.subscribe();
        while *changes.borrow_and_update() < token.position {
            let ask = async {
                self.refresh(token.partition, known, POLL_INTERVAL).await;
                sleep(POLL_INTERVAL).await;
            };
            tokio::select! {
                // The sender lives as long as `known`, so this is always news.
                _ = changes.changed() => {}
                () = ask => {}
            }
        }
    }

    /// Asks the database unless it was asked less than `max_age` ago.
    async fn refresh(&self, partition: Partition, known: &Known, max_age: Duration) {
        let mut asked_at = known.asked_at.lock().await;
        if asked_at.is_some_and(|at| at.elapsed() < max_age) {
            return;
        }
        match self.ask(partition).await {
            Ok(position) => known.announce(position),
            Err(error) => {
                tracing::debug!(%partition, error = &*error, "the progress of the read models is not known")
            }
        }
        *asked_at = Some(Instant::now());
    }

    async fn ask(&self, partition: Partition) -> Result<Position, Box<dyn std::error::Error>> {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(POSITION).await?;
        let row = client.query_opt(&statement, &[&partition.get()]).await?;
        let position = row.map_or(Ok(0), |row| row.try_get(0))?;
        Ok(Position::new(position)?)
    }

    /// A panic elsewhere cannot leave the map half-changed, so a poisoned lock is still good.
    fn known_of(&self, partition: Partition) -> Arc<Known> {
        let mut partitions = self
            .partitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = partitions.entry(partition).or_insert_with(|| {
            Arc::new(Known {
                position: watch::Sender::new(Position::START),
                moved_at: Mutex::new(Instant::now()),
                asked_at: tokio::sync::Mutex::new(None),
            })
        });
        Arc::clone(known)
    }
}

impl Known {
    fn announce(&self, position: Position) {
        self.position.send_if_modified(|known| {
            let is_news = position > *known;
            if is_news {
                // Before the new position can be seen: who sees it does not take it for an old one.
                *self.lock_moved_at() = Instant::now();
                *known = position;
            }
            is_news
        });
    }

    /// A panic elsewhere cannot leave an instant half-changed, so a poisoned lock is still good.
    fn lock_moved_at(&self) -> MutexGuard<'_, Instant> {
        self.moved_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::config::PoolSettings;
    use crate::pools::Pools;

    fn token(text: &str) -> ConsistencyToken {
        text.parse().unwrap()
    }

    /// A pool whose server is not there.
    fn progress() -> Progress {
        let pools = Pools::new(
            "postgresql://nobody@/none?host=/nowhere",
            &PoolSettings::default(),
        );
        Progress::new(pools.unwrap().queries)
    }

    #[test]
    fn a_token_reads_back_as_it_was_written() {
        assert_eq!(token("3-1042").to_string(), "3-1042");
        assert_eq!(token("0-0").position, Position::START);
    }

    #[test]
    fn what_is_not_a_token_is_refused() {
        for wrong in [
            "",
            "3",
            "3-",
            "-3-4",
            "+3-4",
            "3--4",
            "3-4-5",
            "a-b",
            "70000-1",
            "1-9223372036854775808",
            " 3-4",
        ] {
            assert_eq!(
                wrong.parse::<ConsistencyToken>(),
                Err(InvalidToken),
                "{wrong}"
            );
        }
    }

    #[tokio::test]
    async fn a_wait_ends_when_the_position_is_announced_and_not_by_an_earlier_one() {
        let progress = progress();
        let mut waiting = Box::pin(progress.wait_for(token("1-5"), Duration::from_secs(60)));
        progress.announce(token("1-4").partition, token("1-4").position);
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        progress.announce(token("2-9").partition, token("2-9").position);
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        progress.announce(token("1-5").partition, token("1-5").position);
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn what_was_reached_before_needs_no_database() {
        let progress = progress();
        progress.announce(token("1-5").partition, token("1-5").position);
        progress
            .wait_for(token("1-3"), Duration::ZERO)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_wait_for_what_never_comes_ends_with_the_token() {
        let waited = progress()
            .wait_for(token("1-5"), Duration::from_millis(30))
            .await;
        assert_eq!(waited.unwrap_err().token, token("1-5"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_partition_rests_once_it_has_not_moved_for_as_long_as_asked() {
        let progress = progress();
        let quiet = Duration::from_millis(50);
        let token = token("1-5");
        progress.announce(token.partition, token.position);
        assert_eq!(progress.at_rest(token.partition, quiet), None);
        tokio::time::advance(quiet).await;
        assert_eq!(
            progress.at_rest(token.partition, quiet),
            Some(token.position)
        );
        progress.announce(token.partition, token.position);
        assert_eq!(
            progress.at_rest(token.partition, quiet),
            Some(token.position)
        );
        progress.announce(token.partition, Position::new(6).unwrap());
        assert_eq!(progress.at_rest(token.partition, quiet), None);
    }

    #[tokio::test]
    async fn an_announcement_never_goes_back() {
        let progress = progress();
        let partition = token("1-5").partition;
        progress.announce(partition, token("1-5").position);
        progress.announce(partition, token("1-3").position);
        assert_eq!(progress.current(partition).await, token("1-5").position);
    }
}
