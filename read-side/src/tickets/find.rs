//! One ticket.

use const_format::formatcp;
use domain::ids::{OrganizationId, TicketId};
use event_store::Position;
use platform::rows::{Row, TicketRow};
use schema::projection::CORE;

use crate::cached::{Outcome, Shown, Wanted};
use crate::database::Database;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::{Tenant, Viewer};

const FIND: &str = formatcp!(
    "SELECT {} FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND ticket_id = $3",
    <TicketRow as Row>::COLUMNS,
    <TicketRow as Row>::TABLE
);

/// As the metrics name what is cached here.
const KIND: &str = "ticket";

impl ReadModels {
    /// The ticket, if the viewer may see it, from a row that shows `at_least` this position of its partition.
    /// The caller has waited until the read models are that far.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn ticket(
        &self,
        viewer: &Viewer,
        id: TicketId,
        at_least: Position,
    ) -> Result<Option<Shown<TicketRow>>, ReadError> {
        let Some(mut shown) = self.ticket_of_all(viewer.tenant, id, at_least).await? else {
            return Ok(None);
        };
        if !self.sees_tickets_of(viewer, shown.row.requester_id).await? {
            return Ok(None);
        }
        // A team that became private before the ticket came to it hides it.
        let teams_at = Position::new(shown.row.position).map_or(at_least, |at| at.max(at_least));
        if self.hides_team(viewer, shown.row.team_id, teams_at).await? {
            return Ok(None);
        }
        self.hide_links(viewer, std::slice::from_mut(&mut shown.row))
            .await?;
        Ok(Some(shown))
    }

    /// The ticket, whoever asks: as this process kept it, else from the cache, else from the tables.
    async fn ticket_of_all(
        &self,
        tenant: Tenant,
        id: TicketId,
        at_least: Position,
    ) -> Result<Option<Shown<TicketRow>>, ReadError> {
        let Tenant { partition, org_id } = tenant;
        let now = self.freshness().moment(partition);
        let near = now.and_then(|now| self.near_tickets.get(org_id, id, now));
        if let Some(shown) = near.and_then(|row| Shown::by_cache(row, at_least)) {
            Outcome::Near.count(KIND);
            return Ok(Some(shown));
        }
        let org = OrganizationId(org_id.0);
        let wanted = Wanted {
            kind: KIND,
            tenant,
            id: id.0,
            at_least,
            now,
            flights: &self.tickets_read,
        };
        let shown = self
            .cached(
                wanted,
                |generation| self.cache.ticket(generation, partition, org, id),
                self.database.clone().ticket(tenant, id),
            )
            .await?;
        if let (Some(now), Some(shown)) = (now, &shown) {
            self.near_tickets.keep(org_id, id, now, &shown.row);
        }
        Ok(shown)
    }
}

impl Database {
    async fn ticket(self, tenant: Tenant, id: TicketId) -> Result<Option<TicketRow>, ReadError> {
        let row = self
            .query_opt(
                tenant,
                FIND,
                &[&tenant.partition.get(), &tenant.org_id.0, &id.0],
            )
            .await?;
        Ok(row.as_ref().map(TicketRow::from_row).transpose()?)
    }
}
