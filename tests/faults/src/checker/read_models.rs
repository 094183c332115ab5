//! What the read models and the answers of queries show, against the fold of the events.

use std::collections::BTreeSet;

use super::log::Log;
use super::tables::{Tables, TicketRow};
use super::ticket::Ticket;
use super::{Rule, Violation};
use crate::ledger::{Line, Seen};

pub(super) fn check(log: &Log, tables: &Tables, violations: &mut Vec<Violation>) {
    if log.tickets.len() != tables.tickets.len() {
        let (events, rows) = (log.tickets.len(), tables.tickets.len());
        let detail = format!("{events} tickets were opened, {rows} are shown");
        violations.push(Violation::new(Rule::ReadModels, detail));
    }
    for row in &tables.tickets {
        let differences = match log.tickets.get(&row.ticket_id) {
            Some(ticket) => differences(row, ticket, log),
            None => vec!["it was never opened".to_owned()],
        };
        if !differences.is_empty() {
            let detail = format!("ticket {}: {}", row.ticket_id, differences.join("; "));
            violations.push(Violation::new(Rule::ReadModels, detail));
        }
    }
}

fn differences(row: &TicketRow, ticket: &Ticket, log: &Log) -> Vec<String> {
    let now = ticket.now();
    let messages = log
        .messages
        .get(&row.ticket_id)
        .copied()
        .unwrap_or_default();
    let mut found = Vec::new();
    let mut compare = |name: &str, shown: String, folded: String| {
        if shown != folded {
            found.push(format!("{name} {shown} is shown, {folded} is right"));
        }
    };
    let shown_tags: BTreeSet<_> = row.tags.iter().cloned().collect();
    let all_messages = i64::from(messages.public) + i64::from(messages.notes);
    compare(
        "version",
        row.version.to_string(),
        ticket.version().to_string(),
    );
    compare(
        "organization",
        row.org_id.to_string(),
        ticket.organization.to_string(),
    );
    compare("number", row.number.to_string(), ticket.number.to_string());
    compare("status", row.status.clone(), now.status);
    compare("priority", priority(row.priority).to_owned(), now.priority);
    compare(
        "agent",
        format!("{:?}", row.agent),
        format!("{:?}", now.agent),
    );
    compare("team", format!("{:?}", row.team), format!("{:?}", now.team));
    compare("tags", format!("{shown_tags:?}"), format!("{:?}", now.tags));
    compare(
        "public messages",
        row.public_messages.to_string(),
        messages.public.to_string(),
    );
    compare("notes", row.notes.to_string(), messages.notes.to_string());
    compare(
        "messages",
        row.messages.to_string(),
        all_messages.to_string(),
    );
    compare(
        "reopenings",
        row.reopenings.to_string(),
        ticket.reopenings.to_string(),
    );
    compare(
        "next deadline",
        format!("{:?}", row.next_deadline_at),
        format!("{:?}", ticket.clocks.next()),
    );
    compare(
        "automatic closing",
        format!("{:?}", row.auto_close_at),
        format!("{:?}", ticket.auto_close_at),
    );
    found
}

/// The word for a priority as it is stored.
fn priority(stored: i16) -> &'static str {
    match stored {
        1 => "low",
        2 => "normal",
        3 => "high",
        4 => "urgent",
        _ => "none",
    }
}

/// A query must show a state that the ticket had, and not an older one than its token asks for.
pub(super) fn check_queries(ledger: &[Line], log: &Log, violations: &mut Vec<Violation>) {
    for line in ledger {
        let Line::Seen(seen) = line else { continue };
        if let Some(wrong) = wrong_in(seen, log) {
            let detail = format!("ticket {} at {}: {wrong}", seen.ticket, seen.at);
            violations.push(Violation::new(Rule::Queries, detail));
        }
    }
}

fn wrong_in(seen: &Seen, log: &Log) -> Option<String> {
    if seen.version < seen.at_least {
        return Some(format!(
            "version {} was shown to a token of version {}",
            seen.version, seen.at_least
        ));
    }
    let Some(held) = log
        .tickets
        .get(&seen.ticket)
        .and_then(|t| t.at(seen.version))
    else {
        return Some(format!("it never had version {}", seen.version));
    };
    let tags: BTreeSet<_> = seen.tags.iter().cloned().collect();
    let is_right =
        held.status == seen.status && held.priority == seen.priority && held.tags == tags;
    (!is_right).then(|| format!("version {} was {held:?}, shown as {seen:?}", seen.version))
}
