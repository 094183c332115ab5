//! The projection of one partition: follow the log, project, announce, write the caches.
//!
//! Several processes may run a worker for the same partition. The lock of the checkpoint keeps them from harming each
//! other; the one that finds the checkpoint moved twice in a row stands by and takes over when it stands still.

use std::time::{Duration, Instant as StdInstant};

use deadpool_postgres::Pool;
use event_store::{EventStore, OrgId, Partition, Position, RecordedEvent, Subscription};
use metrics::counter;
use platform::cache::{Cache, LossWatch};
use platform::consistency::Progress;
use platform::shutdown::Shutdown;
use sealing::Keyring;
use tokio::time::{Instant, sleep, timeout};

use crate::batch::{self, Applied, Outcome, Target};
use crate::checkpoint::{self, Checkpoint};
use crate::error::BatchError;
use crate::event;
use crate::flush::{FlushWatch, was_flushed};
use crate::options::Options;
use crate::status::{Activity, Board};

/// Everything that a worker needs.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    pub(crate) partition: Partition,
    pub(crate) store: EventStore,
    pub(crate) keys: Keyring,
    pub(crate) pool: Pool,
    pub(crate) cache: Cache,
    pub(crate) progress: Progress,
    pub(crate) options: Options,
    pub(crate) board: Board,
    pub(crate) shutdown: Shutdown,
}

/// How long after a batch the checkpoint is told that the caches show it, unless another batch comes meanwhile. Only a
/// stand-by asks, and while batches come it sees the position move: told each time, each batch would cost a second commit.
const CONFIRM_AFTER: Duration = Duration::from_millis(50);

/// How far a worker is.
struct Reached {
    position: Position,
    /// The generation under which the caches show the position, where the checkpoint does not say so yet.
    unconfirmed: Option<i64>,
}

/// Why a worker stopped following.
enum Stop {
    Shutdown,
    /// The checkpoint is not where this worker left it.
    Moved,
    /// It stands before a poison event.
    Poisoned,
}

impl Worker {
    /// Works until shutdown. A dependency that is down is waited for, however long.
    pub(crate) async fn run(self) {
        let mut delay = self.options.retry_delay_min;
        let mut moved_at: Option<Instant> = None;
        while !self.shutdown.is_requested() {
            let started = Instant::now();
            match self.follow().await {
                Ok(Stop::Shutdown) => break,
                Ok(Stop::Moved) => {
                    // Once is a switch of namespaces or a chance; twice in short time is another projector at work.
                    let again =
                        moved_at.is_some_and(|at| at.elapsed() < self.options.takeover_after * 2);
                    moved_at = Some(Instant::now());
                    if again {
                        self.stand_by().await;
                    }
                }
                Ok(Stop::Poisoned) => self.pause(self.options.poison_retry).await,
                Err(error) => {
                    if started.elapsed() > self.options.retry_delay_max {
                        delay = self.options.retry_delay_min;
                    }
                    self.report(&error);
                    self.pause(delay).await;
                    delay = (delay * 2).min(self.options.retry_delay_max);
                }
            }
        }
        self.board.activity(self.partition, Activity::Stopped);
    }

    /// Takes the partition over and follows it until something is in the way. What other projectors have left unwritten
    /// in the caches is not known, so the generation is raised first.
    async fn follow(&self) -> Result<Stop, BatchError> {
        let mut losses = LossWatch::new(self.cache.valkey());
        let checkpoint = self.raise_generation("start").await?;
        let mut subscription = self.store.subscribe(self.partition, checkpoint.position);
        let mut reached = Reached {
            position: checkpoint.position,
            unconfirmed: None,
        };
        let flushes = FlushWatch::start(
            self.pool.clone(),
            self.cache.clone(),
            self.partition,
            self.options.cache_check,
        );
        self.announce(reached.position);
        loop {
            tokio::select! {
                () = self.shutdown.requested() => return Ok(Stop::Shutdown),
                () = losses.lost() => {
                    losses.take();
                    if self.raise_generation("connection_lost").await?.position != reached.position {
                        return Ok(Stop::Moved);
                    }
                }
                () = flushes.suspected() => {
                    if was_flushed(&self.pool, &self.cache, self.partition).await?
                        && self.raise_generation("flushed").await?.position != reached.position
                    {
                        return Ok(Stop::Moved);
                    }
                }
                () = sleep(CONFIRM_AFTER), if reached.unconfirmed.is_some() => {
                    self.confirm(&mut reached).await?;
                }
                page = next_page(&mut subscription, self.options.batch_limit) => {
                    let mut page = page?;
                    event::open(&self.keys, &mut page).await?;
                    if let Some(stop) = self.project(&mut reached, &page, losses.take()).await? {
                        return Ok(stop);
                    }
                    // Only while everything is well: an event that came right ends a poison or a failure.
                    self.board.activity(self.partition, Activity::Following);
                }
            }
        }
    }

    /// Projects a page, and says why to stop if something is in the way.
    async fn project(
        &self,
        reached: &mut Reached,
        page: &[RecordedEvent],
        cache_lost: bool,
    ) -> Result<Option<Stop>, BatchError> {
        let mut rest = page;
        let mut raise = cache_lost || !self.cache.valkey().is_connected();
        while !rest.is_empty() {
            let batch = batch::project(
                &self.pool,
                Target::Live,
                self.partition,
                reached.position,
                rest,
                raise,
            );
            let outcome = timeout(self.options.timeout_of(rest), batch)
                .await
                .map_err(|_| BatchError::Timeout)??;
            let Outcome::Applied(applied) = outcome else {
                return Ok(Some(Stop::Moved));
            };
            raise = !self.cache.valkey().is_connected();
            reached.position = applied.position;
            rest = &rest[rest.partition_point(|event| event.position <= applied.position)..];
            // Before the caches: a reader with a token takes a cached row only if it is as new as the token.
            self.announce(applied.position);
            reached.unconfirmed = self.write_caches(&applied).await?;
            self.forget(&applied).await;
            if let Some(poison) = applied.poison {
                self.confirm(reached).await?;
                let reason = &poison.reason;
                tracing::error!(partition = %self.partition, position = %poison.position, reason, "poison event: this partition of the projection stops before it");
                counter!("insightdesk_projector_poison_total").increment(1);
                self.board
                    .activity(self.partition, Activity::Poisoned(poison));
                return Ok(Some(Stop::Poisoned));
            }
        }
        counter!("insightdesk_projector_events_total").increment(page.len() as u64);
        Ok(None)
    }

