//! The read models as the queries reach them.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use domain::actor::Role;
use domain::ids::{OrganizationId, UserId};
use event_store::{EventStore, OrgId, Partition};
use platform::cache::Cache;
use platform::clock::Clock;
use platform::consistency::{ConsistencyToken, Progress};

use crate::database::Database;
use crate::error::ReadError;
use crate::near::{self, Moment, NearTickets};
use crate::private_teams::KnownTeams;
use crate::viewer::{Tenant, Viewer};

/// The limits of the queries. Those of connections and statements belong to the pool.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a query waits for the event of its `Consistency-Token`.
    pub wait_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wait_timeout: Duration::from_secs(2),
        }
    }
}

/// Everything that a query needs. Cloning is cheap.
#[derive(Clone)]
pub struct ReadModels {
    store: EventStore,
    progress: Progress,
    options: Options,
    /// What time it is, for what grows with it.
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) database: Database,
    pub(crate) cache: Cache,
    pub(crate) known_teams: KnownTeams,
    pub(crate) near_tickets: NearTickets,
}

impl ReadModels {
    /// The read models in the database of `pool`, with `cache` before them. `store` is asked only where an
    /// organization lives.
    #[must_use]
    pub fn new(
        store: EventStore,
        pool: Pool,
        progress: Progress,
        cache: Cache,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Self {
        Self {
            store,
            progress,
            options,
            clock,
            database: Database::new(pool),
            cache,
            known_teams: KnownTeams::new(),
            near_tickets: NearTickets::new(),
        }
    }

    /// The viewer, if their organization exists.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when it cannot be looked up now.
    pub async fn viewer(
        &self,
        org: OrganizationId,
        user_id: UserId,
        role: Role,
    ) -> Result<Option<Viewer>, ReadError> {
        let org_id = OrgId(org.0);
        let placement = self.store.placement(org_id).await;
        let partition = placement.map_err(|error| ReadError::Unavailable(Box::new(error)))?;
        Ok(partition.map(|partition| Viewer {
            tenant: Tenant { partition, org_id },
            user_id,
            role,
        }))
    }

    /// Waits until the read models show what the client has seen, if it says what; how long is limited by
    /// [`Options::wait_timeout`].
    ///
    /// # Errors
    /// [`ReadError::Behind`] when they do not in time.
    pub async fn wait_for(&self, seen: Option<ConsistencyToken>) -> Result<(), ReadError> {
        self.wait_at_most(seen, self.options.wait_timeout).await
    }

    pub(crate) async fn wait_at_most(
        &self,
        seen: Option<ConsistencyToken>,
        limit: Duration,
    ) -> Result<(), ReadError> {
        if let Some(token) = seen {
            self.progress.wait_for(token, limit).await?;
        }
        Ok(())
    }

    /// What a row that is found in the cache now is good for in this process; none while the partition moves or the cache
    /// cannot be trusted.
    pub(crate) fn moment(&self, partition: Partition) -> Option<Moment> {
        // First the position: what the cache shows later is no older.
        let rested_at = self.progress.at_rest(partition, near::QUIET)?;
        let generation = self.cache.generation(partition)?;
        Some(Moment {
            generation,
            rested_at,
        })
    }

    /// The token of a moment that a query begun now shows at least.
    pub async fn now(&self, tenant: Tenant) -> ConsistencyToken {
        let position = self.progress.current(tenant.partition).await;
        ConsistencyToken {
            partition: tenant.partition,
            position,
        }
    }
}
