//! Companies of customers, and whose tickets a customer sees because of theirs.

use std::collections::HashSet;

use const_format::formatcp;
use domain::actor::Role;
use domain::ids::{CompanyId, UserId};
use platform::rows::{CompanyRow, OrganizationRow, Row, UserRow};
use schema::projection::CORE;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::database::Statement;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::users::NameKey;
use crate::viewer::{Tenant, Viewer};
use platform::cursor::{self, Fingerprint, InvalidCursor};
use platform::page::{Limit, Page};

const LIST: &str = formatcp!(
    "SELECT {} FROM {CORE}.{}
     WHERE partition = $1 AND org_id = $2 AND (name, company_id) > ($3, $4) ORDER BY name, company_id LIMIT $5",
    <CompanyRow as Row>::COLUMNS,
    <CompanyRow as Row>::TABLE
);
const FIND: &str = formatcp!(
    "SELECT {} FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND company_id = $3",
    <CompanyRow as Row>::COLUMNS,
    <CompanyRow as Row>::TABLE
);
/// The company of a customer whose organization lets colleagues see each other's tickets.
const IN_SIGHT: &str = formatcp!(
    "SELECT me.company_id FROM {CORE}.{} AS me JOIN {CORE}.{} AS o ON o.partition = $1 AND o.org_id = $2
     WHERE me.partition = $1 AND me.org_id = $2 AND me.user_id = $3 AND me.company_id IS NOT NULL
       AND (o.settings ->> 'colleagues_see_tickets')::boolean",
    <UserRow as Row>::TABLE,
    <OrganizationRow as Row>::TABLE
);
const BELONGS: &str = formatcp!(
    "SELECT user_id FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND user_id = ANY($3) AND company_id = $4",
    <UserRow as Row>::TABLE
);

/// Adds the condition that a ticket is the customer's own, or that of somebody of `company`.
pub(crate) fn push_requesters(
    statement: &mut Statement,
    viewer: &Viewer,
    company: Option<CompanyId>,
) {
    let Some(own) = viewer.only_requester() else {
        return;
    };
    let Some(company) = company else {
        statement.push(" AND requester_id = ").bind(own, Type::UUID);
        return;
    };
    statement
        .push(formatcp!(
            " AND requester_id = ANY (ARRAY(SELECT colleague.user_id FROM {CORE}.{} AS colleague WHERE colleague.partition = ",
            <UserRow as Row>::TABLE
        ))
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND colleague.org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID)
        .push(" AND colleague.version > 0 AND colleague.company_id = ")
        .bind(company.0, Type::UUID)
        .push("))");
}

/// Companies by name, from the beginning or from where a cursor says.
#[derive(Debug, Clone, PartialEq)]
pub struct CompanyList {
    fingerprint: Fingerprint,
    after: NameKey,
}

impl CompanyList {
    /// All companies.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none.
    pub fn new(cursor: Option<&str>) -> Result<Self, InvalidCursor> {
        let fingerprint = Fingerprint::of("companies", &());
        let after = cursor
            .map(|text| cursor::decode(&fingerprint, text))
            .transpose()?;
        Ok(Self {
            fingerprint,
            after: after.unwrap_or_default(),
        })
    }
}

impl ReadModels {
    /// One page of the companies.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn companies(
        &self,
        tenant: Tenant,
        list: &CompanyList,
        limit: Limit,
    ) -> Result<Page<CompanyRow>, ReadError> {
        let rows = self
            .database
            .query(
                tenant,
                LIST,
                &[
                    &tenant.partition.get(),
                    &tenant.org_id.0,
                    &list.after.name(),
                    &list.after.id,
                    &limit.rows(),
                ],
            )
            .await?;
        let rows = rows
            .iter()
            .map(CompanyRow::from_row)
            .collect::<Result<_, _>>()?;
        let key = |row: &CompanyRow| NameKey::of(&row.name, row.company_id.0);
        Ok(Page::cut(rows, limit, &list.fingerprint, key))
    }

    /// The company, if it is of this organization.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn company(
        &self,
        tenant: Tenant,
        id: CompanyId,
    ) -> Result<Option<CompanyRow>, ReadError> {
        let row = self
            .database
            .query_opt(
                tenant,
                FIND,
                &[&tenant.partition.get(), &tenant.org_id.0, &id.0],
            )
            .await?;
        Ok(row.as_ref().map(CompanyRow::from_row).transpose()?)
    }

    /// The company whose tickets the viewer sees as their own: theirs, if they are a customer of one and the organization
    /// lets colleagues see each other's. Asked with each query, so that who was moved out sees nothing more.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub(crate) async fn company_in_sight(
        &self,
        viewer: &Viewer,
    ) -> Result<Option<CompanyId>, ReadError> {
        if viewer.role != Role::Customer {
            return Ok(None);
        }
        let tenant = viewer.tenant;
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&tenant.partition.get(), &tenant.org_id.0, &viewer.user_id.0];
        let row = self.database.query_opt(tenant, IN_SIGHT, &values).await?;
        let id = row.map(|row| row.try_get(0).map(CompanyId)).transpose()?;
        Ok(id)
    }

    /// Whether the viewer may see the tickets of a requester.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub(crate) async fn sees_tickets_of(
        &self,
        viewer: &Viewer,
        requester: UserId,
    ) -> Result<bool, ReadError> {
        if viewer.only_requester().is_none_or(|own| own == requester.0) {
            return Ok(true);
        }
        let seen = self
            .requesters_in_sight(viewer, HashSet::from([requester]))
            .await?;
        Ok(seen.contains(&requester))
    }

    /// Of these requesters those whose tickets a customer sees: themself, and colleagues where the organization lets them.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub(crate) async fn requesters_in_sight(
        &self,
        viewer: &Viewer,
        mut requesters: HashSet<UserId>,
    ) -> Result<HashSet<UserId>, ReadError> {
        let sees_themself = requesters.remove(&viewer.user_id);
        let mut seen: HashSet<UserId> = sees_themself
            .then_some(viewer.user_id)
            .into_iter()
            .collect();
        if requesters.is_empty() {
            return Ok(seen);
        }
        let Some(company) = self.company_in_sight(viewer).await? else {
            return Ok(seen);
        };
        let tenant = viewer.tenant;
        let others: Vec<Uuid> = requesters.into_iter().map(|id| id.0).collect();
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] = [
            &tenant.partition.get(),
            &tenant.org_id.0,
            &others,
            &company.0,
        ];
        for row in self.database.query(tenant, BELONGS, &values).await? {
            seen.insert(UserId(row.try_get(0)?));
        }
        Ok(seen)
    }
}
