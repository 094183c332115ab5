//! The walks in the saga's tables: noting a change, finding what is unfinished, reading tickets, keeping how far it is.

use super::walk::{Cause, Scope, Touches, Walk};
use super::{RulesChange, Tally};
use crate::saga::error::SagaError;
use crate::saga::lease::{self, Lease, bounded};
use crate::saga::tables::{Tables, column};
use chrono::{DateTime, Utc};
use const_format::formatcp;
use deadpool_postgres::Transaction;
use domain::ids::{CalendarId, OrganizationId, TicketId, UserId};
use domain::sla::clocks::Clocks;
use event_store::Position;
use schema::table::{LOG_HEADS, SLA_CLOCKS, SLA_RECOMPUTES};
use std::collections::HashSet;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// What of an unfinished walk stays when another change comes in: what it carries, since when, and that it goes on from where
/// it is.
const MERGE: &str = "ON CONFLICT (partition, org_id, scope_id) DO UPDATE \
     SET of_all = EXCLUDED.of_all OR (r.finished_at IS NULL AND r.of_all), \
         of_settings = EXCLUDED.of_settings OR (r.finished_at IS NULL AND r.of_settings), \
         calendar_ids = CASE WHEN r.finished_at IS NULL \
             THEN ARRAY(SELECT DISTINCT unnest(r.calendar_ids || EXCLUDED.calendar_ids)) ELSE EXCLUDED.calendar_ids END, \
         cause_event = EXCLUDED.cause_event, correlation_id = EXCLUDED.correlation_id, \
         cause_position = EXCLUDED.cause_position, \
         since = CASE WHEN r.finished_at IS NULL THEN r.since ELSE EXCLUDED.since END, \
         after_ticket = CASE WHEN r.finished_at IS NULL THEN r.after_ticket END, \
         until_ticket = CASE WHEN r.finished_at IS NULL THEN r.after_ticket END, \
         is_second_lap = false, tickets_total = EXCLUDED.tickets_total, tickets_done = 0, \
         tickets_changed = CASE WHEN r.finished_at IS NULL THEN r.tickets_changed ELSE 0 END, \
         tickets_refused = CASE WHEN r.finished_at IS NULL THEN r.tickets_refused ELSE 0 END, \
         finished_at = NULL";

const COLUMNS: &str = "partition, org_id, scope_id, of_all, of_settings, calendar_ids, cause_event, correlation_id, \
     cause_position, since, is_second_lap, tickets_total, tickets_done, tickets_changed, tickets_refused";

const VALUES: &str = "h.partition, $2::uuid, $3::uuid, $4::boolean, $5::boolean, $6::uuid[], $7::uuid, $8::uuid, \
     $9::bigint, $10::timestamptz, false, o.tickets, 0, 0, 0";

const NOTE_OF_ORGANIZATION: &str = formatcp!(
    "INSERT INTO {SLA_RECOMPUTES} AS r ({COLUMNS}) \
     SELECT {VALUES} \
       FROM {LOG_HEADS} h, \
            (SELECT count(*) AS tickets FROM {SLA_CLOCKS} c \
              WHERE c.partition = $1 AND c.org_id = $2 AND c.is_open) o \
      WHERE h.partition = $1 {MERGE}"
);

/// A requester without an open ticket has nothing to be told: most who get a company are new.
const NOTE_OF_REQUESTER: &str = formatcp!(
    "INSERT INTO {SLA_RECOMPUTES} AS r ({COLUMNS}) \
     SELECT {VALUES} \
       FROM {LOG_HEADS} h, \
            (SELECT count(*) AS tickets FROM {SLA_CLOCKS} c \
              WHERE c.partition = $1 AND c.org_id = $2 AND c.requester_id = $3 AND c.is_open) o \
      WHERE h.partition = $1 AND o.tickets > 0 {MERGE}"
);

const UNFINISHED: &str = formatcp!(
    "SELECT r.org_id, r.scope_id, r.of_all, r.of_settings, r.calendar_ids, r.cause_event, r.correlation_id, \
            r.cause_position, r.since, r.after_ticket, r.until_ticket, r.is_second_lap, \
            greatest(r.tickets_total - r.tickets_done, 0) AS tickets_left \
       FROM {SLA_RECOMPUTES} r \
      WHERE r.partition = $1 AND r.finished_at IS NULL AND r.org_id <> ALL($2::uuid[]) \
      ORDER BY r.since, r.org_id, r.scope_id LIMIT $3"
);

