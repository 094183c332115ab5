//! What-if simulations that admins asked for: kept in rows, run in the background, forgotten after a time.
//!
//! Invariants:
//! - An organization has one simulation that runs, and a few that wait.
//! - A simulation ends as completed, or as failed with a reason; one whose server went away is begun again, twice at most.
//!
//! - Who asks for one and who deletes one is in the log before it is done.
//!
//! Never here: the walk over the log, which whoever runs a simulation brings.

mod queue;

use std::error::Error as StdError;

use chrono::{DateTime, TimeDelta, Utc};
use const_format::formatcp;
use deadpool_postgres::{Client, Pool, Transaction};
use domain::calendar::definition::CalendarDefinition;
use domain::ids::{CalendarId, OrganizationId, SimulationId, TicketId, UserId};
use domain::security::event::SecurityEvent;
use domain::security::simulations::{SimulationDeleted, SimulationRequested};
use domain::sla::Metric;
use domain::sla::measure::Outcome;
use domain::sla::policy::Policy;
use domain::sla::simulation::{Draft, Numbers, Range};
use domain::ticket::state::Priority;
use event_store::{IdempotencyKey, Partition};
use platform::rows::{Column, RowError};
use schema::table::{SLA_SIMULATION_DIFFERENCES, SLA_SIMULATIONS};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql};
use uuid::Uuid;

use crate::commands::RecordSecurity;
use crate::dispatch::{CommandContext, CommandError, Dispatcher};

pub use queue::{Claimed, Queue, Reached};

/// The most simulations of an organization that wait or run.
pub const OPEN_MAX: i64 = 4;
/// The most that are kept; older ones that ended are forgotten first.
const KEPT_MAX: i64 = 50;
/// How long one that ended is kept.
pub const KEPT_FOR: TimeDelta = TimeDelta::days(30);
/// The most differences that are kept of one.
pub const DIFFERENCES_MAX: i64 = 10_000;

const COLUMNS: &str = "s.simulation_id, s.state, s.request, s.created_by, s.created_at, s.events_done, s.events_total, \
                       s.tickets_done, s.tickets_total, s.ended_at, s.as_of, s.result, s.difference_count, s.failure";
const INSERT: &str = formatcp!(
    "INSERT INTO {SLA_SIMULATIONS} (partition, org_id, simulation_id, state, request, created_by, created_at) \
     SELECT $1, $2, $3, 'queued', $4, $5, $6 \
      WHERE (SELECT count(*) FROM {SLA_SIMULATIONS} s \
              WHERE s.partition = $1 AND s.org_id = $2 AND s.state IN ('queued', 'running')) < $7 \
     ON CONFLICT DO NOTHING"
);
const FORGET_OLD: &str = formatcp!(
    "DELETE FROM {SLA_SIMULATIONS} d WHERE d.partition = $1 AND d.org_id = $2 AND d.state IN ('completed', 'failed') \
        AND d.simulation_id IN (SELECT s.simulation_id FROM {SLA_SIMULATIONS} s \
              WHERE s.partition = $1 AND s.org_id = $2 ORDER BY s.created_at DESC, s.simulation_id DESC OFFSET $3)"
);
const LIST: &str = formatcp!(
    "SELECT {COLUMNS} FROM {SLA_SIMULATIONS} s WHERE s.partition = $1 AND s.org_id = $2 \
      ORDER BY s.created_at DESC, s.simulation_id DESC LIMIT $3"
);
const FIND: &str = formatcp!(
    "SELECT {COLUMNS} FROM {SLA_SIMULATIONS} s WHERE s.partition = $1 AND s.org_id = $2 AND s.simulation_id = $3"
);
const DELETE: &str = formatcp!(
    "DELETE FROM {SLA_SIMULATIONS} s WHERE s.partition = $1 AND s.org_id = $2 AND s.simulation_id = $3"
);
const DIFFERENCES: &str = formatcp!(
    "SELECT d.place, d.ticket_id, d.number, d.metric, d.round, d.before, d.after FROM {SLA_SIMULATION_DIFFERENCES} d \
      WHERE d.partition = $1 AND d.org_id = $2 AND d.simulation_id = $3 AND d.place > $4 ORDER BY d.place LIMIT $5"
);

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimulationRequest {
    /// The whole ordered list of draft policies; none leaves those that held.
    pub policies: Option<Vec<Policy>>,
    /// Draft calendars.
    pub calendars: Vec<(CalendarId, CalendarDefinition)>,
    /// The time of which waits are counted.
    pub range: Range,
    /// Whether imported tickets are promised something, too.
    pub imported: bool,
}

impl SimulationRequest {
    /// The drafts.
    #[must_use]
    pub fn draft(&self) -> Draft {
        Draft {
            policies: self.policies.clone(),
            calendars: self.calendars.iter().cloned().collect(),
        }
    }
}

/// The numbers of a metric and priority, as they went and as they would have gone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SimulatedRow {
    /// What was measured.
    pub metric: Metric,
    /// How urgent the tickets were.
    pub priority: Priority,
    /// As it went.
    pub before: Numbers,
    /// As it would have gone.
    pub after: Numbers,
}

