//! The clocks of a ticket as staff see them. Times used and left are whole seconds, rounded down.

use chrono::{DateTime, Utc};
use domain::calendar::definition::CalendarRef;
use domain::sla::Metric;
use domain::sla::clock::{Clock, Phase};
use domain::sla::policy::PolicyRef;
use domain::sla::steps::{Change, Promise, Step};
use platform::http::views::warning::{ActionView, threshold_fields};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use crate::sla::{ClockEvent, ExplainedClocks};

/// The service levels of a ticket, explained.
#[derive(Debug, Object)]
#[oai(rename = "TicketSla", skip_serializing_if_is_none)]
pub(super) struct TicketSlaView {
    /// The ticket.
    ticket_id: Uuid,
    /// The moment that time used and left is told of.
    as_of: DateTime<Utc>,
    /// The policy that holds; absent where the organization's settings do, or nothing is promised.
    policy: Option<PolicyReferenceView>,
    /// The earliest deadline that still runs and was not missed.
    next_deadline_at: Option<DateTime<Utc>>,
    /// Every clock that was ever promised.
    clocks: Vec<ExplainedClockView>,
}

/// A version of a policy.
#[derive(Debug, Object)]
#[oai(rename = "SlaPolicyReference", skip_serializing_if_is_none)]
pub(super) struct PolicyReferenceView {
    /// The policy.
    id: Uuid,
    /// Which version of it.
    version: u32,
    /// What that version was called.
    name: Option<String>,
}

/// A version of a calendar.
#[derive(Debug, Object)]
#[oai(rename = "CalendarReference", skip_serializing_if_is_none)]
pub(super) struct CalendarReferenceView {
    /// The calendar.
    id: Uuid,
    /// Which version of it.
    version: i64,
    /// What that version was called.
    name: Option<String>,
}

/// A clock, and what moved it.
#[derive(Debug, Object)]
#[oai(rename = "ExplainedSlaClock", skip_serializing_if_is_none)]
pub(super) struct ExplainedClockView {
    /// What it measures.
    metric: MetricView,
    /// What it does now.
    state: ExplainedStateView,
    /// What it may use; absent where nothing is promised any more.
    target_seconds: Option<i64>,
    /// Whose working time counts; absent where all time does.
    calendar: Option<CalendarReferenceView>,
    /// What it has used.
    used_seconds: i64,
    /// What it may still use; negative once it is overrun.
    left_seconds: Option<i64>,
    /// The deadline, while it runs.
    due_at: Option<DateTime<Utc>>,
    /// When it was met.
    met_at: Option<DateTime<Utc>>,
    /// When it ended without being met.
    cancelled_at: Option<DateTime<Utc>>,
    /// The deadline that was missed.
    breached_at: Option<DateTime<Utc>>,
    /// What is done before it is missed, or when it is.
    thresholds: Vec<ExplainedThresholdView>,
    /// What moved it, the oldest first; of the newest 1,000 events.
    steps: Vec<StepView>,
}

/// A threshold of a clock. A clock comes to each at most once each time that it is begun.
#[derive(Debug, Object)]
#[oai(rename = "ExplainedSlaThreshold", skip_serializing_if_is_none)]
pub(super) struct ExplainedThresholdView {
    /// Once so much of the target is used, in percent.
    percent: Option<u8>,
    /// Once so many seconds are left; 0 is the deadline.
    seconds_before: Option<u32>,
    /// When it is due, while the clock runs, or when it was. Absent while the clock waits, and where nothing will come of it.
    due_at: Option<DateTime<Utc>>,
    /// When the clock warned.
    fired_at: Option<DateTime<Utc>>,
    /// What is done. Absent where the rule that holds now does not name the threshold any more.
    actions: Option<Vec<ActionView>>,
}