    fn announce(&self, position: Position) {
        self.progress.announce(self.partition, position);
        self.board.position(self.partition, position);
    }

    /// After the commit. A write that may be lost makes everything in the caches worthless. Gives the generation under which
    /// they show the batch now, where the checkpoint does not say so by itself.
    async fn write_caches(&self, applied: &Applied) -> Result<Option<i64>, BatchError> {
        let generation = applied.cache_generation;
        if applied.generation_raised {
            counter!("insightdesk_cache_generation_raises_total", "cause" => "batch").increment(1);
            self.open(generation).await;
            return Ok(None);
        }
        let tickets: Vec<_> = applied.tickets.iter().collect();
        let organizations: Vec<_> = applied.organizations.iter().collect();
        let written = tokio::try_join!(
            self.cache.put(generation, self.partition, &tickets),
            self.cache.put(generation, self.partition, &organizations),
        );
        if let Err(error) = written {
            tracing::info!(partition = %self.partition, %error, "cache entries may be lost: raising the generation");
            self.raise_generation("write_failed").await?;
            return Ok(None);
        }
        Ok(Some(generation))
    }

    /// Lets the checkpoint say that the caches show everything up to it.
    async fn confirm(&self, reached: &mut Reached) -> Result<(), BatchError> {
        if let Some(generation) = reached.unconfirmed.take() {
            let (pool, position) = (&self.pool, reached.position);
            checkpoint::confirm_cached(pool, self.partition, position, generation).await?;
        }
        Ok(())
    }

    /// Takes erased people out of memory and out of the entries of former generations, which nobody reads any more but
    /// which would lie there for a while. The generation was raised with the batch.
    async fn forget(&self, applied: &Applied) {
        if applied.erased.is_empty() {
            return;
        }
        for (org, user) in &applied.erased {
            self.keys.forget(OrgId(org.0), *user);
        }
        let cleared = self
            .cache
            .clear_before(applied.cache_generation, self.partition);
        if let Err(error) = cleared.await {
            // Without Valkey there is nothing to be read from it; the entries end by themselves within the hour.
            tracing::warn!(partition = %self.partition, %error, "cache entries of erased people were not removed");
        }
    }

    async fn raise_generation(&self, cause: &'static str) -> Result<Checkpoint, BatchError> {
        counter!("insightdesk_cache_generation_raises_total", "cause" => cause).increment(1);
        let checkpoint = checkpoint::raise_generation(&self.pool, self.partition).await?;
        self.open(checkpoint.cache_generation).await;
        Ok(checkpoint)
    }

    /// Opens the generation that was just raised and tells the readers of this process.
    async fn open(&self, generation: i64) {
        if let Err(error) = self.cache.open(generation, self.partition).await {
            // It stays closed: nothing is cached until it is raised again.
            tracing::debug!(partition = %self.partition, %error, "the cache generation was not opened");
        }
        let generations = self.cache.generations();
        generations.announce(self.partition, generation, StdInstant::now());
    }

    /// Watches the active projector and returns when its work stands still, or at shutdown.
    async fn stand_by(&self) {
        self.board.activity(self.partition, Activity::Standby);
        tracing::info!(partition = %self.partition, "another projector works on this partition: standing by");
        let mut last: Option<Checkpoint> = None;
        let mut since = Instant::now();
        while !self.shutdown.is_requested() {
            self.pause(self.options.standby_poll).await;
            let Ok((checkpoint, head)) = self.look().await else {
                since = Instant::now();
                continue;
            };
            let idle =
                checkpoint.position >= head && checkpoint.cached_position >= checkpoint.position;
            let known = last.map(|last| (last.position, last.cached_position));
            if idle || known != Some((checkpoint.position, checkpoint.cached_position)) {
                since = Instant::now();
            } else if since.elapsed() >= self.options.takeover_after {
                tracing::warn!(partition = %self.partition, "the other projector stands still: taking over");
                return;
            }
            self.board.position(self.partition, checkpoint.position);
            last = Some(checkpoint);
        }
    }

    async fn look(&self) -> Result<(Checkpoint, Position), BatchError> {
        let checkpoint = checkpoint::read(&self.pool, self.partition).await?;
        Ok((checkpoint, self.store.head(self.partition).await?))
    }

    fn report(&self, error: &BatchError) {
        let text = error.with_causes();
        tracing::warn!(partition = %self.partition, error = text, "the projection failed and tries again");
        counter!("insightdesk_projector_failures_total").increment(1);
        self.board
            .activity(self.partition, Activity::Failing { error: text });
    }

    async fn pause(&self, delay: Duration) {
        tokio::select! {
            () = sleep(delay) => {}
            () = self.shutdown.requested() => {}
        }
    }
}

async fn next_page(
    subscription: &mut Subscription,
    limit: u32,
) -> Result<Vec<RecordedEvent>, BatchError> {
    Ok(subscription.next_page(limit).await?)
}
