//! What a ticket's events mean.

use super::event::{TicketEvent, TicketOpened};
use super::reminders::Reminders;
use super::state::{Assignment, PresentTicket, Resolved, Status, Ticket};
use crate::sla::clocks::Clocks;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// The state after an event that occurred at `at`. An event that its stream cannot begin with leaves an absent ticket
/// absent.
#[must_use]
pub fn evolve(state: Ticket, event: &TicketEvent, at: DateTime<Utc>) -> Ticket {
    match (state, event) {
        (_, TicketEvent::Opened(opened)) => {
            let mut ticket = PresentTicket::opened(opened);
            ticket.clocks.evolve(event, at);
            Ticket::Present(Box::new(ticket))
        }
        (Ticket::Absent, _) => Ticket::Absent,
        (Ticket::Present(mut ticket), _) => {
            evolve_present(&mut ticket, event, at);
            Ticket::Present(ticket)
        }
    }
}

impl PresentTicket {
    /// A ticket as it starts, before its clocks do.
    pub(crate) fn opened(opened: &TicketOpened) -> Self {
        Self {
            subject: opened.subject.clone(),
            requester_id: opened.requester_id,
            priority: opened.priority,
            channel: opened.channel,
            status: Status::New,
            assignment: Assignment::default(),
            tags: BTreeSet::new(),
            custom_fields: BTreeMap::new(),
            follow_up_of: opened.follow_up_of,
            follow_ups: Vec::new(),
            external: opened.external.clone(),
            resolved: None,
            closed_at: None,
            reminders: Reminders::default(),
            clocks: Clocks::default(),
            first_message_id: opened.message_id,
        }
    }
}

/// Takes a later event in. A second opening, which no command yields, changes nothing.
pub(crate) fn evolve_present(ticket: &mut PresentTicket, event: &TicketEvent, at: DateTime<Utc>) {
    match event {
        TicketEvent::Opened(_) => return,
        TicketEvent::CustomerReplied(_)
        | TicketEvent::AgentReplied(_)
        | TicketEvent::NoteAdded(_)
        | TicketEvent::RemindersSet(_)
        | TicketEvent::Reminded(_)
        | TicketEvent::SlaBreached(_)
        | TicketEvent::SlaWarned(_)
        | TicketEvent::SlaApplied(_) => {}
        TicketEvent::Assigned(e) => ticket.assignment = e.to,
        TicketEvent::PriorityChanged(e) => ticket.priority = e.to,
        TicketEvent::SubjectChanged(e) => ticket.subject = e.to.clone(),
        TicketEvent::StatusChanged(e) => ticket.status = e.to,
        TicketEvent::Resolved(e) => {
            ticket.status = Status::Resolved;
            ticket.resolved = Some(Resolved {
                at,
                auto_close_at: e.auto_close_at,
            });
            ticket.closed_at = None;
        }
        TicketEvent::Closed(_) => {
            ticket.status = Status::Closed;
            ticket.resolved = None;
            ticket.closed_at = Some(at);
        }
        TicketEvent::Reopened(e) => {
            ticket.status = e.to;
            ticket.resolved = None;
            ticket.closed_at = None;
        }
        TicketEvent::Tagged(e) => {
            ticket.tags.insert(e.tag.clone());
        }
        TicketEvent::Untagged(e) => {
            ticket.tags.remove(&e.tag);
        }
        TicketEvent::CustomFieldSet(e) => match &e.to {
            Some(value) => {
                ticket.custom_fields.insert(e.key.clone(), value.clone());
            }
            None => {
                ticket.custom_fields.remove(&e.key);
            }
        },
        TicketEvent::FollowUpOpened(e) => ticket.follow_ups.push(e.follow_up_id),
    }
    ticket.reminders.evolve(event);
    ticket.clocks.evolve(event, at);
}