/// How a simulation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits for others.
    Queued,
    /// It is under way.
    Running,
    /// It is there.
    Completed,
    /// It ended without numbers.
    Failed,
}

/// A simulation as it is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its id.
    pub id: Uuid,
    /// How it stands.
    pub state: State,
    /// What was asked.
    pub request: SimulationRequest,
    /// The admin who did.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Events of the partition that were passed on the way to the tickets, once that has begun.
    pub events_done: Option<i64>,
    /// Of how many.
    pub events_total: Option<i64>,
    /// Tickets that were replayed.
    pub tickets_done: i64,
    /// Of how many, once that is known.
    pub tickets_total: Option<i64>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The moment of which it tells.
    pub as_of: Option<DateTime<Utc>>,
    /// The numbers, once it is completed.
    pub result: Option<Vec<SimulatedRow>>,
    /// How many waits are counted otherwise.
    pub difference_count: i64,
    /// Why it failed.
    pub failure: Option<String>,
}

/// A wait that is counted otherwise.
#[derive(Debug, Clone, Copy)]
pub struct KeptDifference {
    /// Its place among them, from 1.
    pub place: i64,
    /// The ticket.
    pub ticket_id: TicketId,
    /// Its number.
    pub number: i64,
    /// What was measured.
    pub metric: Metric,
    /// Which of several waits.
    pub round: i32,
    /// How it was counted; none where it was not.
    pub before: Option<Outcome>,
    /// How it would have been.
    pub after: Option<Outcome>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// Too many wait already.
    #[error(
        "an organization has at most {OPEN_MAX} simulations that wait or run: delete one, or come back later"
    )]
    TooMany,
    /// The key asked for another one before.
    #[error("the idempotency key was used before with another request: use a new key")]
    KeyReused,
    /// Nobody asked for it in this organization, or it is forgotten.
    #[error("there is no such simulation")]
    NotFound,
    /// The database cannot be reached.
    #[error("the simulations cannot be read now; try again shortly")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
}

