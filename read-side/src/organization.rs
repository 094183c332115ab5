//! The organization of the viewer.

use const_format::formatcp;
use domain::ids::OrganizationId;
use event_store::Position;
use platform::rows::{OrganizationRow, Row};
use schema::projection::CORE;

use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::Tenant;

const FIND: &str = formatcp!(
    "SELECT {} FROM {CORE}.{} WHERE partition = $1 AND org_id = $2",
    <OrganizationRow as Row>::COLUMNS,
    <OrganizationRow as Row>::TABLE
);

impl ReadModels {
    /// The organization, from a row that shows `at_least` this position of its partition. Its `ticket_count` may be older.
    /// The caller has waited until the read models are that far.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn organization(
        &self,
        tenant: Tenant,
        at_least: Position,
    ) -> Result<Option<OrganizationRow>, ReadError> {
        let Tenant { partition, org_id } = tenant;
        // Taken before the row is selected: what is put under it later cannot be older than it says.
        let Some(generation) = self.cache.generation(partition) else {
            return self.organization_of_tables(tenant).await;
        };
        let cached = self
            .cache
            .organization(generation, partition, OrganizationId(org_id.0))
            .await;
        // A cached row may be older than the tables by the time between commit and put.
        if let Some(row) = cached.filter(|row| row.position >= at_least.get()) {
            return Ok(Some(row));
        }
        let row = self.organization_of_tables(tenant).await?;
        if let Some(row) = &row {
            // A fill that fails costs the next reader a statement, nothing else.
            let _ = self.cache.put(generation, partition, &[row]).await;
        }
        Ok(row)
    }

    async fn organization_of_tables(
        &self,
        tenant: Tenant,
    ) -> Result<Option<OrganizationRow>, ReadError> {
        let row = self
            .database
            .query_opt(FIND, &[&tenant.partition.get(), &tenant.org_id.0])
            .await?;
        Ok(row.as_ref().map(OrganizationRow::from_row).transpose()?)
    }
}
