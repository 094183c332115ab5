//! A page of the tickets behind a number.

use domain::calendar::zone::Zone;
use platform::cursor::{InvalidCursor, Moment};
use platform::page::{Direction, Limit, Page};
use platform::rows::{FactsRow, Figure};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::filter::{DayRange, FigureFilter};
use super::hours::HourOfWeek;
use super::periods::Frame;
use super::statement;
use crate::error::ReadError;
use crate::keyset::Keyset;
use crate::models::ReadModels;
use crate::tickets::Terms;
use crate::viewer::Viewer;

/// What a client asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct FactsQuery {
    /// What counts them.
    pub figure: Figure,
    /// Which tickets. The backlog without days is that of now, or of `as_of`.
    pub filter: FigureFilter,
    /// Which of these, in the words of whoever asks.
    pub terms: Option<Terms>,
    /// Only what happened in this hour of the week.
    pub hour: Option<HourOfWeek>,
    /// The first or the last counted first.
    pub direction: Direction,
    /// How many at once.
    pub limit: Limit,
    /// The organization's zone.
    pub zone: Zone,
}

/// Where a ticket stands in the order: what a cursor holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactsKey {
    #[serde(rename = "t")]
    pub(super) at: Moment,
    #[serde(rename = "i")]
    pub(super) ticket_id: Uuid,
}

/// The list of a query, from its beginning or from where a cursor says.
pub type FactsList = Keyset<FactsQuery, FactsKey>;

impl FactsList {
    /// The list of `query`, from its beginning or from where `cursor` says.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none, or belongs to another figure, filter, hour, zone or order.
    pub fn new(query: FactsQuery, cursor: Option<&str>) -> Result<Self, InvalidCursor> {
        let filter = query.filter.normalized();
        // Of the terms as they were written: what an age means moves on from page to page.
        let written = query.terms.as_ref().map(|terms| terms.query.to_string());
        let bound_to = (query.figure, query.direction, filter.clone(), written);
        let bound_to = (bound_to, query.hour, query.zone);
        let filter = filter.narrowed(query.terms.as_ref());
        let query = FactsQuery { filter, ..query };
        Self::bound("ticket_facts", &bound_to, query, cursor)
    }
}

impl ReadModels {
    /// One page of the tickets that count, as they are or were, without those that are hidden from the viewer.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn counted_tickets(
        &self,
        viewer: &Viewer,
        list: &FactsList,
    ) -> Result<Page<FactsRow>, ReadError> {
        let query = &list.query;
        let statement = statement::page(viewer, query, list.after);
        let key = |row: &FactsRow| FactsKey {
            at: Moment::of_row(counted_at(query.figure, row)),
            ticket_id: row.ticket_id.0,
        };
        self.page_of(viewer.tenant, list, &statement, query.limit, key)
            .await
    }

    /// How many tickets the whole list has. Counts them one by one: for those who ask for it.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn counted_ticket_count(
        &self,
        viewer: &Viewer,
        list: &FactsList,
    ) -> Result<i64, ReadError> {
        let statement = statement::count(viewer, &list.query);
        self.number_of(viewer.tenant, &statement).await
    }
}

impl FactsQuery {
    /// Whether what is open at a moment is asked for, and not at the end of some days.
    pub(super) fn is_of_moment(&self) -> bool {
        self.figure == Figure::Backlog && self.filter.days == DayRange::NONE
    }

    pub(super) fn frame(&self) -> Frame {
        Frame::of(self.filter.days, None, self.zone)
    }
}

/// When a row counts. What a figure counts has its instant: the statement says so.
#[must_use]
pub fn counted_at(figure: Figure, row: &FactsRow) -> chrono::DateTime<chrono::Utc> {
    let at = match figure {
        Figure::Opened => Some(row.opened_at),
        Figure::FirstResponse => row.first_response_at,
        Figure::FirstResolution | Figure::Reopened => row.first_resolved_at,
        Figure::Resolution | Figure::Reassigned => row.resolved_at,
        Figure::Closed => row.closed_at,
        Figure::Backlog => Some(row.since_at),
        Figure::Assigned => row.assigned_at,
    };
    at.unwrap_or(row.opened_at)
}
