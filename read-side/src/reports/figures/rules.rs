//! The definitions of docs/METRICS.md in SQL: which rows of the facts count for a figure, when and how much.

use const_format::formatcp;
use platform::rows::{FactsRow, Figure, Row, TicketRow};
use schema::projection::CORE;
use tokio_postgres::types::Type;

use super::filter::FigureFilter;
use super::periods::Frame;
use crate::conditions::{push_compared, push_holder, push_one_of};
use crate::database::Statement;
use crate::privacy::{push_ticket_visible, push_visible};
use crate::tickets::{Columns, TicketFilter, push_clause, push_range};
use crate::viewer::Viewer;

/// The facts of tickets.
pub(in crate::reports) const FACTS: &str =
    formatcp!("{CORE}.{} AS facts", <FactsRow as Row>::TABLE);
/// What facts call the things that conditions of lists speak of. They do not keep when a ticket was changed last.
const OF_FACTS: Columns = Columns {
    assignee: "agent_id",
    created: "opened_at",
    row: "facts",
    ..Columns::OF_TICKETS
};
/// What the tickets of now are called beside them.
const OF_HELD: Columns = Columns {
    row: "held",
    ..Columns::OF_TICKETS
};
/// As the index of open tickets has it.
pub(super) const UNRESOLVED: &str = "status IN ('new', 'open', 'pending', 'on_hold')";

/// The instant at which a ticket counts. What was open counts since it was as it was.
pub(super) fn at(figure: Figure) -> &'static str {
    match figure {
        Figure::Opened => "opened_at",
        Figure::FirstResponse => "first_response_at",
        Figure::FirstResolution | Figure::Reopened => "first_resolved_at",
        Figure::Resolution | Figure::Reassigned => "resolved_at",
        Figure::Closed => "closed_at",
        Figure::Backlog => "since_at",
        Figure::Assigned => "assigned_at",
    }
}

/// The time that is measured, in whole seconds.
pub(super) fn seconds(figure: Figure) -> Option<&'static str> {
    match figure {
        Figure::FirstResponse => {
            Some("floor(extract(epoch FROM first_response_at - opened_at))::bigint")
        }
        Figure::FirstResolution => {
            Some("floor(extract(epoch FROM first_resolved_at - opened_at))::bigint")
        }
        Figure::Assigned => Some("floor(extract(epoch FROM assigned_at - opened_at))::bigint"),
        Figure::Resolution => Some("floor(extract(epoch FROM resolved_at - opened_at))::bigint"),
        Figure::Opened
        | Figure::Closed
        | Figure::Reopened
        | Figure::Reassigned
        | Figure::Backlog => None,
    }
}

/// What is summed beside the count.
pub(super) fn total(figure: Figure) -> &'static str {
    match figure {
        Figure::Reopened => "reopen_count::bigint",
        Figure::Reassigned => "reassign_count::bigint",
        _ => seconds(figure).unwrap_or("0::bigint"),
    }
}

/// The tickets that count for a figure in the whole frame: one row each. The backlog is that of its end.
pub(super) fn push_counted(
    statement: &mut Statement,
    viewer: &Viewer,
    figure: Figure,
    filter: &FigureFilter,
    frame: &Frame,
) {
    if figure == Figure::Backlog {
        push_open_at_end(statement, viewer, filter, frame);
        return;
    }
    push_own(statement, viewer);
    push_known(statement, filter);
    let at = at(figure);
    statement
        .push(&format!(" AND {at} >= "))
        .bind(frame.from(), Type::TIMESTAMPTZ)
        .push(&format!(" AND {at} < "))
        .bind(frame.to(), Type::TIMESTAMPTZ);
    match figure {
        Figure::Reopened => statement.push(" AND reopen_count > 0"),
        Figure::Reassigned => statement.push(" AND reassign_count > 0"),
        _ => statement,
    };
    push_fitting(statement, viewer, filter);
}

/// The tickets that are open by what is known, or was known at `as_of`: one row each.
pub(in crate::reports) fn push_open(
    statement: &mut Statement,
    viewer: &Viewer,
    filter: &FigureFilter,
) {
    push_own(statement, viewer);
    push_known(statement, filter);
    statement.push(formatcp!(" AND {UNRESOLVED}"));
    push_fitting(statement, viewer, filter);
}

