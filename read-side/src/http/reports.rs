//! `GET /reports/sla`, it as a file, and the waits behind its numbers.

use chrono::{DateTime, Utc};
use domain::security::words::Report;
use platform::http::auth::Bearer;
use platform::http::page::bad_cursor;
use platform::http::problem::QueryProblem;
use platform::http::views::{ChannelView, PriorityView};
use platform::page::Direction;
use poem::Request;
use poem_openapi::param::{Header, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use uuid::Uuid;

use super::asked_waits::{Asked, OF_NOW, parse_groups};
use super::page::{Listed, OrderView, limit};
use super::report_views::{AttainmentReportView, GroupingView, MeasureView, OutcomeView};
use super::session::{Session, bad, refused};
use super::sheet::{FileAnswer, FormatView, attainment_sheet};
use super::sla_views::MetricView;
use super::zone::{Zones, zones};
use super::{Exports, Tag};
use crate::models::ReadModels;
use crate::reports::{
    Attainment, AttainmentQuestion, AttainmentReport, Grouping, MeasureFilter, MeasureList,
    MeasureQuery, Periods,
};

/// The answer with a report.
#[derive(ApiResponse)]
enum ReportAnswer {
    /// The report.
    #[oai(status = 200)]
    Report(
        Json<AttainmentReportView>,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

pub(super) struct ReportQueries(pub(super) ReadModels, pub(super) Exports);

#[OpenApi(tag = "Tag::ServiceLevels")]
impl ReportQueries {
    /// Report attainment
    ///
    /// How many waits that service levels promise to end were met and missed, in total and by group. A wait is counted at the
    /// deadline that it missed, else at its end, else, while it runs, at its start; for the team, agent, priority and policy
    /// of that moment. Channel, tags and the conditions of a query are those of its ticket now. Without what belongs to private teams that one is not in. Staff only.
    #[oai(
        path = "/reports/sla",
        method = "get",
        operation_id = "report_attainment"
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
        /// Counted at this time or later.
        from: Query<DateTime<Utc>>,
        /// Counted before this time, at most 400 days after `from`.
        to: Query<DateTime<Utc>>,
        /// What to group by; repeat the parameter for several, of `day`, `week` and `month` one at most. The total alone when
        /// absent.
        group_by: Query<Option<Vec<GroupingView>>>,
        /// The IANA name of the zone whose days, weeks and months to group by, such as `Europe/Berlin`; the organization's when
        /// absent.
        #[oai(validator(max_length = 64))]
        time_zone: Query<Option<String>>,
        /// One of these metrics; repeat the parameter for several.
        metric: Query<Option<Vec<MetricView>>>,
        /// Counted for one of these priorities; repeat the parameter for several.
        priority: Query<Option<Vec<PriorityView>>>,
        /// The id of the policy that promised it, or `none` for the organization's settings.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        policy: Query<Option<String>>,
        /// The id of the team that it is counted for, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        team: Query<Option<String>>,
        /// The id of the agent that it is counted for, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        agent: Query<Option<String>>,
        /// Of a ticket of one of these channels; repeat the parameter for several.
        channel: Query<Option<Vec<ChannelView>>>,
        /// Of a ticket that has all of these tags now; repeat the parameter for several, at most 20.
        tag: Query<Option<Vec<String>>>,
        /// Conditions of the ticket in the language of queries, such as `status:open priority:>=high -tag:spam`: it has to be so
        /// now. Their days are the organization's.
        #[oai(validator(max_length = 1000))]
        query: Query<Option<String>>,
        /// The id of a saved view, whose conditions hold beside all others.
        view: Query<Option<Uuid>>,
        /// As it stood at this moment, which is not in the future. What tickets are now is refused with it: `tag`, `query`, `view`,
        /// and groups by tag.
        as_of: Query<Option<DateTime<Utc>>>,
    ) -> Result<ReportAnswer, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let asked = Asked {
            from: from.0,
            to: to.0,
            metric: metric.0,
            priority: priority.0,
            outcome: None,
            policy: policy.0,
            team: team.0,
            agent: agent.0,
            channel: channel.0,
            tag: tag.0,
            query: query.0,
            view: view.0,
            as_of: as_of.0,
        };
        let (filter, terms) = asked.meant(&self.0, &session, &auth.0).await?;
        let filter = filter.narrowed(terms.as_ref());
        let zones = zones(&self.0, &session, time_zone.0.as_deref()).await?;
        let groups = group_by.0.unwrap_or_default();
        let report = self.report_of(&session, &filter, &groups, zones).await?;
        let view = AttainmentReportView::new(&filter, zones.of_days, report);
        Ok(ReportAnswer::Report(Json(view), session.token))
    }

    /// Download a report of attainment
    ///
    /// The groups of the report as a file, a row each; the total alone where it groups by nothing. What it does not group by
    /// is empty. No cell of comma-separated values is a formula. Staff only.
    #[oai(
        path = "/reports/sla/download",
        method = "get",
        operation_id = "download_attainment"
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
        /// Counted at this time or later.
        from: Query<DateTime<Utc>>,
        /// Counted before this time, at most 400 days after `from`.
        to: Query<DateTime<Utc>>,
        /// What to group by; repeat the parameter for several, of `day`, `week` and `month` one at most. The total alone when
        /// absent.
        group_by: Query<Option<Vec<GroupingView>>>,
        /// The IANA name of the zone whose days, weeks and months to group by, such as `Europe/Berlin`; the organization's when
        /// absent.
        #[oai(validator(max_length = 64))]
        time_zone: Query<Option<String>>,
        /// One of these metrics; repeat the parameter for several.
        metric: Query<Option<Vec<MetricView>>>,
        /// Counted for one of these priorities; repeat the parameter for several.
        priority: Query<Option<Vec<PriorityView>>>,
        /// The id of the policy that promised it, or `none` for the organization's settings.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        policy: Query<Option<String>>,
        /// The id of the team that it is counted for, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        team: Query<Option<String>>,
        /// The id of the agent that it is counted for, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        agent: Query<Option<String>>,
        /// Of a ticket of one of these channels; repeat the parameter for several.
        channel: Query<Option<Vec<ChannelView>>>,
        /// Of a ticket that has all of these tags now; repeat the parameter for several, at most 20.
        tag: Query<Option<Vec<String>>>,
        /// Conditions of the ticket in the language of queries, such as `status:open priority:>=high -tag:spam`: it has to be so
        /// now. Their days are the organization's.
        #[oai(validator(max_length = 1000))]
        query: Query<Option<String>>,
        /// The id of a saved view, whose conditions hold beside all others.
        view: Query<Option<Uuid>>,
        /// As it stood at this moment, which is not in the future. What tickets are now is refused with it: `tag`, `query`, `view`,
        /// and groups by tag.
        as_of: Query<Option<DateTime<Utc>>>,
    ) -> Result<FileAnswer, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let asked = Asked {
            from: from.0,
            to: to.0,
            metric: metric.0,
            priority: priority.0,
            outcome: None,
            policy: policy.0,
            team: team.0,
            agent: agent.0,
            channel: channel.0,
            tag: tag.0,
            query: query.0,
            view: view.0,
            as_of: as_of.0,
        };
        let (filter, terms) = asked.meant(&self.0, &session, &auth.0).await?;
        let filter = filter.narrowed(terms.as_ref());
        let zones = zones(&self.0, &session, time_zone.0.as_deref()).await?;
        let groups = group_by.0.unwrap_or_default();
        let report = self.report_of(&session, &filter, &groups, zones).await?;
        let sheet = attainment_sheet(&report, !groups.is_empty());
        let name = format!("sla-{}-{}", from.0.date_naive(), to.0.date_naive());
        let format = format.0;
        let file = format.answer(&sheet, &name, session.token)?;
        let recorded = self
            .1
            .record_download(&auth.0, Report::Attainment, format.into(), request);
        recorded.await?;
        Ok(file)
    }

    /// List the waits behind a report
    ///
    /// Every wait that fits, once: as many as the report counts by the same conditions. Staff only.
    #[oai(
        path = "/reports/sla/waits",
        method = "get",
        operation_id = "list_sla_waits"
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
        /// Counted at this time or later.
        from: Query<DateTime<Utc>>,
        /// Counted before this time, at most 400 days after `from`.
        to: Query<DateTime<Utc>>,
        /// One of these metrics; repeat the parameter for several.
        metric: Query<Option<Vec<MetricView>>>,
        /// Counted for one of these priorities; repeat the parameter for several.
        priority: Query<Option<Vec<PriorityView>>>,
        /// One of these outcomes; repeat the parameter for several.
        outcome: Query<Option<Vec<OutcomeView>>>,
        /// The id of the policy that promised it, or `none` for the organization's settings.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        policy: Query<Option<String>>,
        /// The id of the team that it is counted for, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        team: Query<Option<String>>,
        /// The id of the agent that it is counted for, or `none`.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        agent: Query<Option<String>>,
        /// Of a ticket of one of these channels; repeat the parameter for several.
        channel: Query<Option<Vec<ChannelView>>>,
        /// Of a ticket that has all of these tags now; repeat the parameter for several, at most 20.
        tag: Query<Option<Vec<String>>>,
        /// Conditions of the ticket in the language of queries, such as `status:open priority:>=high -tag:spam`: it has to be so
        /// now. Their days are the organization's.
        #[oai(validator(max_length = 1000))]
        query: Query<Option<String>>,
        /// The id of a saved view, whose conditions hold beside all others.
        view: Query<Option<Uuid>>,
        /// As it stood at this moment, which is not in the future. What tickets are now is refused with it: `tag`, `query`, `view`,
        /// and groups by tag.
        as_of: Query<Option<DateTime<Utc>>>,
        /// Which first, by when they are counted; the last when absent.
        order: Query<Option<OrderView>>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before, with the same filter and order.
        cursor: Query<Option<String>>,
        /// Whether to count all waits that fit.
        include_total: Query<Option<bool>>,
    ) -> Result<Listed<MeasureView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let asked = Asked {
            from: from.0,
            to: to.0,
            metric: metric.0,
            priority: priority.0,
            outcome: outcome.0,
            policy: policy.0,
            team: team.0,
            agent: agent.0,
            channel: channel.0,
            tag: tag.0,
            query: query.0,
            view: view.0,
            as_of: as_of.0,
        };
        let direction = match order.0 {
            None => Direction::Descending,
            given => OrderView::direction(given),
        };
        let (filter, terms) = asked.meant(&self.0, &session, &auth.0).await?;
        let query = MeasureQuery {
            filter,
            terms,
            direction,
            limit: limit(items.0)?,
        };
        let list = MeasureList::new(query, cursor.0.as_deref()).map_err(bad_cursor)?;
        let page = self.0.measures(&session.viewer, &list).await;
        let page = page.map_err(refused)?.map(MeasureView::from);
        let total = match include_total.0 {
            Some(true) => {
                let count = self.0.measure_count(&session.viewer, &list).await;
                Some(count.map_err(refused)?)
            }
            Some(false) | None => None,
        };
        Ok(Listed::new(page, total, request, session.token))
    }
}

impl ReportQueries {
    /// The report that is asked for, on days of the zone.
    async fn report_of(
        &self,
        session: &Session,
        filter: &MeasureFilter,
        groups: &[GroupingView],
        zones: Zones,
    ) -> Result<AttainmentReport, QueryProblem> {
        let (groups, period) = parse_groups(groups)?;
        let periods = period.map(|kind| Periods::of(filter.counted, kind, zones.of_days));
        let periods = periods.transpose().map_err(|error| bad("to", error))?;
        if filter.as_of.is_some() && groups.contains(&Grouping::Tag) {
            return Err(bad("group_by", OF_NOW).into());
        }
        let question = AttainmentQuestion::new(filter.clone(), groups, periods);
        let asked = self
            .0
            .attainment(&session.viewer, &question, zones.of_organization);
        match asked.await.map_err(refused)? {
            Attainment::Report(report) => Ok(report),
            Attainment::TooManyGroups { max } => Err(bad(
                "group_by",
                format!("makes more than {max} groups; group by less, or take a shorter time"),
            )
            .into()),
        }
    }
}
