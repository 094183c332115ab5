//! Opening a ticket.

use super::{Request, Standing, properties, service_levels};
use crate::command::Issued;
use crate::ids::TicketId;
use crate::text::{FieldKey, Tag};
use crate::ticket::command::{OpenTicket, TicketCommand};
use crate::ticket::error::TicketError;
use crate::ticket::event::{TicketEvent, TicketOpened};
use crate::ticket::evolve::evolve_present;
use crate::ticket::field::FieldValue;
use crate::ticket::state::{Assignment, PresentTicket};

/// `ticket.opened`, then what a ticket may come with, in the same events as if it had come later.
pub(super) fn open(
    id: TicketId,
    issued: &Issued<TicketCommand>,
    open: &OpenTicket,
) -> Result<Vec<TicketEvent>, TicketError> {
    let standing =
        Standing::of(&issued.actor, open.requester_id).map_err(|_| TicketError::OwnTicketsOnly)?;
    check(id, standing, open)?;

    let opened = TicketOpened {
        subject: open.subject.clone(),
        requester_id: open.requester_id,
        priority: open.priority,
        channel: open.channel,
        message_id: open.message_id,
        follow_up_of: open.follow_up_of,
        external: open.external.clone(),
        sla_targets: None,
    };
    let mut ticket = PresentTicket::opened(&opened);
    let mut events = vec![TicketEvent::from(opened)];

    for step in steps(open) {
        let request = Request {
            id,
            ticket: &ticket,
            standing,
            now: issued.now,
            settings: &issued.settings,
            terms: &issued.terms,
        };
        let new = step.decide(&request)?;
        for event in &new {
            evolve_present(&mut ticket, event, issued.now);
        }
        events.extend(new);
    }
    if standing != Standing::Import {
        let (terms, settings) = (&issued.terms, &issued.settings.sla_targets);
        service_levels::promise(&mut events, &ticket, terms, settings);
    }
    Ok(events)
}

fn check(id: TicketId, standing: Standing, open: &OpenTicket) -> Result<(), TicketError> {
    match standing {
        Standing::Timer => {
            return Err(TicketError::StaffOnly {
                what: "open a ticket for a customer",
            });
        }
        // A follow-up stays with the team of the ticket that it continues.
        Standing::Requester
            if open.assignment.agent_id.is_some()
                || open.assignment.team_id.is_some() && open.follow_up_of.is_none() =>
        {
            return Err(TicketError::StaffOnly {
                what: "assign a ticket",
            });
        }
        Standing::Requester | Standing::Staff { .. } if open.external.is_some() => {
            return Err(TicketError::ImportOnly {
                what: "name another system's ticket",
            });
        }
        Standing::Requester | Standing::Staff { .. } | Standing::Import => {}
    }
    if open.follow_up_of == Some(id) {
        return Err(TicketError::FollowUpOfItself);
    }
    Ok(())
}

/// One thing that a ticket may come with.
enum Step<'a> {
    Tag(&'a Tag),
    CustomField(&'a FieldKey, &'a FieldValue),
    Assign(Assignment),
}

fn steps(open: &OpenTicket) -> impl Iterator<Item = Step<'_>> {
    let tags = open.tags.iter().map(Step::Tag);
    let fields = open
        .custom_fields
        .iter()
        .map(|(key, value)| Step::CustomField(key, value));
    let assignment =
        (open.assignment != Assignment::default()).then_some(Step::Assign(open.assignment));
    tags.chain(fields).chain(assignment)
}

impl Step<'_> {
    /// Who opens may fill the form in, as `check` allows them, so standing is not asked again here.
    fn decide(&self, request: &Request<'_>) -> Result<Vec<TicketEvent>, TicketError> {
        match self {
            Self::Tag(tag) => properties::add_tag(request, tag),
            Self::CustomField(key, value) => {
                properties::put_custom_field(request, key, Some(value))
            }
            Self::Assign(assignment) => properties::give(request, *assignment),
        }
    }
}
