//! Attainment on the wire. Times used are whole seconds, rounded down.

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::zone::Zone;
use domain::sla::measure::Outcome;
use platform::cursor::Moment;
use platform::http::views::{ChannelView, PriorityView};
use platform::rows::SlaMeasureRow;
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use super::sla_views::MetricView;
use crate::reports::figures::Period;
use crate::reports::{AttainmentReport, Counts, Group, Grouping, MeasureFilter, Named, Span};

/// How many waits were met and missed.
#[derive(Debug, Object)]
#[oai(rename = "AttainmentReport", skip_serializing_if_is_none)]
pub(super) struct AttainmentReportView {
    /// What is counted at this time or later.
    from: DateTime<Utc>,
    /// What is counted before this time.
    to: DateTime<Utc>,
    /// The zone of the days, weeks and months.
    time_zone: String,
    /// The moment that it is given as of, where one was asked for.
    as_of: Option<DateTime<Utc>>,
    /// The numbers of everything.
    total: AttainmentCountsView,
    /// The numbers of each group; they sum up to the total, but by tag: a wait counts for each tag of its ticket. None where
    /// nothing is grouped by.
    groups: Vec<AttainmentGroupView>,
}

/// Waits that have in common what the report groups by. What it does not group by is absent; so is what these waits do not
/// have: the policy of those that the organization's settings promised, the team or agent of those that nobody had, the tag of
/// those whose tickets have none.
#[derive(Debug, Object)]
#[oai(rename = "AttainmentGroup", skip_serializing_if_is_none)]
pub(super) struct AttainmentGroupView {
    /// The day.
    day: Option<NaiveDate>,
    /// The first day of the week, as far as the report has it.
    week: Option<NaiveDate>,
    /// The first day of the month, as far as the report has it.
    month: Option<NaiveDate>,
    /// Where the day, week or month, as far as the report has it, begins.
    from: Option<DateTime<Utc>>,
    /// Where it ends.
    to: Option<DateTime<Utc>>,
    /// The policy that promised them.
    policy: Option<NamedView>,
    /// How urgent the tickets were.
    priority: Option<PriorityView>,
    /// The team that they are counted for.
    team: Option<NamedView>,
    /// The agent that they are counted for.
    agent: Option<NamedView>,
    /// What was measured.
    metric: Option<MetricView>,
    /// How their tickets came in.
    channel: Option<ChannelView>,
    /// A tag that their tickets have now.
    tag: Option<String>,
    /// The numbers.
    counts: AttainmentCountsView,
}

/// Something with its name of now.
#[derive(Debug, Object)]
#[oai(rename = "Named", skip_serializing_if_is_none)]
pub(super) struct NamedView {
    /// Its id.
    id: Uuid,
    /// Its name.
    name: Option<String>,
}

/// How many waits there are of each outcome.
#[derive(Debug, Object)]
#[oai(rename = "AttainmentCounts", skip_serializing_if_is_none)]
pub(super) struct AttainmentCountsView {
    /// They go on, and their deadline has not passed.
    running: i64,
    /// They were reached in time.
    met: i64,
    /// They missed their deadline.
    breached: i64,
    /// They ended in time without being reached: resolved without a reply, or promised no longer.
    cancelled: i64,
    /// The part of those met or breached that was met, from 0 to 1; absent where there is none of either.
    attainment: Option<f64>,
    /// What those that were reached, in time or not, had used; absent where none was.
    used_seconds: Option<PercentilesView>,
}

/// Times, by the nearest rank.
#[derive(Debug, Object)]
#[oai(rename = "UsedPercentiles")]
pub(super) struct PercentilesView {
    /// Half used this or less.
    pub(super) p50: i64,
    /// Nine of ten used this or less.
    pub(super) p90: i64,
    /// Ninety-nine of a hundred used this or less.
    pub(super) p99: i64,
}

/// A wait that a service level clock measured, and what became of it.
#[derive(Debug, Object)]
#[oai(rename = "SlaWait", skip_serializing_if_is_none)]
pub(super) struct MeasureView {
    /// The ticket.
    ticket_id: Uuid,
    /// Its number.
    number: i64,
    /// What was measured.
    metric: MetricView,
    /// Which of several waits of the metric.
    round: i32,
    /// How it is counted.
    outcome: OutcomeView,
    /// The policy that promised it; absent where the organization's settings did.
    policy_id: Option<Uuid>,
    /// Which version of it.
    policy_version: Option<i32>,
    /// What it may use.
    target_seconds: i64,
    /// How urgent the ticket was.
    priority: PriorityView,
    /// The team that it is counted for.
    team_id: Option<Uuid>,
    /// The agent that it is counted for.
    agent_id: Option<Uuid>,
    /// Since when it runs.
    started_at: DateTime<Utc>,
    /// When it is counted: the deadline that it missed, else its end, else its start.
    counted_at: DateTime<Utc>,
    /// When it ended.
    ended_at: Option<DateTime<Utc>>,
    /// What it had used when it was reached.
    used_seconds: Option<i64>,
}

