//! `/sla/simulations`: what other policies or calendars would have made of the past.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::definition::CalendarDefinition;
use domain::ids::{CalendarId, PolicyId};
use domain::service_levels::state::ServiceLevels;
use domain::sla::policy::{Policy, PolicyDefinition, PolicyRef};
use domain::sla::simulation::{Numbers, Range};
use domain::text::Name;
use platform::cursor::{self, Fingerprint};
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::page::{bad_cursor, limit};
use platform::http::problem::{AccessProblem, BodylessAccessProblem, FieldError, Problem};
use platform::http::serve::BASE_PATH;
use platform::http::views::PriorityView;
use platform::http::views::calendar::{self, HolidayView, OpenView};
use platform::http::views::policy::{self, ConditionsView, TargetView};
use platform::page::Page;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use uuid::Uuid;

use super::fields::{AtFault, Fields};
use super::tags::ApiTags;
use crate::simulations::{
    Kept, KeptDifference, SimulatedRow, SimulationError, SimulationRequest, Simulations, State,
};

/// The longest time that is simulated.
const RANGE_MAX_DAYS: i64 = 400;
/// When to come back while the database cannot be reached.
const RETRY_AFTER_S: u32 = 1;

pub(super) struct SimulationsApi(pub(super) Simulations);

/// Asks what other rules would have made of the past.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct CreateSimulationBody {
    /// Count what is counted at this time or later.
    from: DateTime<Utc>,
    /// Count what is counted before this time, at most 400 days after `from`.
    to: DateTime<Utc>,
    /// The whole ordered list of draft policies; those that held, each in its time, when left out.
    #[oai(validator(max_items = 100))]
    policies: Option<Vec<DraftPolicyBody>>,
    /// Draft calendars, each in the place of the one of its id; those that held when left out.
    #[oai(validator(max_items = 100))]
    calendars: Option<Vec<DraftCalendarBody>>,
    /// Whether imported tickets are promised something, too. Really nothing ever was.
    imported: Option<bool>,
}

/// A policy that does not hold, or not yet.
#[derive(Debug, Object)]
#[oai(rename = "DraftPolicy", deny_unknown_fields)]
struct DraftPolicyBody {
    /// The policy that it is another version of; none for a new one.
    id: Option<Uuid>,
    /// Its name.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: String,
    /// For which tickets it is; for every ticket when left out.
    conditions: Option<ConditionsView>,
    /// What it promises, one at most for each metric and priority.
    #[oai(validator(min_items = 1, max_items = 100))]
    targets: Vec<TargetView>,
}

/// A calendar that does not hold, or not yet.
#[derive(Debug, Object)]
#[oai(rename = "DraftCalendar", deny_unknown_fields)]
struct DraftCalendarBody {
    /// The calendar in whose place it stands, or the id by which draft policies name it.
    id: Uuid,
    /// Whose clock the hours are read from: the IANA name of a time zone.
    #[oai(validator(max_length = 64))]
    zone: String,
    /// The open hours of every week.
    #[oai(validator(max_items = 100))]
    weekly: Vec<OpenView>,
    /// The days that are closed all the same.
    #[oai(validator(max_items = 1000))]
    holidays: Option<Vec<HolidayView>>,
}

/// A simulation.
#[derive(Debug, Object)]
#[oai(rename = "Simulation", skip_serializing_if_is_none)]
struct SimulationView {
    /// Its id.
    id: Uuid,
    /// How it stands.
    state: StateView,
    /// What is counted at this time or later.
    from: DateTime<Utc>,
    /// What is counted before this time.
    to: DateTime<Utc>,
    /// How many draft policies there are; absent where those that held do.
    policy_count: Option<i64>,
    /// How many draft calendars there are.
    calendar_count: i64,
    /// Whether imported tickets are promised something.
    imported: bool,
    /// The admin who asked for it.
    created_by: Uuid,
    /// When.
    created_at: DateTime<Utc>,
    /// The tickets that were replayed.
    tickets_done: i64,
    /// Of how many, once that is known.
    tickets_total: Option<i64>,
    /// When it ended.
    ended_at: Option<DateTime<Utc>>,
    /// The moment of which it tells: a deadline before it has passed.
    as_of: Option<DateTime<Utc>>,
    /// The numbers of each metric and priority, once it is completed.
    rows: Option<Vec<RowView>>,
    /// How many waits are counted otherwise under the drafts, so far.
    difference_count: i64,
    /// Why it failed.
    failure: Option<String>,
}

