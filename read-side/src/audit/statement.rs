//! The statements of the audit, put together from a closed set of fragments.

use const_format::formatcp;
use platform::rows::{AuditRow, Row};
use schema::projection::CORE;
use tokio_postgres::types::Type;

use super::list::{AuditKey, AuditQuery};
use crate::database::Statement;
use crate::privacy::push_hidden_teams;
use crate::viewer::Viewer;
use platform::cursor::Moment;

const COLUMNS: &str = <AuditRow as Row>::COLUMNS;
const SELECT: &str = formatcp!("SELECT {COLUMNS} FROM {CORE}.{}", <AuditRow as Row>::TABLE);

/// Selects the rows after `after`, at most `query.limit.rows()`, in order.
pub(super) fn page(viewer: &Viewer, query: &AuditQuery, after: Option<AuditKey>) -> Statement {
    let mut statement = Statement::default();
    let types: Vec<&'static str> = query.filter.types.as_slice().to_vec();
    let of_person = query.filter.actor.is_some() || query.filter.subject.is_some();
    match types.as_slice() {
        [] => select(&mut statement, viewer, query, after, |_| {}),
        [one] => select(&mut statement, viewer, query, after, |statement| {
            statement.push(" AND event_type = ").bind(*one, Type::TEXT);
        }),
        // What one person did or what concerns them is little: it is looked through.
        _ if of_person => select(&mut statement, viewer, query, after, |statement| {
            statement
                .push(" AND event_type = ANY(")
                .bind(types.clone(), Type::TEXT_ARRAY)
                .push(")");
        }),
        _ => merged(&mut statement, viewer, query, after, types.clone()),
    }
    statement
}

/// A page of each type along its index, and of those the first rows: never more than a page a type is read, however
/// deep the list.
fn merged(
    statement: &mut Statement,
    viewer: &Viewer,
    query: &AuditQuery,
    after: Option<AuditKey>,
    types: Vec<&'static str>,
) {
    statement
        .push(formatcp!("SELECT {COLUMNS} FROM unnest("))
        .bind(types, Type::TEXT_ARRAY)
        .push(") AS wanted(wanted_type) CROSS JOIN LATERAL (");
    select(statement, viewer, query, after, |statement| {
        statement.push(" AND event_type = wanted_type");
    });
    statement.push(") AS found");
    push_order(statement, query);
}

fn select(
    statement: &mut Statement,
    viewer: &Viewer,
    query: &AuditQuery,
    after: Option<AuditKey>,
    push_types: impl FnOnce(&mut Statement),
) {
    let filter = &query.filter;
    statement
        .push(SELECT)
        .push(" WHERE partition = ")
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID);
    push_types(statement);
    push_visible(statement, viewer);
    for (column, person) in [("actor_id", filter.actor), ("subject_id", filter.subject)] {
        if let Some(person) = person {
            statement
                .push(&format!(" AND {column} = "))
                .bind(person.0, Type::UUID);
        }
    }
    let bounds = [(">=", filter.recorded.from), ("<", filter.recorded.to)];
    for (comparison, moment) in bounds {
        if let Some(moment) = moment.map(Moment::get) {
            statement
                .push(&format!(" AND recorded_at {comparison} "))
                .bind(moment, Type::TIMESTAMPTZ);
        }
    }
    if let Some(key) = after {
        let comparison = query.direction.after();
        statement
            .push(&format!(" AND (recorded_at, position) {comparison} ("))
            .bind(key.recorded_at.get(), Type::TIMESTAMPTZ)
            .push(", ")
            .bind(key.position, Type::INT8)
            .push(")");
    }
    push_order(statement, query);
}

/// Who has to be a member of a private team to see it learns neither of the team nor of its messages here. Redactions are
/// left out altogether: the history of a ticket that they do see tells of them.
fn push_visible(statement: &mut Statement, viewer: &Viewer) {
    if let Some(member) = viewer.only_member() {
        statement.push(
            " AND event_type <> 'message.redacted' AND (resource_type <> 'team' OR resource_id <> ALL (",
        );
        push_hidden_teams(statement, viewer, member);
        statement.push("))");
    }
}

fn push_order(statement: &mut Statement, query: &AuditQuery) {
    let order = query.direction.order();
    statement
        .push(&format!(
            " ORDER BY recorded_at {order}, position {order} LIMIT "
        ))
        .bind(query.limit.rows(), Type::INT8);
}
