//! What timers say. The ticket has the last word: a timer becomes an event only if what set it still stands, and never
//! before its time.

use super::{Request, Standing, warnings};
use crate::sla::Metric;
use crate::ticket::error::TicketError;
use crate::ticket::event::{Cause, TicketClosed, TicketEvent, TicketReminded};
use chrono::{DateTime, Utc};

/// What a clock has to say, if the one that set the timer still runs to that very threshold or deadline: the breach, or the
/// warning with what it changes. Other clocks have timers of their own; but what changes the ticket comes after all that is
/// due by now.
pub(super) fn clock_due(
    request: &Request<'_>,
    metric: Metric,
    due_at: DateTime<Utc>,
) -> Result<Vec<TicketEvent>, TicketError> {
    let clocks = &request.ticket.clocks;
    let next_due = clocks.next_due(metric, &request.terms.calendars);
    check_timer(request, next_due, due_at)?;
    let is_due = |due_at| due_at <= request.now;
    let own = warnings::due(request, |it| it == metric, is_due);
    let changes_ticket = own
        .iter()
        .any(|event| matches!(event, TicketEvent::SlaWarned(warned) if !warned.effects.is_empty()));
    if changes_ticket {
        return Ok(warnings::due(request, |_| true, is_due));
    }
    Ok(own)
}

/// The closing, if the resolution that set the timer still stands.
pub(super) fn auto_close(
    request: &Request<'_>,
    due_at: DateTime<Utc>,
) -> Result<Vec<TicketEvent>, TicketError> {
    let resolved = request.ticket.resolved;
    check_timer(
        request,
        resolved.and_then(|resolved| resolved.auto_close_at),
        due_at,
    )?;
    Ok(vec![
        TicketClosed {
            from: request.ticket.status,
            cause: Cause::Timer,
        }
        .into(),
    ])
}

/// The reminder, if the wait that set the timer still lasts. After a downtime only the last of those that are due.
pub(super) fn remind(
    request: &Request<'_>,
    due_at: DateTime<Utc>,
) -> Result<Vec<TicketEvent>, TicketError> {
    let reminders = &request.ticket.reminders;
    check_timer(request, reminders.next_due(), due_at)?;
    let last = reminders.last_due(request.now);
    let reminded = last.map(|(number, due_at)| TicketReminded {
        // At most as many as an organization may set.
        number: u32::try_from(number).unwrap_or(u32::MAX),
        due_at,
        lateness_ms: (request.now - due_at).num_milliseconds(),
    });
    Ok(reminded.map(TicketEvent::from).into_iter().collect())
}

fn check_timer(
    request: &Request<'_>,
    deadline: Option<DateTime<Utc>>,
    due_at: DateTime<Utc>,
) -> Result<(), TicketError> {
    if request.standing != Standing::Timer {
        return Err(TicketError::TimerOnly);
    }
    if deadline != Some(due_at) {
        return Err(TicketError::TimerStale);
    }
    if request.now < due_at {
        return Err(TicketError::TimerEarly { due_at });
    }
    Ok(())
}
