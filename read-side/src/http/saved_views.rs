//! `GET /views`, `GET /views/{id}` and `GET /view-counts`.

use domain::ids::{TeamId, ViewId};
use platform::http::auth::Bearer;
use platform::http::page::bad_cursor;
use platform::http::problem::{Problem, QueryProblem};
use platform::http::views::SavedViewView;
use platform::rows::ViewRow;
use poem::Request;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use uuid::Uuid;

use super::page::{Found, Listed, limit};
use super::session::{Session, bad, refused};
use super::zone::zone_or;
use super::{Tag, asked};
use crate::models::ReadModels;
use crate::saved_views::ViewList;
use crate::tickets::{Counted, TicketFilter};
use platform::page::Limit;

/// More views and queries in one request are refused: as many as a page has.
const COUNTED_MAX: usize = Limit::MAX as usize;

/// How many tickets a view has.
#[derive(Debug, Object)]
#[oai(rename = "ViewCount")]
struct ViewCountView {
    /// The view.
    view_id: Uuid,
    /// How many tickets it has for who asks; absent when its conditions are not understood any more.
    #[oai(skip_serializing_if_is_none)]
    tickets: Option<i64>,
    /// `true` when there may be more than these: what takes longer than a second to count is counted up to 10,000, or not at
    /// all: then `tickets` is 0.
    or_more: bool,
    /// What is not understood of its conditions.
    #[oai(skip_serializing_if_is_none)]
    problem: Option<String>,
}

/// How many tickets fit a query.
#[derive(Debug, Object)]
#[oai(rename = "QueryCount")]
struct QueryCountView {
    /// The query, as it was asked for.
    query: String,
    /// How many tickets fit it for who asks.
    tickets: i64,
    /// As for a view.
    or_more: bool,
}

/// The numbers of tickets of some views and queries.
#[derive(Debug, Object)]
#[oai(rename = "ViewCounts")]
struct ViewCountsView {
    /// One a view, in the order in which they were asked for.
    counts: Vec<ViewCountView>,
    /// One a query, in the order in which they were asked for.
    queries: Vec<QueryCountView>,
}

