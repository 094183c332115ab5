//! The statements of a list of tickets, put together from a closed set of fragments.

use const_format::formatcp;
use platform::rows::{Column, Row, TicketRow};
use schema::projection::{CORE, LISTED_TICKETS};
use schema::table::core::TAGGABLE_TICKETS;
use tokio_postgres::types::Type;

use super::clauses::{Columns, push_clause};
use super::filter::{Holder, TicketFilter, TimeRange};
use super::list::TicketQuery;
use super::sort::{Sort, SortField, SortKey, SortValue};
use crate::companies::push_requesters;
use crate::database::Statement;
use crate::privacy::push_visible;
use crate::search::push_words;
use crate::viewer::Viewer;
use domain::ids::CompanyId;
use domain::ticket::state::Priority;
use platform::cursor::Moment;

/// Of equal priorities, the age decides.
const BY_PRIORITY: [&str; 2] = ["priority", "created_at"];
const COLUMNS: &str = <TicketRow as Row>::COLUMNS;
const TICKETS: &str = formatcp!("{CORE}.{}", <TicketRow as Row>::TABLE);
/// Where the indexes on tags and custom fields can be used: see `core.sql`.
const TAGGABLE: &str = formatcp!("{CORE}.{TAGGABLE_TICKETS}");

/// Who asks, and the company whose tickets they see as their own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub viewer: &'a Viewer,
    pub company: Option<CompanyId>,
}

/// Selects the rows after `after`, at most `query.limit.rows()`, in order.
pub(crate) fn page(asker: Asker<'_>, query: &TicketQuery, after: Option<SortKey>) -> Statement {
    let mut statement = Statement::default();
    match (query.sort.field, after.map(|key| key.value)) {
        (SortField::NextDeadlineAt, _) if query.filter.has_deadline() => {
            by_columns(&mut statement, asker, query, after);
        }
        (SortField::NextDeadlineAt, Some(SortValue::Deadline(None))) => {
            without_deadline(&mut statement, asker, query, after);
        }
        (SortField::NextDeadlineAt, _) => by_deadline(&mut statement, asker, query, after),
        (SortField::Priority, _) if query.filter.created != TimeRange::default() => {
            by_priority_within(&mut statement, asker, query, after);
        }
        _ => by_columns(&mut statement, asker, query, after),
    }
    statement
}

fn by_columns(
    statement: &mut Statement,
    asker: Asker<'_>,
    query: &TicketQuery,
    after: Option<SortKey>,
) {
    let columns = match query.sort.field {
        SortField::UpdatedAt => &[updated_column(asker.viewer)],
        SortField::CreatedAt => &["created_at"],
        SortField::Priority => &BY_PRIORITY[..],
        SortField::NextDeadlineAt => &["next_deadline_at"],
    };
    push_select(statement, COLUMNS, &query.filter);
    push_where(statement, asker, &query.filter);
    if let Some(key) = after {
        push_after(statement, columns, query.sort, key);
    }
    push_order(statement, columns, query);
}

/// The tickets of a span of time by priority. Each priority is read along its index and the beginnings are merged; read as
/// one, all tickets of the span would be sorted.
fn by_priority_within(
    statement: &mut Statement,
    asker: Asker<'_>,
    query: &TicketQuery,
    after: Option<SortKey>,
) {
    let priorities = match query.filter.priorities.as_slice() {
        [] => &Priority::ALL[..],
        some => some,
    };
    statement.push(formatcp!("SELECT {COLUMNS} FROM ("));
    for (index, priority) in priorities.iter().enumerate() {
        let filter = TicketFilter {
            priorities: vec![*priority],
            ..query.filter.clone()
        };
        let one = TicketQuery {
            filter,
            ..query.clone()
        };
        statement.push(if index == 0 { "(" } else { " UNION ALL (" });
        by_columns(statement, asker, &one, after);
        statement.push(")");
    }
    statement.push(") AS of_each_priority");
    push_order(statement, &BY_PRIORITY, query);
}

/// The tickets with a deadline in its order, then those without by id: one statement, so that a ticket whose deadline
/// goes meanwhile is on the page once. The second half is looked for only where the first does not fill the page: a list
/// of open tickets may have none without, and would be read to its end to learn that.
fn by_deadline(
    statement: &mut Statement,
    asker: Asker<'_>,
    query: &TicketQuery,
    after: Option<SortKey>,
) {
    let order = query.sort.direction.order();
    statement.push("WITH with_deadline AS MATERIALIZED (");
    push_select(statement, COLUMNS, &query.filter);
    push_where(statement, asker, &query.filter);
    statement.push(" AND next_deadline_at IS NOT NULL");
    if let Some(key) = after {
        push_after(statement, &["next_deadline_at"], query.sort, key);
    }
    push_order(statement, &["next_deadline_at"], query);
    statement.push(formatcp!(
        ") SELECT {COLUMNS} FROM (SELECT {COLUMNS} FROM with_deadline UNION ALL (SELECT {COLUMNS} FROM ("
    ));
    without_deadline(statement, asker, query, None);
    statement
        .push(") AS without_deadline WHERE (SELECT count(*) FROM with_deadline) < ")
        .bind(query.limit.rows(), Type::INT8);
    statement.push(")) AS both_halves");
    push_order_by(
        statement,
        &format!("next_deadline_at {order} NULLS LAST, ticket_id {order}"),
        query,
    );
}

fn without_deadline(
    statement: &mut Statement,
    asker: Asker<'_>,
    query: &TicketQuery,
    after: Option<SortKey>,
) {
    let direction = query.sort.direction;
    push_select(statement, COLUMNS, &query.filter);
    push_where(statement, asker, &query.filter);
    statement.push(" AND next_deadline_at IS NULL");
    if let Some(key) = after {
        statement
            .push(" AND ticket_id ")
            .push(direction.after())
            .push(" ")
            .bind(key.ticket_id, Type::UUID);
    }
    push_order(statement, &[], query);
}