/// How a wait is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "SlaOutcome", rename_all = "snake_case")]
pub(super) enum OutcomeView {
    /// It goes on, and its deadline has not passed.
    Running,
    /// It was reached in time.
    Met,
    /// It missed its deadline.
    Breached,
    /// It ended in time without being reached.
    Cancelled,
}

/// What a report groups by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "AttainmentGrouping", rename_all = "snake_case")]
pub(super) enum GroupingView {
    /// The day on which a wait is counted.
    Day,
    /// The week, from Monday, in which it is counted.
    Week,
    /// The month of the calendar in which it is counted.
    Month,
    /// The policy that promised it.
    Policy,
    /// How urgent the ticket was.
    Priority,
    /// The team that it is counted for.
    Team,
    /// The agent that it is counted for.
    Agent,
    /// What was measured.
    Metric,
    /// How its ticket came in.
    Channel,
    /// Each tag that its ticket has now: it counts for all of them.
    Tag,
}

impl AttainmentReportView {
    /// Of the waits that fit, on days of a zone.
    pub(super) fn new(filter: &MeasureFilter, zone: Zone, report: AttainmentReport) -> Self {
        Self {
            from: filter.counted.from(),
            to: filter.counted.to(),
            time_zone: zone.to_string(),
            as_of: filter.as_of.map(Moment::get),
            total: counts(report.total),
            groups: report.groups.into_iter().map(group).collect(),
        }
    }
}

fn group(group: Group) -> AttainmentGroupView {
    let first_day = |kind| first_day(group.span, kind);
    AttainmentGroupView {
        day: first_day(Period::Day),
        week: first_day(Period::Week),
        month: first_day(Period::Month),
        from: group.span.map(|span| span.from),
        to: group.span.map(|span| span.to),
        policy: group.policy.map(|it| named(it, |id| id.0)),
        priority: group.priority.map(Into::into),
        team: group.team.map(|it| named(it, |id| id.0)),
        agent: group.agent.map(|it| named(it, |id| id.0)),
        metric: group.metric.map(Into::into),
        channel: group.channel.map(Into::into),
        tag: group.tag,
        counts: counts(group.counts),
    }
}

/// The first day of a period, if it is one of this kind.
pub(super) fn first_day(span: Option<Span>, kind: Period) -> Option<NaiveDate> {
    span.filter(|span| span.kind == kind)
        .map(|span| span.first_day)
}

pub(super) fn named<Id>(named: Named<Id>, id: impl Fn(Id) -> Uuid) -> NamedView {
    NamedView {
        id: id(named.id),
        name: named.name,
    }
}

fn counts(counts: Counts) -> AttainmentCountsView {
    AttainmentCountsView {
        running: counts.running,
        met: counts.met,
        breached: counts.breached,
        cancelled: counts.cancelled,
        attainment: counts.attainment(),
        used_seconds: counts
            .used_seconds
            .map(|[p50, p90, p99]| PercentilesView { p50, p90, p99 }),
    }
}

pub(super) fn seconds(ms: i64) -> i64 {
    ms.div_euclid(1_000)
}

impl From<SlaMeasureRow> for MeasureView {
    fn from(row: SlaMeasureRow) -> Self {
        Self {
            ticket_id: row.ticket_id.0,
            number: row.number,
            metric: row.metric.into(),
            round: row.round,
            outcome: row.outcome.into(),
            policy_id: row.policy_id.map(|id| id.0),
            policy_version: row.policy_version,
            target_seconds: seconds(row.target_ms),
            priority: row.priority.into(),
            team_id: row.team_id.map(|id| id.0),
            agent_id: row.agent_id.map(|id| id.0),
            started_at: row.started_at,
            counted_at: row.counted_at,
            ended_at: row.ended_at,
            used_seconds: row.used_ms.map(seconds),
        }
    }
}

impl From<Outcome> for OutcomeView {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Running => Self::Running,
            Outcome::Met => Self::Met,
            Outcome::Breached => Self::Breached,
            Outcome::Cancelled => Self::Cancelled,
        }
    }
}

impl From<OutcomeView> for Outcome {
    fn from(view: OutcomeView) -> Self {
        match view {
            OutcomeView::Running => Self::Running,
            OutcomeView::Met => Self::Met,
            OutcomeView::Breached => Self::Breached,
            OutcomeView::Cancelled => Self::Cancelled,
        }
    }
}

/// What of a report's groups is a period, and what is not.
pub(super) enum Grouped {
    By(Grouping),
    In(Period),
}

impl From<GroupingView> for Grouped {
    fn from(view: GroupingView) -> Self {
        match view {
            GroupingView::Day => Self::In(Period::Day),
            GroupingView::Week => Self::In(Period::Week),
            GroupingView::Month => Self::In(Period::Month),
            GroupingView::Policy => Self::By(Grouping::Policy),
            GroupingView::Priority => Self::By(Grouping::Priority),
            GroupingView::Team => Self::By(Grouping::Team),
            GroupingView::Agent => Self::By(Grouping::Agent),
            GroupingView::Metric => Self::By(Grouping::Metric),
            GroupingView::Channel => Self::By(Grouping::Channel),
            GroupingView::Tag => Self::By(Grouping::Tag),
        }
    }
}
