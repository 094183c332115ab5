//! The one place through which a command passes: load, decide, append, answer.
//!
//! A [`UseCase`] decides on states that may be guesses (kept in memory). The append carries the version of every stream that
//! the decision saw, so a wrong guess is refused by the log and the use case decides anew. A refusal, and a decision that
//! changes nothing, has no append that would check it: then the states are read from the log and it decides once more.

pub mod aggregate;
mod answer;
mod context;
mod erasure;
mod error;
mod people;
mod references;
mod sight;
mod staged;
mod states;
mod terms;
mod weight;
mod work;

pub use answer::StoredAnswer;
pub use context::{CommandContext, Idempotency, IfMatch, Options};
pub use error::{CommandError, FieldProblem, Refusal};
pub use people::Person;
pub use states::Known;
pub use work::Work;

use crate::commands::{CreateOrganization, ImportTicket, ImportedCommand};
use aggregate::Aggregate;
use domain::actor::Actor;
use domain::ids::{OrganizationId, TicketId};
use domain::organization::state::Organization;
use domain::text::{Name, Slug};
use event_store::{
    AppendError, AppendRequest, CommandResult, EventStore, OrgId, Partition, Position, Version,
};
use platform::clock::Clock;
use sealing::Keyring;
use states::{Caches, Log, Place};
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;
use uuid::Uuid;
use work::{Demands, Setting};

/// How many locks retries share. Two streams on one lock only wait for each other, they are never mixed up.
const RETRY_LOCKS: usize = 1_024;

/// A command that may touch several aggregates of one organization. It may be decided more than once, so ids and times of
/// what it makes are its fields.
pub trait UseCase: Send + Sync {
    /// What the caller learns. Stored with the events under the idempotency key, hence its JSON form.
    type Answer: StoredAnswer;

    /// Loads aggregates, issues commands to them, and answers from their new states.
    fn decide(
        &self,
        work: &mut Work<'_>,
    ) -> impl Future<Output = Result<Self::Answer, CommandError>> + Send;
}

/// A command that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<A> {
    /// What the use case answered.
    pub answer: A,
    /// The organization's partition.
    pub partition: Partition,
    /// Where the log stands with it: what a reader has to wait for.
    pub position: Position,
    /// True when the answer is that of an earlier command with the same key.
    pub replayed: bool,
}

/// Carries out commands. Clones are cheap and share the kept states.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: EventStore,
    keys: Keyring,
    clock: Arc<dyn Clock>,
    options: Options,
    caches: Caches,
    retry_locks: Vec<Arc<Mutex<()>>>,
    hasher: RandomState,
}

/// How one attempt ended.
enum Attempt<A> {
    Done(Done<A>),
    /// Another command was faster.
    Conflict {
        stream_id: Uuid,
        actual: Version,
    },
    /// Decided on guesses that no append confirms.
    Unconfirmed,
    /// Refused on what the log holds.
    Refused(CommandError),
}

impl Dispatcher {
    /// A dispatcher over a log, whose personal data is sealed with `keys`.
    #[must_use]
    pub fn new(store: EventStore, keys: Keyring, clock: Arc<dyn Clock>, options: Options) -> Self {
        let caches = Caches::new(options.states_max_bytes, options.page_limit);
        let retry_locks = (0..RETRY_LOCKS).map(|_| Arc::default()).collect();
        Self {
            inner: Arc::new(Inner {
                store,
                keys,
                clock,
                options,
                caches,
                retry_locks,
                hasher: RandomState::new(),
            }),
        }
    }

    /// The log.
    #[must_use]
    pub fn store(&self) -> &EventStore {
        &self.inner.store
    }