/// What is known, or was known at `as_of`.
fn push_known(statement: &mut Statement, filter: &FigureFilter) {
    let Some(as_of) = filter.as_of else {
        statement.push(" AND until_at IS NULL");
        return;
    };
    push_compared(statement, "known_from", "<=", as_of);
    statement
        .push(" AND (known_until IS NULL OR known_until > ")
        .bind(as_of.get(), Type::TIMESTAMPTZ)
        .push(")");
}

/// What was open at the end of the frame, as it was then.
fn push_open_at_end(
    statement: &mut Statement,
    viewer: &Viewer,
    filter: &FigureFilter,
    frame: &Frame,
) {
    push_changes(statement, viewer, filter, "since_at", frame);
    statement
        .push(" AND (until_at IS NULL OR until_at >= ")
        .bind(frame.to(), Type::TIMESTAMPTZ);
    if let Some(as_of) = filter.as_of {
        statement
            .push(" OR known_until > ")
            .bind(as_of.get(), Type::TIMESTAMPTZ);
    }
    statement.push(")");
}

/// The rows by which a ticket came into what is open (`since_at`), or left it (`until_at`), before the end of the frame.
pub(super) fn push_changes(
    statement: &mut Statement,
    viewer: &Viewer,
    filter: &FigureFilter,
    at: &str,
    frame: &Frame,
) {
    push_own(statement, viewer);
    statement
        .push(&format!(" AND {UNRESOLVED} AND {at} < "))
        .bind(frame.to(), Type::TIMESTAMPTZ);
    if let Some(as_of) = filter.as_of {
        let known = if at == "since_at" {
            "known_from"
        } else {
            "known_until"
        };
        push_compared(statement, known, "<=", as_of);
    }
    push_fitting(statement, viewer, filter);
}

fn push_own(statement: &mut Statement, viewer: &Viewer) {
    statement
        .push(" WHERE partition = ")
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID);
}

/// The conditions of the filter, and that nothing is hidden from the viewer.
fn push_fitting(statement: &mut Statement, viewer: &Viewer, filter: &FigureFilter) {
    let tickets = &filter.tickets;
    push_one_of(statement, "status", &tickets.statuses, Type::TEXT_ARRAY);
    push_one_of(statement, "priority", &tickets.priorities, Type::INT2_ARRAY);
    push_one_of(statement, "channel", &tickets.channels, Type::TEXT_ARRAY);
    let agent = tickets.assignee.map(|it| it.map(|id| id.0));
    push_holder(statement, OF_FACTS.assignee, agent);
    push_holder(
        statement,
        "team_id",
        tickets.team.map(|it| it.map(|id| id.0)),
    );
    if let Some(requester) = tickets.requester {
        statement
            .push(" AND requester_id = ")
            .bind(requester.0, Type::UUID);
    }
    if !tickets.tags.is_empty() {
        let tags: Vec<String> = tickets.tags.iter().map(ToString::to_string).collect();
        statement.push(" AND tags @> ").bind(tags, Type::TEXT_ARRAY);
    }
    push_range(statement, OF_FACTS.created, tickets.created);
    for clause in tickets.clauses.iter().filter(|clause| !clause.is_of_now()) {
        push_clause(statement, viewer, clause, OF_FACTS);
    }
    push_of_now(statement, viewer, tickets);
    push_visible_facts(statement, viewer);
}

/// The conditions on what facts do not keep: they are asked of the ticket as it is.
fn push_of_now(statement: &mut Statement, viewer: &Viewer, filter: &TicketFilter) {
    if !filter.is_of_now() {
        return;
    }
    statement
        .push(formatcp!(
            " AND EXISTS (SELECT 1 FROM {CORE}.{} AS held WHERE held.partition = ",
            <TicketRow as Row>::TABLE
        ))
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND held.org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID)
        .push(" AND held.ticket_id = facts.ticket_id");
    push_range(statement, OF_HELD.updated, filter.updated);
    for clause in filter.clauses.iter().filter(|clause| clause.is_of_now()) {
        push_clause(statement, viewer, clause, OF_HELD);
    }
    statement.push(")");
}

/// Leaves out what a hidden team had, and what is of a ticket that such a team has now. The facts of now say themselves which
/// team that is.
fn push_visible_facts(statement: &mut Statement, viewer: &Viewer) {
    push_visible(statement, viewer);
    if let Some(member) = viewer.only_member() {
        statement.push(" AND (until_at IS NULL OR ");
        push_ticket_visible(statement, viewer, member, "facts");
        statement.push(")");
    }
}
