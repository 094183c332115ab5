//! Searches take turns: few run at once in a process, each for a limited time, and one that nobody waits for any more is
//! cancelled. So they starve neither each other nor other queries.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Client;
use platform::tls::DatabaseTls;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_postgres::Row;

use crate::database::{Database, Statement, query_for};
use crate::error::ReadError;
use crate::viewer::Tenant;

/// Searches that run at once in a process.
const SEARCHES_MAX: usize = 4;
/// How long a search waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_millis(500);
/// How long a search takes with all of its statements.
pub(crate) const SEARCH_TIMEOUT: Duration = Duration::from_secs(2);

/// The turns of a process. Clones share them.
#[derive(Clone)]
pub(crate) struct Turns(Arc<Semaphore>);

/// The right to search until some time.
#[derive(Clone)]
pub(crate) struct Turn {
    permit: Arc<OwnedSemaphorePermit>,
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
        Self(Arc::new(Semaphore::new(SEARCHES_MAX)))
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`ReadError::Crowded`] when none comes in time.
    pub(crate) async fn take(&self) -> Result<Turn, ReadError> {
        let turn = Arc::clone(&self.0).acquire_owned();
        let turn = tokio::time::timeout(TURN_TIMEOUT, turn).await;
        // The semaphore is never closed.
        let permit = turn.ok().and_then(Result::ok).ok_or(ReadError::Crowded)?;
        Ok(Turn {
            permit: Arc::new(permit),
            until: Instant::now() + SEARCH_TIMEOUT,
        })
    }
}

impl Turn {
    /// The same turn, shorter.
    pub(crate) fn at_most(&self, limit: Duration) -> Self {
        Self {
            permit: Arc::clone(&self.permit),
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
        let mut running = Running {
            client: Some(self.client().await?),
            tls: self.tls.clone(),
            permit: Arc::clone(&turn.permit),
        };
        let outcome = match &running.client {
            Some(client) => query_for(client, tenant, statement, limit, planned.settings()).await,
            None => return Err(ReadError::TooSlow),
        };
        // It is done: the connection goes back to the pool.
        running.client = None;
        outcome
    }
}

/// A statement that may still run when it is dropped.
struct Running {
    client: Option<Client>,
    tls: DatabaseTls,
    permit: Arc<OwnedSemaphorePermit>,
}

impl Drop for Running {
    /// Cancels it. The connection never goes back to the pool, where the cancellation would meet the statement of somebody
    /// else; the turn is over when the server has let go of it.
    fn drop(&mut self) {
        let (Some(client), Ok(runtime)) = (self.client.take(), Handle::try_current()) else {
            return;
        };
        let client = Client::take(client);
        let permit = Arc::clone(&self.permit);
        let tls = self.tls.clone();
        runtime.spawn(async move {
            if let Err(error) = client.cancel_token().cancel_query(tls).await {
                tracing::debug!(%error, "a search could not be cancelled; its time will end it");
            }
            // Answered once the statement has ended.
            let _ended = client.simple_query("").await;
            drop(permit);
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use deadpool_postgres::{Manager, Pool};
    use domain::actor::Role;
    use platform::private::test_servers;
    use tokio_postgres::{Client, NoTls};

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
        let turns = Turns(Arc::new(Semaphore::new(1)));
        let turn = Turn {
            until: Instant::now() + Duration::from_secs(60),
            ..turns.take().await.unwrap()
        };
        let mut statement = Statement::default();
        statement.push("SELECT pg_sleep(60)");
        let search = tokio::spawn(async move {
            let tenant = viewer(Role::Agent).tenant;
            let rows = database.query_in_turn(&turn, tenant, &statement, Planned::Freely);
            rows.await.map(|rows| rows.len())
        });
        is_running(&watcher, true).await;
        assert!(matches!(turns.take().await, Err(ReadError::Crowded)));
        search.abort();
        is_running(&watcher, false).await;
        let freed = Arc::clone(&turns.0).acquire_owned();
        let freed = tokio::time::timeout(Duration::from_secs(20), freed).await;
        assert!(matches!(freed, Ok(Ok(_))));
    }
}