    fn log(&self) -> Log<'_> {
        Log {
            store: &self.inner.store,
            keys: &self.inner.keys,
        }
    }

    /// The time by which commands are dated.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Says in the metrics how many recent states are kept, and how large they are. Called now and then.
    pub fn measure(&self) {
        self.inner.caches.measure();
    }

    /// The partition of an organization.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when there is no such organization.
    pub async fn partition(
        &self,
        organization_id: OrganizationId,
    ) -> Result<Partition, CommandError> {
        let placed = self.inner.store.placement(OrgId(organization_id.0)).await?;
        placed.ok_or(CommandError::Refused(Refusal::NotFound {
            what: "organization",
        }))
    }

    /// Carries out a command: all its events are appended, or none is.
    ///
    /// # Errors
    /// When a rule forbids it, a condition fails, or the log cannot take it; see [`CommandError`].
    pub async fn dispatch<C: UseCase>(
        &self,
        context: CommandContext,
        command: C,
    ) -> Result<Done<C::Answer>, CommandError> {
        let partition = self.partition(context.organization_id).await?;
        let place = Place {
            partition,
            org_id: OrgId(context.organization_id.0),
        };
        let correlation_id = context.correlation_id.unwrap_or_else(Uuid::now_v7);
        let mut demands = Demands::default();
        let mut retry_lock: Option<OwnedMutexGuard<()>> = None;
        for _ in 0..self.inner.options.attempts_max {
            let setting = Setting {
                store: &self.inner.store,
                keys: &self.inner.keys,
                caches: &self.inner.caches,
                reference_max_age_ms: self.inner.options.reference_max_age_ms,
                context: &context,
                place,
                now: context
                    .occurred_at
                    .unwrap_or_else(|| self.inner.clock.now()),
                correlation_id,
                demands: &demands,
            };
            match self.attempt(setting, &command).await? {
                Attempt::Done(done) => return Ok(done),
                Attempt::Conflict { stream_id, actual } => {
                    demands.at_least.insert(stream_id, actual);
                    // Those who lost take turns, so that a busy stream does not refuse them again and again.
                    drop(retry_lock.take());
                    retry_lock = Some(self.retry_lock(stream_id).await?);
                }
                Attempt::Unconfirmed => demands.confirmed = true,
                // Asked for after the states were read: whatever they hold of an earlier request, its answer is there too.
                Attempt::Refused(error) => {
                    return self.earlier_answer(place, &context).await?.ok_or(error);
                }
            }
        }
        drop(retry_lock);
        Err(CommandError::Contended)
    }

    /// Carries out several commands to one ticket in one append, each with its own time and actor: history that is taken
    /// over. Answers the ticket's version.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn ticket_batch(
        &self,
        context: CommandContext,
        ticket_id: TicketId,
        commands: Vec<ImportedCommand>,
    ) -> Result<Done<i64>, CommandError> {
        self.dispatch(
            context,
            ImportTicket {
                ticket_id,
                commands,
            },
        )
        .await
    }

    /// Makes an organization under a slug, or gives the one that has the slug already.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn create_organization(
        &self,
        name: Name,
        slug: Slug,
    ) -> Result<OrganizationId, CommandError> {
        let fresh = OrganizationId(Uuid::now_v7());
        self.create_organization_as(fresh, name, slug).await
    }

    /// As [`Dispatcher::create_organization`], with the id that a new one gets. Asked again, it gives the same one.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn create_organization_as(
        &self,
        fresh: OrganizationId,
        name: Name,
        slug: Slug,
    ) -> Result<OrganizationId, CommandError> {
        let placed = self
            .inner
            .store
            .place_organization(OrgId(fresh.0), slug.as_str())
            .await;
        let placed = placed.map_err(|error| CommandError::Unavailable(Box::new(error)))?;
        let organization_id = OrganizationId(placed.org_id.0);
        let place = Place {
            partition: placed.partition,
            org_id: placed.org_id,
        };
        let known = Organization::cache(&self.inner.caches)
            .refresh(self.log(), place, placed.org_id.0)
            .await?;
        if matches!(known.state, Organization::Absent) {
            let context = CommandContext::new(organization_id, Actor::Operator);
            match self
                .dispatch(context, CreateOrganization { name, slug })
                .await
            {
                // A conflict: another process made it in this moment.
                Ok(_) | Err(CommandError::Refused(Refusal::Conflict { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(organization_id)
    }

    async fn attempt<C: UseCase>(
        &self,
        setting: Setting<'_>,
        command: &C,
    ) -> Result<Attempt<C::Answer>, CommandError> {
        let mut work = Work::begin(setting).await?;
        let decided = match work.check_actor().await {
            Ok(()) => command.decide(&mut work).await,
            Err(refused) => Err(refused),
        };
        let conditioned = match decided {
            Ok(answer) => work.check_if_match().map(|()| answer),
            // What is hidden from the actor is not told by the answer to a condition either.
            Err(
                hidden @ CommandError::Refused(
                    Refusal::NotFound { .. }
                    | Refusal::Forbidden(_)
                    | Refusal::OrganizationSuspended,
                ),
            ) => Err(hidden),
            Err(refused @ CommandError::Refused(_)) => work.check_if_match().and(Err(refused)),
            Err(error) => return Err(error),
        };
        let answer = match conditioned {
            Ok(answer) => answer,
            Err(refused) if setting.demands.confirmed => return Ok(Attempt::Refused(refused)),
            Err(_) => return Ok(Attempt::Unconfirmed),
        };
        if work.is_without_events() && setting.context.idempotency.is_none() {
            return self.unchanged(setting, answer).await;
        }
        self.append(setting, work, answer).await
    }

    /// Nothing changes and nothing is to be stored.
    async fn unchanged<A>(
        &self,
        setting: Setting<'_>,
        answer: A,
    ) -> Result<Attempt<A>, CommandError> {
        if !setting.demands.confirmed {
            return Ok(Attempt::Unconfirmed);
        }
        let partition = setting.place.partition;
        let position = self.inner.store.head(partition).await?;
        Ok(Attempt::Done(Done {
            answer,
            partition,
            position,
            replayed: false,
        }))
    }

    async fn append<A: StoredAnswer>(
        &self,
        setting: Setting<'_>,
        mut work: Work<'_>,
        answer: A,
    ) -> Result<Attempt<A>, CommandError> {
        let Place { partition, org_id } = setting.place;
        let result = match &setting.context.idempotency {
            None => None,
            Some(given) => Some(CommandResult {
                key: given.key.clone(),
                request_hash: given.request_hash,
                answer: self.sealed_answer(setting.place, given, &answer).await?,
            }),
        };
        match work.seal().await {
            // Repeated after somebody whom it is about was erased: its earlier answer counts.
            Err(refused @ CommandError::Refused(_)) => return Ok(Attempt::Refused(refused)),
            sealed => sealed?,
        }
        let versions = work.versions();
        let request = AppendRequest {
            partition,
            org_id,
            streams: work.appends(),
            result,
        };
        match self.inner.store.append(request).await {
            Ok(appended) => {
                work.keep(versions);
                Ok(Attempt::Done(Done {
                    answer,
                    partition,
                    position: appended.position,
                    replayed: false,
                }))
            }
            Err(AppendError::Conflict {
                stream_id,
                expected,
                actual,
            }) => {
                // The log never shrinks, so a state from its future came from another log (a restored database).
                if actual < expected {
                    work.forget(stream_id);
                }
                Ok(Attempt::Conflict { stream_id, actual })
            }
            Err(AppendError::Repeated { answer, position }) => {
                let answer = self
                    .opened_answer(setting.place, setting.context, answer)
                    .await?;
                Ok(Attempt::Done(Done {
                    answer,
                    partition,
                    position,
                    replayed: true,
                }))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The answer of an earlier command with the same key: a refusal may only mean that it was carried out before.
    async fn earlier_answer<A: StoredAnswer>(
        &self,
        place: Place,
        context: &CommandContext,
    ) -> Result<Option<Done<A>>, CommandError> {
        let Some(given) = &context.idempotency else {
            return Ok(None);
        };
        let stored = self
            .inner
            .store
            .command_result(place.partition, place.org_id, &given.key)
            .await?;
        let Some(stored) = stored else {
            return Ok(None);
        };
        if stored.request_hash != given.request_hash {
            return Err(CommandError::KeyReused);
        }
        let answer = self.opened_answer(place, context, stored.answer).await?;
        Ok(Some(Done {
            answer,
            partition: place.partition,
            position: stored.position,
            replayed: true,
        }))
    }

    /// Waits for a turn, but not for ever: behind a log that hangs, those who wait would pile up.
    async fn retry_lock(&self, stream_id: Uuid) -> Result<OwnedMutexGuard<()>, CommandError> {
        let index = self.inner.hasher.hash_one(stream_id) as usize % RETRY_LOCKS;
        let turn = self.inner.retry_locks[index].clone().lock_owned();
        timeout(self.inner.options.retry_wait_max, turn)
            .await
            .map_err(|_elapsed| CommandError::Contended)
    }
}
