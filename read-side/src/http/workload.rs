//! `GET /reports/workload`, and it as a file.

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::zone::Zone;
use domain::ids::TeamId;
use domain::security::words::Report;
use platform::cursor::Moment;
use platform::http::auth::Bearer;
use platform::http::problem::QueryProblem;
use poem::Request;
use poem_openapi::param::{Header, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};

use super::conditions::parse_holder;
use super::figures::{parse_as_of, parse_days, too_many_groups};
use super::message_views::{MessageNumbersView, team_or_agent};
use super::report_views::NamedView;
use super::session::{Session, refused};
use super::sheet::{FileAnswer, FormatView, workload_sheet};
use super::zone::organizations_zone;
use super::{Exports, Tag};
use crate::models::ReadModels;
use crate::reports::figures::PARTS_MAX;
use crate::reports::workload::{Held, Worker, WorkloadBy, WorkloadQuery};

/// Whose work is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "WorkloadBy", rename_all = "snake_case")]
enum WorkloadByView {
    /// Each agent's.
    Agent,
    /// Each team's.
    Team,
}

/// What agents or teams have to do, and what they did.
#[derive(Debug, Object)]
#[oai(rename = "Workload", skip_serializing_if_is_none)]
struct WorkloadView {
    /// The first day of what was done.
    from: NaiveDate,
    /// The day after the last.
    to: NaiveDate,
    /// The organization's zone, in which these days are.
    time_zone: String,
    /// The moment as of which it is, if one was asked for.
    as_of: Option<DateTime<Utc>>,
    /// By name, nobody first. Whoever has nothing and did nothing is not there.
    workers: Vec<WorkerView>,
}

/// The work of an agent or a team; where both are absent, of nobody.
#[derive(Debug, Object)]
#[oai(rename = "Worker", skip_serializing_if_is_none)]
struct WorkerView {
    /// The agent.
    agent: Option<NamedView>,
    /// The team.
    team: Option<NamedView>,
    /// The tickets held that are not resolved.
    held: HeldView,
    /// The tickets that were given to the agent who has them on these days.
    assigned: i64,
    /// The tickets that are resolved since one of these days.
    resolved: i64,
    /// The messages written on these days. An agent's are those that they wrote themselves.
    messages: MessageNumbersView,
}

/// Tickets that are not resolved.
#[derive(Debug, Object)]
#[oai(rename = "HeldTickets")]
struct HeldView {
    /// How many.
    count: i64,
    /// How many are new.
    new: i64,
    /// How many are open.
    open: i64,
    /// How many wait for their requester.
    pending: i64,
    /// How many wait for something else.
    on_hold: i64,
    /// How many are of low priority.
    low: i64,
    /// How many are of normal priority.
    normal: i64,
    /// How many are of high priority.
    high: i64,
    /// How many are urgent.
    urgent: i64,
}

