//! The statements of reports and of the lists behind them, put together from a closed set of fragments.

use const_format::formatcp;
use domain::sla::Metric;
use domain::sla::measure::Outcome;
use platform::page::{Direction, Limit};
use platform::rows::{Column, Counted, Cut, Row, SlaMeasureRow};
use schema::projection::CORE;
use tokio_postgres::types::Type;

use super::attainment::GROUPS_MAX;
use super::figures::EACH_TAG;
use super::filter::{Grouping, MeasureFilter, ReportRange};
use super::list::MeasureKey;
use super::question::{AttainmentQuestion, Summed};
use super::sums::{Stretch, push_sums};
use super::tickets_now::{push_columns_now, push_tickets_now};
use crate::conditions::{push_compared, push_holder, push_holder_in_sums, push_one_of};
use crate::database::Statement;
use crate::privacy::push_visible_past;
use crate::viewer::Viewer;

const COLUMNS: &str = <SlaMeasureRow as Row>::COLUMNS;
const MEASURES: &str = formatcp!("{CORE}.{} AS measure", <SlaMeasureRow as Row>::TABLE);

/// The place of a wait's period in the range, from 1.
const PERIOD: &str = "period";
/// What was measured.
const METRIC: &str = "metric";
/// How its ticket came in.
const CHANNEL: &str = "channel";
/// One of the tags that its ticket has.
const TAG: &str = "tag";

/// The parts of a report, in one look: a row for each outcome in each group, with the columns of all groups, `count`, and how
/// much was used by what was reached. From sums `figure` tells metric and outcome, and `times` are packed; from waits there is
/// `outcome`, and seconds `used`. Rows with `is_total` are of the total, where groups do not add up to it.
pub(super) fn parts(
    viewer: &Viewer,
    question: &AttainmentQuestion,
    summed: Option<&Summed>,
) -> Statement {
    let mut statement = Statement::default();
    let mut rest = vec![question.filter.counted];
    if let Some(summed) = summed {
        push_of_sums(&mut statement, viewer, question, &summed.stretches);
        rest.clone_from(&summed.rest);
    }
    for counted in rest {
        push_union(&mut statement);
        push_of_waits(&mut statement, viewer, question, counted, "false");
    }
    if question.groups.contains(&Grouping::Tag) {
        // In the total a wait is one, however many tags it counts for.
        push_union(&mut statement);
        let counted = question.filter.counted;
        push_of_waits(&mut statement, viewer, &question.whole(), counted, "true");
    }
    statement
}

fn push_union(statement: &mut Statement) {
    if !statement.text().is_empty() {
        statement.push(" UNION ALL ");
    }
}

fn push_of_waits(
    statement: &mut Statement,
    viewer: &Viewer,
    question: &AttainmentQuestion,
    counted: ReportRange,
    is_total: &str,
) {
    let groups = columns(question);
    statement.push(&format!("(SELECT {is_total} AS is_total, "));
    if let Some(periods) = &question.periods {
        statement
            .push("width_bucket(counted_at, ")
            .bind(periods.starts().to_vec(), Type::TIMESTAMPTZ_ARRAY)
            .push(") AS period, ");
    }
    push_columns(statement, &groups, |column| column);
    statement.push(
        "NULL::smallint AS figure, outcome, count(*) AS count, NULL::bytea AS times, \
         array_agg((used_ms / 1000)::integer) FILTER (WHERE used_ms IS NOT NULL) AS used FROM ",
    );
    push_counted(statement, viewer, question, counted);
    push_groups(statement, &groups, "outcome");
    push_limit(statement, Outcome::ALL.len());
    statement.push(")");
}

fn push_of_sums(
    statement: &mut Statement,
    viewer: &Viewer,
    question: &AttainmentQuestion,
    stretches: &[Stretch],
) {
    let mut groups = columns(question);
    groups.retain(|group| *group != METRIC);
    statement.push("(SELECT false AS is_total, ");
    if let Some(periods) = &question.periods {
        statement
            .push("width_bucket(day, ")
            .bind(periods.first_days().to_vec(), Type::DATE_ARRAY)
            .push(") AS period, ");
    }
    push_columns(statement, &groups, in_sums);
    statement.push(
        "figure, NULL::text AS outcome, sum(count)::bigint AS count, string_agg(times, ''::bytea) AS times, \
         NULL::integer[] AS used FROM ",
    );
    let filter = &question.filter;
    let counted = summed_waits(filter);
    let narrow = |statement: &mut Statement, cut| push_fitting(statement, filter, cut);
    push_sums(statement, viewer, &counted, stretches, narrow);
    push_groups(statement, &groups, "figure");
    statement.push(" HAVING sum(count) <> 0");
    push_limit(statement, counted.len());
    statement.push(")");
}

