//! Read models as they were at a time, in a namespace of their own for analysts. The live ones are not touched, and nothing
//! keeps these up to date.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use deadpool_postgres::Pool;
use event_store::{EventStore, Partition, Position, ReadError};
use schema::projection::{CORE, CORE_NEXT, CORE_OLD};
use sealing::Keyring;

use crate::batch::Target;
use crate::error::RebuildError;
use crate::fill::{Fill, Phase, Positions, Report};
use crate::namespace::{self, REPLAY_NOTE};
use crate::options::Options;

/// The longest name that PostgreSQL keeps whole.
const NAME_BYTES_MAX: usize = 63;
/// Those that are used already.
const TAKEN: [&str; 5] = [CORE, CORE_NEXT, CORE_OLD, "public", "information_schema"];

/// The namespace of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayNamespace(String);

/// Why a text does not name the namespace of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNamespace {
    /// Other characters, or too many.
    #[error(
        "use 1 to {NAME_BYTES_MAX} lower-case letters, digits and underscores, beginning with a letter"
    )]
    Characters,
    /// PostgreSQL or the product uses it.
    #[error("this name is used for something else: choose another")]
    Taken,
}

impl ReplayNamespace {
    /// The one that a replay of this time gets unless another is asked for. It begins like the live one, so that backups
    /// which leave that out leave this out, too.
    #[must_use]
    pub fn of(as_of: DateTime<Utc>) -> Self {
        Self(format!("{CORE}_as_of_{}", as_of.format("%Y%m%dt%H%M%S%6f")))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As statements spell it, since it may be a word of SQL. No character of it needs more care than that.
    pub(crate) fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl FromStr for ReplayNamespace {
    type Err = InvalidNamespace;

    fn from_str(text: &str) -> Result<Self, InvalidNamespace> {
        let is_inner =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let begins_right = text
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_lowercase());
        if !begins_right || text.len() > NAME_BYTES_MAX || !text.bytes().all(is_inner) {
            return Err(InvalidNamespace::Characters);
        }
        if TAKEN.contains(&text) || text.starts_with("pg_") {
            return Err(InvalidNamespace::Taken);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ReplayNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Refuses a namespace that is there already.
///
/// # Errors
/// [`RebuildError::NamespaceTaken`], and when PostgreSQL fails.
pub async fn refuse_taken(pool: &Pool, namespace: &ReplayNamespace) -> Result<(), RebuildError> {
    namespace::refuse_taken(&**pool.get().await?, namespace).await
}

/// Builds the core read models in `namespace`, from the events that were recorded up to `as_of`; how many these are.
///
/// # Errors
/// When the namespace is there already, PostgreSQL fails, or an event cannot be applied. Nothing is left then.
pub async fn replay(
    store: &EventStore,
    keys: &Keyring,
    pool: &Pool,
    options: &Options,
    namespace: &ReplayNamespace,
    as_of: DateTime<Utc>,
    report: Report<'_>,
) -> Result<i64, RebuildError> {
    let ends = ends(store, as_of).await?;
    let note = format!("{REPLAY_NOTE} as of {}", as_of.to_rfc3339());
    namespace::create_replay(pool, namespace, &note).await?;
    let built = build(store, keys, pool, options, namespace, &ends, report).await;
    if built.is_err() {
        // The cause matters, not this.
        let _ = namespace::drop_replay(pool, namespace).await;
    }
    built?;
    Ok(ends.values().map(|end| end.get()).sum())
}

/// Drops the namespace of a replay, and refuses any other.
///
/// # Errors
/// When there is none of this name that a replay made, or PostgreSQL fails.
pub async fn drop_replay(pool: &Pool, namespace: &ReplayNamespace) -> Result<(), RebuildError> {
    namespace::drop_replay(pool, namespace).await
}

async fn build(
    store: &EventStore,
    keys: &Keyring,
    pool: &Pool,
    options: &Options,
    namespace: &ReplayNamespace,
    ends: &Positions,
    report: Report<'_>,
) -> Result<(), RebuildError> {
    let quoted = namespace.quoted();
    let target = Target::Replay(&quoted);
    let mut fill = Fill::new(store, keys, pool, options, target, report);
    fill.advance(Phase::Filling, ends).await?;
    if let Some((partition, poison)) = fill.poisons.iter().next() {
        return Err(RebuildError::Poisoned {
            partition: *partition,
            poison: poison.clone(),
        });
    }
    fill.tell(Phase::Indexing, 0);
    namespace::index(pool, &quoted).await
}

/// Where each partition stood: its last event that was recorded at this time or before.
async fn ends(store: &EventStore, as_of: DateTime<Utc>) -> Result<Positions, ReadError> {
    let mut ends = Positions::new();
    for partition in store.partitions().await? {
        ends.insert(partition, end(store, partition, as_of).await?);
    }
    Ok(ends)
}

/// Recorded times rise with positions, but for the milliseconds by which the clocks of two servers may differ: halving
/// finds a place at which the time passes.
async fn end(
    store: &EventStore,
    partition: Partition,
    as_of: DateTime<Utc>,
) -> Result<Position, ReadError> {
    let (mut until, mut last) = (Position::START, store.head(partition).await?);
    while until < last {
        let middle = until.halfway_to(last);
        let page = store.read_partition(partition, middle, 1).await?;
        if page.first().is_some_and(|event| event.recorded_at <= as_of) {
            until = middle.next();
        } else {
            last = middle;
        }
    }
    Ok(until)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_name_is_a_plain_one_that_nobody_uses() {
        for right in ["march", "core_as_of_march", "m2026_03"] {
            assert_eq!(right.parse::<ReplayNamespace>().unwrap().as_str(), right);
        }
        for wrong in [
            "",
            "March",
            "2026",
            "a-b",
            "a;b",
            "a b",
            "\u{e4}",
            &"x".repeat(64),
        ] {
            assert_eq!(
                wrong.parse::<ReplayNamespace>(),
                Err(InvalidNamespace::Characters)
            );
        }
        for taken in ["core", "core_next", "core_old", "public", "pg_catalog"] {
            assert_eq!(
                taken.parse::<ReplayNamespace>(),
                Err(InvalidNamespace::Taken)
            );
        }
    }

    #[test]
    fn the_name_of_a_time_is_a_right_one() {
        let name = ReplayNamespace::of("2026-03-02T09:00:00.000001Z".parse().unwrap());
        assert_eq!(name.as_str(), "core_as_of_20260302t090000000001");
        assert_eq!(name.as_str().parse(), Ok(name.clone()));
    }
}
