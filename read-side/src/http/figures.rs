//! `GET /reports/tickets` and its hours.

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::zone::Zone;
use domain::ids::{TeamId, UserId};
use domain::ticket::query::{Query as Conditions, Term};
use platform::auth::Principal;
use platform::cursor::Moment;
use platform::http::auth::Bearer;
use platform::http::problem::{Problem, QueryProblem};
use platform::http::views::{ChannelView, PriorityView, StatusView};
use platform::rows::Figure;
use poem_openapi::param::{Header, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use uuid::Uuid;

use super::conditions::{all, parse_holder, parse_tags};
use super::figure_views::{FigureReportView, FigureView, HoursView, PeriodView, SplitView};
use super::session::{Session, bad, refuse_future, refused};
use super::zone::organizations_zone;
use super::{Tag, asked};
use crate::models::ReadModels;
use crate::reports::figures::{
    DayRange, FigureFilter, FigureQuery, FigureReport, Frame, HourOfWeek, Period, Reported, Split,
};
use crate::tickets::{Terms, TicketFilter};

/// The answer with the hours of the week.
#[derive(ApiResponse)]
enum HoursAnswer {
    /// The hours.
    #[oai(status = 200)]
    Hours(
        Json<HoursView>,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

/// The answer with a report.
#[derive(ApiResponse)]
enum FigureAnswer {
    /// The report.
    #[oai(status = 200)]
    Report(
        Json<FigureReportView>,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

pub(super) struct FigureQueries(pub(super) ReadModels);

#[OpenApi(tag = "Tag::Reports")]
impl FigureQueries {
    /// Report on tickets
    ///
    /// How many tickets count for a figure on local days of the organization, in total, by period and by what they have in
    /// common; docs/METRICS.md defines each figure. A ticket counts under what it is now (the backlog: under what it was
    /// then), with `as_of` under what it was at that moment. Without tickets of private teams that one is not in. Staff only.
    #[oai(
        path = "/reports/tickets",
        method = "get",
        operation_id = "report_tickets"
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
    ) -> Result<FigureAnswer, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
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
        let report = self.report_of(&session, &auth.0, asked, cut).await?;
        let view = FigureReportView::new(figure.0, as_of.0, report);
        Ok(FigureAnswer::Report(Json(view), session.token))
    }

    /// Report the hours of the week
    ///
    /// A heat map: how many tickets count in each hour of each weekday, in the organization's zone. The tickets of a cell, such as
    /// `weekdays[0][9]`, are those of `/reports/tickets/counted` with the same parameters and `weekday=1&hour=9`. Staff only.
    #[oai(
        path = "/reports/tickets/hours",
        method = "get",
        operation_id = "report_ticket_hours"
    )]
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a parameter of the query string"
    )]
    async fn hours(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// What to count; the backlog has no hour.
        figure: Query<FigureView>,
        /// The first day, in the organization's zone.
        from: Query<NaiveDate>,
        /// The day after the last, at most 400 days after `from`.
        to: Query<NaiveDate>,
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
    ) -> Result<HoursAnswer, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        has_hours(figure.0)?;
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
        let meant = asked.meant(&self.0, &session, &auth.0).await?;
        let zone = meant.zone;
        let query = FigureQuery {
            figure: figure.0.into(),
            filter: meant.narrowed(),
            period: None,
            split: None,
        };
        let frame = Frame::of(query.filter.days, None, zone);
        let hours = self.0.hours(&session.viewer, &query, &frame).await;
        let view = HoursView::new(figure.0, as_of.0, &frame, hours.map_err(refused)?);
        Ok(HoursAnswer::Hours(Json(view), session.token))
    }
}

impl FigureQueries {
    /// The report that is asked for, in these periods and split by this.
    pub(super) async fn report_of(
        &self,
        session: &Session,
        principal: &Principal,
        asked: Asked,
        (period, split): (Option<Period>, Option<Split>),
    ) -> Result<FigureReport, QueryProblem> {
        let figure = asked.figure.into();
        let meant = asked.meant(&self.0, session, principal).await?;
        let zone = meant.zone;
        let query = FigureQuery {
            figure,
            filter: meant.narrowed(),
            period,
            split,
        };
        let frame = Frame::of(query.filter.days, query.period, zone);
        let asked = self.0.figure_report(&session.viewer, &query, frame);
        match asked.await.map_err(refused)? {
            Reported::Report(report) => Ok(report),
            Reported::TooManyGroups { max } => Err(too_many_groups(max).into()),
        }
    }
}

/// 400 for a report that would have more groups than this.
pub(super) fn too_many_groups(max: i64) -> Problem {
    bad(
        "split",
        format!("makes more than {max} groups; take longer periods or fewer days"),
    )
}

/// The days of a report.
pub(super) fn parse_days(from: NaiveDate, to: NaiveDate) -> Result<DayRange, Problem> {
    DayRange::new(from, to).map_err(|error| bad("to", error))
}

