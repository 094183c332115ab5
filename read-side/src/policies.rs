//! The service level policies of an organization, as they are and as they were.

use const_format::formatcp;
use domain::ids::PolicyId;
use platform::rows::{PolicyVersionRow, Row, ServiceLevelsRow};
use schema::projection::CORE;
use tokio_postgres::types::ToSql;

use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::Tenant;
use platform::cursor::{self, Fingerprint, InvalidCursor};
use platform::page::{Limit, Page};

const FIND: &str = formatcp!(
    "SELECT {} FROM {CORE}.{} WHERE partition = $1 AND org_id = $2",
    <ServiceLevelsRow as Row>::COLUMNS,
    <ServiceLevelsRow as Row>::TABLE
);
const VERSION: &str = formatcp!(
    "SELECT {} FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND policy_id = $3 AND policy_version = $4",
    <PolicyVersionRow as Row>::COLUMNS,
    <PolicyVersionRow as Row>::TABLE
);
const VERSIONS: &str = formatcp!(
    "SELECT {} FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND policy_id = $3 AND policy_version < $4
     ORDER BY policy_version DESC LIMIT $5",
    <PolicyVersionRow as Row>::COLUMNS,
    <PolicyVersionRow as Row>::TABLE
);

/// The versions of a policy, the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyVersionList {
    fingerprint: Fingerprint,
    policy_id: PolicyId,
    before: i32,
}

impl PolicyVersionList {
    /// All versions, also of a policy that is deleted.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none of this list.
    pub fn new(policy_id: PolicyId, cursor: Option<&str>) -> Result<Self, InvalidCursor> {
        let fingerprint = Fingerprint::of("policy_versions", &policy_id);
        let before = cursor
            .map(|text| cursor::decode(&fingerprint, text))
            .transpose()?;
        Ok(Self {
            fingerprint,
            policy_id,
            before: before.unwrap_or(i32::MAX),
        })
    }
}

impl ReadModels {
    /// The policies of an organization; none when it never had any.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn service_levels(
        &self,
        tenant: Tenant,
    ) -> Result<Option<ServiceLevelsRow>, ReadError> {
        let values: [&(dyn ToSql + Sync); 2] = [&tenant.partition.get(), &tenant.org_id.0];
        let row = self.database.query_opt(tenant, FIND, &values).await?;
        Ok(row.as_ref().map(ServiceLevelsRow::from_row).transpose()?)
    }

    /// A version of a policy of this organization.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn policy_version(
        &self,
        tenant: Tenant,
        id: PolicyId,
        version: i32,
    ) -> Result<Option<PolicyVersionRow>, ReadError> {
        let values: [&(dyn ToSql + Sync); 4] =
            [&tenant.partition.get(), &tenant.org_id.0, &id.0, &version];
        let row = self.database.query_opt(tenant, VERSION, &values).await?;
        Ok(row.as_ref().map(PolicyVersionRow::from_row).transpose()?)
    }

    /// One page of the versions of a policy; empty when the organization never had it.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn policy_versions(
        &self,
        tenant: Tenant,
        list: &PolicyVersionList,
        limit: Limit,
    ) -> Result<Page<PolicyVersionRow>, ReadError> {
        let values: [&(dyn ToSql + Sync); 5] = [
            &tenant.partition.get(),
            &tenant.org_id.0,
            &list.policy_id.0,
            &list.before,
            &limit.rows(),
        ];
        let rows = self.database.query(tenant, VERSIONS, &values).await?;
        let rows = rows
            .iter()
            .map(PolicyVersionRow::from_row)
            .collect::<Result<_, _>>()?;
        let key = |row: &PolicyVersionRow| row.policy_version;
        Ok(Page::cut(rows, limit, &list.fingerprint, key))
    }
}
