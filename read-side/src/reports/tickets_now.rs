//! What the ticket of a wait or of a message has to be now for a report to count it: one definition for every report whose rows
//! do not tell it themselves.

use platform::rows::{Row, TicketRow};
use schema::projection::CORE;
use serde::Serialize;
use tokio_postgres::types::Type;

use crate::database::Statement;
use crate::tickets::statement::{Asker, push_select, push_where};
use crate::tickets::{Terms, TicketFilter};
use crate::viewer::Viewer;

/// Conditions that a ticket fulfils all of, as it is now. An empty list is no condition.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct TicketsNow {
    /// The conditions that lists have, too.
    pub tickets: TicketFilter,
}

impl TicketsNow {
    /// The same conditions in one spelling, so that a cursor fits however the client ordered them.
    pub(super) fn normalized(self) -> Self {
        Self {
            tickets: self.tickets.normalized(),
        }
    }

    /// With the terms of a query as conditions more, in one spelling.
    pub(super) fn narrowed(mut self, terms: Option<&Terms>) -> Self {
        if let Some(terms) = terms {
            self.tickets = terms.narrow(self.tickets);
        }
        self.normalized()
    }

    /// Whether every ticket fits.
    pub(super) fn is_any(&self) -> bool {
        *self == Self::default()
    }
}

/// Adds that the ticket of a row fits. `row` is what the statement calls the rows.
pub(super) fn push_tickets_now(
    statement: &mut Statement,
    viewer: &Viewer,
    row: &str,
    conditions: &TicketsNow,
) {
    if conditions.is_any() {
        return;
    }
    // The reports are of staff, who see the tickets of every company.
    let asker = Asker {
        viewer,
        company: None,
    };
    let TicketsNow { tickets } = conditions;
    statement.push(&format!(" AND {row}.ticket_id IN ("));
    push_select(statement, "ticket_id", tickets);
    push_where(statement, asker, tickets);
    statement.push(")");
}

/// Adds some columns of all tickets of the organization, as they are now.
pub(super) fn push_columns_now(statement: &mut Statement, viewer: &Viewer, columns: &str) {
    statement
        .push(&format!(
            "SELECT {columns} FROM {CORE}.{} WHERE partition = ",
            <TicketRow as Row>::TABLE
        ))
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID);
}