/// The answer with the work of agents or teams.
#[derive(ApiResponse)]
enum WorkloadAnswer {
    /// The work.
    #[oai(status = 200)]
    Workload(
        Json<WorkloadView>,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

pub(super) struct WorkloadQueries(pub(super) ReadModels, pub(super) Exports);

#[OpenApi(tag = "Tag::Reports")]
impl WorkloadQueries {
    /// Report the work of agents or teams
    ///
    /// What each has to do now, or had at `as_of`, and what was done on local days of the organization; docs/METRICS.md
    /// defines each number. Without what belongs to private teams that one is not in. Staff only.
    #[oai(
        path = "/reports/workload",
        method = "get",
        operation_id = "report_workload"
    )]
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a parameter of the query string"
    )]
    async fn workload(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// Whose work.
        by: Query<WorkloadByView>,
        /// The first day of what was done, in the organization's zone.
        from: Query<NaiveDate>,
        /// The day after the last, at most 400 days after `from`.
        to: Query<NaiveDate>,
        /// The work as it stood at this moment.
        as_of: Query<Option<DateTime<Utc>>>,
        /// The id of a team, or `none`: the work of its tickets alone.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        team: Query<Option<String>>,
    ) -> Result<WorkloadAnswer, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let asked = Asked {
            by: by.0,
            from: from.0,
            to: to.0,
            as_of: as_of.0,
            team: team.0,
        };
        let (zone, workers) = self.work_of(&session, asked).await?;
        let view = WorkloadView {
            from: from.0,
            to: to.0,
            time_zone: zone.to_string(),
            as_of: as_of.0,
            workers: workers.into_iter().map(WorkerView::from).collect(),
        };
        Ok(WorkloadAnswer::Workload(Json(view), session.token))
    }

    /// Download the work of agents or teams
    ///
    /// What `GET /reports/workload` tells as a file: a row for each agent or team. No cell of comma-separated values is a
    /// formula. Staff only.
    #[oai(
        path = "/reports/workload/download",
        method = "get",
        operation_id = "download_workload"
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
        /// Whose work.
        by: Query<WorkloadByView>,
        /// The first day of what was done, in the organization's zone.
        from: Query<NaiveDate>,
        /// The day after the last, at most 400 days after `from`.
        to: Query<NaiveDate>,
        /// The work as it stood at this moment.
        as_of: Query<Option<DateTime<Utc>>>,
        /// The id of a team, or `none`: the work of its tickets alone.
        #[oai(validator(pattern = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"))]
        team: Query<Option<String>>,
    ) -> Result<FileAnswer, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let asked = Asked {
            by: by.0,
            from: from.0,
            to: to.0,
            as_of: as_of.0,
            team: team.0,
        };
        let (_, workers) = self.work_of(&session, asked).await?;
        let name = format!("workload-{}-{}", from.0, to.0);
        let (format, sheet) = (format.0, workload_sheet(&workers));
        let file = format.answer(&sheet, &name, session.token)?;
        let recorded = self
            .1
            .record_download(&auth.0, Report::Workload, format.into(), request);
        recorded.await?;
        Ok(file)
    }
}

/// The conditions as they were asked for.
struct Asked {
    by: WorkloadByView,
    from: NaiveDate,
    to: NaiveDate,
    as_of: Option<DateTime<Utc>>,
    team: Option<String>,
}

impl WorkloadQueries {
    /// The work that is asked for, and the zone of its days.
    async fn work_of(
        &self,
        session: &Session,
        asked: Asked,
    ) -> Result<(Zone, Vec<Worker>), QueryProblem> {
        let query = WorkloadQuery {
            by: asked.by.into(),
            days: parse_days(asked.from, asked.to)?,
            as_of: parse_as_of(asked.as_of)?,
            team: parse_holder("team", asked.team.as_deref(), TeamId)?,
        };
        let as_of = query.as_of.map(Moment::get);
        session.wait_for_moment(&self.0, as_of).await?;
        let zone = organizations_zone(&self.0, session).await?;
        let workers = self.0.workload(&session.viewer, &query, zone).await;
        let workers = workers.map_err(refused)?;
        let workers = workers.ok_or_else(|| too_many_groups(PARTS_MAX))?;
        Ok((zone, workers))
    }
}

impl From<Worker> for WorkerView {
    fn from(Worker { key, work }: Worker) -> Self {
        let (team, agent) = team_or_agent(Some(key));
        Self {
            agent,
            team,
            held: work.held.into(),
            assigned: work.assigned,
            resolved: work.resolved,
            messages: work.messages.into(),
        }
    }
}

impl From<Held> for HeldView {
    fn from(held: Held) -> Self {
        let [new, open, pending, on_hold] = held.by_status;
        let [low, normal, high, urgent] = held.by_priority;
        Self {
            count: held.count(),
            new,
            open,
            pending,
            on_hold,
            low,
            normal,
            high,
            urgent,
        }
    }
}

impl From<WorkloadByView> for WorkloadBy {
    fn from(view: WorkloadByView) -> Self {
        match view {
            WorkloadByView::Agent => Self::Agent,
            WorkloadByView::Team => Self::Team,
        }
    }
}