/// How a simulation stands.
#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename = "SimulationState", rename_all = "snake_case")]
enum StateView {
    /// It waits for others.
    Queued,
    /// It is under way.
    Running,
    /// It is there.
    Completed,
    /// It ended without numbers; `failure` says why.
    Failed,
}

/// The numbers of a metric and priority.
#[derive(Debug, Object)]
#[oai(rename = "SimulatedNumbers")]
struct RowView {
    /// What was measured.
    metric: String,
    /// How urgent the tickets were.
    priority: PriorityView,
    /// As it went: what the report of this time counts.
    before: NumbersView,
    /// As it would have gone.
    after: NumbersView,
}

/// How many waits there are of each outcome, and what those that were reached had used.
#[derive(Debug, Object)]
#[oai(rename = "SimulatedCounts", skip_serializing_if_is_none)]
struct NumbersView {
    /// They go on.
    running: u64,
    /// They were reached in time.
    met: u64,
    /// They missed their deadline.
    breached: u64,
    /// They ended otherwise.
    cancelled: u64,
    /// Half used this or less.
    p50_seconds: Option<i64>,
    /// Nine of ten used this or less.
    p90_seconds: Option<i64>,
    /// Ninety-nine of a hundred used this or less.
    p99_seconds: Option<i64>,
}

/// The simulations that are kept.
#[derive(Debug, Object)]
#[oai(rename = "Simulations")]
struct SimulationsView {
    /// The newest first.
    items: Vec<SimulationView>,
}

/// A wait that is counted otherwise under the drafts.
#[derive(Debug, Object)]
#[oai(rename = "SimulatedDifference", skip_serializing_if_is_none)]
struct DifferenceView {
    /// The ticket.
    ticket_id: Uuid,
    /// Its number.
    number: i64,
    /// What was measured.
    metric: String,
    /// Which of several waits.
    round: i32,
    /// How it was counted; absent where it was not.
    before: Option<String>,
    /// How it would have been counted; absent where it would not.
    after: Option<String>,
}

/// Some of the differences.
#[derive(Debug, Object)]
#[oai(rename = "SimulatedDifferences", skip_serializing_if_is_none)]
struct DifferencesView {
    /// In the order of the tickets.
    items: Vec<DifferenceView>,
    /// Send it as `cursor` to get the next page. Absent on the last page.
    next_cursor: Option<String>,
}

/// The answer with a simulation that was asked for.
#[derive(ApiResponse)]
enum Asked {
    /// It waits.
    #[oai(status = 202)]
    Queued(
        Json<SimulationView>,
        /// Where it is.
        #[oai(header = "Location")]
        String,
    ),
}

/// The answer after one was forgotten.
#[derive(ApiResponse)]
enum Forgotten {
    /// It is no longer there.
    #[oai(status = 204)]
    Gone,
}

