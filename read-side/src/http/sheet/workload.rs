//! The work of agents or teams as a table.

use super::{Column, Rows, Sheet, key_id, key_name};
use crate::reports::workload::Worker;

/// How many are held in each status, in the order of [`OPEN`](crate::reports::workload::OPEN).
const BY_STATUS: [&str; 4] = ["held_new", "held_open", "held_pending", "held_on_hold"];
/// How many are held of each priority, in the order of [`Priority::ALL`](domain::ticket::state::Priority::ALL).
const BY_PRIORITY: [&str; 4] = ["held_low", "held_normal", "held_high", "held_urgent"];

/// A row for each; nobody's has neither id nor name.
pub(in crate::http) fn workload_sheet(workers: &[Worker]) -> Sheet {
    let rows = Rows(workers);
    let mut columns = vec![
        rows.optional("id", |worker| key_id(Some(&worker.key))),
        rows.optional("name", |worker| key_name(Some(&worker.key))),
    ];
    columns.extend(held(&rows));
    columns.extend([
        rows.required("assigned", |worker| worker.work.assigned),
        rows.required("resolved", |worker| worker.work.resolved),
        rows.required("public_replies", |worker| {
            worker.work.messages.public_replies
        }),
        rows.required("customer_messages", |worker| {
            worker.work.messages.customer_messages
        }),
        rows.required("internal_notes", |worker| {
            worker.work.messages.internal_notes
        }),
    ]);
    Sheet {
        name: "workload",
        columns,
    }
}

/// The tickets held: all, and by status and by priority.
fn held(rows: &Rows<'_, Worker>) -> Vec<Column> {
    let mut columns = vec![rows.required("held", |worker| worker.work.held.count())];
    for (index, name) in BY_STATUS.into_iter().enumerate() {
        columns.push(rows.required(name, |worker| worker.work.held.by_status[index]));
    }
    for (index, name) in BY_PRIORITY.into_iter().enumerate() {
        columns.push(rows.required(name, |worker| worker.work.held.by_priority[index]));
    }
    columns
}