const TICKETS_OF_ORGANIZATION: &str = formatcp!(
    "SELECT c.ticket_id, c.clocks::text FROM {SLA_CLOCKS} c \
      WHERE c.partition = $1 AND c.org_id = $2 AND c.is_open AND c.ticket_id > $3 AND c.ticket_id <= $4 \
      ORDER BY c.ticket_id LIMIT $5"
);

const TICKETS_OF_REQUESTER: &str = formatcp!(
    "SELECT c.ticket_id, c.clocks::text FROM {SLA_CLOCKS} c \
      WHERE c.partition = $1 AND c.org_id = $2 AND c.is_open AND c.ticket_id > $3 AND c.ticket_id <= $4 \
        AND c.requester_id = $6 \
      ORDER BY c.ticket_id LIMIT $5"
);

/// Only of the walk as it was read: a change that came in meanwhile, however it could have, is not lost.
const MOVE: &str = formatcp!(
    "UPDATE {SLA_RECOMPUTES} r \
        SET after_ticket = $5, is_second_lap = $6, tickets_done = r.tickets_done + $7, \
            tickets_changed = r.tickets_changed + $8, tickets_refused = r.tickets_refused + $9, finished_at = $10 \
      WHERE r.partition = $1 AND r.org_id = $2 AND r.scope_id = $3 AND r.cause_position = $4 AND r.finished_at IS NULL"
);

const REMOVE: &str = formatcp!(
    "DELETE FROM {SLA_RECOMPUTES} r \
      WHERE r.partition = $1 AND r.org_id = $2 AND r.scope_id = $3 AND r.cause_position = $4"
);

/// A walk as the tables have it.
#[derive(Debug)]
pub(super) struct Unfinished {
    pub(super) walk: Walk,
    pub(super) since: DateTime<Utc>,
    pub(super) tickets_left: i64,
}

/// Notes a change in the transaction of the fold that saw it, after the clocks of the same page.
pub(in crate::saga) async fn note(
    transaction: &Transaction<'_>,
    partition: i16,
    change: &RulesChange,
) -> Result<(), SagaError> {
    let (organization_id, scope) = change.key;
    let statement = match scope {
        Scope::Organization => NOTE_OF_ORGANIZATION,
        Scope::Requester(_) => NOTE_OF_REQUESTER,
    };
    let Touches {
        all,
        settings,
        calendars,
    } = &change.touches;
    let calendar_ids: Vec<Uuid> = calendars.iter().map(|id| id.0).collect();
    let Cause {
        event_id,
        correlation_id,
        position,
    } = change.cause;
    let statement = transaction.prepare_cached(statement).await?;
    let values: [&(dyn ToSql + Sync); 10] = [
        &partition,
        &organization_id.0,
        &scope_id(organization_id, scope),
        all,
        settings,
        &calendar_ids,
        &event_id,
        &correlation_id,
        &position.get(),
        &change.since,
    ];
    transaction.execute(&statement, &values).await?;
    Ok(())
}

impl Tables {
    /// The walks that are not at their end, the oldest first, but for those of organizations that are left alone.
    pub(super) async fn unfinished_walks(
        &self,
        left_alone: &HashSet<OrganizationId>,
        limit: i64,
    ) -> Result<Vec<Unfinished>, SagaError> {
        let left_alone: Vec<Uuid> = left_alone.iter().map(|id| id.0).collect();
        let values: [&(dyn ToSql + Sync); 3] = [&self.partition.get(), &left_alone, &limit];
        let rows = self.query(UNFINISHED, &values).await?;
        rows.iter().map(unfinished_of).collect()
    }