impl From<tokio_postgres::Error> for SimulationError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<deadpool_postgres::PoolError> for SimulationError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<RowError> for SimulationError {
    fn from(error: RowError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<CommandError> for SimulationError {
    fn from(error: CommandError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

/// The simulations of all organizations. Clones share everything.
#[derive(Debug, Clone)]
pub struct Simulations {
    pool: Pool,
    dispatcher: Dispatcher,
}

impl Simulations {
    /// Kept through this pool.
    #[must_use]
    pub fn new(pool: Pool, dispatcher: Dispatcher) -> Self {
        Self { pool, dispatcher }
    }

    /// Asks for one, which is recorded before it is there. The same person with the same key gets the one that was asked for
    /// before, while it is kept.
    ///
    /// # Errors
    /// When too many wait, the key asked for another one before, or the database fails.
    pub async fn create(
        &self,
        context: CommandContext,
        by: UserId,
        key: Option<&IdempotencyKey>,
        request: &SimulationRequest,
    ) -> Result<Kept, SimulationError> {
        let organization = context.organization_id;
        let (partition, mut client) = self.reach(organization).await?;
        let tx = within(&mut client, organization).await?;
        let id = key.map_or_else(Uuid::now_v7, |key| id_of(by, key));
        let find: [&(dyn ToSql + Sync); 3] = [&partition, &organization.0, &id];
        if key.is_some()
            && let Some(row) = tx.query_opt(FIND, &find).await?
        {
            return asked_before(&row, request);
        }
        let now = self.dispatcher.clock().now();
        let asked = requested(by, SimulationId(id), request);
        let json = Json(request);
        let [partition, org_id, id] = find;
        let values: [&(dyn ToSql + Sync); 7] =
            [partition, org_id, id, &json, &by.0, &now, &OPEN_MAX];
        let made = tx.execute(INSERT, &values).await?;
        if made > 0 {
            let forget: [&(dyn ToSql + Sync); 3] = [partition, org_id, &KEPT_MAX];
            tx.execute(FORGET_OLD, &forget).await?;
            self.record(context, asked).await?;
        }
        // Not made and there: the same request came twice at once.
        let found = tx.query_opt(FIND, &find).await?;
        tx.commit().await?;
        match found {
            Some(row) => asked_before(&row, request),
            None => Err(SimulationError::TooMany),
        }
    }

    /// Those that are kept, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, organization: OrganizationId) -> Result<Vec<Kept>, SimulationError> {
        let (partition, mut client) = self.reach(organization).await?;
        let tx = within(&mut client, organization).await?;
        let limit = KEPT_MAX + OPEN_MAX;
        let rows = tx
            .query(LIST, &[&partition, &organization.0, &limit])
            .await?;
        rows.iter().map(kept).collect()
    }

    /// One of this organization.
    ///
    /// # Errors
    /// When there is none, or the database fails.
    pub async fn get(
        &self,
        organization: OrganizationId,
        id: Uuid,
    ) -> Result<Kept, SimulationError> {
        let (partition, mut client) = self.reach(organization).await?;
        let tx = within(&mut client, organization).await?;
        let row = tx
            .query_opt(FIND, &[&partition, &organization.0, &id])
            .await?;
        kept(&row.ok_or(SimulationError::NotFound)?)
    }

    /// Forgets one, which is recorded before; where it runs, it ends with its next step.
    ///
    /// # Errors
    /// When there is none, or the database fails.
    pub async fn delete(
        &self,
        context: CommandContext,
        by: UserId,
        id: Uuid,
    ) -> Result<(), SimulationError> {
        let organization = context.organization_id;
        let (partition, mut client) = self.reach(organization).await?;
        let tx = within(&mut client, organization).await?;
        let gone = tx
            .execute(DELETE, &[&partition, &organization.0, &id])
            .await?;
        if gone == 0 {
            return Err(SimulationError::NotFound);
        }
        let deleted = SimulationDeleted {
            user_id: by,
            simulation_id: SimulationId(id),
        };
        self.record(context, deleted).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn record(
        &self,
        context: CommandContext,
        event: impl Into<SecurityEvent>,
    ) -> Result<(), SimulationError> {
        let command = RecordSecurity {
            occurrence_id: Uuid::now_v7(),
            event: event.into(),
        };
        self.dispatcher.dispatch(context, command).await?;
        Ok(())
    }

    /// At most `limit` of its differences after a place.
    ///
    /// # Errors
    /// When there is no such simulation, or the database fails.
    pub async fn differences(
        &self,
        organization: OrganizationId,
        id: Uuid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<KeptDifference>, SimulationError> {
        self.get(organization, id).await?;
        let (partition, mut client) = self.reach(organization).await?;
        let tx = within(&mut client, organization).await?;
        let rows = tx
            .query(
                DIFFERENCES,
                &[&partition, &organization.0, &id, &after, &limit],
            )
            .await?;
        rows.iter().map(difference).collect()
    }

    async fn reach(&self, organization: OrganizationId) -> Result<(i16, Client), SimulationError> {
        let partition: Partition = self.dispatcher.partition(organization).await?;
        Ok((partition.get(), self.pool.get().await?))
    }
}

/// A transaction in which simulations of other organizations are not there.
async fn within(
    client: &mut Client,
    organization: OrganizationId,
) -> Result<Transaction<'_>, SimulationError> {
    let tx = client.transaction().await?;
    tx.batch_execute(&schema::access::name(organization.0))
        .await?;
    Ok(tx)
}

fn requested(by: UserId, id: SimulationId, request: &SimulationRequest) -> SimulationRequested {
    SimulationRequested {
        user_id: by,
        simulation_id: id,
        from: request.range.from,
        to: request.range.to,
        policies: request.policies.as_ref().map(Vec::len),
        calendars: request.calendars.len(),
        imported: request.imported,
    }
}

/// A request that is sent again leads to the same simulation.
fn id_of(by: UserId, key: &IdempotencyKey) -> Uuid {
    Uuid::new_v5(&by.0, key.as_str().as_bytes())
}

fn asked_before(row: &Row, request: &SimulationRequest) -> Result<Kept, SimulationError> {
    let kept = kept(row)?;
    if kept.request == *request {
        Ok(kept)
    } else {
        Err(SimulationError::KeyReused)
    }
}

fn kept(row: &Row) -> Result<Kept, SimulationError> {
    let state: String = row.try_get("state")?;
    let Json(request) = row.try_get("request")?;
    let result: Option<Json<Vec<SimulatedRow>>> = row.try_get("result")?;
    Ok(Kept {
        id: row.try_get("simulation_id")?,
        state: match state.as_str() {
            "queued" => State::Queued,
            "running" => State::Running,
            "completed" => State::Completed,
            _ => State::Failed,
        },
        request,
        created_by: UserId(row.try_get("created_by")?),
        created_at: row.try_get("created_at")?,
        events_done: row.try_get("events_done")?,
        events_total: row.try_get("events_total")?,
        tickets_done: row.try_get("tickets_done")?,
        tickets_total: row.try_get("tickets_total")?,
        ended_at: row.try_get("ended_at")?,
        as_of: row.try_get("as_of")?,
        result: result.map(|Json(rows)| rows),
        difference_count: row.try_get("difference_count")?,
        failure: row.try_get("failure")?,
    })
}

fn difference(row: &Row) -> Result<KeptDifference, SimulationError> {
    let outcome = |name| -> Result<Option<Outcome>, SimulationError> {
        let stored: Option<String> = row.try_get(name)?;
        Ok(stored.map(Outcome::from_stored).transpose()?)
    };
    Ok(KeptDifference {
        place: row.try_get("place")?,
        ticket_id: TicketId(row.try_get("ticket_id")?),
        number: row.try_get("number")?,
        metric: Metric::from_stored(row.try_get("metric")?)?,
        round: row.try_get("round")?,
        before: outcome("before")?,
        after: outcome("after")?,
    })
}
