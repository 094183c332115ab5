//! The walk over all events, in order: positions, versions, hashes, deadlines, and what the tickets come to.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::chain::{GENESIS, Hash, hash};
use super::tables::{EventRow, Tables};
use super::ticket::{Ticket, id};
use super::{Rule, Terms, Violation};

/// A deadline so short before the end may have come due after the last look.
const TIMER_GRACE_S: i64 = 1;

/// An event that a command of the load made.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) event_type: String,
    pub(super) stream_id: Uuid,
    pub(super) version: i64,
    pub(super) position: i64,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) data: Value,
}

/// Messages of a ticket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Messages {
    pub(super) public: i32,
    pub(super) notes: i32,
}

/// What the events say.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) events: u64,
    pub(super) deadlines: u64,
    pub(super) violations: Vec<Violation>,
    pub(super) tickets: HashMap<Uuid, Ticket>,
    pub(super) messages: HashMap<Uuid, Messages>,
    /// By organization and idempotency key.
    pub(super) made: HashMap<(Uuid, String), Vec<Made>>,
    heads: HashMap<i16, (i64, Hash)>,
    versions: HashMap<Uuid, i64>,
    numbers: HashMap<Uuid, i64>,
}

impl Log {
    /// Takes the next event in.
    pub(super) fn take(&mut self, event: &EventRow) {
        self.events += 1;
        self.check_place(event);
        let (Ok(mut data), Ok(metadata)) = (
            serde_json::from_str::<Value>(&event.data),
            serde_json::from_str::<Value>(&event.metadata),
        ) else {
            return self.broken(Rule::Chain, event, "its texts are not JSON");
        };
        match event.stream_type.as_str() {
            "ticket" => self.take_ticket(event, &data),
            "message" => self.take_message(event, &data),
            _ => {}
        }
        if let Some(key) = metadata["idempotency_key"].as_str() {
            // Not needed, and by far the longest.
            data["body"].take();
            let made = Made {
                event_type: event.event_type.clone(),
                stream_id: event.stream_id,
                version: event.version,
                position: event.position,
                recorded_at: event.recorded_at,
                data,
            };
            let key = (event.org_id, key.to_owned());
            self.made.entry(key).or_default().push(made);
        }
    }

    /// After the last event.
    pub(super) fn finish(&mut self, tables: &Tables, terms: Terms) {
        for (partition, position, chain) in &tables.heads {
            let (found, found_chain) = self.heads.get(partition).copied().unwrap_or((0, GENESIS));
            if found != *position || found_chain.as_slice() != chain.as_slice() {
                let detail = format!(
                    "partition {partition}: the head says {position}, the last event is {found}"
                );
                self.violations
                    .push(Violation::new(Rule::Positions, detail));
            }
        }
        if tables.event_updates != terms.own_updates || tables.event_deletes != 0 {
            let detail = format!(
                "{} updates and {} deletes of events, {} updates expected",
                tables.event_updates, tables.event_deletes, terms.own_updates
            );
            self.violations
                .push(Violation::new(Rule::AppendOnly, detail));
        }
        let until = terms.told_until - TimeDelta::seconds(TIMER_GRACE_S);
        for (ticket_id, ticket) in &self.tickets {
            let missed = [
                ("a deadline", ticket.clocks.next()),
                ("closing", ticket.auto_close_at),
            ];
            for (what, due_at) in missed {
                if let Some(due_at) = due_at.filter(|due_at| *due_at < until) {
                    let detail = format!("ticket {ticket_id}: {what} of {due_at} was never told");
                    self.violations
                        .push(Violation::new(Rule::DeadlinesOnce, detail));
                }
            }
        }
    }