/// An event that moved a clock.
#[derive(Debug, Object)]
#[oai(rename = "SlaStep", skip_serializing_if_is_none)]
pub(super) struct StepView {
    /// What became of the clock.
    change: ChangeView,
    /// The event.
    event_id: Uuid,
    /// What happened, such as `ticket.status_changed`.
    event_type: String,
    /// When; of a missed deadline the deadline itself.
    at: DateTime<Utc>,
    /// What it had used by then.
    used_seconds: i64,
    /// Its deadline from then on, while it runs.
    due_at: Option<DateTime<Utc>>,
    /// What was promised, of steps that are `promised`.
    target_seconds: Option<i64>,
    /// By which policy; absent where the organization's settings promised it.
    policy: Option<PolicyReferenceView>,
    /// By whose working time.
    calendar: Option<CalendarReferenceView>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "SlaClockMetric", rename_all = "snake_case")]
pub(super) enum MetricView {
    /// From the opening to the first public reply of an agent.
    FirstReply,
    /// From the requester's oldest unanswered reply to the next one of an agent.
    NextReply,
    /// From each public reply of an agent to the next one.
    PeriodicUpdate,
    /// The same, and waits while pending.
    PausableUpdate,
    /// From the opening to resolved, and waits while pending.
    RequesterWait,
    /// From the opening to resolved, and waits while pending or on hold.
    AgentWork,
    /// From the opening to resolved.
    Resolution,
}

/// What a clock does.
#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename = "ExplainedSlaClockState", rename_all = "snake_case")]
pub(super) enum ExplainedStateView {
    /// Nothing has begun that it could measure, or nothing is promised.
    Idle,
    /// It runs.
    Running,
    /// It waits for the requester or a third party.
    Paused,
    /// It was reached.
    Met,
    /// It ended without being reached.
    Cancelled,
}

/// What became of a clock.
#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename = "SlaChange", rename_all = "snake_case")]
pub(super) enum ChangeView {
    /// A target was promised, or another one.
    Promised,
    /// Nothing is promised any more.
    Withdrawn,
    /// It began with nothing used.
    Started,
    /// It waits.
    Paused,
    /// It goes on with what it had used.
    Resumed,
    /// It was reached.
    Met,
    /// It ended without being reached.
    Cancelled,
    /// It came to a threshold before its deadline, or at it.
    Warned,
    /// Its deadline was missed.
    Breached,
}

impl From<&ExplainedClocks> for TicketSlaView {
    fn from(explained: &ExplainedClocks) -> Self {
        let clocks = &explained.ticket.clocks.0;
        let policy = clocks.rule().and_then(|rule| rule.policy);
        Self {
            ticket_id: explained.ticket.ticket_id.0,
            as_of: explained.as_of,
            policy: policy.map(|policy| policy_view(explained, policy)),
            next_deadline_at: explained.ticket.next_deadline_at,
            clocks: clocks
                .iter()
                .map(|clock| clock_view(explained, clock))
                .collect(),
        }
    }
}

fn clock_view(explained: &ExplainedClocks, clock: &Clock) -> ExplainedClockView {
    let (as_of, book) = (explained.as_of, &explained.book);
    let (state, met_at, cancelled_at) = match clock.phase {
        Phase::Idle => (ExplainedStateView::Idle, None, None),
        Phase::Running { .. } => (ExplainedStateView::Running, None, None),
        Phase::Paused => (ExplainedStateView::Paused, None, None),
        Phase::Met { at } => (ExplainedStateView::Met, Some(at), None),
        Phase::Cancelled { at } => (ExplainedStateView::Cancelled, None, Some(at)),
    };
    let calendar = clock.target.and_then(|target| target.calendar);
    let steps = explained.events.iter().flat_map(|event| {
        let steps = event.steps.iter().copied();
        let of_clock = steps.filter(|step| step.metric == clock.metric);
        of_clock.map(|step| step_view(explained, event, step))
    });
    ExplainedClockView {
        metric: clock.metric.into(),
        state,
        target_seconds: clock.target.map(|target| seconds(target.target_ms)),
        calendar: calendar.map(|calendar| calendar_view(explained, calendar)),
        used_seconds: seconds(clock.used_at_ms(as_of, book)),
        left_seconds: clock.left_at_ms(as_of, book).map(seconds),
        due_at: clock.due_at(book),
        met_at,
        cancelled_at,
        breached_at: clock.breached_at,
        thresholds: thresholds(explained, clock),
        steps: steps.collect(),
    }
}

