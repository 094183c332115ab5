//! One batch: lock the checkpoint, load what the events touch, fold, write, advance the checkpoint, commit.
//!
//! The checkpoint moves in the transaction of the rows, so a crash anywhere loses no event and applies none twice.
//! Whoever holds its lock is alone: another projector or a switch of namespaces shows as [`Outcome::Moved`].

use std::panic::{AssertUnwindSafe, catch_unwind};

use deadpool_postgres::{Pool, Transaction};
use domain::ids::{OrganizationId, UserId};
use event_store::{Partition, Position, RecordedEvent};
use platform::rows::{OrganizationRow, TicketRow};
use schema::projection::{CORE, CORE_NEXT};

use crate::cells;
use crate::checkpoint::{self, Poison};
use crate::error::{BatchError, with_causes};
use crate::event::Event;
use crate::fold;
use crate::load::load;
use crate::state::State;
use crate::write::write;

/// A batch that changes more tickets than this writes none to the cache but raises the generation: catching up must
/// not wait for a cache that nobody reads yet.
const CACHED_TICKETS_LIMIT: usize = 500;

/// Where a batch goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// The live read models.
    Live,
    /// Those being built beside them.
    Next,
    /// Those of an earlier time, in this namespace.
    Replay(&'a str),
}

impl<'a> Target<'a> {
    /// The namespace.
    #[must_use]
    pub fn namespace(self) -> &'a str {
        match self {
            Self::Live => CORE,
            Self::Next => CORE_NEXT,
            Self::Replay(namespace) => namespace,
        }
    }

    /// What a transaction into this target begins with. Rows are found by their keys alone, so a plan that scans a table
    /// is never wanted. A rebuild need not wait for the disk: what a crash takes from it, rows and checkpoint alike, is
    /// built again.
    pub(crate) fn settings(self) -> String {
        let namespace = self.namespace();
        let synchronous = match self {
            Self::Live => "on",
            Self::Next | Self::Replay(_) => "off",
        };
        format!(
            "SET LOCAL search_path TO {namespace}, public; SET LOCAL enable_seqscan TO off; \
             SET LOCAL synchronous_commit TO {synchronous}"
        )
    }
}

/// What became of a batch.
#[derive(Debug)]
pub enum Outcome {
    /// It is committed, or the part of it before a poison event.
    Applied(Applied),
    /// The checkpoint is not where the batch begins: somebody else moved it. Nothing was written.
    Moved,
}

/// A committed batch.
#[derive(Debug)]
pub struct Applied {
    /// The last event that the tables show.
    pub position: Position,
    /// The generation for the caches.
    pub cache_generation: i64,
    /// Whether the generation was raised with the batch, so that the caches need no rows.
    pub generation_raised: bool,
    /// The event that the batch stopped before.
    pub poison: Option<Poison>,
    /// The tickets that changed; none where the generation was raised.
    pub tickets: Vec<TicketRow>,
    /// The organizations whose settings changed.
    pub organizations: Vec<OrganizationRow>,
    /// The people who were erased.
    pub erased: Vec<(OrganizationId, UserId)>,
}

/// Projects events that follow `after` into the target. Commits fewer than all of them when PostgreSQL refuses a value
/// among them, and where an organization's zone may change: the caller goes on from the returned position.
///
/// # Errors
/// When the database or a row of it is at fault. Nothing was written then.
pub async fn project(
    pool: &Pool,
    target: Target<'_>,
    partition: Partition,
    after: Position,
    recorded: &[RecordedEvent],
    raise_generation: bool,
) -> Result<Outcome, BatchError> {
    let mut events = recorded;
    loop {
        match attempt(pool, target, partition, after, events, raise_generation).await {
            Err(error) if error.is_refused_data() && events.len() > 1 => {
                events = &events[..events.len() / 2]
            }
            Err(error) if error.is_refused_data() => {
                let poison = Poison {
                    position: after.next(),
                    reason: error.with_causes(),
                };
                return stop_before(pool, target, partition, after, poison).await;
            }
            outcome => return outcome,
        }
    }
}

async fn attempt(
    pool: &Pool,
    target: Target<'_>,
    partition: Partition,
    after: Position,
    events: &[RecordedEvent],
    raise_generation: bool,
) -> Result<Outcome, BatchError> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    if begin(&tx, target, partition).await? != after {
        return Ok(Outcome::Moved);
    }
    let outcome = apply_locked(&tx, partition, after, events, raise_generation).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// Projects events in a transaction that already works in the right namespace.
///
/// # Errors
/// As [`project`]; the transaction is of no use then.
pub async fn apply(
    tx: &Transaction<'_>,
    partition: Partition,
    after: Position,
    recorded: &[RecordedEvent],
    raise_generation: bool,
) -> Result<Outcome, BatchError> {
    if checkpoint::lock(tx, partition).await? != after {
        return Ok(Outcome::Moved);
    }
    apply_locked(tx, partition, after, recorded, raise_generation).await
}

