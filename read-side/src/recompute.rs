//! How far changed service levels were carried to the open tickets of an organization. The saga keeps it: it is no read model,
//! and shows a change as soon as the saga saw it.

use chrono::{DateTime, Utc};
use const_format::formatcp;
use schema::table::SLA_RECOMPUTES;
use tokio_postgres::types::ToSql;

use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::Tenant;

/// The walk over all tickets of an organization is the row with the organization's own id.
const FIND: &str = formatcp!(
    "SELECT r.since, r.finished_at, r.tickets_total, r.tickets_done, r.tickets_changed, r.tickets_refused \
       FROM {SLA_RECOMPUTES} r WHERE r.partition = $1 AND r.org_id = $2 AND r.scope_id = $2"
);

const REQUESTERS: &str = formatcp!(
    "SELECT count(*) AS requesters FROM {SLA_RECOMPUTES} r \
      WHERE r.partition = $1 AND r.org_id = $2 AND r.scope_id <> $2 AND r.finished_at IS NULL"
);

/// How far the newest changes of an organization's rules are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recompute {
    /// When the oldest change was made that is told of here.
    pub since: DateTime<Utc>,
    /// When the last ticket was looked at; none while some are left.
    pub finished_at: Option<DateTime<Utc>>,
    /// The open tickets when the newest change was seen.
    pub tickets_total: i64,
    /// Those that were looked at since.
    pub tickets_done: i64,
    /// Those that are promised something else since.
    pub tickets_changed: i64,
    /// Those that could not be measured anew; the log of the program says why.
    pub tickets_refused: i64,
}

impl ReadModels {
    /// How far changes are that all open tickets may be touched by; none when there never was one.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub async fn recompute(&self, tenant: Tenant) -> Result<Option<Recompute>, ReadError> {
        let values: [&(dyn ToSql + Sync); 2] = [&tenant.partition.get(), &tenant.org_id.0];
        let Some(row) = self.database.query_opt(tenant, FIND, &values).await? else {
            return Ok(None);
        };
        Ok(Some(Recompute {
            since: row.try_get("since")?,
            finished_at: row.try_get("finished_at")?,
            tickets_total: row.try_get("tickets_total")?,
            tickets_done: row.try_get("tickets_done")?,
            tickets_changed: row.try_get("tickets_changed")?,
            tickets_refused: row.try_get("tickets_refused")?,
        }))
    }

    /// How many requesters with open tickets have another company that their tickets have not heard of.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub async fn requesters_to_recompute(&self, tenant: Tenant) -> Result<i64, ReadError> {
        let values: [&(dyn ToSql + Sync); 2] = [&tenant.partition.get(), &tenant.org_id.0];
        let row = self.database.query_opt(tenant, REQUESTERS, &values).await?;
        Ok(row.map_or(Ok(0), |row| row.try_get("requesters"))?)
    }
}
