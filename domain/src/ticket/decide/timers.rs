//! What timers say. The ticket has the last word: a timer becomes an event only if what set it still stands, and never
//! before its time.

use super::{Request, Standing};
use crate::sla::Metric;
use crate::ticket::error::TicketError;
use crate::ticket::event::{Cause, SlaBreached, TicketClosed, TicketEvent};
use chrono::{DateTime, Utc};

/// A breach, if the clock that set the timer still runs to that very deadline.
pub(super) fn breach(
    request: &Request<'_>,
    metric: Metric,
    due_at: DateTime<Utc>,
) -> Result<Vec<TicketEvent>, TicketError> {
    let deadline = request
        .ticket
        .clocks
        .of(metric)
        .and_then(|clock| clock.open_deadline(&request.terms.calendars));
    check_timer(request, deadline, due_at)?;
    let lateness_ms = (request.now - due_at).num_milliseconds();
    Ok(vec![
        SlaBreached {
            metric,
            due_at,
            lateness_ms,
        }
        .into(),
    ])
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
