//! What the background takes from the rows, and writes into them.

use chrono::{DateTime, Utc};
use const_format::formatcp;
use deadpool_postgres::Pool;
use domain::ids::OrganizationId;
use event_store::{Partition, Placement};
use platform::rows::Column;
use schema::table::{SLA_SIMULATION_DIFFERENCES, SLA_SIMULATIONS};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::{
    DIFFERENCES_MAX, KEPT_FOR, KeptDifference, SimulatedRow, SimulationError, SimulationRequest,
};

/// How often a simulation is begun before it fails.
const ATTEMPTS_MAX: i32 = 3;

/// Whoever runs one tells so at least this often; by the clock of the database.
const LOST_AFTER: &str = "interval '60 seconds'";

const RELEASE_LOST: &str = formatcp!(
    "UPDATE {SLA_SIMULATIONS} s SET \
        state = CASE WHEN s.attempts < {ATTEMPTS_MAX} THEN 'queued' ELSE 'failed' END, \
        ended_at = CASE WHEN s.attempts < {ATTEMPTS_MAX} THEN NULL ELSE now() END, \
        failure = CASE WHEN s.attempts < {ATTEMPTS_MAX} THEN NULL \
                  ELSE 'the servers that ran it ended before it did; ask for it again' END \
      WHERE s.partition = $1 AND s.state = 'running' AND s.seen_at < now() - {LOST_AFTER}"
);
/// The oldest one of an organization that runs none. It is chosen once, whatever the plan: chosen anew for each row that is
/// compared with it, it would be another one each time.
const CLAIM: &str = formatcp!(
    "WITH oldest AS MATERIALIZED (SELECT s.org_id, s.simulation_id FROM {SLA_SIMULATIONS} s \
              WHERE s.partition = $1 AND s.state = 'queued' AND NOT EXISTS (SELECT 1 FROM {SLA_SIMULATIONS} r \
                     WHERE r.partition = $1 AND r.org_id = s.org_id AND r.state = 'running') \
              ORDER BY s.created_at, s.simulation_id LIMIT 1 FOR UPDATE SKIP LOCKED) \
     UPDATE {SLA_SIMULATIONS} c SET state = 'running', attempts = c.attempts + 1, seen_at = now(), events_done = NULL, \
        events_total = NULL, tickets_done = 0, tickets_total = NULL, difference_count = 0 \
       FROM oldest \
      WHERE c.partition = $1 AND c.org_id = oldest.org_id AND c.simulation_id = oldest.simulation_id \
      RETURNING c.org_id, c.simulation_id, c.attempts, c.request"
);
const CLEAR: &str = formatcp!(
    "DELETE FROM {SLA_SIMULATION_DIFFERENCES} d WHERE d.partition = $1 AND d.org_id = $2 AND d.simulation_id = $3"
);
const STEP: &str = formatcp!(
    "UPDATE {SLA_SIMULATIONS} s SET seen_at = now(), events_done = coalesce($5, s.events_done), \
        events_total = coalesce($6, s.events_total), tickets_done = coalesce($7, s.tickets_done), \
        tickets_total = coalesce($8, s.tickets_total), difference_count = $9 \
      WHERE s.partition = $1 AND s.org_id = $2 AND s.simulation_id = $3 AND s.state = 'running' AND s.attempts = $4"
);
const ADD: &str = formatcp!(
    "INSERT INTO {SLA_SIMULATION_DIFFERENCES} \
        (partition, org_id, simulation_id, place, ticket_id, number, metric, round, before, after) \
     SELECT $1, $2, $3, f.place, f.ticket_id, f.number, f.metric, f.round, f.before, f.after \
       FROM unnest($4::bigint[], $5::uuid[], $6::bigint[], $7::smallint[], $8::integer[], $9::text[], $10::text[]) \
         AS f(place, ticket_id, number, metric, round, before, after)"
);
const COMPLETE: &str = formatcp!(
    "UPDATE {SLA_SIMULATIONS} s SET state = 'completed', ended_at = $5, as_of = $6, result = $7 \
      WHERE s.partition = $1 AND s.org_id = $2 AND s.simulation_id = $3 AND s.state = 'running' AND s.attempts = $4"
);
const FAIL: &str = formatcp!(
    "UPDATE {SLA_SIMULATIONS} s SET state = 'failed', ended_at = $5, failure = $6 \
      WHERE s.partition = $1 AND s.org_id = $2 AND s.simulation_id = $3 AND s.state = 'running' AND s.attempts = $4"
);
/// A server that ends in order: the attempt does not count.
const PUT_BACK: &str = formatcp!(
    "UPDATE {SLA_SIMULATIONS} s SET state = 'queued', attempts = s.attempts - 1 \
      WHERE s.partition = $1 AND s.org_id = $2 AND s.simulation_id = $3 AND s.state = 'running' AND s.attempts = $4"
);
const FORGET: &str = formatcp!(
    "DELETE FROM {SLA_SIMULATIONS} s WHERE s.partition = $1 AND s.state IN ('completed', 'failed') AND s.ended_at < $2"
);

/// The rows, for the background.
#[derive(Debug, Clone)]
pub struct Queue {
    pool: Pool,
}

/// How far a simulation is.
#[derive(Debug, Clone, Copy)]
pub enum Reached {
    /// It has passed so many events of its partition, of so many.
    Walked(i64, i64),
    /// It has replayed so many tickets, of so many.
    Replayed(i64, i64),
}

/// A simulation that this process runs.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Whose it is.
    pub place: Placement,
    /// Its id.
    pub id: Uuid,
    attempt: i32,
    /// What is asked.
    pub request: SimulationRequest,
}

