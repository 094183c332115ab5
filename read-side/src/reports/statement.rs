//! The statements of reports and of the lists behind them, put together from a closed set of fragments.

use const_format::formatcp;
use platform::page::{Direction, Limit};
use platform::rows::{Row, SlaMeasureRow};
use schema::projection::CORE;
use tokio_postgres::types::Type;

use super::attainment::GROUPS_MAX;
use super::days::Days;
use super::filter::{Grouping, MeasureFilter};
use super::list::MeasureKey;
use crate::conditions::{push_holder, push_one_of};
use crate::database::Statement;
use crate::privacy::push_visible_past;
use crate::viewer::Viewer;

const COLUMNS: &str = <SlaMeasureRow as Row>::COLUMNS;
const MEASURES: &str = formatcp!("{CORE}.{} AS measure", <SlaMeasureRow as Row>::TABLE);

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
    days: &Days,
) -> Statement {
    let mut statement = Statement::default();
    statement.push("SELECT ");
    for grouping in Grouping::ALL {
        let (column, sql_type) = column_of(grouping);
        let is_asked = groups.contains(&grouping);
        let value = if is_asked { column } else { "NULL" };
        statement.push(&format!("{value}::{sql_type} AS {column}, "));
    }
    let columns: Vec<&str> = groups.iter().map(|group| column_of(*group).0).collect();
    let is_total = columns.first().map_or("true".to_owned(), |first| {
        format!("GROUPING(counted.{first}) = 1")
    });
    statement
        .push(&format!("{is_total} AS is_total, {COUNTS} FROM (SELECT "))
        .push("policy_id, priority, team_id, agent_id, metric, outcome, used_ms, width_bucket(counted_at, ")
        .bind(days.starts().to_vec(), Type::TIMESTAMPTZ_ARRAY)
        .push(formatcp!(") AS day FROM {MEASURES}"));
    push_where(&mut statement, viewer, filter);
    let columns: Vec<String> = columns
        .iter()
        .map(|name| format!("counted.{name}"))
        .collect();
    let columns = columns.join(", ");
    let sets = if columns.is_empty() {
        "()".to_owned()
    } else {
        format!("({columns}), ()")
    };
    let order = if columns.is_empty() {
        String::new()
    } else {
        format!(", {columns}")
    };
    statement
        .push(&format!(
            ") AS counted GROUP BY GROUPING SETS ({sets}) ORDER BY is_total DESC{order} LIMIT "
        ))
        .bind(GROUPS_MAX + 2, Type::INT8);
    statement
}

fn column_of(grouping: Grouping) -> (&'static str, &'static str) {
    match grouping {
        Grouping::Day => ("day", "integer"),
        Grouping::Policy => ("policy_id", "uuid"),
        Grouping::Priority => ("priority", "smallint"),
        Grouping::Team => ("team_id", "uuid"),
        Grouping::Agent => ("agent_id", "uuid"),
        Grouping::Metric => ("metric", "smallint"),
    }
}

/// The waits after `after`, at most `limit.rows()`, in order.
pub(super) fn page(
    viewer: &Viewer,
    filter: &MeasureFilter,
    direction: Direction,
    limit: Limit,
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
}
