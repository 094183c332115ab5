//! Whether the read models of an organization have moved since something was read from them.

use std::time::Duration;

use domain::ids::OrganizationId;
use event_store::{EventStore, OrgId, Partition, Position};

use crate::cache::Cache;
use crate::consistency::Progress;

/// How long a partition has to stand before it is said to rest. Longer than all that follows a commit later than the
/// commit itself: a write to the cache and the generation that is raised when it fails, private teams that are known for
/// a moment, and keys of erased people that other processes still hold.
const QUIET: Duration = Duration::from_secs(2);

/// A time in which a partition's read models and their cache rest. What was read in it holds as long as it is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Moment {
    /// The generation of the cache: raised when a projector starts and when the cache may have missed something.
    pub generation: i64,
    /// Where the read models of the partition rest.
    pub rested_at: Position,
}

/// Tells moments. Clones share what is known.
#[derive(Debug, Clone)]
pub struct Freshness {
    store: EventStore,
    progress: Progress,
    cache: Cache,
}

impl Freshness {
    /// By what `progress` and `cache` know; `store` says where organizations live.
    #[must_use]
    pub fn new(store: EventStore, progress: Progress, cache: Cache) -> Self {
        Self {
            store,
            progress,
            cache,
        }
    }

    /// The moment of a partition, by what is known already; none while it moves, or when the cache cannot be trusted.
    #[must_use]
    pub fn moment(&self, partition: Partition) -> Option<Moment> {
        // First the position: what the cache shows later is no older.
        let rested_at = self.progress.at_rest(partition, QUIET)?;
        let generation = self.cache.generation(partition)?;
        Some(Moment {
            generation,
            rested_at,
        })
    }

    /// The moment of an organization's partition. The database is asked how far it is when nobody did so for 250 ms, one
    /// for all who want to know.
    pub async fn moment_of(&self, organization: OrganizationId) -> Option<(Partition, Moment)> {
        let placement = self.store.placement(OrgId(organization.0)).await;
        let partition = placement.ok().flatten()?;
        self.progress.current(partition).await;
        Some((partition, self.moment(partition)?))
    }
}
