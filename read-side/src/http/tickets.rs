//! `GET /tickets` and `GET /tickets/{id}`.

use chrono::{DateTime, Utc};
use domain::ids::{TeamId, TicketId, UserId};
use platform::http::auth::Bearer;
use platform::http::entity_tag;
use platform::http::gate::demand;
use platform::http::json_text::JsonText;
use platform::http::page::bad_cursor;
use platform::http::problem::{Problem, QueryProblem};
use platform::http::views::{PriorityView, StatusView, TicketSortView, TicketView};
use platform::permission::Permission;
use poem::Request;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::{ApiResponse, OpenApi};
use uuid::Uuid;

use super::conditions::{all, parse_holder, parse_tags};
use super::page::{Listed, limit, parse_range};
use super::renderings::Renderings;
use super::session::{Session, refused};
use super::zone::zone_or;
use super::{Tag, asked, views};
use crate::models::ReadModels;
use crate::past::Past;
use crate::tickets::{Sort, TicketFilter, TicketList, TicketQuery};
use domain::ticket::query::Query as Conditions;

/// The answer with one ticket.
#[derive(ApiResponse)]
enum TicketAnswer {
    /// The ticket.
    #[oai(status = 200)]
    Ticket(
        JsonText<TicketView>,
        /// Its version in quotes, for `If-Match`.
        #[oai(header = "ETag")]
        String,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

pub(super) struct TicketQueries {
    models: ReadModels,
    past: Past,
    renderings: Renderings,
}

impl TicketQueries {
    pub(super) fn new(models: ReadModels, past: Past) -> Self {
        Self {
            models,
            past,
            renderings: Renderings::new(),
        }
    }
}

#[OpenApi(tag = "Tag::Tickets")]
impl TicketQueries {
    /// List tickets
    ///
    /// Tickets that fulfil all conditions, in their order; [search](#/operations/search_tickets) ranks them by their words
    /// instead. Customers see their own, and those of colleagues where the organization lets them.
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
        /// Conditions in the language of queries, such as `status:open priority:>=high assignee:me -tag:spam updated:<2d`.
        /// They hold beside those of the other parameters. A word, or words in quotes, has to be in the ticket's subject, requester
        /// or tags, or in a message.
        #[oai(validator(max_length = 1000))]
        query: Query<Option<String>>,
        /// The id of a saved view: its conditions hold beside all others, and its order where `sort` says none. Staff only.
        view: Query<Option<Uuid>>,
        /// The IANA name of the zone whose days `query` and `view` mean, such as `Europe/Berlin`; the organization's when
        /// absent.
        #[oai(validator(max_length = 64))]
        time_zone: Query<Option<String>>,
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
        /// The order; that of the view, else `-updated_at`, when absent.
        sort: Query<Option<TicketSortView>>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before, with the same filter and sort.
        cursor: Query<Option<String>>,
        /// Whether to count all tickets that fit. Where there are so many that counting takes too long, there is no total.
        include_total: Query<Option<bool>>,
    ) -> Result<Listed<TicketView>, QueryProblem> {
        let session = Session::begin(&self.models, &auth.0, token.0.as_deref()).await?;
        let filter = TicketFilter {
            statuses: all(status.0),
            priorities: all(priority.0),
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
            ..TicketFilter::default()
        };
        let query = query.0.as_deref();
        let asked = asked::conditions(&self.models, &session, &auth.0, query, view.0).await?;
        let conditions = asked.query;
        let order = sort.0.map(Into::into).or(asked.view.map(|view| view.sort));
        let sort = order.map_or_else(Sort::default, Sort::from);
        let is_for_staff = conditions.as_ref().is_some_and(Conditions::is_for_staff);
        if filter.is_for_staff() || sort.is_for_staff() || is_for_staff {
            demand(&auth.0, Permission::WorkOnTickets)?;
        }
        let terms = match conditions {
            None => None,
            Some(query) => {
                let zone = zone_or(&self.models, &session, time_zone.0.as_deref()).await?;
                Some(asked::terms(&self.models, &session, query, zone))
            }
        };
        let query = TicketQuery {
            filter,
            terms,
            sort,
            limit: limit(items.0)?,
        };
        let list =
            TicketList::new(session.viewer, query, cursor.0.as_deref()).map_err(bad_cursor)?;
        let page = self.models.tickets(&list).await.map_err(refused)?;
        let total = match include_total.0 {
            Some(true) => self.models.ticket_count(&list).await.map_err(refused)?,
            Some(false) | None => None,
        };
        let page = page.map(|row| views::ticket(row, &session.viewer));
        Ok(Listed::new(page, total, request, session.token))
    }

    /// Get a ticket
    ///
    /// Customers see their own tickets, those of colleagues where the organization lets them, and not what is internal. With
    /// `as_of` it is the ticket as it was: by the permissions of today, without what was redacted or erased since.
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
        /// As it was by this time, by when things were recorded, or while it had this version.
        #[oai(validator(max_length = 40))]
        as_of: Query<Option<String>>,
    ) -> Result<TicketAnswer, QueryProblem> {
        let session = Session::begin(&self.models, &auth.0, token.0.as_deref()).await?;
        if let Some(as_of) = as_of.0 {
            let row = self
                .past
                .row(&session, TicketId(ticket_id.0), &as_of)
                .await?;
            let etag = entity_tag::of_version(row.version);
            let view = JsonText::of(&views::ticket(row, &session.viewer));
            return Ok(TicketAnswer::Ticket(view, etag, session.token));
        }
        let shown = self
            .models
            .ticket(&session.viewer, TicketId(ticket_id.0), session.at_least)
            .await
            .map_err(refused)?;
        let shown = shown.ok_or_else(|| Problem::not_found("the ticket"))?;
        let etag = entity_tag::of_version(shown.row.version);
        let token = session.token_of(&shown);
        Ok(TicketAnswer::Ticket(
            self.renderings.ticket(&shown.row, &session.viewer),
            etag,
            token,
        ))
    }
}
