//! The organization of the viewer.

use const_format::formatcp;
use domain::ids::OrganizationId;
use event_store::Position;
use platform::rows::{OrganizationRow, Row};
use schema::projection::CORE;

use crate::cached::{Shown, Wanted};
use crate::database::Database;
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
    ) -> Result<Option<Shown<OrganizationRow>>, ReadError> {
        let Tenant { partition, org_id } = tenant;
        let org = OrganizationId(org_id.0);
        let wanted = Wanted {
            kind: "organization",
            tenant,
            id: org.0,
            at_least,
            now: self.freshness().moment(partition),
            flights: &self.organizations_read,
        };
        self.cached(
            wanted,
            |generation| self.cache.organization(generation, partition, org),
            self.database.clone().organization(tenant),
        )
        .await
    }
}

impl Database {
    async fn organization(self, tenant: Tenant) -> Result<Option<OrganizationRow>, ReadError> {
        let row = self
            .query_opt(tenant, FIND, &[&tenant.partition.get(), &tenant.org_id.0])
            .await?;
        Ok(row.as_ref().map(OrganizationRow::from_row).transpose()?)
    }
}
