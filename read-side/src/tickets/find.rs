//! One ticket.

use const_format::formatcp;
use domain::ids::{OrganizationId, TicketId};
use event_store::Position;
use platform::rows::{Row, TicketRow};
use schema::projection::CORE;

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
    ) -> Result<Option<TicketRow>, ReadError> {
        let row = self.ticket_of_any(viewer.tenant, id, at_least).await?;
        let only = viewer.only_requester();
        Ok(row.filter(|row| only.is_none_or(|requester| row.requester_id.0 == requester)))
    }

    async fn ticket_of_any(
        &self,
        tenant: Tenant,
        id: TicketId,
        at_least: Position,
    ) -> Result<Option<TicketRow>, ReadError> {
        let Tenant { partition, org_id } = tenant;
        // Taken before the row is selected: what is put under it later cannot be older than it says.
        let Some(generation) = self.cache.generation(partition) else {
            return self.ticket_of_tables(tenant, id).await;
        };
        let cached = self
            .cache
            .ticket(generation, partition, OrganizationId(org_id.0), id)
            .await;
        // A cached row may be older than the tables by the time between commit and put.
        if let Some(row) = cached.filter(|row| row.position >= at_least.get()) {
            return Ok(Some(row));
        }
        let row = self.ticket_of_tables(tenant, id).await?;
        if let Some(row) = &row {
            // A fill that fails costs the next reader a statement, nothing else.
            let _ = self.cache.put(generation, partition, &[row]).await;
        }
        Ok(row)
    }

    async fn ticket_of_tables(
        &self,
        tenant: Tenant,
        id: TicketId,
    ) -> Result<Option<TicketRow>, ReadError> {
        let row = self
            .database
            .query_opt(FIND, &[&tenant.partition.get(), &tenant.org_id.0, &id.0])
            .await?;
        Ok(row.as_ref().map(TicketRow::from_row).transpose()?)
    }
}
