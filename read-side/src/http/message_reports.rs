//! `GET /reports/messages` and the messages behind its numbers.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{TeamId, UserId};
use platform::http::auth::Bearer;
use platform::http::page::bad_cursor;
use platform::http::problem::QueryProblem;
use platform::page::Direction;
use poem::Request;
use poem_openapi::param::{Header, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use uuid::Uuid;

use super::Tag;
use super::conditions::{all, parse_holder};
use super::figure_views::PeriodView;
use super::figures::{parse_as_of, parse_days, too_many_groups};
use super::message_views::{
    CountedMessageView, MessageKindView, MessageReportView, MessageSplitView,
};
use super::page::{Listed, OrderView, limit};
use super::session::{Session, refused};
use super::zone::organizations_zone;
use crate::models::ReadModels;
use crate::reports::figures::Frame;
use crate::reports::messages::{MessageFilter, MessagesList, MessagesQuery, MessagesReported};

/// The answer with a report of messages.
#[derive(ApiResponse)]
enum MessagesAnswer {
    /// The report.
    #[oai(status = 200)]
    Report(
        Json<MessageReportView>,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

pub(super) struct MessageReportQueries(pub(super) ReadModels);

#[OpenApi(tag = "Tag::Reports")]
impl MessageReportQueries {
    /// Report on messages
    ///
    /// How many messages were written on local days of the organization: replies and notes of the staff, and what customers
    /// wrote. A message counts for who wrote it and for the team that had its ticket then; docs/METRICS.md defines it. Without
    /// those of tickets of private teams that one is not in. Staff only.
    #[oai(
        path = "/reports/messages",
        method = "get",
        operation_id = "report_messages"
    )]
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a parameter of the query string"
    )]
    async fn report(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The first day, in the organization's zone.
        from: Query<NaiveDate>,
        /// The day after the last, at most 400 days after `from`.
        to: Query<NaiveDate>,
        /// How long the periods are; one for all days when absent.
        group: Query<Option<PeriodView>>,
        /// What to split the numbers by; nothing when absent.
        split: Query<Option<MessageSplitView>>,
        /// The report as it stood at this moment.
        as_of: Query<Option<DateTime<Utc>>>,
        /// The id of one of the staff: what they wrote.
        agent: Query<Option<Uuid>>,
        /// The id of a team, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        team: Query<Option<String>>,
    ) -> Result<MessagesAnswer, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let filter = MessageFilter {
            days: parse_days(from.0, to.0)?,
            as_of: parse_as_of(as_of.0)?,
            kinds: Vec::new(),
            agent: agent.0.map(UserId),
            team: parse_holder("team", team.0.as_deref(), TeamId)?,
        };
        let zone = organizations_zone(&self.0, &session).await?;
        let frame = Frame::of(filter.days, group.0.map(Into::into), zone);
        let split = split.0.map(Into::into);
        let asked = self
            .0
            .message_report(&session.viewer, &filter, split, frame);
        match asked.await.map_err(refused)? {
            MessagesReported::Report(report) => {
                let view = MessageReportView::new(as_of.0, report);
                Ok(MessagesAnswer::Report(Json(view), session.token))
            }
            MessagesReported::TooManyGroups { max } => Err(too_many_groups(max).into()),
        }
    }

    /// List the messages behind a number
    ///
    /// Every message that counts on these days, with its ticket: as many as the report counts by the same conditions. What
    /// they say is on the tickets. Staff only.
    #[oai(
        path = "/reports/messages/counted",
        method = "get",
        operation_id = "list_counted_messages"
    )]
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
        /// The first day, in the organization's zone.
        from: Query<NaiveDate>,
        /// The day after the last, at most 400 days after `from`.
        to: Query<NaiveDate>,
        /// The list as it stood at this moment.
        as_of: Query<Option<DateTime<Utc>>>,
        /// One of these kinds; repeat the parameter for several.
        kind: Query<Option<Vec<MessageKindView>>>,
        /// The id of one of the staff: what they wrote.
        agent: Query<Option<Uuid>>,
        /// The id of a team, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        team: Query<Option<String>>,
        /// Which first; the last when absent.
        order: Query<Option<OrderView>>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before, with the same filter and order.
        cursor: Query<Option<String>>,
        /// Whether to count all messages that count.
        include_total: Query<Option<bool>>,
    ) -> Result<Listed<CountedMessageView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let query = MessagesQuery {
            filter: MessageFilter {
                days: parse_days(from.0, to.0)?,
                as_of: parse_as_of(as_of.0)?,
                kinds: all(kind.0),
                agent: agent.0.map(UserId),
                team: parse_holder("team", team.0.as_deref(), TeamId)?,
            },
            direction: match order.0 {
                None => Direction::Descending,
                given => OrderView::direction(given),
            },
            limit: limit(items.0)?,
            zone: organizations_zone(&self.0, &session).await?,
        };
        let list = MessagesList::new(query, cursor.0.as_deref()).map_err(bad_cursor)?;
        let page = self.0.counted_messages(&session.viewer, &list).await;
        let page = page.map_err(refused)?.map(CountedMessageView::from);
        let total = match include_total.0 {
            Some(true) => {
                let count = self.0.counted_message_count(&session.viewer, &list).await;
                Some(count.map_err(refused)?)
            }
            Some(false) | None => None,
        };
        Ok(Listed::new(page, total, request, session.token))
    }
}