async fn apply_locked(
    tx: &Transaction<'_>,
    partition: Partition,
    after: Position,
    recorded: &[RecordedEvent],
    raise_generation: bool,
) -> Result<Outcome, BatchError> {
    let (events, unreadable) = read(cells::up_to_another_zone(recorded));
    let (mut state, count, inapplicable) = fold_until_poison(tx, partition, &events).await?;
    let position = match count {
        0 => after,
        count => Position::new(events[count - 1].position)?,
    };
    let poison = inapplicable.or(unreadable);
    let renamed = !state.renamed_users.is_empty() || !state.renamed_teams.is_empty();
    let raise = raise_generation || renamed || state.tickets.written_count() > CACHED_TICKETS_LIMIT;
    // Sent together: neither needs the other's answer. Where both fail, the rows are the cause.
    let (written, advanced) = tokio::join!(
        write(tx, partition, &state),
        checkpoint::advance(tx, partition, position, raise, poison.as_ref()),
    );
    written?;
    let cache_generation = advanced?;
    Ok(Outcome::Applied(Applied {
        position,
        cache_generation,
        generation_raised: raise,
        poison,
        organizations: changed_settings(&state),
        erased: state.erased_users.iter().copied().collect(),
        // Nobody takes them where the caches need none.
        tickets: match raise {
            true => Vec::new(),
            false => state.tickets.take_written(),
        },
    }))
}

/// Goes into the target's namespace and locks the checkpoint there, in one round trip: the settings are sent first.
async fn begin(
    tx: &Transaction<'_>,
    target: Target<'_>,
    partition: Partition,
) -> Result<Position, BatchError> {
    let settings = target.settings();
    let settings = async { Ok(tx.batch_execute(&settings).await?) };
    let ((), position) = tokio::try_join!(settings, checkpoint::lock(tx, partition))?;
    Ok(position)
}

async fn stop_before(
    pool: &Pool,
    target: Target<'_>,
    partition: Partition,
    after: Position,
    poison: Poison,
) -> Result<Outcome, BatchError> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    if begin(&tx, target, partition).await? != after {
        return Ok(Outcome::Moved);
    }
    let cache_generation = checkpoint::advance(&tx, partition, after, false, Some(&poison)).await?;
    tx.commit().await?;
    Ok(Outcome::Applied(Applied {
        position: after,
        cache_generation,
        generation_raised: false,
        poison: Some(poison),
        tickets: Vec::new(),
        organizations: Vec::new(),
        erased: Vec::new(),
    }))
}

/// The events up to the first that cannot be read.
fn read(recorded: &[RecordedEvent]) -> (Vec<Event>, Option<Poison>) {
    let mut events = Vec::with_capacity(recorded.len());
    for record in recorded {
        match Event::read(record) {
            Ok(event) => events.push(event),
            Err(error) => {
                let poison = Poison {
                    position: record.position,
                    reason: with_causes(&error),
                };
                return (events, Some(poison));
            }
        }
    }
    (events, None)
}

/// Folds the events up to the first that cannot be applied, and says how many that are.
async fn fold_until_poison(
    tx: &Transaction<'_>,
    partition: Partition,
    events: &[Event],
) -> Result<(State, usize, Option<Poison>), BatchError> {
    let mut state = load(tx, partition, events).await?;
    let Err((index, reason)) = fold_all(&mut state, events) else {
        return Ok((state, events.len(), None));
    };
    let poison = Poison {
        position: Position::new(events[index].position)?,
        reason,
    };
    // The failed event may have changed some rows: those before it are folded again on fresh ones.
    let before = &events[..index];
    let mut state = load(tx, partition, before).await?;
    match fold_all(&mut state, before) {
        Ok(()) => Ok((state, index, Some(poison))),
        // Folding is pure, so this cannot be; nothing is written if it is.
        Err((index, reason)) => {
            let poison = Poison {
                position: Position::new(before[index].position)?,
                reason,
            };
            Ok((State::default(), 0, Some(poison)))
        }
    }
}

fn fold_all(state: &mut State, events: &[Event]) -> Result<(), (usize, String)> {
    for (index, event) in events.iter().enumerate() {
        // A panic in a fold is a defect that one event meets: its partition stops there, the others go on.
        match catch_unwind(AssertUnwindSafe(|| fold::apply(state, event))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err((index, error.to_string())),
            Err(_) => {
                return Err((
                    index,
                    "applying it panicked; see the log of the process".to_owned(),
                ));
            }
        }
    }
    Ok(())
}

fn changed_settings(state: &State) -> Vec<OrganizationRow> {
    let rows = state.changed_settings.iter();
    rows.filter_map(|org| state.organizations.get(*org).cloned())
        .collect()
}