#[OpenApi(tag = "ApiTags::ServiceLevels")]
impl SimulationsApi {
    /// Simulate other service levels
    ///
    /// Replays what happened beside draft policies or calendars, in the background: which promises would have been kept. At
    /// least one of `policies` and `calendars` is given. Nothing live is touched. Admins only.
    #[oai(
        path = "/sla/simulations",
        method = "post",
        operation_id = "create_simulation"
    )]
    async fn create(
        &self,
        bearer: Bearer,
        body: Body<CreateSimulationBody>,
    ) -> Result<Asked, AccessProblem> {
        let request = body.0.parsed()?;
        let principal = bearer.0;
        let made = self
            .0
            .create(principal.organization_id, principal.user_id, &request)
            .await;
        let made = made.map_err(problem)?;
        let location = format!("{BASE_PATH}/sla/simulations/{}", made.id);
        Ok(Asked::Queued(Json(made.into()), location))
    }

    /// List the simulations
    ///
    /// Those that are kept, the newest first: for 30 days, at most 50. Admins only.
    #[oai(
        path = "/sla/simulations",
        method = "get",
        operation_id = "list_simulations"
    )]
    async fn list(&self, bearer: Bearer) -> Result<Json<SimulationsView>, BodylessAccessProblem> {
        let kept = self.0.list(bearer.0.organization_id).await;
        let items = kept.map_err(problem)?.into_iter().map(Into::into);
        Ok(Json(SimulationsView {
            items: items.collect(),
        }))
    }

    /// Get a simulation
    ///
    /// How far it is, and what came of it. Admins only.
    #[oai(
        path = "/sla/simulations/:simulation_id",
        method = "get",
        operation_id = "get_simulation"
    )]
    async fn get(
        &self,
        bearer: Bearer,
        /// The simulation.
        simulation_id: Path<Uuid>,
    ) -> Result<Json<SimulationView>, BodylessAccessProblem> {
        let kept = self.0.get(bearer.0.organization_id, simulation_id.0).await;
        Ok(Json(kept.map_err(problem)?.into()))
    }

    /// List what a simulation counts otherwise
    ///
    /// The waits whose outcome differs, in the order of the tickets; the first 10,000 are kept. Admins only.
    #[oai(
        path = "/sla/simulations/:simulation_id/differences",
        method = "get",
        operation_id = "list_simulation_differences"
    )]
    async fn differences(
        &self,
        bearer: Bearer,
        /// The simulation.
        simulation_id: Path<Uuid>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<DifferencesView>, BodylessAccessProblem> {
        let fingerprint = Fingerprint::of("simulation_differences", &simulation_id.0);
        let after = cursor.0.as_deref();
        let after = after.map(|text| cursor::decode::<i64>(&fingerprint, text));
        let after = after.transpose().map_err(bad_cursor)?.unwrap_or_default();
        let limit = limit(items.0)?;
        let (organization, id) = (bearer.0.organization_id, simulation_id.0);
        let found = self.0.differences(organization, id, after, limit.rows());
        let found = found.await.map_err(problem)?;
        let page = Page::cut(found, limit, &fingerprint, |it: &KeptDifference| it.place);
        let page = page.map(DifferenceView::from);
        Ok(Json(DifferencesView {
            items: page.items,
            next_cursor: page.next_cursor,
        }))
    }

    /// Delete a simulation
    ///
    /// One that runs ends with its next step. Admins only.
    #[oai(
        path = "/sla/simulations/:simulation_id",
        method = "delete",
        operation_id = "delete_simulation"
    )]
    async fn delete(
        &self,
        bearer: Bearer,
        /// The simulation.
        simulation_id: Path<Uuid>,
    ) -> Result<Forgotten, BodylessAccessProblem> {
        let gone = self
            .0
            .delete(bearer.0.organization_id, simulation_id.0)
            .await;
        gone.map_err(problem)?;
        Ok(Forgotten::Gone)
    }
}

impl CreateSimulationBody {
    fn parsed(self) -> Result<SimulationRequest, Problem> {
        let mut fields = Fields::default();
        let range = range(&mut fields, self.from, self.to);
        if self.policies.is_none() && self.calendars.is_none() {
            fields.add("/policies", "give draft policies, draft calendars, or both");
        }
        let policies = self.policies.map(|drafts| policies(&mut fields, drafts));
        let calendars = calendars(&mut fields, self.calendars.unwrap_or_default());
        let all = || {
            Ok::<_, AtFault>(SimulationRequest {
                policies: policies.transpose()?,
                calendars: calendars?,
                range: range?,
                imported: self.imported.unwrap_or_default(),
            })
        };
        let parsed = all();
        fields.finish(parsed)
    }
}

