//! Tickets: the list and the detail.

use domain::ids::{MessageId, TicketId};
use domain::message::event::MessageEvent;
use domain::sla::clocks::Clocks;
use domain::sla::rule::Rule;
use domain::sla::steps::{self, Step};
use domain::sla::terms::CalendarBook;
use domain::ticket::event::{TicketAssigned, TicketEvent, TicketOpened};
use platform::rows::{TicketRow, TicketWordsRow};

use super::{ApplyError, facts, measures};
use crate::counts::TicketKind;
use crate::event::Event;
use crate::state::State;

/// Applies an event of a ticket's stream, and says what it did to the ticket's clocks.
///
/// # Errors
/// When the ticket was never opened, or its organization never made.
pub fn apply(
    state: &mut State,
    event: &Event,
    id: TicketId,
    change: &TicketEvent,
) -> Result<Vec<Step>, ApplyError> {
    let key = (event.org_id, id);
    if let TicketEvent::Opened(opened) = change {
        return open(state, event, id, change, opened);
    }
    if let TicketEvent::SlaApplied(applied) = change {
        check_calendars(state, event, &applied.rule)?;
    }
    let assignee = match change {
        TicketEvent::Assigned(assigned) => Some(names_of(state, event, assigned)),
        _ => None,
    };
    let row = state
        .tickets
        .change(key)
        .ok_or_else(|| ApplyError::missing(event, "ticket", id))?;
    let kind = TicketKind::of(row);
    let before = row.clocks.0.clone();
    let words = TicketWordsRow::of(row);
    row.evolve(&event.moment(), change);
    if words != TicketWordsRow::of(row) {
        state.reworded.insert(key);
    }
    if let Some(names) = assignee {
        (row.assignee_name, row.team_name) = names;
    }
    let steps = steps_of_clocks(row, &before, change, event, &state.book);
    state.counts.moved(Some(kind), TicketKind::of(row));
    measures::follow(state, event, id, change, &before);
    facts::follow(state, event, id, change, &before)?;
    Ok(steps)
}

/// Shows clocks that changed. A breach is told of its deadline, all else of when it happened.
fn steps_of_clocks(
    row: &mut TicketRow,
    before: &Clocks,
    change: &TicketEvent,
    event: &Event,
    book: &CalendarBook,
) -> Vec<Step> {
    if *before == row.clocks.0 {
        return Vec::new();
    }
    row.show_clocks(book);
    steps::between(before, change, &row.clocks.0, event.occurred_at, book)
}

/// Applies an event of a message to its ticket. The message's own row has been changed before.
///
/// # Errors
/// When the message is not there.
pub fn apply_message(
    state: &mut State,
    event: &Event,
    id: MessageId,
    change: &MessageEvent,
) -> Result<(), ApplyError> {
    let State {
        messages, tickets, ..
    } = state;
    let message = messages
        .get((event.org_id, id))
        .ok_or_else(|| ApplyError::missing(event, "message", id))?;
    // One append may post the message before it opens the ticket: `open` counts it then.
    let Some(row) = tickets.change((event.org_id, message.ticket_id)) else {
        return Ok(());
    };
    row.hear(&event.moment(), message, change);
    Ok(())
}

fn open(
    state: &mut State,
    event: &Event,
    id: TicketId,
    change: &TicketEvent,
    opened: &TicketOpened,
) -> Result<Vec<Step>, ApplyError> {
    let missing = || ApplyError::missing(event, "organization", event.org_id);
    let organization = state
        .organizations
        .change(event.org_id)
        .ok_or_else(missing)?;
    organization.ticket_count += 1;
    let number = organization.ticket_count;
    let requester = state.writer(event.org_id, opened.requester_id);
    let mut row = TicketRow::opened(&event.moment(), id, number, opened, requester);
    let before = Clocks::default();
    let steps = steps_of_clocks(&mut row, &before, change, event, &state.book);
    let first = opened
        .message_id
        .and_then(|message| state.messages.get((event.org_id, message)));
    if let Some(message) = first.filter(|message| message.ticket_id == id) {
        row.count(message);
    }
    state.counts.moved(None, TicketKind::of(&row));
    state.tickets.insert((event.org_id, id), row);
    measures::follow(state, event, id, change, &before);
    facts::follow(state, event, id, change, &before)?;
    Ok(steps)
}

fn names_of(
    state: &State,
    event: &Event,
    assigned: &TicketAssigned,
) -> (Option<String>, Option<String>) {
    (
        assigned
            .to
            .agent_id
            .map(|agent| state.user_name(event.org_id, agent)),
        assigned
            .to
            .team_id
            .map(|team| state.team_name(event.org_id, team)),
    )
}

/// A promise by a calendar that no event made cannot be shown.
fn check_calendars(state: &State, event: &Event, rule: &Rule) -> Result<(), ApplyError> {
    let mut calendars = rule.targets.iter().filter_map(|target| target.calendar);
    match calendars.find(|reference| state.book.get(*reference).is_none()) {
        Some(missing) => Err(ApplyError::missing(event, "calendar", missing.id)),
        None => Ok(()),
    }
}
