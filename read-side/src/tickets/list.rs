//! A page of tickets.

use platform::rows::{Row as _, TicketRow};
use tokio_postgres::Row;

use super::filter::TicketFilter;
use super::sort::{Sort, SortKey};
use super::statement::{self, Asker};
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::Viewer;
use platform::cursor::{self, Fingerprint, InvalidCursor};
use platform::page::{Limit, Page};

/// What a client asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketQuery {
    /// Which tickets.
    pub filter: TicketFilter,
    /// In which order.
    pub sort: Sort,
    /// How many at once.
    pub limit: Limit,
}

/// A query with the place where it goes on, checked to belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketList {
    viewer: Viewer,
    query: TicketQuery,
    fingerprint: Fingerprint,
    after: Option<SortKey>,
}

impl TicketList {
    /// The list of `query` as the viewer may see it, from its beginning or from where `cursor` says.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none, or belongs to another filter, order or kind of viewer.
    pub fn new(
        viewer: Viewer,
        query: TicketQuery,
        cursor: Option<&str>,
    ) -> Result<Self, InvalidCursor> {
        let query = TicketQuery {
            filter: query.filter.normalized(),
            ..query
        };
        let fingerprint =
            Fingerprint::of("tickets", &(query.sort, &query.filter, viewer.is_staff()));
        let after = cursor
            .map(|text| cursor::decode::<SortKey>(&fingerprint, text))
            .transpose()?;
        let after = after.map(|key| key.checked(query.sort)).transpose()?;
        Ok(Self {
            viewer,
            query,
            fingerprint,
            after,
        })
    }
}

impl ReadModels {
    /// One page of the list.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn tickets(&self, list: &TicketList) -> Result<Page<TicketRow>, ReadError> {
        let TicketList {
            viewer,
            query,
            fingerprint,
            after,
        } = list;
        let company = self.company_in_sight(viewer).await?;
        let rows = self
            .database
            .query_composed(
                viewer.tenant,
                &statement::page(Asker { viewer, company }, query, *after),
            )
            .await?;
        let mut rows: Vec<TicketRow> = rows
            .iter()
            .map(TicketRow::from_row)
            .collect::<Result<_, _>>()?;
        self.hide_links(viewer, &mut rows).await?;
        let key = |row: &TicketRow| SortKey::of(row, query.sort, viewer.is_staff());
        Ok(Page::cut(rows, query.limit, fingerprint, key))
    }

    /// How many tickets the whole list has. Counts them one by one: for those who ask for it.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn ticket_count(&self, list: &TicketList) -> Result<i64, ReadError> {
        let viewer = &list.viewer;
        let company = self.company_in_sight(viewer).await?;
        let asker = Asker { viewer, company };
        let rows = self
            .database
            .query_composed(viewer.tenant, &statement::count(asker, &list.query.filter))
            .await?;
        let count = rows.first().map_or(Ok(0), |row: &Row| row.try_get(0))?;
        Ok(count)
    }
}
