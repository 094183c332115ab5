//! `GET /tickets` and `GET /tickets/{id}`.

use chrono::{DateTime, Utc};
use domain::ids::{TeamId, TicketId, UserId};
use domain::text::Tag as TicketTag;
use platform::http::auth::Bearer;
use platform::http::gate::demand;
use platform::http::json_text::JsonText;
use platform::http::page::bad_cursor;
use platform::http::problem::{Problem, QueryProblem};
use platform::http::views::{PriorityView, StatusView, TicketView};
use platform::permission::Permission;
use poem::Request;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::{ApiResponse, Enum, OpenApi};
use uuid::Uuid;

use super::page::{Listed, etag, limit, parse_range};
use super::renderings::Renderings;
use super::session::{Session, bad, refused};
use super::{Tag, views};
use crate::models::ReadModels;
use crate::tickets::{Holder, Sort, SortField, TicketFilter, TicketList, TicketQuery};
use platform::page::Direction;

/// The word for tickets without an agent or team.
const NOBODY: &str = "none";
/// More tags in one filter are refused.
const TAGS_MAX: usize = 20;

/// The order of a list of tickets; `-` is descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "TicketSort")]
enum SortView {
    /// What changed longest ago first.
    #[oai(rename = "updated_at")]
    UpdatedAt,
    /// What changed last first.
    #[oai(rename = "-updated_at")]
    UpdatedAtDescending,
    /// The oldest first.
    #[oai(rename = "created_at")]
    CreatedAt,
    /// The newest first.
    #[oai(rename = "-created_at")]
    CreatedAtDescending,
    /// The least urgent first.
    #[oai(rename = "priority")]
    Priority,
    /// The most urgent first.
    #[oai(rename = "-priority")]
    PriorityDescending,
    /// The next deadline first; tickets without one last. Staff only.
    #[oai(rename = "next_deadline_at")]
    NextDeadlineAt,
    /// The farthest deadline first; tickets without one last. Staff only.
    #[oai(rename = "-next_deadline_at")]
    NextDeadlineAtDescending,
}

impl From<SortView> for Sort {
    fn from(view: SortView) -> Self {
        use Direction::{Ascending, Descending};
        let (field, direction) = match view {
            SortView::UpdatedAt => (SortField::UpdatedAt, Ascending),
            SortView::UpdatedAtDescending => (SortField::UpdatedAt, Descending),
            SortView::CreatedAt => (SortField::CreatedAt, Ascending),
            SortView::CreatedAtDescending => (SortField::CreatedAt, Descending),
            SortView::Priority => (SortField::Priority, Ascending),
            SortView::PriorityDescending => (SortField::Priority, Descending),
            SortView::NextDeadlineAt => (SortField::NextDeadlineAt, Ascending),
            SortView::NextDeadlineAtDescending => (SortField::NextDeadlineAt, Descending),
        };
        Self { field, direction }
    }
}