fn range(fields: &mut Fields, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Range, AtFault> {
    if to <= from {
        return Err(fields.add("/to", "must be after from"));
    }
    if to - from > TimeDelta::days(RANGE_MAX_DAYS) {
        let told = format!("must be at most {RANGE_MAX_DAYS} days after from");
        return Err(fields.add("/to", told));
    }
    Ok(Range { from, to })
}

fn policies(fields: &mut Fields, drafts: Vec<DraftPolicyBody>) -> Result<Vec<Policy>, AtFault> {
    let (mut ids, mut bytes) = (BTreeSet::new(), 0);
    let mut parsed = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.into_iter().enumerate() {
        let at = format!("/policies/{index}");
        let id = PolicyId(draft.id.unwrap_or_else(Uuid::now_v7));
        if !ids.insert(id) {
            fields.add(&format!("{at}/id"), "another one of the list has this id");
        }
        let name = fields.text(&format!("{at}/name"), &draft.name, Name::parse);
        let conditions = draft.conditions.unwrap_or_default();
        let conditions = fields.parsed(within(&at, policy::conditions(&conditions)));
        let targets = fields.parsed(within(&at, policy::targets(&draft.targets)));
        let definition = || {
            Ok::<_, AtFault>(PolicyDefinition {
                name: name?,
                conditions: conditions?,
                targets: targets?,
            })
        };
        let definition = definition().and_then(|definition| match definition.check() {
            Ok(()) => Ok(definition),
            Err(error) => Err(fields.add(&format!("{at}/{}", error.field()), error.to_string())),
        });
        bytes += definition.as_ref().map_or(0, PolicyDefinition::bytes);
        parsed.push(definition.map(|definition| Policy {
            // Versions are counted from 1: this one never held.
            reference: PolicyRef { id, version: 0 },
            definition,
        }));
    }
    if bytes > ServiceLevels::MAX_BYTES {
        return Err(fields.add(
            "/policies",
            "all policies together say too much: name fewer values",
        ));
    }
    parsed.into_iter().collect()
}

fn calendars(
    fields: &mut Fields,
    drafts: Vec<DraftCalendarBody>,
) -> Result<Vec<(CalendarId, CalendarDefinition)>, AtFault> {
    let mut ids = BTreeSet::new();
    let mut parsed = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.into_iter().enumerate() {
        let at = format!("/calendars/{index}");
        if !ids.insert(draft.id) {
            fields.add(&format!("{at}/id"), "another one of the list has this id");
        }
        let zone = fields.parsed(within(&at, calendar::zone(&draft.zone)));
        let weekly = fields.parsed(within(&at, calendar::weekly(&draft.weekly)));
        let holidays = draft.holidays.unwrap_or_default();
        let holidays = fields.parsed(within(&at, calendar::holidays(&holidays)));
        let definition = || {
            let definition = CalendarDefinition {
                zone: zone?,
                weekly: weekly?,
                holidays: holidays?,
            };
            Ok::<_, AtFault>((CalendarId(draft.id), definition))
        };
        parsed.push(definition());
    }
    parsed.into_iter().collect()
}

/// The same with the fields at fault within the field `at`.
fn within<T>(at: &str, parsed: Result<T, Vec<FieldError>>) -> Result<T, Vec<FieldError>> {
    parsed.map_err(|errors| {
        let errors = errors.into_iter().map(|error| FieldError {
            pointer: format!("{at}{}", error.pointer),
            ..error
        });
        errors.collect()
    })
}

fn problem(error: SimulationError) -> Problem {
    let detail = error.to_string();
    match error {
        SimulationError::TooMany => Problem::conflict(detail),
        SimulationError::NotFound => Problem::not_found("the simulation"),
        SimulationError::Unavailable(source) => {
            Problem::unavailable(detail, RETRY_AFTER_S).with_source(source)
        }
    }
}

impl From<Kept> for SimulationView {
    fn from(kept: Kept) -> Self {
        let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        let request = kept.request;
        Self {
            id: kept.id,
            state: match kept.state {
                State::Queued => StateView::Queued,
                State::Running => StateView::Running,
                State::Completed => StateView::Completed,
                State::Failed => StateView::Failed,
            },
            from: request.range.from,
            to: request.range.to,
            policy_count: request.policies.map(|policies| count(policies.len())),
            calendar_count: count(request.calendars.len()),
            imported: request.imported,
            created_by: kept.created_by.0,
            created_at: kept.created_at,
            tickets_done: kept.tickets_done,
            tickets_total: kept.tickets_total,
            ended_at: kept.ended_at,
            as_of: kept.as_of,
            rows: kept
                .result
                .map(|rows| rows.into_iter().map(RowView::from).collect()),
            difference_count: kept.difference_count,
            failure: kept.failure,
        }
    }
}

impl From<SimulatedRow> for RowView {
    fn from(row: SimulatedRow) -> Self {
        Self {
            metric: row.metric.as_str().to_owned(),
            priority: row.priority.into(),
            before: row.before.into(),
            after: row.after.into(),
        }
    }
}

impl From<Numbers> for NumbersView {
    fn from(numbers: Numbers) -> Self {
        let seconds = |ms: Option<i64>| ms.map(|ms| ms.div_euclid(1_000));
        Self {
            running: numbers.running,
            met: numbers.met,
            breached: numbers.breached,
            cancelled: numbers.cancelled,
            p50_seconds: seconds(numbers.p50_ms),
            p90_seconds: seconds(numbers.p90_ms),
            p99_seconds: seconds(numbers.p99_ms),
        }
    }
}

impl From<KeptDifference> for DifferenceView {
    fn from(found: KeptDifference) -> Self {
        Self {
            ticket_id: found.ticket_id.0,
            number: found.number,
            metric: found.metric.as_str().to_owned(),
            round: found.round,
            before: found.before.map(|outcome| outcome.as_str().to_owned()),
            after: found.after.map(|outcome| outcome.as_str().to_owned()),
        }
    }
}
