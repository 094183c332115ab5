//! The right to work on the namespaces of the read models: one process has it at a time.

use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use schema::projection::NAMESPACE_LOCK;

use crate::error::RebuildError;

const TRY: &str = "SELECT pg_try_advisory_lock($1)";
const RELEASE: &str = "SELECT pg_advisory_unlock($1)";
/// How often a starting server looks whether another process has finished.
const WAIT_INTERVAL: Duration = Duration::from_millis(200);

/// Held while read models are made, rebuilt or checked. It belongs to a connection of its own, so that a process that
/// dies loses it at once.
pub(crate) struct Exclusive {
    session: Option<Object>,
}

impl Exclusive {
    /// Takes it, or says that another process has it.
    pub(crate) async fn take(pool: &Pool) -> Result<Self, RebuildError> {
        Self::try_take(pool).await?.ok_or(RebuildError::Busy)
    }

    /// Waits for it as long as another process works. Whoever starts a server may give up at any time.
    pub(crate) async fn wait(pool: &Pool) -> Result<Self, RebuildError> {
        let mut told = false;
        loop {
            if let Some(exclusive) = Self::try_take(pool).await? {
                return Ok(exclusive);
            }
            if !told {
                tracing::info!(
                    "another process rebuilds or checks the read models: waiting for it"
                );
                told = true;
            }
            tokio::time::sleep(WAIT_INTERVAL).await;
        }
    }

    async fn try_take(pool: &Pool) -> Result<Option<Self>, RebuildError> {
        // Held before it is asked for: a caller that gives up meanwhile must not give the lock to the pool.
        let exclusive = Self {
            session: Some(pool.get().await?),
        };
        let Some(session) = &exclusive.session else {
            return Ok(None);
        };
        let row = session.query_one(TRY, &[&NAMESPACE_LOCK]).await?;
        Ok(row.try_get::<_, bool>(0)?.then_some(exclusive))
    }

    /// Gives it back. Where that fails, the connection is closed, which does the same.
    pub(crate) async fn release(mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        if let Err(error) = session.execute(RELEASE, &[&NAMESPACE_LOCK]).await {
            tracing::debug!(%error, "the connection that holds the namespaces is closed instead");
            drop(Object::take(session));
        }
    }
}

impl Drop for Exclusive {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            drop(Object::take(session));
        }
    }
}
