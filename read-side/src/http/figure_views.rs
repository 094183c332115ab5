//! Reports of tickets on the wire. Times are whole seconds, rounded down.

use chrono::{DateTime, NaiveDate, Utc};
use platform::http::views::{ChannelView, PriorityView, StatusView};
use platform::rows::{FactsRow, Figure};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use super::report_views::{NamedView, PercentilesView, named};
use crate::reports::figures::{
    FigureReport, Frame, Group, Hours, Key, Numbers, Period, Split, counted_at,
};

/// What a report counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "Figure", rename_all = "snake_case")]
pub(super) enum FigureView {
    /// Tickets by when they were opened.
    Opened,
    /// Tickets by when a person first answered in public, and the time since they were opened.
    FirstResponse,
    /// Tickets by when they were first resolved, and the time since they were opened.
    FirstResolution,
    /// Tickets by since when they are resolved, and the time since they were opened.
    Resolution,
    /// Tickets by since when they are closed.
    Closed,
    /// Of those first resolved in a period, the ones that came back; and how often.
    Reopened,
    /// Of those resolved since a period, the ones that went from an agent or team to another; and how often.
    Reassigned,
    /// Tickets that are not resolved at the end of a period.
    Backlog,
    /// Tickets by since when they are with the agent who has them, and the time since they were opened.
    Assigned,
}

/// How long the periods of a report are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "ReportPeriod", rename_all = "snake_case")]
pub(super) enum PeriodView {
    /// A day.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
}

/// What a report is split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "ReportSplit", rename_all = "snake_case")]
pub(super) enum SplitView {
    /// The team.
    Team,
    /// The agent.
    Agent,
    /// Each tag: a ticket with several counts for each.
    Tag,
    /// The channel.
    Channel,
    /// The priority.
    Priority,
}

/// A report of tickets.
#[derive(Debug, Object)]
#[oai(rename = "TicketReport", skip_serializing_if_is_none)]
pub(super) struct FigureReportView {
    /// What is counted.
    figure: FigureView,
    /// The first day.
    from: NaiveDate,
    /// The day after the last.
    to: NaiveDate,
    /// The organization's zone, in which these days are.
    time_zone: String,
    /// The moment as of which it is, if one was asked for.
    as_of: Option<DateTime<Utc>>,
    /// The numbers of all days; of the backlog, those of the end.
    total: NumbersView,
    /// The numbers by period and by what was asked for, in this order.
    groups: Vec<FigureGroupView>,
}

/// How many tickets count in each hour of the week.
#[derive(Debug, Object)]
#[oai(rename = "TicketHours", skip_serializing_if_is_none)]
pub(super) struct HoursView {
    /// What is counted.
    figure: FigureView,
    /// The first day.
    from: NaiveDate,
    /// The day after the last.
    to: NaiveDate,
    /// The organization's zone, in which these days and hours are.
    time_zone: String,
    /// The moment as of which it is, if one was asked for.
    as_of: Option<DateTime<Utc>>,
    /// Of Monday to Sunday, 24 numbers each. The first is Monday: `weekday` 1 of the tickets behind its numbers, whose `hour` is
    /// the place of the number, from 0.
    weekdays: Vec<Vec<i64>>,
}

impl HoursView {
    pub(super) fn new(
        figure: FigureView,
        as_of: Option<DateTime<Utc>>,
        frame: &Frame,
        hours: Hours,
    ) -> Self {
        let (from, to) = frame.range();
        Self {
            figure,
            from,
            to,
            time_zone: frame.zone.to_string(),
            as_of,
            weekdays: hours.iter().map(|hours| hours.to_vec()).collect(),
        }
    }
}

/// Tickets of a period that have in common what the report is split by. Without a team, agent or tag, that is absent.
#[derive(Debug, Object)]
#[oai(rename = "TicketReportGroup", skip_serializing_if_is_none)]
pub(super) struct FigureGroupView {
    /// The first day of the period.
    from: NaiveDate,
    /// The day after its last.
    to: NaiveDate,
    /// Their team.
    team: Option<NamedView>,
    /// Their agent.
    agent: Option<NamedView>,
    /// Their tag.
    tag: Option<String>,
    /// Their channel.
    channel: Option<ChannelView>,
    /// Their priority.
    priority: Option<PriorityView>,
    /// The numbers.
    numbers: NumbersView,
}

/// The numbers of some tickets.
#[derive(Debug, Object)]
#[oai(rename = "TicketNumbers", skip_serializing_if_is_none)]
pub(super) struct NumbersView {
    /// How many tickets.
    count: i64,
    /// How often, of what can be more than once for a ticket.
    times: Option<i64>,
    /// Of how many tickets these are some.
    population: Option<i64>,
    /// Their part of those, from 0 to 1; absent where there are none.
    rate: Option<f64>,
    /// The mean of the times measured; absent where there is none.
    mean_seconds: Option<i64>,
    /// The times measured; absent where there is none.
    seconds: Option<PercentilesView>,
}