/// The answer with numbers of tickets.
#[derive(ApiResponse)]
enum CountsAnswer {
    /// The numbers.
    #[oai(status = 200)]
    Counts(
        Json<ViewCountsView>,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

pub(super) struct ViewQueries(pub(super) ReadModels);

#[OpenApi(tag = "Tag::Views")]
impl ViewQueries {
    /// List views
    ///
    /// By name: one's own, those of the teams that one is in, and the organization's; or those of one team. Staff only.
    #[oai(path = "/views", method = "get", operation_id = "list_views")]
    async fn list(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The views of this team alone, which one need not be in.
        team: Query<Option<Uuid>>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Listed<SavedViewView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let team = team.0.map(TeamId);
        let list = ViewList::new(team, cursor.0.as_deref()).map_err(bad_cursor)?;
        let page = self.0.views(&session.viewer, &list, limit(items.0)?);
        let page = page.await.map_err(refused)?;
        let page = page.map(SavedViewView::from);
        Ok(Listed::new(page, None, request, session.token))
    }

    /// Get a view
    ///
    /// Staff only; a view of a private team is there for its members and for admins.
    #[oai(path = "/views/:view_id", method = "get", operation_id = "get_view")]
    async fn get(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The view.
        view_id: Path<Uuid>,
    ) -> Result<Found<SavedViewView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let row = self.0.view(&session.viewer, ViewId(view_id.0)).await;
        let row = row.map_err(refused)?;
        let row = row.ok_or_else(|| Problem::not_found("the view"))?;
        let version = row.version;
        Ok(Found::new(row.into(), Some(version), session.token))
    }

    /// Count the tickets of views
    ///
    /// Of many views at once, as a sidebar shows them: those that are named, else those that are for who asks, the first 100
    /// in the order of their names; and of queries beside them. All numbers are of one moment, unless counting takes longer
    /// than a second, and count what the lists show. Staff only.
    #[oai(
        path = "/view-counts",
        method = "get",
        operation_id = "count_view_tickets"
    )]
    async fn count(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The views; repeat the parameter for several, at most 100.
        view: Query<Option<Vec<Uuid>>>,
        /// Queries, such as `status:open assignee:me`, that are counted beside the views: one a line, at most 100.
        #[oai(validator(max_length = 10_000))]
        queries: Query<Option<String>>,
        /// The IANA name of the zone whose days the queries mean, such as `Europe/Berlin`; the organization's when absent.
        #[oai(validator(max_length = 64))]
        time_zone: Query<Option<String>>,
    ) -> Result<CountsAnswer, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let queries = queries.0.unwrap_or_default();
        let queries: Vec<&str> = queries.lines().collect();
        let views = self.counted_views(&session, view.0).await?;
        if queries.len() > COUNTED_MAX {
            let reason = format!("must be at most {COUNTED_MAX} lines");
            return Err(bad("queries", reason).into());
        }
        let zone = zone_or(&self.0, &session, time_zone.0.as_deref()).await?;
        let of_views: Vec<_> = views.iter().map(asked::of_view).collect();
        let of_lines = asked::parse_lines(&queries)?;
        let written = of_views.iter().flatten().chain(&of_lines);
        let meanings = asked::meanings(&self.0, &session, &auth.0, written).await?;
        let (mut filters, mut problems) = (Vec::with_capacity(views.len()), Vec::new());
        let filter =
            |query| asked::terms(&self.0, &session, query, zone).narrow(TicketFilter::default());
        for query in of_views {
            let meant = |query| meanings.put_into(query).map_err(asked::of_views_query);
            let query = query.and_then(meant);
            problems.push(query.as_ref().err().map(ToString::to_string));
            filters.extend(query.ok().map(filter));
        }
        for (index, query) in of_lines.into_iter().enumerate() {
            let query = meanings.put_into(query);
            filters.push(filter(
                query.map_err(|error| asked::of_line(index, &error))?,
            ));
        }
        let counted = self.0.ticket_counts(&session.viewer, &filters).await;
        let mut counted = counted.map_err(refused)?.into_iter();
        let counts = views.iter().zip(problems);
        let counts = counts
            .map(|(view, problem)| match problem {
                None => of_view(view, counted.next()),
                Some(problem) => not_understood(view, problem),
            })
            .collect();
        let queries = queries.into_iter().zip(counted).map(of_query).collect();
        Ok(CountsAnswer::Counts(
            Json(ViewCountsView { counts, queries }),
            session.token,
        ))
    }
}

impl ViewQueries {
    /// The views that are named, in their order, or all that are for the viewer.
    async fn counted_views(
        &self,
        session: &Session,
        named: Option<Vec<Uuid>>,
    ) -> Result<Vec<ViewRow>, QueryProblem> {
        let viewer = &session.viewer;
        let Some(named) = named else {
            let list = ViewList::new(None, None).map_err(bad_cursor)?;
            let all = self.0.views(viewer, &list, Limit::LARGEST).await;
            return Ok(all.map_err(refused)?.items);
        };
        if named.len() > COUNTED_MAX {
            let reason = format!("must be given at most {COUNTED_MAX} times");
            return Err(bad("view", reason).into());
        }
        let ids: Vec<ViewId> = named.into_iter().map(ViewId).collect();
        let found = self.0.views_of(viewer, &ids).await.map_err(refused)?;
        let of_id = |id: &ViewId| found.iter().find(|row| row.view_id == *id).cloned();
        let views: Option<Vec<ViewRow>> = ids.iter().map(of_id).collect();
        Ok(views.ok_or_else(|| Problem::not_found("one of the views"))?)
    }
}

fn of_view(view: &ViewRow, counted: Option<Counted>) -> ViewCountView {
    ViewCountView {
        view_id: view.view_id.0,
        tickets: counted.map(|counted| counted.tickets),
        or_more: counted.is_some_and(|counted| counted.or_more),
        problem: None,
    }
}

fn not_understood(view: &ViewRow, problem: String) -> ViewCountView {
    ViewCountView {
        problem: Some(problem),
        ..of_view(view, None)
    }
}

fn of_query((query, counted): (&str, Counted)) -> QueryCountView {
    QueryCountView {
        query: query.to_owned(),
        tickets: counted.tickets,
        or_more: counted.or_more,
    }
}
