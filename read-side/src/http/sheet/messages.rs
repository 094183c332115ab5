//! A report of messages as a table.

use super::{Rows, Sheet, key_id, key_name};
use crate::reports::messages::{MessageGroup, MessageReport};

/// The groups of a report, a row each.
pub(in crate::http) fn message_sheet(report: &MessageReport) -> Sheet {
    let rows = Rows(&report.groups);
    let days = |group: &MessageGroup| report.frame.days_of(group.period);
    Sheet {
        name: "message_report",
        columns: vec![
            rows.required("from", |group| days(group).0),
            rows.required("to", |group| days(group).1),
            rows.optional("key_id", |group| key_id(group.key.as_ref())),
            rows.optional("key", |group| key_name(group.key.as_ref())),
            rows.required("public_replies", |group| group.numbers.public_replies),
            rows.required("customer_messages", |group| group.numbers.customer_messages),
            rows.required("internal_notes", |group| group.numbers.internal_notes),
        ],
    }
}