/// The columns of what is grouped by.
fn columns(question: &AttainmentQuestion) -> Vec<&'static str> {
    let period = question.periods.as_ref().map(|_| PERIOD);
    let groups = question.groups.iter().map(|group| column_of(*group).0);
    period.into_iter().chain(groups).collect()
}

/// The columns of all groups but the period where it is grouped by; those that are not grouped by are empty.
fn push_columns(
    statement: &mut Statement,
    groups: &[&str],
    value_of: impl Fn(&'static str) -> &'static str,
) {
    if !groups.contains(&PERIOD) {
        statement.push("NULL::integer AS period, ");
    }
    for (column, sql_type) in Grouping::ALL.map(column_of) {
        let is_asked = groups.contains(&column);
        let value = if is_asked { value_of(column) } else { "NULL" };
        statement.push(&format!("({value})::{sql_type} AS {column}, "));
    }
}

/// Groups by these columns and by what tells outcomes apart.
fn push_groups(statement: &mut Statement, groups: &[&str], outcome: &str) {
    let groups: String = groups.iter().map(|group| format!("{group}, ")).collect();
    statement.push(&format!(" GROUP BY {groups}{outcome}"));
}

/// Up to one group more than a report has, to know whether there are too many; each has so many rows at most.
fn push_limit(statement: &mut Statement, rows_a_group: usize) {
    let rows = i64::try_from(rows_a_group).map_or(i64::MAX, |rows| rows * (GROUPS_MAX + 1));
    statement.push(" LIMIT ").bind(rows, Type::INT8);
}

/// The waits that count, with what they are grouped by.
fn push_counted(
    statement: &mut Statement,
    viewer: &Viewer,
    question: &AttainmentQuestion,
    counted: ReportRange,
) {
    let filter = MeasureFilter {
        counted,
        ..question.filter.clone()
    };
    push_waits(statement, viewer, &filter);
    let is_by = |grouping| question.groups.contains(&grouping);
    if is_by(Grouping::Channel) || is_by(Grouping::Tag) {
        statement.push(" JOIN (");
        push_columns_now(statement, viewer, "ticket_id, channel, tags");
        statement.push(") AS tickets USING (ticket_id)");
    }
    if is_by(Grouping::Tag) {
        statement.push(EACH_TAG);
    }
}

/// The waits that fit as `waits`: what is known of each, or what was known of it at a moment.
fn push_waits(statement: &mut Statement, viewer: &Viewer, filter: &MeasureFilter) {
    push_each_of_waits(statement, viewer, filter, |_| {});
}

/// The same; `narrow` ends each of the two selections, of what is known and of what was, so that each is read by its own index.
fn push_each_of_waits(
    statement: &mut Statement,
    viewer: &Viewer,
    filter: &MeasureFilter,
    narrow: impl Fn(&mut Statement),
) {
    statement.push(formatcp!("((SELECT {COLUMNS} FROM {MEASURES}"));
    push_where(statement, viewer, filter);
    statement.push(" AND known_until IS NULL");
    if let Some(as_of) = filter.as_of {
        push_compared(statement, "known_from", "<=", as_of);
        narrow(statement);
        statement.push(formatcp!(") UNION ALL (SELECT {COLUMNS} FROM {MEASURES}"));
        push_where(statement, viewer, filter);
        statement.push(" AND known_until IS NOT NULL");
        push_compared(statement, "known_from", "<=", as_of);
        push_compared(statement, "known_until", ">", as_of);
    }
    narrow(statement);
    statement.push(")) AS waits");
}

fn column_of(grouping: Grouping) -> (&'static str, &'static str) {
    match grouping {
        Grouping::Policy => ("policy_id", "uuid"),
        Grouping::Priority => ("priority", "smallint"),
        Grouping::Team => ("team_id", "uuid"),
        Grouping::Agent => ("agent_id", "uuid"),
        Grouping::Metric => (METRIC, "smallint"),
        Grouping::Channel => (CHANNEL, "text"),
        Grouping::Tag => (TAG, "text"),
    }
}

/// Where sums have a column. The label of those by policy is written by the projector's `wait_cells`.
fn in_sums(column: &str) -> &'static str {
    match column {
        "team_id" => "NULLIF(team_id, '00000000-0000-0000-0000-000000000000')",
        "agent_id" => "NULLIF(key, '00000000-0000-0000-0000-000000000000')",
        "priority" => PRIORITY_IN_SUMS,
        CHANNEL => CHANNEL_IN_SUMS,
        "policy_id" => POLICY_IN_SUMS,
        // Nothing else is in them.
        _ => "NULL",
    }
}

