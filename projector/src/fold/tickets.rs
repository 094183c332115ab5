//! Tickets: the list and the detail.

use domain::ids::{MessageId, TicketId};
use domain::message::event::MessageEvent;
use domain::message::state::Visibility;
use domain::sla::clock::{Clock, Phase};
use domain::sla::clocks::Clocks;
use domain::sla::rule::Rule;
use domain::sla::steps::{self, Step};
use domain::sla::terms::CalendarBook;
use domain::ticket::event::{TicketAssigned, TicketCustomFieldSet, TicketEvent, TicketOpened};
use domain::ticket::state::Status;
use platform::rows::{ClockState, MessageRow, ShownClock, ShownClocks, TicketRow};
use tokio_postgres::types::Json;

use super::{ApplyError, history, measures};
use crate::event::Event;
use crate::state::State;

/// How much of the newest public message a list shows, in characters.
pub const EXCERPT_CHARS: usize = 200;

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
        return open(state, event, id, opened);
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
    match change {
        TicketEvent::Assigned(assigned) => {
            row.assignee_id = assigned.to.agent_id;
            row.team_id = assigned.to.team_id;
            (row.assignee_name, row.team_name) = assignee.unwrap_or_default();
        }
        TicketEvent::PriorityChanged(changed) => row.priority = changed.to,
        TicketEvent::SubjectChanged(changed) => row.subject = changed.to.to_string(),
        TicketEvent::StatusChanged(_)
        | TicketEvent::Resolved(_)
        | TicketEvent::Closed(_)
        | TicketEvent::Reopened(_) => move_status(row, event, change),
        TicketEvent::Tagged(tagged) => {
            if let Err(place) = row
                .tags
                .binary_search_by(|tag| tag.as_str().cmp(tagged.tag.as_str()))
            {
                row.tags.insert(place, tagged.tag.to_string());
            }
        }
        TicketEvent::Untagged(untagged) => row.tags.retain(|tag| tag != untagged.tag.as_str()),
        TicketEvent::CustomFieldSet(set) => set_field(row, set),
        TicketEvent::FollowUpOpened(follow_up) => row.follow_up_ids.push(follow_up.follow_up_id),
        // Messages count in `apply_message`; the clocks below hear of every event.
        TicketEvent::Opened(_)
        | TicketEvent::CustomerReplied(_)
        | TicketEvent::AgentReplied(_)
        | TicketEvent::NoteAdded(_)
        | TicketEvent::RemindersSet(_)
        | TicketEvent::Reminded(_)
        | TicketEvent::SlaBreached(_)
        | TicketEvent::SlaWarned(_)
        | TicketEvent::SlaApplied(_) => {}
    }
    let before = row.clocks.0.clone();
    let steps = evolve_clocks(row, &before, change, event, &state.book);
    row.version = event.version;
    touch(row, event, history::is_public(change));
    measures::follow(state, event.org_id, id, &before, event.occurred_at);
    Ok(steps)
}

/// A breach is told of its deadline, all else of when it happened.
fn evolve_clocks(
    row: &mut TicketRow,
    before: &Clocks,
    change: &TicketEvent,
    event: &Event,
    book: &CalendarBook,
) -> Vec<Step> {
    let at = event.occurred_at;
    row.clocks.0.evolve(change, at);
    if *before == row.clocks.0 {
        return Vec::new();
    }
    show_clocks(row, book);
    steps::between(before, change, &row.clocks.0, at, book)
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
    let message = state.messages.get((event.org_id, id));
    let message = message
        .ok_or_else(|| ApplyError::missing(event, "message", id))?
        .clone();
    // One append may post the message before it opens the ticket: `open` counts it then.
    let Some(row) = state.tickets.change((event.org_id, message.ticket_id)) else {
        return Ok(());
    };
    match change {
        MessageEvent::Posted(_) => count(row, &message),
        MessageEvent::Edited(_) | MessageEvent::Redacted(_) if row.last_message_id == Some(id) => {
            row.last_message_excerpt = excerpt(&message);
        }
        MessageEvent::Edited(_) | MessageEvent::Redacted(_) => {}
    }
    touch(row, event, message.visibility == Visibility::Public);
    Ok(())
}

fn open(
    state: &mut State,
    event: &Event,
    id: TicketId,
    opened: &TicketOpened,
) -> Result<Vec<Step>, ApplyError> {
    let missing = || ApplyError::missing(event, "organization", event.org_id);
    let organization = state
        .organizations
        .change(event.org_id)
        .ok_or_else(missing)?;
    organization.ticket_count += 1;
    let number = organization.ticket_count;
    let mut row = opened_row(event, id, opened, number);
    row.requester_name = state.user_name(event.org_id, opened.requester_id);
    let change = TicketEvent::Opened(opened.clone());
    let before = Clocks::default();
    let steps = evolve_clocks(&mut row, &before, &change, event, &state.book);
    let first = opened
        .message_id
        .and_then(|message| state.messages.get((event.org_id, message)));
    if let Some(message) = first.filter(|message| message.ticket_id == id) {
        count(&mut row, message);
    }
    state.tickets.insert((event.org_id, id), row);
    measures::follow(state, event.org_id, id, &before, event.occurred_at);
    Ok(steps)
}