impl Claimed {
    /// The organization.
    #[must_use]
    pub fn organization(&self) -> OrganizationId {
        OrganizationId(self.place.org_id.0)
    }
}

impl Queue {
    /// Kept through this pool.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    /// Takes the next simulation of a partition, if one waits.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim(&self, partition: Partition) -> Result<Option<Claimed>, SimulationError> {
        let client = self.pool.get().await?;
        let number = partition.get();
        client.execute(RELEASE_LOST, &[&number]).await?;
        let row = match client.query_opt(CLAIM, &[&number]).await {
            // Another process took another one of the same organization.
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => return Ok(None),
            row => row?,
        };
        let Some(row) = row else {
            return Ok(None);
        };
        let org_id: Uuid = row.try_get("org_id")?;
        let Json(request) = row.try_get("request")?;
        let claimed = Claimed {
            place: Placement {
                org_id: event_store::OrgId(org_id),
                partition,
            },
            id: row.try_get("simulation_id")?,
            attempt: row.try_get("attempts")?,
            request,
        };
        client
            .execute(CLEAR, &[&number, &org_id, &claimed.id])
            .await?;
        Ok(Some(claimed))
    }

    /// Tells how far it is, and keeps new differences up to [`DIFFERENCES_MAX`]. False when it is no longer wanted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn step(
        &self,
        claimed: &Claimed,
        reached: Reached,
        before: i64,
        found: &[KeptDifference],
    ) -> Result<bool, SimulationError> {
        let client = self.pool.get().await?;
        let (partition, org_id) = (claimed.place.partition.get(), claimed.place.org_id.0);
        let (walked, replayed) = match reached {
            Reached::Walked(done, total) => (Some((done, total)), None),
            Reached::Replayed(done, total) => (None, Some((done, total))),
        };
        let (events_done, events_total) = walked.unzip();
        let (tickets_done, tickets_total) = replayed.unzip();
        let count = before + i64::try_from(found.len()).unwrap_or(i64::MAX);
        let is_wanted = client
            .execute(
                STEP,
                &[
                    &partition,
                    &org_id,
                    &claimed.id,
                    &claimed.attempt,
                    &events_done,
                    &events_total,
                    &tickets_done,
                    &tickets_total,
                    &count,
                ],
            )
            .await?;
        if is_wanted == 0 {
            return Ok(false);
        }
        let kept: Vec<_> = found
            .iter()
            .filter(|it| it.place <= DIFFERENCES_MAX)
            .collect();
        if kept.is_empty() {
            return Ok(true);
        }
        let places: Vec<i64> = kept.iter().map(|it| it.place).collect();
        let tickets: Vec<Uuid> = kept.iter().map(|it| it.ticket_id.0).collect();
        let numbers: Vec<i64> = kept.iter().map(|it| it.number).collect();
        let metrics: Vec<i16> = kept.iter().map(|it| it.metric.parameter()).collect();
        let rounds: Vec<i32> = kept.iter().map(|it| it.round).collect();
        let befores: Vec<_> = kept
            .iter()
            .map(|it| it.before.map(|it| it.as_str()))
            .collect();
        let afters: Vec<_> = kept
            .iter()
            .map(|it| it.after.map(|it| it.as_str()))
            .collect();
        let added = client
            .execute(
                ADD,
                &[
                    &partition,
                    &org_id,
                    &claimed.id,
                    &places,
                    &tickets,
                    &numbers,
                    &metrics,
                    &rounds,
                    &befores,
                    &afters,
                ],
            )
            .await;
        match added {
            // Deleted meanwhile.
            Err(error) if error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION) => Ok(false),
            added => {
                added?;
                Ok(true)
            }
        }
    }

    /// It is there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn complete(
        &self,
        claimed: &Claimed,
        now: DateTime<Utc>,
        as_of: DateTime<Utc>,
        rows: &[SimulatedRow],
    ) -> Result<(), SimulationError> {
        let client = self.pool.get().await?;
        let (partition, org_id) = (claimed.place.partition.get(), claimed.place.org_id.0);
        let rows = Json(rows);
        client
            .execute(
                COMPLETE,
                &[
                    &partition,
                    &org_id,
                    &claimed.id,
                    &claimed.attempt,
                    &now,
                    &as_of,
                    &rows,
                ],
            )
            .await?;
        Ok(())
    }

    /// It ends without numbers.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fail(
        &self,
        claimed: &Claimed,
        now: DateTime<Utc>,
        why: &str,
    ) -> Result<(), SimulationError> {
        let client = self.pool.get().await?;
        let (partition, org_id) = (claimed.place.partition.get(), claimed.place.org_id.0);
        client
            .execute(
                FAIL,
                &[
                    &partition,
                    &org_id,
                    &claimed.id,
                    &claimed.attempt,
                    &now,
                    &why,
                ],
            )
            .await?;
        Ok(())
    }

    /// This process ends: another one begins it again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_back(&self, claimed: &Claimed) -> Result<(), SimulationError> {
        let client = self.pool.get().await?;
        let (partition, org_id) = (claimed.place.partition.get(), claimed.place.org_id.0);
        client
            .execute(
                PUT_BACK,
                &[&partition, &org_id, &claimed.id, &claimed.attempt],
            )
            .await?;
        Ok(())
    }

    /// Forgets those of a partition that ended long ago.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget(
        &self,
        partition: Partition,
        now: DateTime<Utc>,
    ) -> Result<u64, SimulationError> {
        let client = self.pool.get().await?;
        let before = now - KEPT_FOR;
        Ok(client.execute(FORGET, &[&partition.get(), &before]).await?)
    }
}
