//! The tickets behind the numbers of `GET /reports/tickets`, and its numbers as a file.

use chrono::{DateTime, NaiveDate, Utc};
use domain::security::words::{Report, ReportFormat};
use platform::http::auth::Bearer;
use platform::http::page::bad_cursor;
use platform::http::problem::QueryProblem;
use platform::http::views::{ChannelView, PriorityView, StatusView};
use platform::page::Direction;
use platform::rows::Figure;
use poem::Request;
use poem_openapi::param::{Header, Query};
use poem_openapi::payload::{Binary, PlainText};
use poem_openapi::{ApiResponse, OpenApi};
use uuid::Uuid;

use super::figure_views::{CountedTicketView, FigureView, PeriodView, SplitView, counted};
use super::figures::{Asked, FigureQueries, parse_days, parse_hour};
use super::page::{Listed, OrderView, limit};
use super::session::{Session, bad, refused};
use super::sheet::{csv, figure_sheet, parquet};
use super::{Exports, Tag};
use crate::reports::figures::{DayRange, FactsList, FactsQuery};

/// The answer with a file.
#[derive(ApiResponse)]
enum CsvAnswer {
    /// The lines, with the names of the columns first.
    #[oai(status = 200, content_type = "text/csv")]
    Csv(
        PlainText<String>,
        /// What to call the file.
        #[oai(header = "Content-Disposition")]
        String,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

/// The answer with a file of Parquet.
#[derive(ApiResponse)]
enum ParquetAnswer {
    /// The rows.
    #[oai(status = 200, content_type = "application/vnd.apache.parquet")]
    File(
        Binary<Vec<u8>>,
        /// What to call the file.
        #[oai(header = "Content-Disposition")]
        String,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

pub(super) struct FigureDetailQueries(pub(super) FigureQueries, pub(super) Exports);

#[OpenApi(tag = "Tag::Reports")]
impl FigureDetailQueries {
    /// List the tickets behind a number
    ///
    /// Every ticket that counts on these days, once: as many as the report counts by the same conditions, each as it is, or
    /// as it was at `as_of` (the backlog: at the end of the days, or at the moment). With `weekday` and `hour` those of one cell of the hours of
    /// the week. Staff only.
    #[oai(
        path = "/reports/tickets/counted",
        method = "get",
        operation_id = "list_counted_tickets"
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
        /// What counts them.
        figure: Query<FigureView>,
        /// The first day, in the organization's zone. With the backlog both days may be left out: then it is that of now, or of
        /// `as_of`, as `held` of the workload.
        from: Query<Option<NaiveDate>>,
        /// The day after the last, at most 400 days after `from`.
        to: Query<Option<NaiveDate>>,
        /// The list as it stood at this moment.
        as_of: Query<Option<DateTime<Utc>>>,
        /// Conditions in the language of queries, such as `status:open priority:>=high -tag:spam`, beside those of the other
        /// parameters. Their days are the organization's; ages end at `as_of`. What is known of tickets as they are alone
        /// (`updated`, `due`, `missed`, custom fields) is refused with `as_of` and for the backlog.
        #[oai(validator(max_length = 1000))]
        query: Query<Option<String>>,
        /// The id of a saved view, whose conditions hold beside all others.
        view: Query<Option<Uuid>>,
        /// One of these statuses; repeat the parameter for several.
        status: Query<Option<Vec<StatusView>>>,
        /// One of these priorities; repeat the parameter for several.
        priority: Query<Option<Vec<PriorityView>>>,
        /// One of these channels; repeat the parameter for several.
        channel: Query<Option<Vec<ChannelView>>>,
        /// The id of an agent, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        agent: Query<Option<String>>,
        /// The id of a team, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        team: Query<Option<String>>,
        /// The id of a requester.
        requester: Query<Option<Uuid>>,
        /// All of these tags; repeat the parameter for several, at most 20.
        tag: Query<Option<Vec<String>>>,
        /// Only what counts on this weekday, from 1, which is Monday, to 7; with `hour`.
        #[oai(validator(minimum(value = "1"), maximum(value = "7")))]
        weekday: Query<Option<u32>>,
        /// Only what counts in this hour of the local clock; with `weekday`. The backlog has no hour.
        #[oai(validator(minimum(value = "0"), maximum(value = "23")))]
        hour: Query<Option<u32>>,
        /// Which first, by when they count; the last when absent.
        order: Query<Option<OrderView>>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before, with the same filter and order.
        cursor: Query<Option<String>>,
        /// Whether to count all tickets that count.
        include_total: Query<Option<bool>>,
    ) -> Result<Listed<CountedTicketView>, QueryProblem> {
        let session = Session::begin(&self.0.0, &auth.0, token.0.as_deref()).await?;
        let days = match (from.0, to.0) {
            (None, None) if figure.0 == FigureView::Backlog => DayRange::NONE,
            (Some(from), Some(to)) => parse_days(from, to)?,
            (None, _) => return Err(bad("from", "is missing").into()),
            (Some(_), None) => return Err(bad("to", "is missing").into()),
        };
        let asked = Asked {
            figure: figure.0,
            days,
            as_of: as_of.0,
            query: query.0,
            view: view.0,
            status: status.0,
            priority: priority.0,
            channel: channel.0,
            agent: agent.0,
            team: team.0,
            requester: requester.0,
            tag: tag.0,
        };
        let counted_by = Figure::from(figure.0);
        let hour = parse_hour(figure.0, weekday.0, hour.0)?;
        let meant = asked.meant(&self.0.0, &session, &auth.0).await?;
        let query = FactsQuery {
            figure: counted_by,
            filter: meant.filter,
            terms: meant.terms,
            hour,
            direction: match order.0 {
                None => Direction::Descending,
                given => OrderView::direction(given),
            },
            limit: limit(items.0)?,
            zone: meant.zone,
        };
        let list = FactsList::new(query, cursor.0.as_deref()).map_err(bad_cursor)?;
        let page = self.0.0.counted_tickets(&session.viewer, &list).await;
        let page = page.map_err(refused)?.map(|row| counted(counted_by, row));
        let total = match include_total.0 {
            Some(true) => {
                let count = self.0.0.counted_ticket_count(&session.viewer, &list).await;
                Some(count.map_err(refused)?)
            }
            Some(false) | None => None,
        };
        Ok(Listed::new(page, total, request, session.token))
    }

    /// Download a report on tickets
    ///
    /// The groups of the report as comma-separated values, a line each. No cell is a formula. Staff only.
    #[oai(
        path = "/reports/tickets/csv",
        method = "get",
        operation_id = "download_ticket_report"
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
        /// What to count.
        figure: Query<FigureView>,
        /// The first day, in the organization's zone.
        from: Query<NaiveDate>,
        /// The day after the last, at most 400 days after `from`.
        to: Query<NaiveDate>,
        /// How long the periods are; one for all days when absent.
        group: Query<Option<PeriodView>>,
        /// What to split the numbers by; nothing when absent.
        split: Query<Option<SplitView>>,
        /// The report as it stood at this moment.
        as_of: Query<Option<DateTime<Utc>>>,
        /// Conditions in the language of queries, such as `status:open priority:>=high -tag:spam`, beside those of the other
        /// parameters. Their days are the organization's; ages end at `as_of`. What is known of tickets as they are alone
        /// (`updated`, `due`, `missed`, custom fields) is refused with `as_of` and for the backlog.
        #[oai(validator(max_length = 1000))]
        query: Query<Option<String>>,
        /// The id of a saved view, whose conditions hold beside all others.
        view: Query<Option<Uuid>>,
        /// One of these statuses; repeat the parameter for several.
        status: Query<Option<Vec<StatusView>>>,
        /// One of these priorities; repeat the parameter for several.
        priority: Query<Option<Vec<PriorityView>>>,
        /// One of these channels; repeat the parameter for several.
        channel: Query<Option<Vec<ChannelView>>>,
        /// The id of an agent, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        agent: Query<Option<String>>,
        /// The id of a team, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        team: Query<Option<String>>,
        /// The id of a requester.
        requester: Query<Option<Uuid>>,
        /// All of these tags; repeat the parameter for several, at most 20.
        tag: Query<Option<Vec<String>>>,
    ) -> Result<CsvAnswer, QueryProblem> {
        let session = Session::begin(&self.0.0, &auth.0, token.0.as_deref()).await?;
        let asked = Asked {
            figure: figure.0,
            days: parse_days(from.0, to.0)?,
            as_of: as_of.0,
            query: query.0,
            view: view.0,
            status: status.0,
            priority: priority.0,
            channel: channel.0,
            agent: agent.0,
            team: team.0,
            requester: requester.0,
            tag: tag.0,
        };
        let cut = (group.0.map(Into::into), split.0.map(Into::into));
        let report = self.0.report_of(&session, &auth.0, asked, cut).await?;
        let text = csv(&figure_sheet(figure.0.into(), &report));
        let disposition = format!("attachment; filename=\"tickets-{}-{}.csv\"", from.0, to.0);
        let recorded = self
            .1
            .record_download(&auth.0, Report::Tickets, ReportFormat::Csv, request);
        recorded.await?;
        Ok(CsvAnswer::Csv(PlainText(text), disposition, session.token))
    }

    /// Download a report on tickets as Parquet
    ///
    /// The groups of the report as a file of Apache Parquet, a row each, with the columns of the one for spreadsheets. Staff
    /// only.
    #[oai(
        path = "/reports/tickets/parquet",
        method = "get",
        operation_id = "download_ticket_parquet"
    )]
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a parameter of the query string"
    )]
    async fn download_parquet(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// What to count.
        figure: Query<FigureView>,
        /// The first day, in the organization's zone.
        from: Query<NaiveDate>,
        /// The day after the last, at most 400 days after `from`.
        to: Query<NaiveDate>,
        /// How long the periods are; one for all days when absent.
        group: Query<Option<PeriodView>>,
        /// What to split the numbers by; nothing when absent.
        split: Query<Option<SplitView>>,
        /// The report as it stood at this moment.
        as_of: Query<Option<DateTime<Utc>>>,
        /// Conditions in the language of queries, such as `status:open priority:>=high -tag:spam`, beside those of the other
        /// parameters. Their days are the organization's; ages end at `as_of`. What is known of tickets as they are alone
        /// (`updated`, `due`, `missed`, custom fields) is refused with `as_of` and for the backlog.
        #[oai(validator(max_length = 1000))]
        query: Query<Option<String>>,
        /// The id of a saved view, whose conditions hold beside all others.
        view: Query<Option<Uuid>>,
        /// One of these statuses; repeat the parameter for several.
        status: Query<Option<Vec<StatusView>>>,
        /// One of these priorities; repeat the parameter for several.
        priority: Query<Option<Vec<PriorityView>>>,
        /// One of these channels; repeat the parameter for several.
        channel: Query<Option<Vec<ChannelView>>>,
        /// The id of an agent, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        agent: Query<Option<String>>,
        /// The id of a team, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        team: Query<Option<String>>,
        /// The id of a requester.
        requester: Query<Option<Uuid>>,
        /// All of these tags; repeat the parameter for several, at most 20.
        tag: Query<Option<Vec<String>>>,
    ) -> Result<ParquetAnswer, QueryProblem> {
        let session = Session::begin(&self.0.0, &auth.0, token.0.as_deref()).await?;
        let asked = Asked {
            figure: figure.0,
            days: parse_days(from.0, to.0)?,
            as_of: as_of.0,
            query: query.0,
            view: view.0,
            status: status.0,
            priority: priority.0,
            channel: channel.0,
            agent: agent.0,
            team: team.0,
            requester: requester.0,
            tag: tag.0,
        };
        let cut = (group.0.map(Into::into), split.0.map(Into::into));
        let report = self.0.report_of(&session, &auth.0, asked, cut).await?;
        let bytes = parquet(&figure_sheet(figure.0.into(), &report))?;
        let disposition = format!(
            "attachment; filename=\"tickets-{}-{}.parquet\"",
            from.0, to.0
        );
        let recorded =
            self.1
                .record_download(&auth.0, Report::Tickets, ReportFormat::Parquet, request);
        recorded.await?;
        Ok(ParquetAnswer::File(
            Binary(bytes),
            disposition,
            session.token,
        ))
    }
}