fn opened_row(event: &Event, id: TicketId, opened: &TicketOpened, number: i64) -> TicketRow {
    TicketRow {
        org_id: event.org_id,
        ticket_id: id,
        number,
        subject: opened.subject.to_string(),
        status: Status::New,
        priority: opened.priority,
        channel: opened.channel,
        requester_id: opened.requester_id,
        requester_name: String::new(),
        assignee_id: None,
        assignee_name: None,
        team_id: None,
        team_name: None,
        tags: Vec::new(),
        custom_fields: Json(std::collections::BTreeMap::new()),
        follow_up_of: opened.follow_up_of,
        follow_up_ids: Vec::new(),
        external_source: opened
            .external
            .as_ref()
            .map(|external| external.source.clone()),
        external_id: opened.external.as_ref().map(|external| external.id.clone()),
        public_message_count: 0,
        note_count: 0,
        last_message_id: None,
        last_message_at: None,
        last_message_author_id: None,
        last_message_author_name: None,
        last_message_excerpt: None,
        reopen_count: 0,
        created_at: event.occurred_at,
        updated_at: event.occurred_at,
        public_updated_at: event.occurred_at,
        resolved_at: None,
        closed_at: None,
        auto_close_at: None,
        sla: Json(ShownClocks::new()),
        next_deadline_at: None,
        clocks: Json(Clocks::default()),
        version: event.version,
        position: event.position,
    }
}

fn set_field(row: &mut TicketRow, set: &TicketCustomFieldSet) {
    let fields = &mut row.custom_fields.0;
    match &set.to {
        Some(value) => fields.insert(set.key.clone(), value.clone()),
        None => fields.remove(&set.key),
    };
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

fn move_status(row: &mut TicketRow, event: &Event, change: &TicketEvent) {
    let Some((_, to, _)) = change.status_move() else {
        return;
    };
    row.status = to;
    row.auto_close_at = None;
    match to {
        Status::Resolved => {
            row.resolved_at = Some(event.occurred_at);
            row.closed_at = None;
        }
        Status::Closed => row.closed_at = Some(event.occurred_at),
        Status::New | Status::Open | Status::Pending | Status::OnHold => {
            row.resolved_at = None;
            row.closed_at = None;
        }
    }
    if let TicketEvent::Resolved(resolved) = change {
        row.auto_close_at = resolved.auto_close_at;
    }
    if let TicketEvent::Reopened(_) = change {
        row.reopen_count += 1;
    }
}

fn count(row: &mut TicketRow, message: &MessageRow) {
    if message.visibility == Visibility::Internal {
        row.note_count += 1;
        return;
    }
    row.public_message_count += 1;
    row.last_message_id = Some(message.message_id);
    row.last_message_at = Some(message.created_at);
    row.last_message_author_id = Some(message.author_id);
    row.last_message_author_name = Some(message.author_name.clone());
    row.last_message_excerpt = excerpt(message);
}

fn excerpt(message: &MessageRow) -> Option<String> {
    let body = message.body.as_ref()?;
    Some(body.chars().take(EXCERPT_CHARS).collect())
}

/// Notes that the row shows this event. Business time may run backwards (an import, a breach noticed late): the times
/// keep the latest.
fn touch(row: &mut TicketRow, event: &Event, public: bool) {
    row.updated_at = row.updated_at.max(event.occurred_at);
    if public {
        row.public_updated_at = row.public_updated_at.max(event.occurred_at);
    }
    row.position = event.position;
}

/// A promise by a calendar that no event made cannot be shown.
fn check_calendars(state: &State, event: &Event, rule: &Rule) -> Result<(), ApplyError> {
    let mut calendars = rule.targets.iter().filter_map(|target| target.calendar);
    match calendars.find(|reference| state.book.get(*reference).is_none()) {
        Some(missing) => Err(ApplyError::missing(event, "calendar", missing.id)),
        None => Ok(()),
    }
}

fn show_clocks(row: &mut TicketRow, book: &CalendarBook) {
    let clocks = &row.clocks.0;
    let shown = clocks
        .iter()
        .filter_map(|clock| Some((clock.metric, shown(clock, book)?)));
    row.sla = Json(shown.collect());
    row.next_deadline_at = clocks.next_deadline(book);
}

/// What a clock shows; nothing before it began, and where nothing is promised.
fn shown(clock: &Clock, book: &CalendarBook) -> Option<ShownClock> {
    let (state, ended_at) = match clock.phase {
        Phase::Idle => return None,
        Phase::Running { .. } => (ClockState::Running, None),
        Phase::Paused => (ClockState::Paused, None),
        Phase::Met { at } => (ClockState::Met, Some(at)),
        Phase::Cancelled { at } => (ClockState::Cancelled, Some(at)),
    };
    Some(ShownClock {
        state,
        due_at: clock.due_at(book),
        ended_at,
        breached_at: clock.breached_at,
    })
}