/// The answer with one ticket.
#[derive(ApiResponse)]
enum TicketAnswer {
    /// The ticket.
    #[oai(status = 200)]
    Ticket(
        JsonText<TicketView>,
        /// Its version in quotes, for `If-Match`. It is no validator for caches: a rename of a person changes the view
        /// but not the ticket's version.
        #[oai(header = "ETag")]
        String,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

pub(super) struct TicketQueries {
    models: ReadModels,
    renderings: Renderings,
}

impl TicketQueries {
    pub(super) fn new(models: ReadModels) -> Self {
        Self {
            models,
            renderings: Renderings::new(),
        }
    }
}

#[OpenApi(tag = "Tag::Tickets")]
impl TicketQueries {
    /// List tickets
    ///
    /// Tickets that fulfil all conditions. Customers see their own, and those of colleagues where the organization lets them.
    #[oai(path = "/tickets", method = "get", operation_id = "list_tickets")]
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a parameter of the query string"
    )]
    async fn list(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// One of these statuses; repeat the parameter for several.
        status: Query<Option<Vec<StatusView>>>,
        /// One of these priorities; repeat the parameter for several.
        priority: Query<Option<Vec<PriorityView>>>,
        /// The id of an agent, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        assignee: Query<Option<String>>,
        /// The id of a team, or `none`. Staff only.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        team: Query<Option<String>>,
        /// The id of a requester.
        requester: Query<Option<Uuid>>,
        /// All of these tags; repeat the parameter for several, at most 20. Staff only.
        tag: Query<Option<Vec<String>>>,
        /// Opened at this time or later.
        created_from: Query<Option<DateTime<Utc>>>,
        /// Opened before this time.
        created_to: Query<Option<DateTime<Utc>>>,
        /// Changed last at this time or later.
        updated_from: Query<Option<DateTime<Utc>>>,
        /// Changed last before this time.
        updated_to: Query<Option<DateTime<Utc>>>,
        /// The order; `-updated_at` when absent.
        sort: Query<Option<SortView>>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before, with the same filter and sort.
        cursor: Query<Option<String>>,
        /// Whether to count all tickets that fit.
        include_total: Query<Option<bool>>,
    ) -> Result<Listed<TicketView>, QueryProblem> {
        let session = Session::begin(&self.models, &auth.0, token.0.as_deref()).await?;
        let filter = TicketFilter {
            statuses: status
                .0
                .unwrap_or_default()
                .into_iter()
                .map(Into::into)
                .collect(),
            priorities: priority
                .0
                .unwrap_or_default()
                .into_iter()
                .map(Into::into)
                .collect(),
            assignee: parse_holder("assignee", assignee.0.as_deref(), UserId)?,
            team: parse_holder("team", team.0.as_deref(), TeamId)?,
            requester: requester.0.map(UserId),
            tags: parse_tags(&tag.0.unwrap_or_default())?,
            created: parse_range(
                ("created_from", created_from.0),
                ("created_to", created_to.0),
            )?,
            updated: parse_range(
                ("updated_from", updated_from.0),
                ("updated_to", updated_to.0),
            )?,
        };
        let sort = sort.0.map_or_else(Sort::default, Into::into);
        if filter.is_for_staff() || sort.is_for_staff() {
            demand(&auth.0, Permission::WorkOnTickets)?;
        }
        let query = TicketQuery {
            filter,
            sort,
            limit: limit(items.0)?,
        };
        let list =
            TicketList::new(session.viewer, query, cursor.0.as_deref()).map_err(bad_cursor)?;
        let page = self.models.tickets(&list).await.map_err(refused)?;
        let total = match include_total.0 {
            Some(true) => Some(self.models.ticket_count(&list).await.map_err(refused)?),
            Some(false) | None => None,
        };
        let page = page.map(|row| views::ticket(row, &session.viewer));
        Ok(Listed::new(page, total, request, session.token))
    }

    /// Get a ticket
    ///
    /// Customers see their own tickets, those of colleagues where the organization lets them, and not what is internal.
    #[oai(
        path = "/tickets/:ticket_id",
        method = "get",
        operation_id = "get_ticket"
    )]
    async fn get(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The ticket.
        ticket_id: Path<Uuid>,
    ) -> Result<TicketAnswer, QueryProblem> {
        let session = Session::begin(&self.models, &auth.0, token.0.as_deref()).await?;
        let shown = self
            .models
            .ticket(&session.viewer, TicketId(ticket_id.0), session.at_least)
            .await
            .map_err(refused)?;
        let shown = shown.ok_or_else(|| Problem::not_found("the ticket"))?;
        let (etag, token) = (etag(shown.row.version), session.token_of(&shown));
        Ok(TicketAnswer::Ticket(
            self.renderings.ticket(&shown.row, &session.viewer),
            etag,
            token,
        ))
    }
}

fn parse_holder<T>(
    parameter: &str,
    text: Option<&str>,
    id: impl Fn(Uuid) -> T,
) -> Result<Option<Holder<T>>, Problem> {
    match text {
        None => Ok(None),
        Some(NOBODY) => Ok(Some(Holder::Nobody)),
        Some(text) => match text.parse() {
            Ok(uuid) => Ok(Some(Holder::One(id(uuid)))),
            Err(_) => Err(bad(parameter, "must be an id or `none`")),
        },
    }
}

fn parse_tags(tags: &[String]) -> Result<Vec<TicketTag>, Problem> {
    if tags.len() > TAGS_MAX {
        return Err(bad(
            "tag",
            format!("must be given at most {TAGS_MAX} times"),
        ));
    }
    tags.iter()
        .map(|text| TicketTag::parse(text).map_err(|error| bad("tag", error)))
        .collect()
}
