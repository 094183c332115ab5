//! The teams of an organization.

use const_format::formatcp;
use domain::ids::TeamId;
use platform::rows::{Row, TeamRow};
use schema::projection::CORE;

use crate::error::ReadError;
use crate::models::ReadModels;
use crate::users::NameKey;
use crate::viewer::Viewer;
use platform::cursor::{self, Fingerprint, InvalidCursor};
use platform::page::{Limit, Page};

const LIST: &str = formatcp!(
    "SELECT {} FROM {CORE}.{}
     WHERE partition = $1 AND org_id = $2 AND (name, team_id) > ($3, $4)
       AND ($6::uuid IS NULL OR NOT private OR $6::uuid = ANY(member_ids))
     ORDER BY name, team_id LIMIT $5",
    <TeamRow as Row>::COLUMNS,
    <TeamRow as Row>::TABLE
);
const FIND: &str = formatcp!(
    "SELECT {} FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND team_id = $3
       AND ($4::uuid IS NULL OR NOT private OR $4::uuid = ANY(member_ids))",
    <TeamRow as Row>::COLUMNS,
    <TeamRow as Row>::TABLE
);

/// Teams by name, from the beginning or from where a cursor says.
#[derive(Debug, Clone, PartialEq)]
pub struct TeamList {
    fingerprint: Fingerprint,
    after: NameKey,
}

impl TeamList {
    /// All teams.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none.
    pub fn new(cursor: Option<&str>) -> Result<Self, InvalidCursor> {
        let fingerprint = Fingerprint::of("teams", &());
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
    /// One page of the teams that the viewer may see.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn teams(
        &self,
        viewer: &Viewer,
        list: &TeamList,
        limit: Limit,
    ) -> Result<Page<TeamRow>, ReadError> {
        let tenant = viewer.tenant;
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
                    &viewer.only_member(),
                ],
            )
            .await?;
        let rows = rows
            .iter()
            .map(TeamRow::from_row)
            .collect::<Result<_, _>>()?;
        let key = |row: &TeamRow| NameKey::of(&row.name, row.team_id.0);
        Ok(Page::cut(rows, limit, &list.fingerprint, key))
    }

    /// The team, if it is of this organization and the viewer may see it.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn team(&self, viewer: &Viewer, id: TeamId) -> Result<Option<TeamRow>, ReadError> {
        let tenant = viewer.tenant;
        let row = self
            .database
            .query_opt(
                tenant,
                FIND,
                &[
                    &tenant.partition.get(),
                    &tenant.org_id.0,
                    &id.0,
                    &viewer.only_member(),
                ],
            )
            .await?;
        Ok(row.as_ref().map(TeamRow::from_row).transpose()?)
    }
}
