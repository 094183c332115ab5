//! What a command means for what is promised: another promise after it.

use super::{Request, Standing};
use crate::sla::clocks::Clocks;
use crate::sla::policy::TicketFacts;
use crate::sla::rule::Rule;
use crate::sla::targets::{TargetTable, Targets};
use crate::sla::terms::Terms;
use crate::ticket::error::TicketError;
use crate::ticket::event::{SlaCause, TicketEvent, TicketSlaApplied};
use crate::ticket::evolve::evolve_present;
use crate::ticket::state::{PresentTicket, Priority};
use chrono::{DateTime, Utc};

/// The events of a command with what is promised after them, if that changed.
pub(super) fn follow(request: &Request<'_>, mut events: Vec<TicketEvent>) -> Vec<TicketEvent> {
    let (ticket, now, terms) = (request.ticket, request.now, request.terms);
    if ticket.clocks.rule().is_none() {
        return events;
    }
    let is_matched_anew = events.iter().any(changes_what_matches);
    let may_overflow = ticket.clocks.span_count() + 1 >= Clocks::MAX_SPANS;
    if !is_matched_anew && !may_overflow {
        return events;
    }
    let mut after = ticket.clone();
    for event in &events {
        evolve_present(&mut after, event, event.occurred_at(now));
    }
    let settings = &request.settings.sla_targets;
    let comes_back = events
        .iter()
        .any(|event| matches!(event, TicketEvent::Reopened(_)));
    let promised = is_matched_anew.then(|| {
        let promised = if comes_back { differing } else { holding };
        promised(&after, terms, settings)
    });
    let promised = promised.flatten();
    if let Some(rule) = promised {
        events.push(applied(&after, rule, SlaCause::TicketChanged, now, terms));
    } else if let Some(rule) = after.clocks.rule()
        && after.clocks.span_count() >= Clocks::MAX_SPANS
    {
        events.push(applied(
            &after,
            rule.clone(),
            SlaCause::TimeTold,
            now,
            terms,
        ));
    }
    events
}

/// The promise of a ticket that is being opened: as its opening tells it, where it is the settings', else after it.
pub(super) fn promise(
    events: &mut Vec<TicketEvent>,
    ticket: &PresentTicket,
    terms: &Terms,
    settings: &TargetTable,
) {
    let rule = Rule::holding(terms, settings, &facts(ticket, terms));
    if rule.policy.is_some() {
        let applied = TicketSlaApplied {
            rule,
            used: Vec::new(),
            cause: SlaCause::Opened,
        };
        events.push(applied.into());
    } else if let Some(TicketEvent::Opened(opened)) = events.first_mut() {
        opened.sla_targets = Some(settings.of(ticket.priority));
    }
}

/// The settings' targets for a new priority, where they held before and go on to.
pub(crate) fn targets_of(
    ticket: &PresentTicket,
    priority: Priority,
    terms: &Terms,
    settings: &TargetTable,
) -> Option<Targets> {
    let held = ticket.clocks.rule()?;
    let facts = TicketFacts {
        priority,
        ..facts(ticket, terms)
    };
    let holds = Rule::holding(terms, settings, &facts);
    (held.policy.is_none() && holds.policy.is_none()).then(|| settings.of(priority))
}

/// What background work asks for after policies, calendars, settings or the company of a requester changed.
pub(super) fn reapply(request: &Request<'_>) -> Result<Vec<TicketEvent>, TicketError> {
    match request.standing {
        Standing::Timer | Standing::Staff { user: None } => {}
        Standing::Requester | Standing::Staff { user: Some(_) } | Standing::Import => {
            return Err(TicketError::TimerOnly);
        }
    }
    let Request {
        ticket, now, terms, ..
    } = *request;
    if ticket.status.is_done() {
        return Ok(Vec::new());
    }
    let promised = differing(ticket, terms, &request.settings.sla_targets);
    let applied = promised.map(|rule| applied(ticket, rule, SlaCause::RulesChanged, now, terms));
    Ok(applied.into_iter().collect())
}

/// What holds for a ticket that changed, if that is not what it was promised. Changed settings reach a ticket by the
/// background, by another priority, which tells them itself, and when it comes back: other changes of a ticket that is under
/// no policy say nothing about its promise.
pub(crate) fn holding(
    ticket: &PresentTicket,
    terms: &Terms,
    settings: &TargetTable,
) -> Option<Rule> {
    let held = ticket.clocks.rule().and_then(|rule| rule.policy);
    let rule = differing(ticket, terms, settings)?;
    rule.policy.or(held).is_some().then_some(rule)
}

/// What holds for a ticket now, if that is not what it was promised.
pub(crate) fn differing(
    ticket: &PresentTicket,
    terms: &Terms,
    settings: &TargetTable,
) -> Option<Rule> {
    let promised = ticket.clocks.rule()?;
    let rule = Rule::holding(terms, settings, &facts(ticket, terms));
    (*promised != rule).then_some(rule)
}

/// The promise of another rule, with the time that was used by the one before.
pub(crate) fn applied(
    ticket: &PresentTicket,
    rule: Rule,
    cause: SlaCause,
    now: DateTime<Utc>,
    terms: &Terms,
) -> TicketEvent {
    let used = ticket.clocks.used(now, &terms.calendars);
    TicketSlaApplied { rule, used, cause }.into()
}

pub(crate) fn facts<'a>(ticket: &'a PresentTicket, terms: &Terms) -> TicketFacts<'a> {
    TicketFacts {
        priority: ticket.priority,
        channel: ticket.channel,
        team_id: ticket.assignment.team_id,
        tags: &ticket.tags,
        company_id: terms.company_id,
        custom_fields: &ticket.custom_fields,
    }
}

/// What a policy can ask of a ticket; and its coming back, since nothing was seen to while it was done.
pub(crate) fn changes_what_matches(event: &TicketEvent) -> bool {
    match event {
        TicketEvent::Assigned(e) => e.from.team_id != e.to.team_id,
        TicketEvent::PriorityChanged(_)
        | TicketEvent::Tagged(_)
        | TicketEvent::Untagged(_)
        | TicketEvent::CustomFieldSet(_)
        | TicketEvent::Reopened(_) => true,
        TicketEvent::Opened(_)
        | TicketEvent::CustomerReplied(_)
        | TicketEvent::AgentReplied(_)
        | TicketEvent::NoteAdded(_)
        | TicketEvent::SubjectChanged(_)
        | TicketEvent::StatusChanged(_)
        | TicketEvent::Resolved(_)
        | TicketEvent::Closed(_)
        | TicketEvent::FollowUpOpened(_)
        | TicketEvent::RemindersSet(_)
        | TicketEvent::Reminded(_)
        | TicketEvent::SlaBreached(_)
        | TicketEvent::SlaWarned(_)
        | TicketEvent::SlaApplied(_) => false,
    }
}
