//! What the product says of a ticket's clocks at an instant.

use chrono::{DateTime, Utc};
use domain::sla::clock::{Clock, Phase};
use domain::sla::terms::CalendarBook;
use domain::ticket::state::PresentTicket;
use serde::Serialize;
use std::collections::BTreeMap;

/// The answer.
#[derive(Debug, Serialize)]
pub struct Answer {
    policy: Option<String>,
    next_deadline_at: Option<DateTime<Utc>>,
    clocks: BTreeMap<&'static str, ClockAnswer>,
}

#[derive(Debug, Serialize)]
struct ClockAnswer {
    state: &'static str,
    calendar: Option<String>,
    target_ms: i64,
    used_ms: i64,
    left_ms: Option<i64>,
    due_at: Option<DateTime<Utc>>,
    breached_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

/// What the product says of a ticket.
#[must_use]
pub fn of(ticket: &PresentTicket, now: DateTime<Utc>, book: &CalendarBook) -> Answer {
    let policy = ticket.clocks.rule().and_then(|rule| rule.policy);
    let clocks = ticket.clocks.iter();
    Answer {
        policy: policy.map(|policy| format!("{} {}", policy.id, policy.version)),
        next_deadline_at: ticket.clocks.next_deadline(book),
        clocks: clocks
            .filter_map(|clock| Some((clock.metric.as_str(), of_clock(clock, now, book)?)))
            .collect(),
    }
}

/// None where nothing began, or nothing is promised.
fn of_clock(clock: &Clock, now: DateTime<Utc>, book: &CalendarBook) -> Option<ClockAnswer> {
    let target = clock.target?;
    let (state, ended_at) = match clock.phase {
        Phase::Idle => return None,
        Phase::Running { .. } => ("running", None),
        Phase::Paused => ("paused", None),
        Phase::Met { at } => ("met", Some(at)),
        Phase::Cancelled { at } => ("cancelled", Some(at)),
    };
    let calendar = target.calendar;
    Some(ClockAnswer {
        state,
        calendar: calendar.map(|calendar| format!("{} {}", calendar.id, calendar.version)),
        target_ms: target.target_ms,
        used_ms: clock.used_at_ms(now, book),
        left_ms: clock.left_at_ms(now, book),
        due_at: clock.due_at(book),
        breached_at: clock.breached_at,
        ended_at,
    })
}
