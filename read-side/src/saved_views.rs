//! Saved views: one's own, those of one's teams, those of the organization, and how many tickets each has.

use const_format::formatcp;
use domain::ids::{TeamId, ViewId};
use platform::rows::{Row, ViewRow};
use schema::projection::CORE;
use schema::table::core::TEAMS;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::database::Statement;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::privacy::push_hidden_teams;
use crate::users::NameKey;
use crate::viewer::Viewer;
use platform::cursor::{self, Fingerprint, InvalidCursor};
use platform::page::{Limit, Page};

const COLUMNS: &str = <ViewRow as Row>::COLUMNS;
const VIEWS: &str = formatcp!("{CORE}.{}", <ViewRow as Row>::TABLE);

/// Views by name, from the beginning or from where a cursor says.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewList {
    team: Option<TeamId>,
    fingerprint: Fingerprint,
    after: NameKey,
}

impl ViewList {
    /// Those of a team, or without one all that are for the viewer: their own, their teams', the organization's.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none, or belongs to another list.
    pub fn new(team: Option<TeamId>, cursor: Option<&str>) -> Result<Self, InvalidCursor> {
        let fingerprint = Fingerprint::of("views", &team);
        let after = cursor
            .map(|text| cursor::decode(&fingerprint, text))
            .transpose()?;
        Ok(Self {
            team,
            fingerprint,
            after: after.unwrap_or_default(),
        })
    }
}

impl ReadModels {
    /// One page of views.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn views(
        &self,
        viewer: &Viewer,
        list: &ViewList,
        limit: Limit,
    ) -> Result<Page<ViewRow>, ReadError> {
        let statement = page(viewer, list, limit.rows());
        let rows = self
            .database
            .query_composed(viewer.tenant, &statement)
            .await?;
        let rows = rows.iter().map(ViewRow::from_row);
        let rows = rows.collect::<Result<_, _>>()?;
        let key = |row: &ViewRow| NameKey::of(&row.name, row.view_id.0);
        Ok(Page::cut(rows, limit, &list.fingerprint, key))
    }

    /// The views of these ids that the viewer may see.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn views_of(
        &self,
        viewer: &Viewer,
        ids: &[ViewId],
    ) -> Result<Vec<ViewRow>, ReadError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let mut statement = Statement::default();
        push_rows(&mut statement, viewer);
        statement
            .push(" AND view_id = ANY(")
            .bind(ids, Type::UUID_ARRAY)
            .push(") AND (team_id IS NOT NULL OR person_id IS NULL OR person_id = ")
            .bind(viewer.user_id.0, Type::UUID)
            .push(")");
        push_visible(&mut statement, viewer);
        let rows = self
            .database
            .query_composed(viewer.tenant, &statement)
            .await?;
        let rows = rows.iter().map(ViewRow::from_row);
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The view, if the viewer may see it.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn view(&self, viewer: &Viewer, id: ViewId) -> Result<Option<ViewRow>, ReadError> {
        Ok(self.views_of(viewer, &[id]).await?.pop())
    }
}

/// Each owner's views are read along the index of such owners, and the beginnings are merged.
fn page(viewer: &Viewer, list: &ViewList, rows: i64) -> Statement {
    let mut statement = Statement::default();
    if let Some(team) = list.team {
        push_rows(&mut statement, viewer);
        statement.push(" AND team_id = ").bind(team.0, Type::UUID);
        push_visible(&mut statement, viewer);
        push_page(&mut statement, list, rows);
        return statement;
    }
    statement.push(formatcp!("SELECT {COLUMNS} FROM (("));
    push_rows(&mut statement, viewer);
    statement.push(" AND team_id IS NULL AND person_id IS NULL");
    push_page(&mut statement, list, rows);
    statement.push(") UNION ALL (");
    push_rows(&mut statement, viewer);
    statement
        .push(" AND person_id = ")
        .bind(viewer.user_id.0, Type::UUID);
    push_page(&mut statement, list, rows);
    statement.push(") UNION ALL (");
    push_rows(&mut statement, viewer);
    statement.push(" AND team_id = ANY(");
    push_own_teams(&mut statement, viewer);
    statement.push(")");
    push_page(&mut statement, list, rows);
    statement.push(")) AS of_each_owner");
    push_order(&mut statement, rows);
    statement
}

fn push_rows(statement: &mut Statement, viewer: &Viewer) {
    statement
        .push(formatcp!(
            "SELECT {COLUMNS} FROM {VIEWS} WHERE partition = "
        ))
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID)
        .push(" AND NOT deleted");
}

fn push_page(statement: &mut Statement, list: &ViewList, rows: i64) {
    statement
        .push(" AND (name, view_id) > (")
        .bind(list.after.name().to_owned(), Type::TEXT)
        .push(", ")
        .bind(list.after.id, Type::UUID)
        .push(")");
    push_order(statement, rows);
}

fn push_order(statement: &mut Statement, rows: i64) {
    statement
        .push(" ORDER BY name, view_id LIMIT ")
        .bind(rows, Type::INT8);
}

/// The teams that the viewer is in: an array of their ids.
fn push_own_teams(statement: &mut Statement, viewer: &Viewer) {
    statement
        .push(formatcp!(
            "ARRAY(SELECT own.team_id FROM {CORE}.{TEAMS} AS own WHERE own.partition = "
        ))
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND own.org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID)
        .push(" AND ")
        .bind(viewer.user_id.0, Type::UUID)
        .push(" = ANY(own.member_ids))");
}

/// Whoever must not know of a private team learns nothing of its views.
fn push_visible(statement: &mut Statement, viewer: &Viewer) {
    if let Some(member) = viewer.only_member() {
        statement.push(" AND (team_id IS NULL OR team_id <> ALL (");
        push_hidden_teams(statement, viewer, member);
        statement.push("))");
    }
}
