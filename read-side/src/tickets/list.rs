//! A page of tickets.

use std::time::Duration;

use platform::rows::{Row as _, TicketRow};
use tokio_postgres::Row;

use super::counting::{self, COUNT_TIMEOUT};
use super::filter::TicketFilter;
use super::sort::{Sort, SortKey};
use super::statement::{self, Asker};
use super::terms::Terms;
use crate::database::Statement;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::search::{Planned, SEARCH_TIMEOUT, Wording};
use crate::viewer::Viewer;
use platform::cursor::{self, Fingerprint, InvalidCursor};
use platform::page::{Limit, Page};

/// How long the tickets of a list with words are counted: words that nearly every ticket has are looked for row by row.
const WORDED_COUNT_TIMEOUT: Duration = Duration::from_millis(500);

/// How long a statement about a list may take.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// With words.
    worded: Duration,
    /// Without; as long as any statement when absent.
    wordless: Option<Duration>,
}

/// What a client asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketQuery {
    /// Which tickets.
    pub filter: TicketFilter,
    /// Which of these, in the words of whoever asks.
    pub terms: Option<Terms>,
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
        let filter = query.filter.normalized();
        // Of the terms as they were written: what an age means moves on from page to page.
        let written = query.terms.as_ref().map(|terms| {
            let zone = terms.zone.as_str();
            (terms.query.to_string(), zone)
        });
        let asked = (query.sort, &filter, written, viewer.is_staff());
        let fingerprint = Fingerprint::of("tickets", &asked);
        let filter = match &query.terms {
            Some(terms) => terms.narrow(filter).normalized(),
            None => filter,
        };
        let query = TicketQuery { filter, ..query };
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
        let page = |asker: Asker<'_>, query: &TicketQuery| statement::page(asker, query, *after);
        let limits = Limits {
            worded: SEARCH_TIMEOUT,
            wordless: None,
        };
        let rows = self.rows_of(viewer, query, limits, page);
        let rows = rows.await?;
        let mut rows: Vec<TicketRow> = rows
            .iter()
            .map(TicketRow::from_row)
            .collect::<Result<_, _>>()?;
        self.hide_links(viewer, &mut rows).await?;
        let key = |row: &TicketRow| SortKey::of(row, query.sort, viewer.is_staff());
        Ok(Page::cut(rows, query.limit, fingerprint, key))
    }

    /// How many tickets the whole list has: what the projector keeps where it knows, else counted one by one. None where there
    /// are so many that counting takes too long.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn ticket_count(&self, list: &TicketList) -> Result<Option<i64>, ReadError> {
        let total = |asker: Asker<'_>, query: &TicketQuery| counting::total(asker, &query.filter);
        let limits = Limits {
            worded: WORDED_COUNT_TIMEOUT,
            wordless: Some(COUNT_TIMEOUT),
        };
        let counted = self.rows_of(&list.viewer, &list.query, limits, total);
        match counted.await {
            Ok(rows) => Ok(Some(rows.first().map_or(Ok(0), |row| row.try_get(0))?)),
            Err(ReadError::TooSlow) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The rows of a statement about a list. One with words takes its turn among the searches.
    async fn rows_of(
        &self,
        viewer: &Viewer,
        query: &TicketQuery,
        limits: Limits,
        statement: impl FnOnce(Asker<'_>, &TicketQuery) -> Statement,
    ) -> Result<Vec<Row>, ReadError> {
        let company = self.company_in_sight(viewer).await?;
        let asker = Asker { viewer, company };
        let terms = query.terms.as_ref();
        let worded = terms.map(|terms| (Wording::split(terms.query.clone()).0, terms.at_least));
        let Some((wording, at_least)) = worded.filter(|(wording, _)| !wording.is_empty()) else {
            let statement = statement(asker, query);
            let (database, tenant) = (&self.database, viewer.tenant);
            return match limits.wordless {
                Some(limit) => database.query_composed_for(tenant, &statement, limit).await,
                None => database.query_composed(tenant, &statement).await,
            };
        };
        let turn = self.search_turns.take(viewer).await?.at_most(limits.worded);
        let filter = self
            .worded(&turn, asker, &wording, at_least, &query.filter)
            .await?;
        let query = TicketQuery {
            filter,
            ..query.clone()
        };
        let statement = statement(asker, &query);
        self.database
            .query_in_turn(&turn, viewer.tenant, &statement, Planned::Freely)
            .await
    }
}
