//! The statements of reports of messages and of the lists behind them.

use const_format::formatcp;
use platform::page::{Direction, Limit};
use platform::rows::{
    Column, MessageCellRow, MessageFactsRow, MessageKind, Row, TicketRow, WHOEVER,
};
use schema::projection::CORE;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::filter::{MessageFilter, MessageSplit};
use super::list::MessageKey;
use crate::conditions::{push_compared, push_holder, push_holder_in_sums, push_one_of};
use crate::database::Statement;
use crate::privacy::push_visible_past;
use crate::reports::figures::{Frame, PARTS_MAX};
use crate::reports::tickets_now::push_tickets_now;
use crate::tickets::Holder;
use crate::viewer::Viewer;

const CELLS: &str = formatcp!("{CORE}.{}", <MessageCellRow as Row>::TABLE);
const FACTS: &str = formatcp!("{CORE}.{} AS facts", <MessageFactsRow as Row>::TABLE);
const COLUMNS: &str = <MessageFactsRow as Row>::COLUMNS;
/// What a message counts for where a report is split by agent.
const BY_AGENT: &str = formatcp!("CASE WHEN kind <> {CUSTOMERS} THEN author_id END");
/// The number of [`MessageKind::CustomerMessage`] in the rows; a test compares.
const CUSTOMERS: i16 = 2;

/// A row for each period (from 1) and key, with how many of each kind: from the sums. The nil key stands for none. Where there
/// are more than a report has, there is one more.
pub(super) fn of_cells(
    viewer: &Viewer,
    filter: &MessageFilter,
    split: Option<MessageSplit>,
    frame: &Frame,
) -> Statement {
    let key = match split {
        None => "NULL::uuid",
        Some(MessageSplit::Team) => "team_id",
        Some(MessageSplit::Agent) => "author_id",
    };
    let mut statement = Statement::default();
    statement
        .push("SELECT width_bucket(day, ")
        .bind(frame.first_days().to_vec(), Type::DATE_ARRAY)
        .push(&format!(
            ") AS period, {key} AS key, {} FROM {CELLS}",
            by_kind("sum(count)")
        ));
    push_own(&mut statement, viewer);
    let agent = filter.agent.map(|id| Holder::One(id.0));
    push_holder_in_sums(&mut statement, "author_id", agent);
    if agent.is_none() {
        // The sums of everybody hold those of each once more.
        let comparison = match split {
            Some(MessageSplit::Agent) => "<>",
            Some(MessageSplit::Team) | None => "=",
        };
        statement
            .push(&format!(" AND author_id {comparison} "))
            .bind(WHOEVER, Type::UUID);
    }
    statement
        .push(" AND day >= ")
        .bind(filter.days.from(), Type::DATE)
        .push(" AND day < ")
        .bind(filter.days.to(), Type::DATE);
    push_one_of(&mut statement, "kind", &filter.kinds, Type::INT2_ARRAY);
    let team = filter.team.map(|it| it.map(|id| id.0));
    push_holder_in_sums(&mut statement, "team_id", team);
    push_groups(&mut statement);
    statement
}

/// The same from the facts.
pub(super) fn of_facts(
    viewer: &Viewer,
    filter: &MessageFilter,
    split: Option<MessageSplit>,
    frame: &Frame,
) -> Statement {
    let key = match split {
        None => "NULL::uuid",
        Some(MessageSplit::Team) => "team_id",
        Some(MessageSplit::Agent) => BY_AGENT,
    };
    let mut statement = Statement::default();
    statement
        .push("SELECT width_bucket(written_at, ")
        .bind(frame.first_instants().to_vec(), Type::TIMESTAMPTZ_ARRAY)
        .push(&format!(
            ") AS period, {key} AS key, {} FROM {FACTS}",
            by_kind("count(*)")
        ));
    push_counted(&mut statement, viewer, filter, frame);
    push_groups(&mut statement);
    statement
}