/// The rows after a key in the order of `columns` and the id.
fn push_after(statement: &mut Statement, columns: &[&str], sort: Sort, key: SortKey) {
    statement.push(&format!(
        " AND ({}, ticket_id) {} (",
        columns.join(", "),
        sort.direction.after()
    ));
    match key.value {
        SortValue::Time(moment) | SortValue::Deadline(Some(moment)) => {
            statement.bind(moment.get(), Type::TIMESTAMPTZ);
        }
        SortValue::Priority(priority, created) => {
            statement.bind(priority, Type::INT2).push(", ");
            statement.bind(created.get(), Type::TIMESTAMPTZ);
        }
        // The half without deadlines has a statement of its own.
        SortValue::Deadline(None) => {
            statement.push("NULL");
        }
    }
    statement
        .push(", ")
        .bind(key.ticket_id, Type::UUID)
        .push(")");
}

/// By `columns` and the id, all in the direction of the list.
fn push_order(statement: &mut Statement, columns: &[&str], query: &TicketQuery) {
    let order = query.sort.direction.order();
    let mut all: Vec<String> = columns.iter().map(|c| format!("{c} {order}")).collect();
    all.push(format!("ticket_id {order}"));
    push_order_by(statement, &all.join(", "), query);
}

fn push_order_by(statement: &mut Statement, order: &str, query: &TicketQuery) {
    statement
        .push(" ORDER BY ")
        .push(order)
        .push(" LIMIT ")
        .bind(query.limit.rows(), Type::INT8);
}

pub(crate) fn push_select(statement: &mut Statement, columns: &str, filter: &TicketFilter) {
    let source = if filter.asks_for_words() {
        TAGGABLE
    } else {
        TICKETS
    };
    for part in ["SELECT ", columns, " FROM ", source, " AS tickets"] {
        statement.push(part);
    }
}

pub(crate) fn push_where(statement: &mut Statement, asker: Asker<'_>, filter: &TicketFilter) {
    let Asker { viewer, company } = asker;
    statement
        .push(" WHERE partition = ")
        .bind(viewer.tenant.partition.get(), Type::INT2);
    statement
        .push(" AND org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID)
        .push(formatcp!(" AND {LISTED_TICKETS}"));
    push_requesters(statement, viewer, company);
    if let Some(requester) = filter.requester {
        statement
            .push(" AND requester_id = ")
            .bind(requester.0, Type::UUID);
    }
    push_visible(statement, viewer);
    push_one_of(
        statement,
        "status",
        filter.statuses.iter().map(Column::parameter).collect(),
        Type::TEXT,
        Type::TEXT_ARRAY,
    );
    push_one_of(
        statement,
        "priority",
        filter.priorities.iter().map(Column::parameter).collect(),
        Type::INT2,
        Type::INT2_ARRAY,
    );
    push_one_of(
        statement,
        "channel",
        filter.channels.iter().map(Column::parameter).collect(),
        Type::TEXT,
        Type::TEXT_ARRAY,
    );
    push_holder(statement, "assignee_id", filter.assignee);
    push_holder(statement, "team_id", filter.team);
    if !filter.tags.is_empty() {
        let tags: Vec<String> = filter.tags.iter().map(ToString::to_string).collect();
        // The first condition follows from the second, but PostgreSQL does not see it, and its index has only these rows.
        statement
            .push(" AND tags <> '{}' AND tags @> ")
            .bind(tags, Type::TEXT_ARRAY);
    }
    push_range(statement, "created_at", filter.created);
    push_range(statement, updated_column(viewer), filter.updated);
    let columns = Columns {
        updated: updated_column(viewer),
        ..Columns::OF_TICKETS
    };
    for clause in &filter.clauses {
        push_clause(statement, viewer, clause, columns);
    }
    for said in &filter.said {
        push_words(statement, viewer, said);
    }
}

/// Customers do not learn from this time that staff wrote a note.
pub(crate) fn updated_column(viewer: &Viewer) -> &'static str {
    if viewer.is_staff() {
        "updated_at"
    } else {
        "public_updated_at"
    }
}

/// One value is compared by `=`, so that an index on it still gives the order of its next columns.
pub(super) fn push_one_of<T>(
    statement: &mut Statement,
    column: &str,
    mut values: Vec<T>,
    one: Type,
    many: Type,
) where
    T: tokio_postgres::types::ToSql + Sync + Send + 'static,
{
    match values.len() {
        0 => {}
        1 => {
            statement
                .push(&format!(" AND {column} = "))
                .bind(values.pop(), one);
        }
        _ => {
            statement
                .push(&format!(" AND {column} = ANY("))
                .bind(values, many)
                .push(")");
        }
    }
}

fn push_holder<T: Column<Parameter = uuid::Uuid>>(
    statement: &mut Statement,
    column: &str,
    holder: Option<Holder<T>>,
) {
    match holder {
        None => {}
        Some(Holder::Nobody) => {
            statement.push(&format!(" AND {column} IS NULL"));
        }
        Some(Holder::One(id)) => {
            statement
                .push(&format!(" AND {column} = "))
                .bind(id.parameter(), Type::UUID);
        }
    }
}

pub(crate) fn push_range(statement: &mut Statement, column: &str, range: TimeRange) {
    let bounds = [(">=", range.from), ("<", range.to)];
    for (comparison, moment) in bounds {
        if let Some(moment) = moment.map(Moment::get) {
            statement
                .push(&format!(" AND {column} {comparison} "))
                .bind(moment, Type::TIMESTAMPTZ);
        }
    }
}
