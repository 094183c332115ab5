//! What was due before a command: deadlines that were missed, and warnings with what they change.
//!
//! Warnings cannot start each other. What is due is read off the clocks once, before anything is given; what a warning changes
//! is not looked at for further ones in the same decision, and a clock comes to each threshold once each time it is begun.

use super::properties;
use super::{Request, Standing};
use crate::sla::Metric;
use crate::sla::warning::{Action, DueWarning, Effect, Recipients};
use crate::text::EventName;
use crate::ticket::event::{SlaWarned, TicketEvent};
use crate::ticket::evolve::evolve_present;
use crate::ticket::state::{Assignment, PresentTicket, Priority};
use chrono::{DateTime, Utc};

/// The events that were due of the clocks that `is_asked` names: breaches, each at its deadline, then warnings, each followed
/// by what it changes.
pub(super) fn due(
    request: &Request<'_>,
    is_asked: impl Fn(Metric) -> bool,
    is_due: impl Fn(DateTime<Utc>) -> bool,
) -> Vec<TicketEvent> {
    let (clocks, now, book) = (
        &request.ticket.clocks,
        request.now,
        &request.terms.calendars,
    );
    let breaches = clocks.due_breaches(now, &is_due, book);
    let mut events: Vec<TicketEvent> = breaches
        .into_iter()
        .filter(|breach| is_asked(breach.metric))
        .map(TicketEvent::from)
        .collect();
    let mut warnings = clocks.due_warnings(is_due, book);
    warnings.retain(|warning| is_asked(warning.metric));
    if warnings.is_empty() {
        return events;
    }
    let mut ticket = request.ticket.clone();
    for warning in &warnings {
        let given = give(request, &ticket, warning);
        for event in &given {
            evolve_present(&mut ticket, event, now);
        }
        events.extend(given);
    }
    events
}

/// A warning, and what it changes.
fn give(request: &Request<'_>, ticket: &PresentTicket, due: &DueWarning) -> Vec<TicketEvent> {
    let mut after = ticket.clone();
    let mut changed = Vec::new();
    let mut effects = Vec::new();
    for action in &due.warning.actions {
        if let Some((effect, event)) = effect(request, &after, action) {
            evolve_present(&mut after, &event, request.now);
            effects.push(effect);
            changed.push(event);
        }
    }
    let warned = SlaWarned {
        metric: due.metric,
        threshold: due.warning.threshold,
        due_at: due.due_at,
        lateness_ms: (request.now - due.due_at).num_milliseconds(),
        deadline_at: due.deadline_at,
        policy: due.policy,
        notify: recipients(&due.warning.actions, ticket, &after),
        events: names(&due.warning.actions),
        effects,
    };
    std::iter::once(warned.into()).chain(changed).collect()
}

/// What an action changes; none when it is so already, or cannot be.
fn effect(
    request: &Request<'_>,
    ticket: &PresentTicket,
    action: &Action,
) -> Option<(Effect, TicketEvent)> {
    let request = Request {
        ticket,
        standing: Standing::Timer,
        ..*request
    };
    let (effect, events) = match action {
        Action::NotifyAssignee
        | Action::NotifyTeam
        | Action::NotifyAddress { .. }
        | Action::EmitEvent { .. } => return None,
        Action::RaisePriority { to } => {
            let to = to.map_or_else(|| next(ticket.priority), Some)?;
            let is_raised = to > ticket.priority;
            let raised = is_raised.then(|| properties::put_priority(&request, to));
            (Effect::PriorityRaised, raised?)
        }
        Action::AssignTeam { team_id } => {
            if ticket.assignment.team_id == Some(*team_id) {
                return None;
            }
            let to = Assignment {
                agent_id: None,
                team_id: Some(*team_id),
            };
            let given = properties::give(&request, to).unwrap_or_default();
            (Effect::TeamAssigned, given)
        }
        Action::AddTag { tag } => {
            let tagged = properties::add_tag(&request, tag).unwrap_or_default();
            (Effect::Tagged, tagged)
        }
    };
    // Each of these yields one event at most: a team alone never moves the status.
    events.into_iter().next().map(|event| (effect, event))
}

fn next(priority: Priority) -> Option<Priority> {
    let mut all = Priority::ALL.into_iter();
    all.find(|higher| *higher > priority)
}

fn recipients(actions: &[Action], before: &PresentTicket, after: &PresentTicket) -> Recipients {
    let mut recipients = Recipients::default();
    for action in actions {
        match action {
            Action::NotifyAssignee => recipients.assignee_id = before.assignment.agent_id,
            Action::NotifyTeam => recipients.team_id = after.assignment.team_id,
            Action::NotifyAddress { address } if !recipients.addresses.contains(address) => {
                recipients.addresses.push(address.clone());
            }
            Action::NotifyAddress { .. }
            | Action::RaisePriority { .. }
            | Action::AssignTeam { .. }
            | Action::AddTag { .. }
            | Action::EmitEvent { .. } => {}
        }
    }
    recipients
}

fn names(actions: &[Action]) -> Vec<EventName> {
    let mut names = Vec::new();
    for action in actions {
        if let Action::EmitEvent { event } = action
            && !names.contains(event)
        {
            names.push(event.clone());
        }
    }
    names
}
