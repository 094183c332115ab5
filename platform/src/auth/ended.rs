//! Sessions that ended before their access tokens did, and organizations that are shut. Every server looks them up each
//! second, from the database alone, so that a lost cache never lets a token live on.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::Utc;
use const_format::formatcp;
use deadpool_postgres::{Pool, PoolError};
use domain::ids::{OrganizationId, SessionId};
use schema::table::{ORGANIZATION_STANDINGS, SESSIONS};
use tokio::time::Instant;

use crate::shutdown::Shutdown;

/// How often a server looks.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How old the last look may be. Then nobody is let in: a session may have ended unseen.
const AGE_MAX: Duration = Duration::from_secs(4);
/// Ended sessions of which an access token may still be good: by the clock of this process, `$1`, which judges tokens, and by
/// that of the database, so that neither's jump ahead lets one in again.
const ENDED: &str = formatcp!(
    "SELECT s.session_id FROM {SESSIONS} s WHERE s.ended_at IS NOT NULL AND s.access_until > least($1, now())"
);

/// Organizations that are suspended or deleted.
const SHUT: &str =
    formatcp!("SELECT s.org_id FROM {ORGANIZATION_STANDINGS} s WHERE s.standing <> 'active'");
/// Says how an organization stands: `$1` partition, `$2` organization, `$3` standing, `$4` the version of its stream that says
/// so. An older one changes nothing, so that a rebuild never shuts what was opened again. The projector runs it in the
/// transaction of the event; the operator's command runs it too, so that it takes hold while no projector runs.
pub const SET_STANDING: &str = formatcp!(
    "INSERT INTO {ORGANIZATION_STANDINGS} AS s (partition, org_id, standing, version) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (partition, org_id) DO UPDATE SET standing = excluded.standing, version = excluded.version \
      WHERE s.version < excluded.version"
);

/// The ended sessions and shut organizations that this process knows of: none before the first look. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct EndedSessions(Arc<RwLock<Known>>);

#[derive(Debug, Default)]
struct Known {
    ended: HashSet<SessionId>,
    /// Those that ended through this process, and when. A look that began before knows nothing of them.
    noted: HashMap<SessionId, Instant>,
    shut: HashSet<OrganizationId>,
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
        Ok(known.ended.contains(&session) || known.noted.contains_key(&session))
    }

    /// Whether an organization is suspended or deleted, as far as was known at the last look.
    #[must_use]
    pub fn is_shut(&self, organization: OrganizationId) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.shut.contains(&organization)
    }

    /// Knows at once that a session ended through this process.
    pub fn note(&self, session: SessionId) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.noted.insert(session, Instant::now());
    }

    /// Looks once.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn look(&self, pool: &Pool) -> Result<(), PoolError> {
        let started_at = Instant::now();
        let client = pool.get().await?;
        let statement = client.prepare_cached(ENDED).await?;
        let rows = client.query(&statement, &[&Utc::now()]).await?;
        let statement = client.prepare_cached(SHUT).await?;
        let organizations = client.query(&statement, &[]).await?;
        let shut: Result<HashSet<OrganizationId>, _> = organizations
            .iter()
            .map(|row| row.try_get(0).map(OrganizationId))
            .collect();
        let ended: Result<HashSet<SessionId>, _> = rows
            .iter()
            .map(|row| row.try_get(0).map(SessionId))
            .collect();
        self.learn(ended?, shut?, started_at);
        Ok(())
    }

    /// Takes in what a look found that began at `started_at`.
    fn learn(&self, ended: HashSet<SessionId>, shut: HashSet<OrganizationId>, started_at: Instant) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.ended = ended;
        known.shut = shut;
        known.noted.retain(|_, noted_at| *noted_at >= started_at);
        known.looked_at = Some(started_at);
    }

    /// Looks again and again, until shutdown.
    pub async fn follow(self, pool: Pool, shutdown: Shutdown) {
        loop {
            if let Err(error) = self.look(&pool).await {
                tracing::warn!(
                    error = &error as &dyn Error,
                    "ended sessions and shut organizations could not be looked up"
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use uuid::Uuid;

    #[tokio::test(start_paused = true)]
    async fn a_look_that_began_before_a_session_ended_does_not_let_it_live_on() {
        let sessions = EndedSessions::default();
        let session = SessionId(Uuid::now_v7());
        let nothing = || (HashSet::new(), HashSet::new());
        let before = Instant::now();
        tokio::time::advance(Duration::from_millis(1)).await;
        sessions.note(session);
        let (ended, shut) = nothing();
        sessions.learn(ended, shut, before);
        assert!(sessions.contains(session).unwrap());

        // A later look has seen its row, for as long as a token may be good; then nothing is left of it.
        tokio::time::advance(Duration::from_millis(1)).await;
        sessions.learn(HashSet::from([session]), HashSet::new(), Instant::now());
        assert!(sessions.contains(session).unwrap());
        let (ended, shut) = nothing();
        sessions.learn(ended, shut, Instant::now());
        assert!(!sessions.contains(session).unwrap());
    }
}
