//! `GET /reports/messages`, it as a file, and the messages behind its numbers.

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::zone::Zone;
use domain::ids::{TeamId, UserId};
use domain::security::words::Report;
use platform::auth::Principal;
use platform::cursor::Moment;
use platform::http::auth::Bearer;
use platform::http::page::bad_cursor;
use platform::http::problem::{Problem, QueryProblem};
use platform::page::Direction;
use poem::Request;
use poem_openapi::param::{Header, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use uuid::Uuid;

use super::conditions::{all, parse_holder};
use super::figure_views::PeriodView;
use super::figures::{parse_as_of, parse_days, too_many_groups};
use super::message_views::{
    CountedMessageView, MessageKindView, MessageReportView, MessageSplitView,
};
use super::page::{Listed, OrderView, limit};
use super::session::{Session, refused};
use super::sheet::{FileAnswer, FormatView, message_sheet};
use super::zone::organizations_zone;
use super::{Exports, Tag, asked};
use crate::models::ReadModels;
use crate::reports::TicketsNow;
use crate::reports::figures::{Frame, Period};
use crate::reports::messages::{
    MessageFilter, MessageReport, MessageSplit, MessagesList, MessagesQuery, MessagesReported,
};
use crate::tickets::Terms;

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

pub(super) struct MessageReportQueries(pub(super) ReadModels, pub(super) Exports);

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
        /// Conditions of the ticket in the language of queries, such as `status:open priority:>=high -tag:spam`: it has to be so
        /// now. Their days are the organization's. Refused with `as_of`, for messages do not tell what their ticket was then.
        #[oai(validator(max_length = 1000))]
        query: Query<Option<String>>,
        /// The id of a saved view, whose conditions hold beside all others; refused with `as_of` as a query is.
        view: Query<Option<Uuid>>,
        /// The id of one of the staff: what they wrote.
        agent: Query<Option<Uuid>>,
        /// The id of a team, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        team: Query<Option<String>>,
    ) -> Result<MessagesAnswer, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let asked = Asked {
            from: from.0,
            to: to.0,
            as_of: as_of.0,
            query: query.0,
            view: view.0,
            kind: None,
            agent: agent.0,
            team: team.0,
        };
        let cut = (group.0.map(Into::into), split.0.map(Into::into));
        let report = self.report_of(&session, &auth.0, asked, cut).await?;
        let view = MessageReportView::new(as_of.0, report);
        Ok(MessagesAnswer::Report(Json(view), session.token))
    }

    /// Download a report on messages
    ///
    /// The groups of the report as a file, a row each. No cell of comma-separated values is a formula. Staff
    /// only.
    #[oai(
        path = "/reports/messages/download",
        method = "get",
        operation_id = "download_message_report"
    )]
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a parameter of the query string"
    )]
    async fn download(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// What kind of file.
        format: Query<FormatView>,
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
        /// Conditions of the ticket in the language of queries, such as `status:open priority:>=high -tag:spam`: it has to be so
        /// now. Their days are the organization's. Refused with `as_of`, for messages do not tell what their ticket was then.
        #[oai(validator(max_length = 1000))]
        query: Query<Option<String>>,
        /// The id of a saved view, whose conditions hold beside all others; refused with `as_of` as a query is.
        view: Query<Option<Uuid>>,
        /// The id of one of the staff: what they wrote.
        agent: Query<Option<Uuid>>,
        /// The id of a team, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        team: Query<Option<String>>,
    ) -> Result<FileAnswer, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let asked = Asked {
            from: from.0,
            to: to.0,
            as_of: as_of.0,
            query: query.0,
            view: view.0,
            kind: None,
            agent: agent.0,
            team: team.0,
        };
        let cut = (group.0.map(Into::into), split.0.map(Into::into));
        let report = self.report_of(&session, &auth.0, asked, cut).await?;
        let name = format!("messages-{}-{}", from.0, to.0);
        let (format, sheet) = (format.0, message_sheet(&report));
        let file = format.answer(&sheet, &name, session.token)?;
        let recorded = self
            .1
            .record_download(&auth.0, Report::Messages, format.into(), request);
        recorded.await?;
        Ok(file)
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
        /// Conditions of the ticket in the language of queries, such as `status:open priority:>=high -tag:spam`: it has to be so
        /// now. Their days are the organization's. Refused with `as_of`, for messages do not tell what their ticket was then.
        #[oai(validator(max_length = 1000))]
        query: Query<Option<String>>,
        /// The id of a saved view, whose conditions hold beside all others; refused with `as_of` as a query is.
        view: Query<Option<Uuid>>,
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
        let asked = Asked {
            from: from.0,
            to: to.0,
            as_of: as_of.0,
            query: query.0,
            view: view.0,
            kind: kind.0,
            agent: agent.0,
            team: team.0,
        };
        let meant = asked.meant(&self.0, &session, &auth.0).await?;
        let query = MessagesQuery {
            filter: meant.filter,
            terms: meant.terms,
            direction: match order.0 {
                None => Direction::Descending,
                given => OrderView::direction(given),
            },
            limit: limit(items.0)?,
            zone: meant.zone,
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

impl MessageReportQueries {
    /// The report that is asked for, in these periods and split by this.
    async fn report_of(
        &self,
        session: &Session,
        principal: &Principal,
        asked: Asked,
        (period, split): (Option<Period>, Option<MessageSplit>),
    ) -> Result<MessageReport, QueryProblem> {
        let meant = asked.meant(&self.0, session, principal).await?;
        let filter = meant.filter.narrowed(meant.terms.as_ref());
        let frame = Frame::of(filter.days, period, meant.zone);
        let asked = self
            .0
            .message_report(&session.viewer, &filter, split, frame);
        match asked.await.map_err(refused)? {
            MessagesReported::Report(report) => Ok(report),
            MessagesReported::TooManyGroups { max } => Err(too_many_groups(max).into()),
        }
    }
}

/// The conditions as they were asked for.
struct Asked {
    from: NaiveDate,
    to: NaiveDate,
    as_of: Option<DateTime<Utc>>,
    query: Option<String>,
    view: Option<Uuid>,
    kind: Option<Vec<MessageKindView>>,
    agent: Option<Uuid>,
    team: Option<String>,
}

/// Which messages are meant, and of what days.
struct Meant {
    /// By the parameters that have a condition each.
    filter: MessageFilter,
    /// By those that have a query.
    terms: Option<Terms>,
    /// Whose days they are.
    zone: Zone,
}

impl Asked {
    /// What is meant by it.
    ///
    /// # Errors
    /// 400 with what does not fit, or cannot be told of a moment; 404 when the view is not there.
    async fn meant(
        self,
        models: &ReadModels,
        session: &Session,
        principal: &Principal,
    ) -> Result<Meant, QueryProblem> {
        let (query, view) = (self.query.as_deref(), self.view);
        let query = asked::wordless(models, session, principal, query, view).await?;
        let zone = organizations_zone(models, session).await?;
        let filter = self.filter()?;
        if query.is_some() && filter.as_of.is_some() {
            return Err(asked::at_fault(
                "messages do not tell what their ticket was at a moment: leave out as_of, or query and view",
            )
            .into());
        }
        let as_of = filter.as_of.map(Moment::get);
        session.wait_for_moment(models, as_of).await?;
        Ok(Meant {
            filter,
            terms: query.map(|query| asked::terms(models, session, query, zone)),
            zone,
        })
    }

    fn filter(self) -> Result<MessageFilter, Problem> {
        Ok(MessageFilter {
            days: parse_days(self.from, self.to)?,
            as_of: parse_as_of(self.as_of)?,
            kinds: all(self.kind),
            agent: self.agent.map(UserId),
            team: parse_holder("team", self.team.as_deref(), TeamId)?,
            tickets: TicketsNow::default(),
        })
    }
}
