//! A page of the waits behind a number.

use platform::rows::{Column, SlaMeasureRow};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::filter::MeasureFilter;
use super::statement;
use crate::error::ReadError;
use crate::keyset::Keyset;
use crate::models::ReadModels;
use crate::tickets::Terms;
use crate::viewer::Viewer;
use platform::cursor::{InvalidCursor, Moment};
use platform::page::{Direction, Limit, Page};

/// What a client asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureQuery {
    /// Which waits.
    pub filter: MeasureFilter,
    /// Of which tickets, in the words of whoever asks.
    pub terms: Option<Terms>,
    /// The first or the last counted first.
    pub direction: Direction,
    /// How many at once.
    pub limit: Limit,
}

/// Where a wait stands in the order: what a cursor holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasureKey {
    #[serde(rename = "t")]
    pub(super) counted_at: Moment,
    #[serde(rename = "i")]
    pub(super) ticket_id: Uuid,
    #[serde(rename = "m")]
    pub(super) metric: i16,
    #[serde(rename = "r")]
    pub(super) round: i32,
}

/// The list of a query, from its beginning or from where a cursor says.
pub type MeasureList = Keyset<MeasureQuery, MeasureKey>;

impl MeasureList {
    /// The list of `query`, from its beginning or from where `cursor` says.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none, or belongs to another filter, zone or order.
    pub fn new(query: MeasureQuery, cursor: Option<&str>) -> Result<Self, InvalidCursor> {
        let filter = query.filter.normalized();
        // Of the terms as they were written: what an age means moves on from page to page.
        let terms = query.terms.as_ref();
        let written = terms.map(|terms| (terms.query.to_string(), terms.zone));
        let bound_to = (query.direction, filter.clone(), written);
        let filter = filter.narrowed(terms);
        let query = MeasureQuery { filter, ..query };
        Self::bound("sla_measures", &bound_to, query, cursor)
    }
}

impl ReadModels {
    /// One page of the waits that fit, without those that are hidden from the viewer.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn measures(
        &self,
        viewer: &Viewer,
        list: &MeasureList,
    ) -> Result<Page<SlaMeasureRow>, ReadError> {
        let query = &list.query;
        let shape = (query.direction, query.limit);
        let statement = statement::page(viewer, &query.filter, shape, list.after);
        let key = |row: &SlaMeasureRow| MeasureKey {
            counted_at: Moment::of_row(row.counted_at),
            ticket_id: row.ticket_id.0,
            metric: row.metric.parameter(),
            round: row.round,
        };
        self.page_of(viewer.tenant, list, &statement, query.limit, key)
            .await
    }

    /// How many waits the whole list has. Counts them one by one: for those who ask for it.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn measure_count(
        &self,
        viewer: &Viewer,
        list: &MeasureList,
    ) -> Result<i64, ReadError> {
        let statement = statement::count(viewer, &list.query.filter);
        self.number_of(viewer.tenant, &statement).await
    }
}
