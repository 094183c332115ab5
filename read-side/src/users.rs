//! The people of an organization.

use const_format::formatcp;
use domain::actor::Role;
use domain::ids::{CompanyId, UserId};
use domain::text::Name;
use platform::rows::{Row, UserRow};
use schema::projection::{CORE, LISTED_USERS};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::Tenant;
use platform::cursor::{self, Fingerprint, InvalidCursor};
use platform::page::{Limit, Page};

const LIST: &str = formatcp!(
    "SELECT {} FROM {CORE}.{}
     WHERE partition = $1 AND org_id = $2 AND {LISTED_USERS} AND (name, user_id) > ($3, $4)
       AND ($5::text IS NULL OR role = $5)
       AND ($6::boolean IS NULL OR active = $6)
       AND ($7::text IS NULL OR starts_with(lower(name), lower($7)))
       AND ($8::uuid IS NULL OR company_id = $8)
     ORDER BY name, user_id LIMIT $9",
    <UserRow as Row>::COLUMNS,
    <UserRow as Row>::TABLE
);
const FIND: &str = formatcp!(
    "SELECT {} FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND user_id = $3",
    <UserRow as Row>::COLUMNS,
    <UserRow as Row>::TABLE
);

/// Conditions that a user fulfils all of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct UserFilter {
    /// This role.
    pub role: Option<Role>,
    /// Whether they may act.
    pub active: Option<bool>,
    /// Their name begins so, in upper or lower case.
    pub name_prefix: Option<Name>,
    /// They belong to this company.
    pub company: Option<CompanyId>,
}

/// Users by name, from the beginning or from where a cursor says.
#[derive(Debug, Clone, PartialEq)]
pub struct UserList {
    filter: UserFilter,
    fingerprint: Fingerprint,
    after: NameKey,
}

/// Where a user or team stands in the order of names: what a cursor holds. Names that are equal are ordered by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameKey {
    /// Parsed, since a text that is no name may not even be a text to PostgreSQL. None is before every name.
    #[serde(rename = "n")]
    pub(crate) name: Option<Name>,
    #[serde(rename = "i")]
    pub(crate) id: Uuid,
}

impl NameKey {
    /// The key of a row. Names of rows were parsed before they were recorded.
    pub(crate) fn of(name: &str, id: Uuid) -> Self {
        Self {
            name: Name::parse(name).ok(),
            id,
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.name.as_ref().map_or("", Name::as_str)
    }
}

impl UserList {
    /// The users that fit.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none, or belongs to another filter.
    pub fn new(filter: UserFilter, cursor: Option<&str>) -> Result<Self, InvalidCursor> {
        let fingerprint = Fingerprint::of("users", &filter);
        let after = cursor
            .map(|text| cursor::decode(&fingerprint, text))
            .transpose()?;
        Ok(Self {
            filter,
            fingerprint,
            after: after.unwrap_or_default(),
        })
    }
}

impl ReadModels {
    /// One page of the users.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn users(
        &self,
        tenant: Tenant,
        list: &UserList,
        limit: Limit,
    ) -> Result<Page<UserRow>, ReadError> {
        let UserFilter {
            role,
            active,
            name_prefix,
            company,
        } = &list.filter;
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
                    &role.map(Role::as_str),
                    active,
                    &name_prefix.as_ref().map(Name::as_str),
                    &company.map(|id| id.0),
                    &limit.rows(),
                ],
            )
            .await?;
        let rows = rows
            .iter()
            .map(UserRow::from_row)
            .collect::<Result<_, _>>()?;
        let key = |row: &UserRow| NameKey::of(&row.name, row.user_id.0);
        Ok(Page::cut(rows, limit, &list.fingerprint, key))
    }

    /// The user, if they are of this organization.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn user(&self, tenant: Tenant, id: UserId) -> Result<Option<UserRow>, ReadError> {
        let row = self
            .database
            .query_opt(
                tenant,
                FIND,
                &[&tenant.partition.get(), &tenant.org_id.0, &id.0],
            )
            .await?;
        Ok(row.as_ref().map(UserRow::from_row).transpose()?)
    }
}