/// A ticket as a report counts it.
#[derive(Debug, Object)]
#[oai(rename = "CountedTicket", skip_serializing_if_is_none)]
pub(super) struct CountedTicketView {
    /// The ticket.
    ticket_id: Uuid,
    /// Its number.
    number: i64,
    /// When it counts.
    counted_at: DateTime<Utc>,
    /// The time measured.
    seconds: Option<i64>,
    /// Where it stands.
    status: StatusView,
    /// How urgent it is.
    priority: PriorityView,
    /// How it came in.
    channel: ChannelView,
    /// Who has it.
    agent_id: Option<Uuid>,
    /// The team that has it.
    team_id: Option<Uuid>,
    /// Its tags.
    tags: Vec<String>,
    /// When it was opened.
    opened_at: DateTime<Utc>,
    /// When a person first answered.
    first_response_at: Option<DateTime<Utc>>,
    /// When it was first resolved.
    first_resolved_at: Option<DateTime<Utc>>,
    /// Since when it is resolved.
    resolved_at: Option<DateTime<Utc>>,
    /// Since when it is closed.
    closed_at: Option<DateTime<Utc>>,
    /// Since when it is with its agent.
    assigned_at: Option<DateTime<Utc>>,
    /// How often it came back.
    reopened_times: i32,
    /// How often it went from an agent or team to another.
    reassigned_times: i32,
}

impl FigureReportView {
    pub(super) fn new(
        figure: FigureView,
        as_of: Option<DateTime<Utc>>,
        report: FigureReport,
    ) -> Self {
        let frame = &report.frame;
        let (from, to) = frame.range();
        let groups = report.groups.into_iter();
        Self {
            figure,
            from,
            to,
            time_zone: frame.zone.to_string(),
            as_of,
            total: numbers(figure.into(), &report.total),
            groups: groups
                .map(|it| group(figure.into(), frame.days_of(it.period), it))
                .collect(),
        }
    }
}

fn group(figure: Figure, (from, to): (NaiveDate, NaiveDate), group: Group) -> FigureGroupView {
    let mut view = FigureGroupView {
        from,
        to,
        team: None,
        agent: None,
        tag: None,
        channel: None,
        priority: None,
        numbers: numbers(figure, &group.numbers),
    };
    match group.key {
        None => {}
        Some(Key::Team(team)) => view.team = team.map(|it| named(it, |id| id.0)),
        Some(Key::Agent(agent)) => view.agent = agent.map(|it| named(it, |id| id.0)),
        Some(Key::Tag(tag)) => view.tag = tag,
        Some(Key::Channel(channel)) => view.channel = Some(channel.into()),
        Some(Key::Priority(priority)) => view.priority = Some(priority.into()),
    }
    view
}

fn numbers(figure: Figure, numbers: &Numbers) -> NumbersView {
    NumbersView {
        count: numbers.count,
        times: is_repeated(figure).then_some(numbers.total),
        population: numbers.population,
        rate: numbers.rate(),
        mean_seconds: numbers.mean_seconds(),
        seconds: numbers
            .percentiles
            .map(|[p50, p90, p99]| PercentilesView { p50, p90, p99 }),
    }
}

pub(super) fn counted(figure: Figure, row: FactsRow) -> CountedTicketView {
    let at = counted_at(figure, &row);
    let is_timed = matches!(
        figure,
        Figure::FirstResponse | Figure::FirstResolution | Figure::Resolution | Figure::Assigned
    );
    CountedTicketView {
        ticket_id: row.ticket_id.0,
        number: row.number,
        counted_at: at,
        seconds: is_timed.then(|| (at - row.opened_at).num_seconds()),
        status: row.status.into(),
        priority: row.priority.into(),
        channel: row.channel.into(),
        agent_id: row.agent_id.map(|id| id.0),
        team_id: row.team_id.map(|id| id.0),
        tags: row.tags,
        opened_at: row.opened_at,
        first_response_at: row.first_response_at,
        first_resolved_at: row.first_resolved_at,
        resolved_at: row.resolved_at,
        closed_at: row.closed_at,
        assigned_at: row.assigned_at,
        reopened_times: row.reopen_count,
        reassigned_times: row.reassign_count,
    }
}

impl From<FigureView> for Figure {
    fn from(view: FigureView) -> Self {
        match view {
            FigureView::Opened => Self::Opened,
            FigureView::FirstResponse => Self::FirstResponse,
            FigureView::FirstResolution => Self::FirstResolution,
            FigureView::Resolution => Self::Resolution,
            FigureView::Closed => Self::Closed,
            FigureView::Reopened => Self::Reopened,
            FigureView::Reassigned => Self::Reassigned,
            FigureView::Backlog => Self::Backlog,
            FigureView::Assigned => Self::Assigned,
        }
    }
}

impl From<PeriodView> for Period {
    fn from(view: PeriodView) -> Self {
        match view {
            PeriodView::Day => Self::Day,
            PeriodView::Week => Self::Week,
            PeriodView::Month => Self::Month,
        }
    }
}

impl From<SplitView> for Split {
    fn from(view: SplitView) -> Self {
        match view {
            SplitView::Team => Self::Team,
            SplitView::Agent => Self::Agent,
            SplitView::Tag => Self::Tag,
            SplitView::Channel => Self::Channel,
            SplitView::Priority => Self::Priority,
        }
    }
}

/// Whether a figure tells how often something was.
pub(super) fn is_repeated(figure: Figure) -> bool {
    matches!(figure, Figure::Reopened | Figure::Reassigned)
}