/// The messages after `after`, at most `limit.rows()`, in the order of when they were written.
pub(super) fn page(
    viewer: &Viewer,
    filter: &MessageFilter,
    frame: &Frame,
    (direction, limit): (Direction, Limit),
    after: Option<MessageKey>,
) -> Statement {
    let mut statement = Statement::default();
    statement.push(formatcp!("SELECT {COLUMNS} FROM {FACTS}"));
    push_counted(&mut statement, viewer, filter, frame);
    if let Some(key) = after {
        statement
            .push(&format!(
                " AND (written_at, message_id) {} (",
                direction.after()
            ))
            .bind(key.at.get(), Type::TIMESTAMPTZ)
            .push(", ")
            .bind(key.message_id, Type::UUID)
            .push(")");
    }
    let order = direction.order();
    statement
        .push(&format!(
            " ORDER BY written_at {order}, message_id {order} LIMIT "
        ))
        .bind(limit.rows(), Type::INT8);
    statement
}

/// Counts all messages that count.
pub(super) fn count(viewer: &Viewer, filter: &MessageFilter, frame: &Frame) -> Statement {
    let mut statement = Statement::default();
    statement.push(formatcp!("SELECT count(*) FROM {FACTS}"));
    push_counted(&mut statement, viewer, filter, frame);
    statement
}

/// The messages that count, without those that are hidden from the viewer.
fn push_counted(statement: &mut Statement, viewer: &Viewer, filter: &MessageFilter, frame: &Frame) {
    push_own(statement, viewer);
    statement
        .push(" AND written_at >= ")
        .bind(frame.from(), Type::TIMESTAMPTZ)
        .push(" AND written_at < ")
        .bind(frame.to(), Type::TIMESTAMPTZ);
    if let Some(as_of) = filter.as_of {
        push_compared(statement, "known_from", "<=", as_of);
    }
    push_one_of(statement, "kind", &filter.kinds, Type::INT2_ARRAY);
    if let Some(agent) = filter.agent {
        statement
            .push(" AND author_id = ")
            .bind(agent.0, Type::UUID)
            .push(" AND kind <> ")
            .bind(MessageKind::CustomerMessage.parameter(), Type::INT2);
    }
    push_holder(
        statement,
        "team_id",
        filter.team.map(|it| it.map(|id| id.0)),
    );
    push_visible_past(statement, viewer, "facts");
    push_tickets_now(statement, viewer, "facts", &filter.tickets);
}

fn push_own(statement: &mut Statement, viewer: &Viewer) {
    statement
        .push(" WHERE partition = ")
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID);
}

/// Of a group, how many of each kind, in the order of [`MessageKind::ALL`]: so there are as many rows as groups.
fn by_kind(count: &str) -> String {
    let of_kind = |kind: MessageKind| {
        let kind = kind.parameter();
        format!("coalesce({count} FILTER (WHERE kind = {kind}), 0)::bigint")
    };
    let counts = MessageKind::ALL.map(of_kind).join(", ");
    format!("ARRAY[{counts}] AS counts")
}

fn push_groups(statement: &mut Statement) {
    statement
        .push(" GROUP BY 1, 2 ORDER BY 1, 2 LIMIT ")
        .bind(PARTS_MAX + 1, Type::INT8);
}

/// The numbers of tickets.
pub(super) fn numbers(viewer: &Viewer, tickets: Vec<Uuid>) -> Statement {
    let mut statement = Statement::default();
    statement.push(formatcp!(
        "SELECT ticket_id, number FROM {CORE}.{}",
        <TicketRow as Row>::TABLE
    ));
    push_own(&mut statement, viewer);
    statement
        .push(" AND ticket_id = ANY(")
        .bind(tickets, Type::UUID_ARRAY)
        .push(")");
    statement
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_are_told_by_the_number_that_rows_have() {
        assert_eq!(MessageKind::CustomerMessage.parameter(), CUSTOMERS);
    }
}