    fn check_place(&mut self, event: &EventRow) {
        let (position, chain) = self
            .heads
            .get(&event.partition)
            .copied()
            .unwrap_or((0, GENESIS));
        if event.position != position + 1 {
            self.broken(Rule::Positions, event, &format!("it follows {position}"));
        }
        let expected = hash(event, &chain);
        if event.hash != expected {
            self.broken(
                Rule::Chain,
                event,
                "its hash does not follow from the one before",
            );
        }
        // The stored one, so that one changed row is told once.
        let stored = Hash::try_from(event.hash.as_slice()).unwrap_or(GENESIS);
        self.heads.insert(event.partition, (event.position, stored));
        let version = self.versions.entry(event.stream_id).or_default();
        *version += 1;
        if *version != event.version {
            let expected = *version;
            *version = event.version;
            self.broken(
                Rule::Versions,
                event,
                &format!("version {expected} was due"),
            );
        }
    }

    fn take_ticket(&mut self, event: &EventRow, data: &Value) {
        if event.event_type == "ticket.opened" {
            let number = self.numbers.entry(event.org_id).or_default();
            *number += 1;
            let ticket = Ticket {
                organization: event.org_id,
                number: *number,
                ..Ticket::default()
            };
            self.tickets.insert(event.stream_id, ticket);
        }
        self.check_deadline(event, data);
        self.take_promise(event, data);
        if let Some(ticket) = self.tickets.get_mut(&event.stream_id) {
            ticket.take(&event.event_type, data, event.occurred_at);
        }
    }

    /// What is promised anew, and the time used that goes on to count.
    fn take_promise(&mut self, event: &EventRow, data: &Value) {
        let Some(ticket) = self.tickets.get_mut(&event.stream_id) else {
            return;
        };
        if event.event_type == "ticket.sla_applied"
            && let Some(wrong) = ticket.clocks.applied(data, event.occurred_at)
        {
            self.broken(Rule::TimeUsed, event, &wrong);
        }
    }

    /// A breach must be that of a running clock, at its deadline; a closing by timer that of a resolution that stands.
    fn check_deadline(&mut self, event: &EventRow, data: &Value) {
        let Some(ticket) = self.tickets.get_mut(&event.stream_id) else {
            return;
        };
        let (due_at, told_as) = match event.event_type.as_str() {
            "sla.breached" => {
                let metric = data["metric"].as_str().unwrap_or_default();
                let due_at = ticket.clocks.deadline(metric);
                ticket.clocks.told(metric);
                (
                    due_at,
                    data["due_at"].as_str().and_then(|at| at.parse().ok()),
                )
            }
            "ticket.closed" if data["cause"]["kind"] == "timer" => {
                (ticket.auto_close_at, ticket.auto_close_at)
            }
            _ => {
                // What happens late tells first what was missed before it.
                let missed = ticket.clocks.next().filter(|due| *due < event.occurred_at);
                if let Some(due_at) = missed {
                    let detail = format!("the deadline of {due_at} was not told before it");
                    self.broken(Rule::DeadlinesOnce, event, &detail);
                }
                return;
            }
        };
        self.deadlines += 1;
        let Some(due_at) = due_at else {
            return self.broken(Rule::DeadlinesOnce, event, "no such deadline was open");
        };
        if told_as != Some(due_at) {
            let detail = format!("the deadline was {due_at}, it tells {told_as:?}");
            self.broken(Rule::DeadlinesOnce, event, &detail);
        }
        if event.recorded_at < due_at {
            let detail = format!("recorded at {}, due at {due_at}", event.recorded_at);
            self.broken(Rule::NeverEarly, event, &detail);
        }
    }

    fn take_message(&mut self, event: &EventRow, data: &Value) {
        let Some(ticket) = id(&data["ticket_id"]).filter(|_| event.event_type == "message.posted")
        else {
            return;
        };
        let messages = self.messages.entry(ticket).or_default();
        match data["visibility"].as_str() {
            Some("internal") => messages.notes += 1,
            _ => messages.public += 1,
        }
    }

    fn broken(&mut self, rule: Rule, event: &EventRow, how: &str) {
        let detail = format!(
            "partition {}, position {}, {} of {}: {how}",
            event.partition, event.position, event.event_type, event.stream_id
        );
        self.violations.push(Violation::new(rule, detail));
    }
}
