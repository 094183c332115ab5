//! Searches take turns: few run at once in a process, fewer of an organization and of a person, each for a limited time, and
//! one that nobody waits for any more is cancelled. So they starve neither each other nor other queries.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_postgres::Row;

use crate::database::{Database, Statement, query_for};
use crate::error::ReadError;
use crate::shares::Shares;
use crate::viewer::{Tenant, Viewer};

/// Searches that run at once in a process.
const SEARCHES_MAX: usize = 6;
/// Those of an organization: others find a turn however much it searches.
const OF_ORGANIZATION_MAX: usize = 3;
/// Those of a person: so do their colleagues.
const OF_PERSON_MAX: usize = 2;
/// How long a search waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_millis(500);
/// How long a search takes with all of its statements.
pub(crate) const SEARCH_TIMEOUT: Duration = Duration::from_secs(2);

/// The turns of a process. Clones share them.
#[derive(Clone)]
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    of_organization: Shares,
    of_person: Shares,
}

/// The right to search until some time.
#[derive(Clone)]
pub(crate) struct Turn {
    permits: Arc<[OwnedSemaphorePermit; 3]>,
    until: Instant,
}

/// How a statement is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planned {
    /// As the planner likes.
    Freely,
    /// By bitmaps alone, and so by an index of words. The planner, who hopes to meet a page of hits soon, would otherwise read
    /// the table from its beginning.
    ByBitmaps,
}

impl Planned {
    /// What is said before the statement.
    pub(crate) fn settings(self) -> &'static str {
        match self {
            Self::Freely => "",
            Self::ByBitmaps => {
                "; SET LOCAL enable_seqscan TO off; SET LOCAL enable_indexscan TO off"
            }
        }
    }
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self::of(SEARCHES_MAX)
    }

    fn of(all: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all)),
            of_organization: Shares::new(OF_ORGANIZATION_MAX),
            of_person: Shares::new(OF_PERSON_MAX),
        }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`ReadError::Crowded`] when none comes in time.
    pub(crate) async fn take(&self, viewer: &Viewer) -> Result<Turn, ReadError> {
        let permits = async {
            // The turns of all last: nobody waits for their own share while they hold one.
            let of_person = self.of_person.take(viewer.user_id.0).await;
            let of_organization = self.of_organization.take(viewer.tenant.org_id.0).await;
            let of_all = Arc::clone(&self.all).acquire_owned().await;
            // The semaphore is never closed.
            of_all
                .ok()
                .map(|of_all| [of_person, of_organization, of_all])
        };
        let permits = tokio::time::timeout(TURN_TIMEOUT, permits).await;
        let permits = permits.ok().flatten().ok_or(ReadError::Crowded)?;
        Ok(Turn {
            permits: Arc::new(permits),
            until: Instant::now() + SEARCH_TIMEOUT,
        })
    }
}

impl Turn {
    /// The same turn, shorter.
    pub(crate) fn at_most(&self, limit: Duration) -> Self {
        Self {
            permits: Arc::clone(&self.permits),
            until: self.until.min(Instant::now() + limit),
        }
    }
}

impl Database {
    /// Runs a statement within a turn. PostgreSQL cancels it when the turn is over, and is told to when nobody waits for it any
    /// more.
    ///
    /// # Errors
    /// [`ReadError::TooSlow`] when the turn is over.
    pub(crate) async fn query_in_turn(
        &self,
        turn: &Turn,
        tenant: Tenant,
        statement: &Statement,
        planned: Planned,
    ) -> Result<Vec<Row>, ReadError> {
        let limit = turn.until.saturating_duration_since(Instant::now());
        if limit.is_zero() {
            return Err(ReadError::TooSlow);
        }
        let lent = self.lend(tenant, Some(turn.clone())).await?;
        let outcome = query_for(lent.client(), tenant, statement, limit, planned.settings()).await;
        lent.give_back();
        outcome
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use deadpool_postgres::{Manager, Pool};
    use domain::actor::Role;
    use domain::ids::UserId;
    use event_store::OrgId;
    use platform::private::test_servers;
    use platform::tls::DatabaseTls;
    use tokio_postgres::{Client, NoTls};
    use uuid::Uuid;

    use super::*;
    use crate::explain::viewer;

    const RUNNING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
        AND query LIKE 'SELECT pg_sleep%'";

    async fn is_running(client: &Client, expected: bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let running: i64 = client.query_one(RUNNING, &[]).await.unwrap().get(0);
            if (running > 0) == expected {
                return;
            }
            assert!(Instant::now() < deadline, "{running} run");
            tokio::task::yield_now().await;
        }
    }

    /// By itself it would run three times as long as is waited for its end.
    #[tokio::test]
    async fn a_search_that_nobody_waits_for_is_cancelled_and_its_turn_is_free() {
        let servers = test_servers().await.unwrap();
        let url = servers.create_database("forsaken_searches").await.unwrap();
        let config: tokio_postgres::Config = url.parse().unwrap();
        let (watcher, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        let manager = Manager::new(config, NoTls);
        let pool = Pool::builder(manager).max_size(1).build().unwrap();
        let database = Database::new(pool, DatabaseTls::OFF);
        let turns = Turns::of(1);
        let agent = viewer(Role::Agent);
        let turn = Turn {
            until: Instant::now() + Duration::from_secs(60),
            ..turns.take(&agent).await.unwrap()
        };
        let mut statement = Statement::default();
        statement.push("SELECT pg_sleep(60)");
        let search = tokio::spawn(async move {
            let rows = database.query_in_turn(&turn, agent.tenant, &statement, Planned::Freely);
            rows.await.map(|rows| rows.len())
        });
        is_running(&watcher, true).await;
        assert!(matches!(turns.take(&agent).await, Err(ReadError::Crowded)));
        search.abort();
        is_running(&watcher, false).await;
        let freed = Arc::clone(&turns.all).acquire_owned();
        let freed = tokio::time::timeout(Duration::from_secs(20), freed).await;
        assert!(matches!(freed, Ok(Ok(_))));
    }

    #[tokio::test]
    async fn one_person_leaves_turns_to_colleagues_and_one_organization_to_others() {
        let turns = Turns::new();
        let agent = viewer(Role::Agent);
        let with = |user: u128| Viewer {
            user_id: UserId(Uuid::from_u128(user)),
            ..agent
        };
        let (_one, _other) = (
            turns.take(&with(1)).await.unwrap(),
            turns.take(&with(1)).await.unwrap(),
        );
        assert!(matches!(
            turns.take(&with(1)).await,
            Err(ReadError::Crowded)
        ));
        let _colleague = turns.take(&with(2)).await.unwrap();
        assert!(matches!(
            turns.take(&with(3)).await,
            Err(ReadError::Crowded)
        ));
        let elsewhere = Viewer {
            tenant: Tenant {
                org_id: OrgId(Uuid::from_u128(9)),
                ..agent.tenant
            },
            ..with(4)
        };
        assert!(turns.take(&elsewhere).await.is_ok());
    }
}
