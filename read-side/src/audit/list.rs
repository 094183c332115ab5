//! A page of the audit.

use platform::rows::AuditRow;
use serde::{Deserialize, Serialize};

use super::filter::AuditFilter;
use super::statement;
use crate::error::ReadError;
use crate::keyset::Keyset;
use crate::models::ReadModels;
use crate::viewer::Viewer;
use platform::cursor::{InvalidCursor, Moment};
use platform::page::{Direction, Limit, Page};

/// What a client asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditQuery {
    /// Which facts.
    pub filter: AuditFilter,
    /// The oldest or the newest first, by the time at which the log took them.
    pub direction: Direction,
    /// How many at once.
    pub limit: Limit,
}

/// Where a fact stands in the order: what a cursor holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditKey {
    #[serde(rename = "t")]
    pub(super) recorded_at: Moment,
    #[serde(rename = "p")]
    pub(super) position: i64,
}

/// The list of a query, from its beginning or from where a cursor says.
pub type AuditList = Keyset<AuditQuery, AuditKey>;

impl AuditList {
    /// The list of `query`, from its beginning or from where `cursor` says.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none, or belongs to another filter or order.
    pub fn new(query: AuditQuery, cursor: Option<&str>) -> Result<Self, InvalidCursor> {
        let bound_to = (query.direction, query.filter.clone());
        Self::bound("audit", &bound_to, query, cursor)
    }
}

impl ReadModels {
    /// One page of an organization's audit, without what is hidden from the viewer.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn audit(
        &self,
        viewer: &Viewer,
        list: &AuditList,
    ) -> Result<Page<AuditRow>, ReadError> {
        let statement = statement::page(viewer, &list.query, list.after);
        let key = |row: &AuditRow| AuditKey {
            recorded_at: Moment::of_row(row.recorded_at),
            position: row.position,
        };
        let page = self.page_of(viewer.tenant, list, &statement, list.query.limit, key);
        let mut page: Page<AuditRow> = page.await?;
        let rows = page.items.iter_mut();
        self.hide_teams_of_audit(viewer, rows).await?;
        Ok(page)
    }
}
