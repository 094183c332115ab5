//! Sessions that ended before their access tokens did. Every server looks them up each second, from the database alone, so
//! that a lost cache never lets a token live on.

use std::collections::HashSet;
use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use const_format::formatcp;
use deadpool_postgres::{Pool, PoolError};
use domain::ids::SessionId;
use schema::table::SESSIONS;
use tokio::time::Instant;

use crate::shutdown::Shutdown;

/// How often a server looks.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How old the last look may be. Then nobody is let in: a session may have ended unseen.
const AGE_MAX: Duration = Duration::from_secs(4);
/// Ended sessions of which an access token may still be good.
const ENDED: &str = formatcp!(
    "SELECT s.session_id FROM {SESSIONS} s WHERE s.ended_at IS NOT NULL AND s.access_until > now()"
);

/// The ended sessions that this process knows of: none before the first look. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct EndedSessions(Arc<RwLock<Known>>);

#[derive(Debug, Default)]
struct Known {
    ended: HashSet<SessionId>,
    /// None until the first look: nobody asks a database then.
    looked_at: Option<Instant>,
}

/// The ended sessions are not known at present: the database has not answered for some seconds.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("it is not known which sessions have ended: retry later")]
pub struct NotKnown;

impl EndedSessions {
    /// Whether a session has ended, as far as was known within the last seconds.
    ///
    /// # Errors
    /// When the last look is too long ago.
    pub fn contains(&self, session: SessionId) -> Result<bool, NotKnown> {
        // A panic elsewhere cannot leave the set half-changed, so a poisoned lock is still good.
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.looked_at.is_some_and(|at| at.elapsed() > AGE_MAX) {
            return Err(NotKnown);
        }
        Ok(known.ended.contains(&session))
    }

    /// Knows at once that a session ended through this process.
    pub fn note(&self, session: SessionId) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.ended.insert(session);
    }

    /// Looks once.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn look(&self, pool: &Pool) -> Result<(), PoolError> {
        let started_at = Instant::now();
        let client = pool.get().await?;
        let statement = client.prepare_cached(ENDED).await?;
        let rows = client.query(&statement, &[]).await?;
        let ended: Result<HashSet<SessionId>, _> = rows
            .iter()
            .map(|row| row.try_get(0).map(SessionId))
            .collect();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *known = Known {
            ended: ended?,
            looked_at: Some(started_at),
        };
        Ok(())
    }

    /// Looks again and again, until shutdown.
    pub async fn follow(self, pool: Pool, shutdown: Shutdown) {
        loop {
            if let Err(error) = self.look(&pool).await {
                tracing::warn!(
                    error = &error as &dyn Error,
                    "ended sessions could not be looked up"
                );
            }
            if tokio::time::timeout(LOOK_INTERVAL, shutdown.requested())
                .await
                .is_ok()
            {
                return;
            }
        }
    }
}
