//! What reports know of a ticket, row after row as it changed, and the sums over it by day.
//!
//! The definitions are those of docs/METRICS.md.

use chrono::{DateTime, Utc};
use domain::ids::{OrganizationId, TicketId};
use domain::sla::clocks::Clocks;
use domain::ticket::event::{TicketAssigned, TicketEvent};
use domain::ticket::state::Status;
use platform::rows::{FactsRow, TicketRow};

use super::ApplyError;
use crate::cells;
use crate::event::Event;
use crate::state::State;

/// What an event may do to the facts of its ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing, ever.
    None,
    /// It counts if nobody has answered yet: see [`Clocks::is_answered`].
    FirstAnswer,
    /// It may change them.
    Change,
}

impl Effect {
    /// Of an event. Most of what tickets hear is of no interest to reports.
    pub(crate) fn of(change: &TicketEvent) -> Self {
        match change {
            TicketEvent::Opened(_)
            | TicketEvent::Assigned(_)
            | TicketEvent::PriorityChanged(_)
            | TicketEvent::StatusChanged(_)
            | TicketEvent::Resolved(_)
            | TicketEvent::Closed(_)
            | TicketEvent::Reopened(_)
            | TicketEvent::Tagged(_)
            | TicketEvent::Untagged(_) => Self::Change,
            // A machine's word is no answer: as for service levels.
            TicketEvent::AgentReplied(reply) if reply.machine => Self::None,
            TicketEvent::AgentReplied(_) => Self::FirstAnswer,
            TicketEvent::CustomerReplied(_)
            | TicketEvent::NoteAdded(_)
            | TicketEvent::SubjectChanged(_)
            | TicketEvent::CustomFieldSet(_)
            | TicketEvent::FollowUpOpened(_)
            | TicketEvent::RemindersSet(_)
            | TicketEvent::Reminded(_)
            | TicketEvent::SlaBreached(_)
            | TicketEvent::SlaWarned(_)
            | TicketEvent::SlaApplied(_) => Self::None,
        }
    }
}

/// Follows an event that left the ticket's row as it is in `state`. `before` are the clocks before it.
///
/// # Errors
/// When nothing is known of the ticket.
pub(super) fn follow(
    state: &mut State,
    event: &Event,
    id: TicketId,
    change: &TicketEvent,
    before: &Clocks,
) -> Result<(), ApplyError> {
    match Effect::of(change) {
        Effect::None => return Ok(()),
        Effect::FirstAnswer if before.is_answered() => return Ok(()),
        Effect::FirstAnswer | Effect::Change => {}
    }
    let ticket = (event.org_id, id);
    let missing = || ApplyError::missing(event, "the facts of ticket", id);
    let row = state.tickets.get(ticket).ok_or_else(missing)?;
    let zone = state.zone(event.org_id);
    if let TicketEvent::Opened(_) = change {
        let new = opened(event.org_id, id, row, event);
        cells::add_change(&mut state.cells, zone, None, &new);
        state.facts_now.insert(ticket, new.version);
        state.facts.insert((event.org_id, id, new.version), new);
        return Ok(());
    }
    let version = *state.facts_now.get(&ticket).ok_or_else(missing)?;
    let key = (event.org_id, id, version);
    let old = state.facts.get(key).ok_or_else(missing)?;
    // Times of a ticket never run back: what says that it happened before what came before it, as imports may, counts as
    // of then.
    let at = event.occurred_at.max(old.since_at);
    let mut new = next(old, row, change, at);
    if new == *old {
        return Ok(());
    }
    new.since_at = at;
    new.known_from = event.recorded_at.max(old.known_from);
    cells::add_change(&mut state.cells, zone, Some(old), &new);
    // What held for no time at all, as within one append, was never there for anybody to see.
    let held = (old.since_at, old.known_from) != (new.since_at, new.known_from);
    let old = state.facts.change(key).ok_or_else(missing)?;
    if !held {
        *old = new;
        return Ok(());
    }
    old.until_at = Some(new.since_at);
    old.known_until = Some(new.known_from);
    new.version = event.version;
    state.facts_now.insert(ticket, new.version);
    state.facts.insert((event.org_id, id, new.version), new);
    Ok(())
}
fn opened(
    org_id: OrganizationId,
    ticket_id: TicketId,
    ticket: &TicketRow,
    event: &Event,
) -> FactsRow {
    FactsRow {
        org_id,
        ticket_id,
        version: event.version,
        number: ticket.number,
        status: ticket.status,
        priority: ticket.priority,
        channel: ticket.channel,
        requester_id: ticket.requester_id,
        agent_id: ticket.assignee_id,
        team_id: ticket.team_id,
        tags: ticket.tags.clone(),
        opened_at: event.occurred_at,
        first_response_at: None,
        first_resolved_at: None,
        resolved_at: None,
        closed_at: None,
        assigned_at: ticket.assignee_id.map(|_| event.occurred_at),
        reopen_count: 0,
        reassign_count: 0,
        since_at: event.occurred_at,
        until_at: None,
        known_from: event.recorded_at,
        known_until: None,
    }
}

/// The facts after an event at `at`, with the version and the times of those before it.
fn next(old: &FactsRow, ticket: &TicketRow, change: &TicketEvent, at: DateTime<Utc>) -> FactsRow {
    let mut new = FactsRow {
        status: ticket.status,
        priority: ticket.priority,
        agent_id: ticket.assignee_id,
        team_id: ticket.team_id,
        tags: ticket.tags.clone(),
        ..old.clone()
    };
    match change {
        TicketEvent::AgentReplied(_) => {
            new.first_response_at = old.first_response_at.or(Some(at));
        }
        TicketEvent::Assigned(assigned) if is_reassignment(assigned) => new.reassign_count += 1,
        _ => {}
    }
    if new.agent_id != old.agent_id {
        new.assigned_at = new.agent_id.map(|_| at);
    }
    if change.status_move().is_some() {
        move_status(&mut new, old, at);
    }
    new
}

/// From one agent or team to another: the first to get it, and nobody, do not count.
fn is_reassignment(assigned: &TicketAssigned) -> bool {
    let (from, to) = (assigned.from, assigned.to);
    let other_agent = from.agent_id.zip(to.agent_id);
    let other_team = from.team_id.zip(to.team_id);
    other_agent.is_some_and(|(from, to)| from != to)
        || other_team.is_some_and(|(from, to)| from != to)
}

/// A ticket that is closed without having been resolved is done as of then.
fn move_status(new: &mut FactsRow, old: &FactsRow, at: DateTime<Utc>) {
    if new.is_done() {
        new.first_resolved_at = old.first_resolved_at.or(Some(at));
        new.resolved_at = old.resolved_at.or(Some(at));
    } else {
        new.resolved_at = None;
        new.reopen_count += i32::from(old.is_done());
    }
    new.closed_at = match new.status {
        Status::Closed => old.closed_at.or(Some(at)),
        _ => None,
    };
}