/// Those of the rule that holds, then those that it does not name and that the clock came to before.
fn thresholds(explained: &ExplainedClocks, clock: &Clock) -> Vec<ExplainedThresholdView> {
    let clocks = &explained.ticket.clocks.0;
    let named = || clocks.warnings(clock.metric).map(|it| &it.warning);
    let of_rule = named().map(|warning| {
        let warned = clock.warned_of(warning.threshold);
        let open_at = || clock.open_threshold(warning.threshold, &explained.book);
        let (percent, seconds_before) = threshold_fields(warning.threshold);
        ExplainedThresholdView {
            percent,
            seconds_before,
            due_at: warned.map(|it| it.due_at).or_else(open_at),
            fired_at: warned.map(|it| it.at),
            actions: Some(warning.actions.iter().map(ActionView::from).collect()),
        }
    });
    let former = clock.warned.iter().filter(|warned| {
        let mut named = named();
        !named.any(|warning| warning.threshold == warned.threshold)
    });
    let former = former.map(|warned| {
        let (percent, seconds_before) = threshold_fields(warned.threshold);
        ExplainedThresholdView {
            percent,
            seconds_before,
            due_at: Some(warned.due_at),
            fired_at: Some(warned.at),
            actions: None,
        }
    });
    of_rule.chain(former).collect()
}

fn step_view(explained: &ExplainedClocks, event: &ClockEvent, step: Step) -> StepView {
    let promise = step.promise;
    let policy = promise.and_then(|promise: Promise| promise.policy);
    let calendar = promise.and_then(|promise| promise.calendar);
    StepView {
        change: match step.change {
            Change::Promised => ChangeView::Promised,
            Change::Withdrawn => ChangeView::Withdrawn,
            Change::Started => ChangeView::Started,
            Change::Paused => ChangeView::Paused,
            Change::Resumed => ChangeView::Resumed,
            Change::Met => ChangeView::Met,
            Change::Cancelled => ChangeView::Cancelled,
            Change::Warned => ChangeView::Warned,
            Change::Breached => ChangeView::Breached,
        },
        event_id: event.id,
        event_type: event.event_type.clone(),
        at: event.at,
        used_seconds: seconds(step.used_ms),
        due_at: step.due_at,
        target_seconds: promise.map(|promise| seconds(promise.target_ms)),
        policy: policy.map(|policy| policy_view(explained, policy)),
        calendar: calendar.map(|calendar| calendar_view(explained, calendar)),
    }
}

fn policy_view(explained: &ExplainedClocks, policy: PolicyRef) -> PolicyReferenceView {
    PolicyReferenceView {
        id: policy.id.0,
        version: policy.version,
        name: explained.policies.get(&policy).cloned(),
    }
}

fn calendar_view(explained: &ExplainedClocks, calendar: CalendarRef) -> CalendarReferenceView {
    CalendarReferenceView {
        id: calendar.id.0,
        version: calendar.version,
        name: explained.calendars.get(&calendar).cloned(),
    }
}

impl From<Metric> for MetricView {
    fn from(metric: Metric) -> Self {
        match metric {
            Metric::FirstReply => Self::FirstReply,
            Metric::NextReply => Self::NextReply,
            Metric::PeriodicUpdate => Self::PeriodicUpdate,
            Metric::PausableUpdate => Self::PausableUpdate,
            Metric::RequesterWait => Self::RequesterWait,
            Metric::AgentWork => Self::AgentWork,
            Metric::Resolution => Self::Resolution,
        }
    }
}

impl From<MetricView> for Metric {
    fn from(view: MetricView) -> Self {
        match view {
            MetricView::FirstReply => Self::FirstReply,
            MetricView::NextReply => Self::NextReply,
            MetricView::PeriodicUpdate => Self::PeriodicUpdate,
            MetricView::PausableUpdate => Self::PausableUpdate,
            MetricView::RequesterWait => Self::RequesterWait,
            MetricView::AgentWork => Self::AgentWork,
            MetricView::Resolution => Self::Resolution,
        }
    }
}

fn seconds(ms: i64) -> i64 {
    ms.div_euclid(1_000)
}
