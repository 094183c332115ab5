//! The clauses of a filter as SQL.

use const_format::formatcp;
use domain::ids::UserId;
use domain::sla::Metric;
use domain::sla::measure::Outcome;
use domain::text::FieldKey;
use domain::ticket::field::FieldValue;
use platform::rows::{Column, Row, SlaMeasureRow};
use schema::projection::CORE;
use serde_json::{Value, json};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::filter::{Holder, TimeRange};
use super::statement::push_range;
use super::terms::{Clause, OneOf};
use crate::conditions::id_in_sums;
use crate::database::Statement;
use crate::privacy::push_visible;
use crate::viewer::Viewer;

/// What rows of a table call the things that clauses speak of; `number`, `requester_id`, `team_id`, `tags`, `custom_fields`
/// and `next_deadline_at` have one name everywhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns {
    /// What the statement calls the rows.
    pub(crate) row: &'static str,
    /// The agent who has the ticket.
    pub(crate) assignee: &'static str,
    /// When it was opened.
    pub(crate) created: &'static str,
    /// When it was changed last.
    pub(crate) updated: &'static str,
}

impl Columns {
    /// Those of tickets as staff know them.
    pub(crate) const OF_TICKETS: Self = Self {
        row: "tickets",
        assignee: "assignee_id",
        created: "created_at",
        updated: "updated_at",
    };
}

/// Adds a clause as a condition more.
pub(crate) fn push_clause(
    statement: &mut Statement,
    viewer: &Viewer,
    clause: &Clause,
    columns: Columns,
) {
    match clause {
        Clause::Nothing => {
            statement.push(" AND false");
        }
        Clause::Assignee(agents) => push_holders(statement, columns.assignee, agents),
        Clause::Team(teams) => push_holders(statement, "team_id", teams),
        Clause::Requester(requesters) => {
            let ids: Vec<Uuid> = requesters.values.iter().map(|UserId(id)| *id).collect();
            push_listed(statement, "requester_id", requesters.negated)
                .bind(ids, Type::UUID_ARRAY)
                .push(")");
        }
        Clause::Number(numbers) => {
            push_listed(statement, "number", numbers.negated)
                .bind(numbers.values.clone(), Type::INT8_ARRAY)
                .push(")");
        }
        Clause::Tag(tags) => {
            let words: Vec<String> = tags.values.iter().map(ToString::to_string).collect();
            // The first condition follows from the second: see the tags of a filter.
            let comparison = match tags.negated {
                true => " AND NOT (tags && ",
                false => " AND tags <> '{}' AND (tags && ",
            };
            statement
                .push(comparison)
                .bind(words, Type::TEXT_ARRAY)
                .push(")");
        }
        Clause::Field(key, values) => push_field(statement, key, values),
        Clause::Missed(metrics) => push_missed(statement, viewer, metrics, columns.row),
        Clause::CreatedOutside(range) => push_outside(statement, columns.created, *range),
        Clause::UpdatedOutside(range) => push_outside(statement, columns.updated, *range),
        Clause::DueWithin(range) => push_range(statement, "next_deadline_at", *range),
        Clause::DueOutside(range) => {
            statement.push(" AND (next_deadline_at IS NULL OR NOT (true");
            push_range(statement, "next_deadline_at", *range);
            statement.push("))");
        }
        Clause::Due(true) => {
            statement.push(" AND next_deadline_at IS NOT NULL");
        }
        Clause::Due(false) => {
            statement.push(" AND next_deadline_at IS NULL");
        }
    }
}

/// Adds that a custom field holds one of the values, or that it does not.
fn push_field(statement: &mut Statement, key: &FieldKey, values: &OneOf<Option<FieldValue>>) {
    let held = values.values.iter().flatten();
    let held: Vec<Value> = held.map(|value| holding(key, value)).collect();
    let with_nothing = values.values.contains(&None);
    statement.push(match (values.negated, with_nothing) {
        (true, _) => " AND NOT (",
        (false, true) => " AND (",
        // The first condition follows from the second: see the tags of a filter.
        (false, false) => " AND custom_fields <> '{}' AND (",
    });
    if with_nothing {
        statement
            .push("NOT jsonb_exists(custom_fields, ")
            .bind(key.to_string(), Type::TEXT)
            .push(") OR ");
    }
    statement
        .push("custom_fields @> ANY(")
        .bind(held, Type::JSONB_ARRAY)
        .push("))");
}

