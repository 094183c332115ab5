//! What became of each wait that the clocks of a ticket measured, and the sums of that by day.

use domain::ids::{PolicyId, TicketId};
use domain::sla::clocks::Clocks;
use domain::sla::measure::{self, Holder, Measure};
use domain::sla::policy::PolicyRef;
use domain::ticket::event::TicketEvent;
use domain::ticket::state::Channel;
use platform::rows::{SlaMeasureRow, TicketRow};

use crate::event::Event;
use crate::measures::round;
use crate::state::{MeasureKey, State};
use crate::wait_cells;

/// Whether an event changes neither what is promised, nor who has the ticket, nor where it stands: of the clocks only those
/// that wait for a word hear of it.
pub(crate) fn is_word(change: &TicketEvent) -> bool {
    match change {
        TicketEvent::CustomerReplied(_)
        | TicketEvent::AgentReplied(_)
        | TicketEvent::NoteAdded(_)
        | TicketEvent::SubjectChanged(_)
        | TicketEvent::Tagged(_)
        | TicketEvent::Untagged(_)
        | TicketEvent::CustomFieldSet(_)
        | TicketEvent::FollowUpOpened(_)
        | TicketEvent::RemindersSet(_)
        | TicketEvent::Reminded(_) => true,
        TicketEvent::Opened(_)
        | TicketEvent::Assigned(_)
        | TicketEvent::PriorityChanged(_)
        | TicketEvent::StatusChanged(_)
        | TicketEvent::Resolved(_)
        | TicketEvent::Closed(_)
        | TicketEvent::Reopened(_)
        | TicketEvent::SlaBreached(_)
        | TicketEvent::SlaWarned(_)
        | TicketEvent::SlaApplied(_) => false,
    }
}

/// Follows an event that left the ticket's row as it is in `state`. `before` are the clocks before it.
pub(super) fn follow(
    state: &mut State,
    event: &Event,
    id: TicketId,
    change: &TicketEvent,
    before: &Clocks,
) {
    let org = event.org_id;
    let Some(ticket) = state.tickets.get((org, id)) else {
        return;
    };
    // No word that a clock waited for: its waits need not be known.
    if is_word(change) && before.iter().eq(ticket.clocks.0.iter()) {
        return;
    }
    let known = |metric, of_clock| now(state, (org, id, metric, round(of_clock))).map(measure);
    let clocks = &ticket.clocks.0;
    let holder = holder(ticket);
    let changed = measure::between(
        before,
        clocks,
        event.occurred_at,
        holder,
        &state.book,
        known,
    );
    let (number, channel) = (ticket.number, ticket.channel);
    for measure in changed {
        let row = row(number, event, id, &measure);
        put(state, channel, row);
    }
}

/// What is known of a wait.
fn now(state: &State, wait: MeasureKey) -> Option<&SlaMeasureRow> {
    let version = state.measures_now.get(&wait)?;
    state.measures.get((wait, *version))
}

/// Makes this what is known of a wait. What was known of it for any time stays as what was.
fn put(state: &mut State, channel: Channel, mut row: SlaMeasureRow) {
    let wait = (row.org_id, row.ticket_id, row.metric, row.round);
    let old = now(state, wait).cloned();
    let zone = state.zone(row.org_id);
    wait_cells::add_change(&mut state.cells, zone, channel, old.as_ref(), &row);
    if let Some(old) = old {
        // The log's time never runs back within a stream, but for clocks that are set.
        row.known_from = row.known_from.max(old.known_from);
        let is_replaced = row.known_from == old.known_from;
        if let Some(present) = state.measures.change((wait, old.version)) {
            if is_replaced {
                row.version = old.version;
                *present = row;
                return;
            }
            present.known_until = Some(row.known_from);
        }
    }
    state.measures_now.insert(wait, row.version);
    state.measures.insert((wait, row.version), row);
}

fn holder(ticket: &TicketRow) -> Holder {
    Holder {
        priority: ticket.priority,
        team_id: ticket.team_id,
        agent_id: ticket.assignee_id,
    }
}

fn row(number: i64, event: &Event, ticket_id: TicketId, measure: &Measure) -> SlaMeasureRow {
    let policy = measure.policy;
    SlaMeasureRow {
        org_id: event.org_id,
        ticket_id,
        metric: measure.metric,
        round: round(measure.round),
        version: event.version,
        number,
        outcome: measure.outcome,
        policy_id: policy.map(|policy| policy.id),
        // Counted one by one from 1.
        policy_version: policy.map(|policy| i32::try_from(policy.version).unwrap_or(i32::MAX)),
        target_ms: measure.target_ms,
        priority: measure.holder.priority,
        team_id: measure.holder.team_id,
        agent_id: measure.holder.agent_id,
        started_at: measure.started_at,
        counted_at: measure.counted_at,
        ended_at: measure.ended_at,
        used_ms: measure.used_ms,
        known_from: event.recorded_at,
        known_until: None,
    }
}

fn measure(row: &SlaMeasureRow) -> Measure {
    let policy = |id: PolicyId| PolicyRef {
        id,
        version: row
            .policy_version
            .and_then(|version| u32::try_from(version).ok())
            .unwrap_or_default(),
    };
    Measure {
        metric: row.metric,
        round: u32::try_from(row.round).unwrap_or_default(),
        outcome: row.outcome,
        policy: row.policy_id.map(policy),
        target_ms: row.target_ms,
        holder: Holder {
            priority: row.priority,
            team_id: row.team_id,
            agent_id: row.agent_id,
        },
        started_at: row.started_at,
        counted_at: row.counted_at,
        ended_at: row.ended_at,
        used_ms: row.used_ms,
    }
}