    /// The next open tickets of a walk, with what is promised to each.
    pub(super) async fn tickets_of(
        &self,
        walk: &Walk,
        limit: i64,
    ) -> Result<Vec<(TicketId, Clocks)>, SagaError> {
        let (organization_id, scope) = walk.key;
        let bounds = walk.bounds();
        let partition = self.partition.get();
        let values: [&(dyn ToSql + Sync); 5] = [
            &partition,
            &organization_id.0,
            &bounds.after,
            &bounds.until,
            &limit,
        ];
        let rows = match scope {
            Scope::Organization => self.query(TICKETS_OF_ORGANIZATION, &values).await?,
            Scope::Requester(id) => {
                let [partition, org_id, after, until, limit] = values;
                let values = [partition, org_id, after, until, limit, &id.0];
                self.query(TICKETS_OF_REQUESTER, &values).await?
            }
        };
        rows.iter().map(ticket_of).collect()
    }

    /// Keeps how far a walk is, if the lease still stands.
    ///
    /// # Errors
    /// [`SagaError::LeaseLost`] when another instance took over; nothing was written then.
    pub(super) async fn move_walk(
        &self,
        lease: &Lease,
        walk: &Walk,
        tally: Tally,
        finished_at: Option<DateTime<Utc>>,
    ) -> Result<(), SagaError> {
        let (organization_id, scope) = walk.key;
        let scope_id = scope_id(organization_id, scope);
        let (partition, position) = (self.partition.get(), walk.cause.position.get());
        let is_seen_no_more = finished_at.is_some() && scope != Scope::Organization;
        let work = async {
            let mut client = self.pool.get().await?;
            let transaction = client.transaction().await?;
            let check = transaction.prepare_cached(lease::CHECK).await?;
            let holder: [&(dyn ToSql + Sync); 3] = [&partition, &lease.holder, &lease.fence];
            if transaction.query_opt(&check, &holder).await?.is_none() {
                return Err(SagaError::LeaseLost(self.partition));
            }
            let key: [&(dyn ToSql + Sync); 4] =
                [&partition, &organization_id.0, &scope_id, &position];
            if is_seen_no_more {
                let remove = transaction.prepare_cached(REMOVE).await?;
                transaction.execute(&remove, &key).await?;
            } else {
                let [partition, org_id, scope_id, position] = key;
                let values: [&(dyn ToSql + Sync); 10] = [
                    partition,
                    org_id,
                    scope_id,
                    position,
                    &walk.after,
                    &walk.is_second_lap,
                    &tally.done,
                    &tally.changed,
                    &tally.refused,
                    &finished_at,
                ];
                let move_walk = transaction.prepare_cached(MOVE).await?;
                transaction.execute(&move_walk, &values).await?;
            }
            transaction.commit().await?;
            Ok(())
        };
        bounded(self.timeout, work).await
    }
}

fn scope_id(organization_id: OrganizationId, scope: Scope) -> Uuid {
    match scope {
        Scope::Organization => organization_id.0,
        Scope::Requester(id) => id.0,
    }
}

fn unfinished_of(row: &Row) -> Result<Unfinished, SagaError> {
    let organization_id = OrganizationId(column(row, "org_id")?);
    let scope_id: Uuid = column(row, "scope_id")?;
    let scope = if scope_id == organization_id.0 {
        Scope::Organization
    } else {
        Scope::Requester(UserId(scope_id))
    };
    let calendar_ids: Vec<Uuid> = column(row, "calendar_ids")?;
    let position = Position::new(column(row, "cause_position")?);
    let walk = Walk {
        key: (organization_id, scope),
        touches: Touches {
            all: column(row, "of_all")?,
            settings: column(row, "of_settings")?,
            calendars: calendar_ids.into_iter().map(CalendarId).collect(),
        },
        cause: Cause {
            event_id: column(row, "cause_event")?,
            correlation_id: column(row, "correlation_id")?,
            position: position.map_err(|error| SagaError::BadRow {
                what: error.to_string(),
            })?,
        },
        after: column(row, "after_ticket")?,
        until: column(row, "until_ticket")?,
        is_second_lap: column(row, "is_second_lap")?,
    };
    Ok(Unfinished {
        walk,
        since: column(row, "since")?,
        tickets_left: column(row, "tickets_left")?,
    })
}

fn ticket_of(row: &Row) -> Result<(TicketId, Clocks), SagaError> {
    let json: &str = column(row, "clocks")?;
    let clocks = serde_json::from_str(json).map_err(|error| SagaError::BadRow {
        what: format!("clocks: {error}"),
    })?;
    Ok((TicketId(column(row, "ticket_id")?), clocks))
}
