//! What a ticket's commands may do.
//!
//! Each file below has one group of commands. They all see a [`Request`]: the ticket, in what standing the actor comes to
//! it, and when.

mod conversation;
mod open;
mod properties;
pub(crate) mod service_levels;
mod status;
mod timers;
mod warnings;

use super::command::TicketCommand;
use super::error::TicketError;
use super::event::TicketEvent;
use super::evolve::evolve_present;
use super::state::{PresentTicket, Status, Ticket};
use crate::actor::{Actor, Role};
use crate::command::Issued;
use crate::ids::{TicketId, UserId};
use crate::organization::settings::Settings;
use crate::sla::terms::Terms;
use chrono::{DateTime, Utc};

/// The events that a command yields; none when it changes nothing.
///
/// A deadline that passed before the command, and whose breach is not recorded yet, is recorded first, and so are warnings
/// that were due, with what they change: a stream never goes on past a missed deadline, however late its timer runs. The
/// command is then decided on the ticket as it is after that.
///
/// # Errors
/// When the command is refused.
pub fn decide(
    state: &Ticket,
    id: TicketId,
    issued: &Issued<TicketCommand>,
) -> Result<Vec<TicketEvent>, TicketError> {
    match (state, &issued.command) {
        (Ticket::Absent, TicketCommand::Open(open)) => open::open(id, issued, open),
        (Ticket::Absent, _) => Err(TicketError::NotFound),
        (Ticket::Present(_), TicketCommand::Open(_)) => Err(TicketError::AlreadyExists),
        (Ticket::Present(ticket), command) => {
            let request = Request {
                id,
                ticket,
                standing: standing(&issued.actor, ticket, command)?,
                now: issued.now,
                settings: &issued.settings,
                terms: &issued.terms,
            };
            decide_after_what_was_due(&request, command)
        }
    }
}

/// One that changes nothing records nothing.
fn decide_after_what_was_due(
    request: &Request<'_>,
    command: &TicketCommand,
) -> Result<Vec<TicketEvent>, TicketError> {
    let mut events = match command {
        // Its own answer is what is due.
        TicketCommand::Breach { .. } => Vec::new(),
        _ => warnings::due(request, |_| true, |due_at| due_at < request.now),
    };
    let decided = if events.is_empty() {
        decide_present(request, command)?
    } else {
        let mut ticket = request.ticket.clone();
        for event in &events {
            evolve_present(&mut ticket, event, event.occurred_at(request.now));
        }
        let after = Request {
            ticket: &ticket,
            ..*request
        };
        decide_present(&after, command)?
    };
    if decided.is_empty() {
        return Ok(decided);
    }
    events.extend(decided);
    Ok(service_levels::follow(request, events))
}

/// A colleague answers in the requester's place, and may do nothing else.
fn standing(
    actor: &Actor,
    ticket: &PresentTicket,
    command: &TicketCommand,
) -> Result<Standing, TicketError> {
    let is_colleague = matches!(command, TicketCommand::ReplyForColleague { .. });
    let requester_id = actor.user_id().filter(|_| is_colleague);
    Standing::of(actor, requester_id.unwrap_or(ticket.requester_id))
}

fn decide_present(
    request: &Request<'_>,
    command: &TicketCommand,
) -> Result<Vec<TicketEvent>, TicketError> {
    match command {
        TicketCommand::Open(_) => Err(TicketError::AlreadyExists),
        TicketCommand::Reply { message_id } | TicketCommand::ReplyForColleague { message_id } => {
            conversation::reply(request, *message_id)
        }
        TicketCommand::AddNote { message_id } => conversation::add_note(request, *message_id),
        TicketCommand::LinkFollowUp { ticket_id } => {
            conversation::link_follow_up(request, *ticket_id)
        }
        TicketCommand::Assign(assignment) => properties::assign(request, *assignment),
        TicketCommand::ChangePriority(priority) => properties::change_priority(request, *priority),
        TicketCommand::ChangeSubject(subject) => properties::change_subject(request, subject),
        TicketCommand::Tag(tag) => properties::tag(request, tag),
        TicketCommand::Untag(tag) => properties::untag(request, tag),
        TicketCommand::SetCustomField { key, value } => {
            properties::set_custom_field(request, key, value.as_ref())
        }
        TicketCommand::SetStatus(status) => status::set(request, *status),
        TicketCommand::Resolve => status::resolve(request),
        TicketCommand::Close => status::close(request),
        TicketCommand::Reopen { reason } => status::reopen(request, reason.as_ref()),
        TicketCommand::ReapplySla => service_levels::reapply(request),
        TicketCommand::ImportStatus(status) => status::import(request, *status),
        TicketCommand::Breach { metric, due_at } => timers::clock_due(request, *metric, *due_at),
        TicketCommand::AutoClose { due_at } => timers::auto_close(request, *due_at),
        TicketCommand::Remind { due_at } => timers::remind(request, *due_at),
    }
}

/// A command to a ticket that exists.
#[derive(Clone, Copy)]
struct Request<'a> {
    id: TicketId,
    ticket: &'a PresentTicket,
    standing: Standing,
    now: DateTime<Utc>,
    settings: &'a Settings,
    terms: &'a Terms,
}

impl Request<'_> {
    /// Passes for staff and imports. A closed ticket stays as it is for staff; an import's history is fact.
    fn may_change(&self, what: &'static str) -> Result<(), TicketError> {
        match self.standing {
            Standing::Import => Ok(()),
            Standing::Staff { .. } if self.ticket.status == Status::Closed => {
                Err(TicketError::Closed)
            }
            Standing::Staff { .. } => Ok(()),
            Standing::Requester | Standing::Timer => Err(TicketError::StaffOnly { what }),
        }
    }

    /// Passes for staff, and says which person it is; the operator is none.
    fn staff(&self, what: &'static str) -> Result<Option<UserId>, TicketError> {
        match self.standing {
            Standing::Staff { user } => Ok(user),
            Standing::Requester | Standing::Import | Standing::Timer => {
                Err(TicketError::StaffOnly { what })
            }
        }
    }
}

/// How an actor stands to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The customer whose ticket it is.
    Requester,
    /// An agent, a lead, an admin, or the operator, who is no user.
    Staff { user: Option<UserId> },
    /// Another system's history.
    Import,
    /// InsightDesk itself.
    Timer,
}

impl Standing {
    /// For a customer whose ticket it is not, and for who has nothing to do with tickets, there is no ticket.
    fn of(actor: &Actor, requester_id: UserId) -> Result<Self, TicketError> {
        match actor {
            Actor::User {
                id,
                role: Role::Customer,
            } if *id == requester_id => Ok(Self::Requester),
            Actor::User {
                role: Role::Customer,
                ..
            } => Err(TicketError::NotFound),
            Actor::User {
                id,
                role: Role::Agent | Role::Lead | Role::Admin,
            } => Ok(Self::Staff { user: Some(*id) }),
            Actor::Operator => Ok(Self::Staff { user: None }),
            Actor::Import { .. } => Ok(Self::Import),
            Actor::Timer => Ok(Self::Timer),
            Actor::Identity => Err(TicketError::NotFound),
        }
    }
}
