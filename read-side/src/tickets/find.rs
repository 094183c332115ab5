//! One ticket.

use const_format::formatcp;
use domain::ids::{OrganizationId, TicketId};
use event_store::Position;
use platform::rows::{Row, TicketRow};
use schema::projection::CORE;

use crate::cached::Shown;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::{Tenant, Viewer};

const FIND: &str = formatcp!(
    "SELECT {} FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND ticket_id = $3",
    <TicketRow as Row>::COLUMNS,
    <TicketRow as Row>::TABLE
);

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
        let Tenant { partition, org_id } = viewer.tenant;
        let org = OrganizationId(org_id.0);
        let shown = self
            .cached(
                "ticket",
                partition,
                at_least,
                |generation| self.cache.ticket(generation, partition, org, id),
                self.ticket_of_tables(viewer.tenant, id),
            )
            .await?;
        let Some(mut shown) = shown else {
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

    async fn ticket_of_tables(
        &self,
        tenant: Tenant,
        id: TicketId,
    ) -> Result<Option<TicketRow>, ReadError> {
        let row = self
            .database
            .query_opt(
                tenant,
                FIND,
                &[&tenant.partition.get(), &tenant.org_id.0, &id.0],
            )
            .await?;
        Ok(row.as_ref().map(TicketRow::from_row).transpose()?)
    }
}