/// The moment as of which a report is asked for.
pub(super) fn parse_as_of(as_of: Option<DateTime<Utc>>) -> Result<Option<Moment>, Problem> {
    let Some(as_of) = as_of else {
        return Ok(None);
    };
    refuse_future("as_of", as_of)?;
    let as_of = Moment::new(as_of).map_err(|error| bad("as_of", error))?;
    Ok(Some(as_of))
}

/// That the figure can be told by the hour.
///
/// # Errors
/// 400 for the backlog.
fn has_hours(figure: FigureView) -> Result<(), Problem> {
    match figure {
        FigureView::Backlog => Err(bad(
            "figure",
            "the backlog is of the end of a day: it has no hour",
        )),
        _ => Ok(()),
    }
}

/// The hour of the week that a list is asked for.
pub(super) fn parse_hour(
    figure: FigureView,
    weekday: Option<u32>,
    hour: Option<u32>,
) -> Result<Option<HourOfWeek>, Problem> {
    let (weekday, hour) = match (weekday, hour) {
        (None, None) => return Ok(None),
        (Some(weekday), Some(hour)) => (weekday, hour),
        (Some(_), None) => return Err(bad("hour", "is needed beside weekday")),
        (None, Some(_)) => return Err(bad("weekday", "is needed beside hour")),
    };
    has_hours(figure)?;
    let of_week = HourOfWeek::new(weekday, hour);
    let of_week = of_week.ok_or_else(|| bad("hour", "no week has it"));
    of_week.map(Some)
}

/// The conditions as they were asked for.
pub(super) struct Asked {
    pub(super) figure: FigureView,
    pub(super) days: DayRange,
    pub(super) as_of: Option<DateTime<Utc>>,
    pub(super) query: Option<String>,
    pub(super) view: Option<Uuid>,
    pub(super) status: Option<Vec<StatusView>>,
    pub(super) priority: Option<Vec<PriorityView>>,
    pub(super) channel: Option<Vec<ChannelView>>,
    pub(super) agent: Option<String>,
    pub(super) team: Option<String>,
    pub(super) requester: Option<Uuid>,
    pub(super) tag: Option<Vec<String>>,
}

/// Which tickets are meant, and of what days.
pub(super) struct Meant {
    /// By the parameters that have a condition each.
    pub(super) filter: FigureFilter,
    /// By those that have a query.
    pub(super) terms: Option<Terms>,
    /// Whose days they are.
    pub(super) zone: Zone,
}

impl Meant {
    /// All conditions as one.
    pub(super) fn narrowed(self) -> FigureFilter {
        self.filter.narrowed(self.terms.as_ref())
    }
}

impl Asked {
    /// What is meant by it.
    ///
    /// # Errors
    /// 400 with what does not fit, or cannot be told of the figure; 404 when the view is not there.
    pub(super) async fn meant(
        self,
        models: &ReadModels,
        session: &Session,
        principal: &Principal,
    ) -> Result<Meant, QueryProblem> {
        let (figure, view) = (self.figure.into(), self.view);
        let query = self.query.as_deref();
        let query = asked::wordless(models, session, principal, query, view).await?;
        let zone = organizations_zone(models, session).await?;
        let filter = self.filter()?;
        let terms = query.map(|query| Terms {
            // The ages of a report of the past ended then.
            now: filter.as_of.map_or_else(|| models.clock.now(), Moment::get),
            query,
            me: session.viewer.user_id,
            at_least: session.at_least,
            zone,
        });
        if let Some(terms) = &terms
            && let Some(term) = untold(figure, &filter, terms)
        {
            return Err(asked::at_fault(&format!(
                "`{term}` asks for what is known of tickets as they are alone: leave it out, or ask without as_of and for \
                 another figure than the backlog"
            ))
            .into());
        }
        let as_of = filter.as_of.map(Moment::get);
        session.wait_for_moment(models, as_of).await?;
        Ok(Meant {
            filter,
            terms,
            zone,
        })
    }

    fn filter(self) -> Result<FigureFilter, Problem> {
        Ok(FigureFilter {
            days: self.days,
            as_of: parse_as_of(self.as_of)?,
            tickets: TicketFilter {
                statuses: all(self.status),
                priorities: all(self.priority),
                channels: all(self.channel),
                assignee: parse_holder("agent", self.agent.as_deref(), UserId)?,
                team: parse_holder("team", self.team.as_deref(), TeamId)?,
                requester: self.requester.map(UserId),
                tags: parse_tags(&self.tag.unwrap_or_default())?,
                ..TicketFilter::default()
            },
        })
    }
}

/// The first term that no report of the figure can tell, if there is one.
fn untold<'a>(figure: Figure, filter: &FigureFilter, terms: &'a Terms) -> Option<&'a Term> {
    let is_told = |term: &Term| {
        let query = Conditions {
            terms: vec![term.clone()],
        };
        let of_one = Terms {
            query,
            ..terms.clone()
        };
        filter.clone().narrowed(Some(&of_one)).is_told(figure)
    };
    terms.query.terms.iter().find(|term| !is_told(term))
}
