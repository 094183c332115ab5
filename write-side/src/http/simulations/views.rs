//! What is answered: how far a simulation is, and what came of it.

use chrono::{DateTime, Utc};
use domain::sla::simulation::Numbers;
use platform::http::serve::BASE_PATH;
use platform::http::views::PriorityView;
use platform::http::views::draft::{DraftCalendarView, DraftPolicyView};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use crate::simulations::{Kept, KeptDifference, SimulatedRow, State};

/// A simulation.
#[derive(Debug, Object)]
#[oai(rename = "Simulation", skip_serializing_if_is_none)]
pub(super) struct SimulationView {
    /// Its id.
    id: Uuid,
    /// How it stands.
    state: StateView,
    /// What is counted at this time or later.
    from: DateTime<Utc>,
    /// What is counted before this time.
    to: DateTime<Utc>,
    /// The draft policies; absent where those that held do, and in the list of simulations.
    policies: Option<Vec<DraftPolicyView>>,
    /// The draft calendars; absent in the list of simulations.
    calendars: Option<Vec<DraftCalendarView>>,
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
    /// The events of the log that were looked through for tickets and rules, once that has begun.
    events_done: Option<i64>,
    /// Of how many.
    events_total: Option<i64>,
    /// The tickets that were replayed, which comes after that.
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
pub(super) struct SimulationsView {
    /// The newest first.
    pub(super) items: Vec<SimulationView>,
}

/// A wait that is counted otherwise under the drafts.
#[derive(Debug, Object)]
#[oai(rename = "SimulatedDifference", skip_serializing_if_is_none)]
pub(super) struct DifferenceView {
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
    /// Where to look at it.
    links: DifferenceLinksView,
}

/// Paths on this server.
#[derive(Debug, Object)]
#[oai(rename = "SimulatedDifferenceLinks")]
struct DifferenceLinksView {
    /// The ticket.
    ticket: String,
    /// Its clocks as they are, explained.
    sla: String,
}

/// Some of the differences.
#[derive(Debug, Object)]
#[oai(rename = "SimulatedDifferences", skip_serializing_if_is_none)]
pub(super) struct DifferencesView {
    /// In the order of the tickets.
    pub(super) items: Vec<DifferenceView>,
    /// Send it as `cursor` to get the next page. Absent on the last page.
    pub(super) next_cursor: Option<String>,
}

impl SimulationView {
    /// As a list shows it: without the drafts, which may be long.
    pub(super) fn listed(kept: Kept) -> Self {
        Self {
            policies: None,
            calendars: None,
            ..Self::from(kept)
        }
    }
}

impl From<Kept> for SimulationView {
    fn from(kept: Kept) -> Self {
        let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        let request = kept.request;
        let policies = request.policies.as_deref();
        Self {
            policies: policies.map(|drafts| drafts.iter().map(Into::into).collect()),
            calendars: Some(request.calendars.iter().map(Into::into).collect()),
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
            events_done: kept.events_done,
            events_total: kept.events_total,
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
        let ticket = format!("{BASE_PATH}/tickets/{}", found.ticket_id);
        Self {
            links: DifferenceLinksView {
                sla: format!("{ticket}/sla"),
                ticket,
            },
            ticket_id: found.ticket_id.0,
            number: found.number,
            metric: found.metric.as_str().to_owned(),
            round: found.round,
            before: found.before.map(|outcome| outcome.as_str().to_owned()),
            after: found.after.map(|outcome| outcome.as_str().to_owned()),
        }
    }
}