const PRIORITY_IN_SUMS: &str = "split_part(label, ' ', 1)::smallint";
const CHANNEL_IN_SUMS: &str = "split_part(label, ' ', 2)";
const POLICY_IN_SUMS: &str = "NULLIF(split_part(label, ' ', 3), '')::uuid";

/// The numbers of the waits of these metrics, of all when there are none.
fn summed_waits(filter: &MeasureFilter) -> Vec<i16> {
    let is_asked = |metric: &Metric| filter.metrics.is_empty() || filter.metrics.contains(metric);
    let metrics = Metric::ALL.into_iter().filter(is_asked);
    let waits = metrics.flat_map(Counted::waits);
    waits.map(|counted| counted.parameter()).collect()
}

/// Adds the conditions to the sums of a cut that knows them.
fn push_fitting(statement: &mut Statement, filter: &MeasureFilter, cut: Cut) {
    let team = filter.team.map(|it| it.map(|id| id.0));
    push_holder_in_sums(statement, "team_id", team);
    let agent = filter.agent.map(|it| it.map(|id| id.0));
    push_holder_in_sums(statement, "key", agent);
    if cut == Cut::Policy {
        push_one_of(
            statement,
            PRIORITY_IN_SUMS,
            &filter.priorities,
            Type::INT2_ARRAY,
        );
        push_one_of(
            statement,
            CHANNEL_IN_SUMS,
            &filter.tickets.tickets.channels,
            Type::TEXT_ARRAY,
        );
        let policy = filter.policy.map(|it| it.map(|id| id.0));
        push_holder(statement, POLICY_IN_SUMS, policy);
    }
}

/// The waits after `after`, at most `limit.rows()`, in order.
pub(super) fn page(
    viewer: &Viewer,
    filter: &MeasureFilter,
    (direction, limit): (Direction, Limit),
    after: Option<MeasureKey>,
) -> Statement {
    let mut statement = Statement::default();
    statement.push(formatcp!("SELECT {COLUMNS} FROM "));
    let order = direction.order();
    let first = |statement: &mut Statement| {
        statement
            .push(&format!(
                " ORDER BY counted_at {order}, ticket_id {order}, metric {order}, round {order} LIMIT "
            ))
            .bind(limit.rows(), Type::INT8);
    };
    push_each_of_waits(&mut statement, viewer, filter, |statement| {
        if let Some(key) = after {
            push_after(statement, direction, key);
        }
        first(statement);
    });
    first(&mut statement);
    statement
}

fn push_after(statement: &mut Statement, direction: Direction, key: MeasureKey) {
    statement
        .push(&format!(
            " AND (counted_at, ticket_id, metric, round) {} (",
            direction.after()
        ))
        .bind(key.counted_at.get(), Type::TIMESTAMPTZ)
        .push(", ")
        .bind(key.ticket_id, Type::UUID)
        .push(", ")
        .bind(key.metric, Type::INT2)
        .push(", ")
        .bind(key.round, Type::INT4)
        .push(")");
}

/// Counts all waits that fit.
pub(super) fn count(viewer: &Viewer, filter: &MeasureFilter) -> Statement {
    let mut statement = Statement::default();
    statement.push("SELECT count(*) FROM ");
    push_waits(&mut statement, viewer, filter);
    statement
}

fn push_where(statement: &mut Statement, viewer: &Viewer, filter: &MeasureFilter) {
    statement
        .push(" WHERE partition = ")
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID)
        .push(" AND counted_at >= ")
        .bind(filter.counted.from(), Type::TIMESTAMPTZ)
        .push(" AND counted_at < ")
        .bind(filter.counted.to(), Type::TIMESTAMPTZ);
    push_one_of(statement, "metric", &filter.metrics, Type::INT2_ARRAY);
    push_one_of(statement, "priority", &filter.priorities, Type::INT2_ARRAY);
    push_one_of(statement, "outcome", &filter.outcomes, Type::TEXT_ARRAY);
    push_holder(
        statement,
        "policy_id",
        filter.policy.map(|it| it.map(|id| id.0)),
    );
    push_holder(
        statement,
        "team_id",
        filter.team.map(|it| it.map(|id| id.0)),
    );
    push_holder(
        statement,
        "agent_id",
        filter.agent.map(|it| it.map(|id| id.0)),
    );
    push_visible_past(statement, viewer, "measure");
    push_tickets_now(statement, viewer, "measure", &filter.tickets);
}
