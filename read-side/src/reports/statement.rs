//! The statements of reports and of the lists behind them, put together from a closed set of fragments.

use const_format::formatcp;
use platform::page::{Direction, Limit};
use platform::rows::{Row, SlaMeasureRow};
use schema::projection::CORE;
use tokio_postgres::types::Type;

use super::attainment::GROUPS_MAX;
use super::figures::EACH_TAG;
use super::filter::{Grouping, MeasureFilter};
use super::list::MeasureKey;
use super::periods::Periods;
use super::tickets_now::{push_columns_now, push_tickets_now};
use crate::conditions::{push_holder, push_one_of};
use crate::database::Statement;
use crate::privacy::push_visible_past;
use crate::viewer::Viewer;

const COLUMNS: &str = <SlaMeasureRow as Row>::COLUMNS;
const MEASURES: &str = formatcp!("{CORE}.{} AS measure", <SlaMeasureRow as Row>::TABLE);

/// The place of a wait's period in the range, from 1.
const PERIOD: (&str, &str) = ("period", "integer");
/// How its ticket came in.
const CHANNEL: &str = "channel";
/// One of the tags that its ticket has.
const TAG: &str = "tag";

/// What reports look at in a wait.
const COUNTED: &str = "policy_id, priority, team_id, agent_id, metric, outcome, used_ms";

/// The numbers of a group. The percentiles are of what was reached, in time or not: nothing was used up by the rest.
const COUNTS: &str = "count(*) FILTER (WHERE outcome = 'running') AS running, \
    count(*) FILTER (WHERE outcome = 'met') AS met, \
    count(*) FILTER (WHERE outcome = 'breached') AS breached, \
    count(*) FILTER (WHERE outcome = 'cancelled') AS cancelled, \
    percentile_disc(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY used_ms) AS used_ms";

/// The groups with their numbers and, first, the numbers of everything, from one look at the rows. One more group than a
/// report has, to know whether there are too many.
pub(super) fn report(
    viewer: &Viewer,
    filter: &MeasureFilter,
    groups: &[Grouping],
    periods: Option<&Periods>,
) -> Statement {
    let period = periods.map(|_| PERIOD.0);
    let groups = groups.iter().map(|group| column_of(*group).0);
    let groups: Vec<&str> = period.into_iter().chain(groups).collect();
    let mut statement = Statement::default();
    statement.push("WITH counted AS (");
    push_counted(&mut statement, viewer, filter, &groups, periods);
    statement.push(") ");
    let Some(first) = groups.first() else {
        push_numbers(&mut statement, &[], "true");
        return statement;
    };
    let all = groups.join(", ");
    if groups.contains(&TAG) {
        // In the total a wait is one, however many tags it counts for.
        push_numbers(&mut statement, &[], "true");
        statement.push(" UNION ALL ");
        push_numbers(&mut statement, &groups, "false");
        statement.push(&format!("{EACH_TAG} GROUP BY {all}"));
    } else {
        push_numbers(&mut statement, &groups, &format!("GROUPING({first}) = 1"));
        statement.push(&format!(" GROUP BY GROUPING SETS (({all}), ())"));
    }
    statement
        .push(&format!(" ORDER BY is_total DESC, {all} LIMIT "))
        .bind(GROUPS_MAX + 2, Type::INT8);
    statement
}

/// The numbers of what counts, with the columns of these groups; those of others are empty.
fn push_numbers(statement: &mut Statement, groups: &[&str], is_total: &str) {
    statement.push("SELECT ");
    let columns = Grouping::ALL.map(column_of);
    for (column, sql_type) in [PERIOD].into_iter().chain(columns) {
        let is_asked = groups.contains(&column);
        let value = if is_asked { column } else { "NULL" };
        statement.push(&format!("{value}::{sql_type} AS {column}, "));
    }
    statement.push(&format!("{is_total} AS is_total, {COUNTS} FROM counted"));
}

/// The waits that count, with what they are grouped by.
fn push_counted(
    statement: &mut Statement,
    viewer: &Viewer,
    filter: &MeasureFilter,
    groups: &[&str],
    periods: Option<&Periods>,
) {
    let is_of_ticket = groups.contains(&CHANNEL) || groups.contains(&TAG);
    statement.push(formatcp!("SELECT {COUNTED}"));
    if let Some(periods) = periods {
        statement
            .push(", width_bucket(counted_at, ")
            .bind(periods.starts().to_vec(), Type::TIMESTAMPTZ_ARRAY)
            .push(") AS period");
    }
    if is_of_ticket {
        statement.push(", channel, tags");
    }
    statement.push(formatcp!(
        " FROM (SELECT {COUNTED}, counted_at, ticket_id FROM {MEASURES}"
    ));
    push_where(statement, viewer, filter);
    statement.push(") AS waits");
    if is_of_ticket {
        statement.push(" JOIN (");
        push_columns_now(statement, viewer, "ticket_id, channel, tags");
        statement.push(") AS tickets USING (ticket_id)");
    }
}

fn column_of(grouping: Grouping) -> (&'static str, &'static str) {
    match grouping {
        Grouping::Policy => ("policy_id", "uuid"),
        Grouping::Priority => ("priority", "smallint"),
        Grouping::Team => ("team_id", "uuid"),
        Grouping::Agent => ("agent_id", "uuid"),
        Grouping::Metric => ("metric", "smallint"),
        Grouping::Channel => (CHANNEL, "text"),
        Grouping::Tag => (TAG, "text"),
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
    statement.push(formatcp!("SELECT {COLUMNS} FROM {MEASURES}"));
    push_where(&mut statement, viewer, filter);
    if let Some(key) = after {
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
    let order = direction.order();
    statement
        .push(&format!(
            " ORDER BY counted_at {order}, ticket_id {order}, metric {order}, round {order} LIMIT "
        ))
        .bind(limit.rows(), Type::INT8);
    statement
}

/// Counts all waits that fit.
pub(super) fn count(viewer: &Viewer, filter: &MeasureFilter) -> Statement {
    let mut statement = Statement::default();
    statement.push(formatcp!("SELECT count(*) FROM {MEASURES}"));
    push_where(&mut statement, viewer, filter);
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
