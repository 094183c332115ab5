//! The read models as the queries reach them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::actor::Role;
use domain::ids::{OrganizationId, UserId};
use event_store::{EventStore, OrgId};
use platform::cache::Cache;
use platform::clock::Clock;
use platform::consistency::{ConsistencyToken, Progress};
use platform::freshness::Freshness;
use platform::pools::Pools;
use platform::rows::{OrganizationRow, TicketRow};

use crate::answers::NearAnswers;
use crate::cached::RowFlights;
use crate::database::Database;
use crate::error::ReadError;
use crate::near::NearTickets;
use crate::private_teams::KnownTeams;
use crate::reports::workload::Worker;
use crate::reports::{Attainment, figures, messages};
use crate::search::Turns;
use crate::tickets::Counted;
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
    freshness: Freshness,
    options: Options,
    /// What time it is, for what grows with it.
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) database: Database,
    pub(crate) cache: Cache,
    pub(crate) known_teams: KnownTeams,
    pub(crate) near_tickets: NearTickets,
    pub(crate) search_turns: Turns,
    /// Reports of tickets that were made of late.
    pub(crate) near_reports: NearAnswers<Option<figures::Told>>,
    /// The hours of the week of tickets.
    pub(crate) near_hours: NearAnswers<figures::Hours>,
    /// Reports of messages.
    pub(crate) near_message_reports: NearAnswers<Option<messages::Told>>,
    /// What agents and teams have to do and did.
    pub(crate) near_workloads: NearAnswers<Option<Vec<Worker>>>,
    /// Reports of attainment.
    pub(crate) near_attainments: NearAnswers<Attainment>,
    /// How many tickets views have.
    pub(crate) near_counts: NearAnswers<Vec<Counted>>,
    /// The tickets that are being read from the tables.
    pub(crate) tickets_read: RowFlights<TicketRow>,
    /// The organizations that are.
    pub(crate) organizations_read: RowFlights<OrganizationRow>,
}

impl ReadModels {
    /// The read models in the database of `pools`, with `cache` before them. `store` is asked only where an
    /// organization lives, and how far its log went at a moment.
    #[must_use]
    pub fn new(
        store: EventStore,
        pools: &Pools,
        progress: Progress,
        cache: Cache,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Self {
        Self {
            freshness: Freshness::new(store.clone(), progress.clone(), cache.clone()),
            store: store.reading_through(pools.queries.clone()),
            progress,
            options,
            clock,
            database: Database::new(pools.queries.clone(), pools.tls.clone()),
            cache,
            known_teams: KnownTeams::new(),
            near_tickets: NearTickets::new(),
            search_turns: Turns::new(),
            tickets_read: RowFlights::default(),
            near_reports: NearAnswers::new(),
            near_hours: NearAnswers::new(),
            near_message_reports: NearAnswers::new(),
            near_workloads: NearAnswers::new(),
            near_attainments: NearAnswers::new(),
            near_counts: NearAnswers::new(),
            organizations_read: RowFlights::default(),
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

    /// Waits until the read models show what the log held of an organization at a moment, so that what they tell of that moment
    /// stays true; how long is limited by [`Options::wait_timeout`].
    ///
    /// # Errors
    /// [`ReadError::Behind`] when they do not in time, [`ReadError::Unavailable`] when the log cannot be read.
    pub async fn wait_for_moment(
        &self,
        tenant: Tenant,
        moment: DateTime<Utc>,
    ) -> Result<(), ReadError> {
        let Tenant { partition, org_id } = tenant;
        let shown = self.now(tenant).await.position;
        let held = self
            .store
            .last_recorded(partition, org_id, shown, moment)
            .await?;
        let held = held.map(|position| ConsistencyToken {
            partition,
            position,
        });
        self.wait_for(held).await
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

    /// Whether what was read from the read models still holds.
    #[must_use]
    pub fn freshness(&self) -> &Freshness {
        &self.freshness
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
