//! What became of each wait that the clocks of a ticket measured, and the sums of that by day.

use chrono::{DateTime, Utc};
use domain::ids::{OrganizationId, PolicyId, TicketId};
use domain::sla::clocks::Clocks;
use domain::sla::measure::{self, Holder, Measure};
use domain::sla::policy::PolicyRef;
use domain::ticket::event::TicketEvent;
use platform::rows::{SlaMeasureRow, TicketRow};

use crate::measures::round;
use crate::state::State;
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

/// Follows an event at `at` that left the ticket's row as it is in `state`. `before` are the clocks before it.
pub(super) fn follow(
    state: &mut State,
    org: OrganizationId,
    id: TicketId,
    change: &TicketEvent,
    before: &Clocks,
    at: DateTime<Utc>,
) {
    let Some(ticket) = state.tickets.get((org, id)) else {
        return;
    };
    // No word that a clock waited for: its waits need not be known.
    if is_word(change) && before.iter().eq(ticket.clocks.0.iter()) {
        return;
    }
    let known = |metric, of_clock| {
        let row = state.measures.get((org, id, metric, round(of_clock)));
        row.map(measure)
    };
    let clocks = &ticket.clocks.0;
    let changed = measure::between(before, clocks, at, holder(ticket), &state.book, known);
    let (number, channel, zone) = (ticket.number, ticket.channel, state.zone(org));
    for measure in changed {
        let row = row(org, id, number, &measure);
        let key = (org, id, row.metric, row.round);
        let old = state.measures.get(key);
        wait_cells::add_change(&mut state.cells, zone, channel, old, &row);
        match state.measures.change(key) {
            Some(present) => *present = row,
            None => state.measures.insert(key, row),
        }
    }
}

fn holder(ticket: &TicketRow) -> Holder {
    Holder {
        priority: ticket.priority,
        team_id: ticket.team_id,
        agent_id: ticket.assignee_id,
    }
}

fn row(
    org_id: OrganizationId,
    ticket_id: TicketId,
    number: i64,
    measure: &Measure,
) -> SlaMeasureRow {
    let policy = measure.policy;
    SlaMeasureRow {
        org_id,
        ticket_id,
        metric: measure.metric,
        round: round(measure.round),
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