/// What the custom fields of a ticket contain where the field holds the value. A text, a day and a choice are kept alike.
fn holding(key: &FieldKey, value: &FieldValue) -> Value {
    let value = match value {
        FieldValue::Text(text) | FieldValue::Choice(text) => json!(text.as_str()),
        FieldValue::Number(number) => json!(number.get()),
        FieldValue::Boolean(yes) => json!(yes),
        FieldValue::Date(day) => json!(day),
    };
    json!({ key.as_str(): { "value": value } })
}

/// Adds that a wait of the ticket was missed, as the reports of attainment count it, or that none was.
fn push_missed(
    statement: &mut Statement,
    viewer: &Viewer,
    metrics: &OneOf<Metric>,
    row: &'static str,
) {
    let places: Vec<i16> = metrics.values.iter().map(Column::parameter).collect();
    statement
        .push(if metrics.negated {
            " AND NOT "
        } else {
            " AND "
        })
        .push(formatcp!(
            "EXISTS (SELECT 1 FROM {CORE}.{} AS wait WHERE wait.partition = ",
            <SlaMeasureRow as Row>::TABLE
        ))
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND wait.org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID)
        .push(&format!(
            " AND wait.ticket_id = {row}.ticket_id AND wait.known_until IS NULL AND wait.outcome = '{}' AND wait.metric = ANY(",
            Outcome::Breached.as_str()
        ))
        .bind(places, Type::INT2_ARRAY)
        .push(")");
    push_visible(statement, viewer);
    statement.push(")");
}

/// Adds that one of the holders has the ticket, or that none of them has.
pub(super) fn push_holders<T: Column<Parameter = Uuid> + Copy>(
    statement: &mut Statement,
    column: &str,
    holders: &OneOf<Holder<T>>,
) {
    let (ids, with_nobody) = split(&holders.values);
    // What is compared with no value is neither true nor false: nobody is named on either side.
    let nobody = match (holders.negated, with_nobody) {
        (false, true) => format!(" OR {column} IS NULL)"),
        (true, false) => format!(" OR {column} IS NULL)"),
        (false, false) => ")".to_owned(),
        (true, true) => format!(") AND {column} IS NOT NULL"),
    };
    let comparison = if holders.negated { "<> ALL(" } else { "= ANY(" };
    statement
        .push(&format!(" AND ({column} {comparison}"))
        .bind(ids, Type::UUID_ARRAY)
        .push(")")
        .push(&nobody);
}

/// The ids among holders, and whether nobody is among them.
fn split<T: Column<Parameter = Uuid> + Copy>(holders: &[Holder<T>]) -> (Vec<Uuid>, bool) {
    let ids = holders.iter().filter_map(|holder| match holder {
        Holder::One(id) => Some(id.parameter()),
        Holder::Nobody => None,
    });
    let with_nobody = holders.iter().any(|it| matches!(it, Holder::Nobody));
    (ids.collect(), with_nobody)
}

pub(super) fn push_listed<'a>(
    statement: &'a mut Statement,
    column: &str,
    negated: bool,
) -> &'a mut Statement {
    let comparison = if negated { "<> ALL(" } else { "= ANY(" };
    statement.push(&format!(" AND {column} {comparison}"))
}

fn push_outside(statement: &mut Statement, column: &str, range: TimeRange) {
    statement.push(" AND NOT (true");
    push_range(statement, column, range);
    statement.push(")");
}

/// Ids as the counts of tickets have them.
pub(super) fn as_counted<T: Column<Parameter = Uuid> + Copy>(holders: &[Holder<T>]) -> Vec<Uuid> {
    let holders = holders.iter();
    let ids = holders.filter_map(|holder| id_in_sums(holder.map(|id| id.parameter())));
    ids.collect()
}
