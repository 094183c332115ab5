//! Where a ticket stands.

use super::{Request, Standing};
use crate::text::Reason;
use crate::ticket::error::TicketError;
use crate::ticket::event::{
    Cause, TicketAssigned, TicketClosed, TicketEvent, TicketRemindersSet, TicketReopened,
    TicketResolved, TicketStatusChanged,
};
use crate::ticket::state::{Assignment, Status};
use chrono::{DateTime, TimeDelta, Utc};

/// Moves a ticket among open, pending and on hold.
pub(super) fn set(request: &Request<'_>, to: Status) -> Result<Vec<TicketEvent>, TicketError> {
    request.staff("set the status")?;
    match to {
        Status::Open | Status::Pending | Status::OnHold => {}
        Status::New => return Err(TicketError::NewNeverReturns),
        Status::Resolved => {
            return Err(TicketError::OwnCommand {
                status: to,
                command: "resolve",
            });
        }
        Status::Closed => {
            return Err(TicketError::OwnCommand {
                status: to,
                command: "close",
            });
        }
    }
    let from = request.ticket.status;
    match from {
        Status::Resolved => Err(TicketError::Resolved),
        Status::Closed => Err(TicketError::Closed),
        _ if from == to => Ok(Vec::new()),
        _ => {
            let changed = TicketStatusChanged {
                from,
                to,
                cause: Cause::Request,
            };
            let reminders = reminders(request).filter(|_| to == Status::Pending);
            Ok(std::iter::once(changed.into()).chain(reminders).collect())
        }
    }
}

/// When the requester of a ticket that waits from now on is reminded, if they are.
fn reminders(request: &Request<'_>) -> Option<TicketEvent> {
    let team_id = request.ticket.assignment.team_id;
    let delays = request.settings.reminders(team_id).iter();
    let book = &request.terms.calendars;
    let mut due_at: Vec<_> = delays.map(|delay| delay.after(request.now, book)).collect();
    due_at.sort_unstable();
    due_at.dedup();
    (!due_at.is_empty()).then(|| TicketRemindersSet { due_at }.into())
}

/// Without an assignee the resolver becomes it; the team stays.
pub(super) fn resolve(request: &Request<'_>) -> Result<Vec<TicketEvent>, TicketError> {
    let resolver = request.staff("resolve a ticket")?;
    let from = request.ticket.status;
    match from {
        Status::New | Status::Open | Status::Pending | Status::OnHold => {}
        Status::Resolved => return Ok(Vec::new()),
        Status::Closed => return Err(TicketError::Closed),
    }
    let mut events = Vec::new();
    let assignment = request.ticket.assignment;
    if assignment.agent_id.is_none() {
        let agent_id = Some(resolver.ok_or(TicketError::AssigneeNeeded)?);
        let to = Assignment {
            agent_id,
            ..assignment
        };
        events.push(
            TicketAssigned {
                from: assignment,
                to,
            }
            .into(),
        );
    }
    let delay = request.settings.auto_close_delay(assignment.team_id);
    let auto_close_at = Some(delay.after(request.now, &request.terms.calendars));
    events.push(
        TicketResolved {
            from,
            cause: Cause::Request,
            auto_close_at,
        }
        .into(),
    );
    Ok(events)
}

pub(super) fn close(request: &Request<'_>) -> Result<Vec<TicketEvent>, TicketError> {
    request.staff("close a ticket")?;
    match request.ticket.status {
        from @ Status::Resolved => Ok(vec![
            TicketClosed {
                from,
                cause: Cause::Request,
            }
            .into(),
        ]),
        Status::Closed => Ok(Vec::new()),
        Status::New | Status::Open | Status::Pending | Status::OnHold => {
            Err(TicketError::NotResolved)
        }
    }
}

/// The last instant of the reopen window is still in it.
pub(super) fn reopen(
    request: &Request<'_>,
    reason: Option<&Reason>,
) -> Result<Vec<TicketEvent>, TicketError> {
    request.staff("reopen a ticket; write a reply instead")?;
    let from = request.ticket.status;
    if !from.is_done() {
        return Err(TicketError::NotDone);
    }
    let days = request.settings.reopen_window_days;
    let window = TimeDelta::days(i64::from(days));
    if request
        .ticket
        .closed_at
        .is_some_and(|closed_at| request.now > later(closed_at, window))
    {
        return Err(TicketError::ReopenWindowPassed { days });
    }
    let reopened = TicketReopened {
        from,
        to: Status::Open,
        cause: Cause::Request,
        reason: reason.cloned(),
    };
    Ok(vec![reopened.into()])
}

/// Whatever the other system did was done: any move passes.
pub(super) fn import(request: &Request<'_>, to: Status) -> Result<Vec<TicketEvent>, TicketError> {
    if request.standing != Standing::Import {
        return Err(TicketError::ImportOnly {
            what: "take a status over from another system",
        });
    }
    let from = request.ticket.status;
    let cause = Cause::Import;
    if from == to {
        return Ok(Vec::new());
    }
    let event = match to {
        Status::Resolved => TicketResolved {
            from,
            cause,
            auto_close_at: None,
        }
        .into(),
        Status::Closed => TicketClosed { from, cause }.into(),
        _ if from.is_done() => TicketReopened {
            from,
            to,
            cause,
            reason: None,
        }
        .into(),
        _ => TicketStatusChanged { from, to, cause }.into(),
    };
    Ok(vec![event])
}

/// The instant after a delay; the end of the calendar when it would lie beyond.
fn later(at: DateTime<Utc>, delay: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(delay)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}
