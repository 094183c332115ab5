//! What happens to a ticket next.

use crate::chance::Chance;
use crate::policies;
use anyhow::Result;
use chrono::{DateTime, Utc};
use domain::actor::{Actor, Role};
use domain::ids::{MessageId, UserId};
use domain::text::Subject;
use domain::ticket::command::{OpenTicket, TicketCommand};
use domain::ticket::state::{Assignment, ExternalReference, PresentTicket, Priority, Status};
use uuid::Uuid;

const REQUESTER: UserId = UserId(Uuid::from_u128(0xc1));
const AGENT: UserId = UserId(Uuid::from_u128(0xa1));
const MACHINE: UserId = UserId(Uuid::from_u128(0xb0));

/// Somebody wants something of a ticket.
pub struct Deed {
    /// Who.
    pub actor: Actor,
    /// Whether a program of the organization does it.
    pub is_machine: bool,
    /// What.
    pub command: TicketCommand,
}

fn by(actor: Actor, command: TicketCommand) -> Deed {
    Deed {
        actor,
        is_machine: false,
        command,
    }
}

fn requester() -> Actor {
    Actor::User {
        id: REQUESTER,
        role: Role::Customer,
    }
}

fn agent() -> Actor {
    Actor::User {
        id: AGENT,
        role: Role::Agent,
    }
}

fn import() -> Actor {
    Actor::Import {
        source: "oracle".to_owned(),
        by: None,
    }
}

/// A ticket is opened: by its requester, by staff, or by an import.
///
/// # Errors
/// Never: its words are words of the domain.
pub fn opening(chance: &mut Chance) -> Result<Deed> {
    let actor = match chance.number(0, 9) {
        0 => import(),
        1 | 2 => agent(),
        _ => requester(),
    };
    let is_staff = actor == agent();
    let mut open = OpenTicket {
        subject: Subject::parse("Anything")?,
        requester_id: REQUESTER,
        priority: chance.one_of(&Priority::ALL),
        channel: chance.one_of(&policies::CHANNELS),
        message_id: Some(message(chance)),
        tags: Vec::new(),
        custom_fields: Vec::new(),
        assignment: Assignment::default(),
        follow_up_of: None,
        external: None,
    };
    if actor.is_import() {
        open.external = Some(ExternalReference {
            source: "oracle".to_owned(),
            id: chance.id().to_string(),
        });
    }
    if chance.percent(30) {
        open.tags = chance.some_of(&policies::tags()?);
    }
    if chance.percent(30) {
        let (key, _, values) = chance.one_of(&policies::fields()?);
        open.custom_fields = vec![(key, chance.one_of(&values))];
    }
    if is_staff && chance.percent(50) {
        open.assignment = assignment(chance);
    }
    Ok(by(actor, TicketCommand::Open(open)))
}

fn message(chance: &mut Chance) -> MessageId {
    MessageId(chance.id())
}

fn assignment(chance: &mut Chance) -> Assignment {
    Assignment {
        agent_id: chance.percent(60).then_some(AGENT),
        team_id: chance
            .percent(70)
            .then(|| chance.one_of(&policies::teams())),
    }
}

/// The requester's turn, then the support team's.
#[must_use]
pub fn to_and_fro(ticket: &PresentTicket) -> Deed {
    let command = match ticket.status {
        Status::Pending => TicketCommand::SetStatus(Status::Open),
        Status::Resolved | Status::Closed => TicketCommand::Reopen { reason: None },
        Status::New | Status::Open | Status::OnHold => TicketCommand::SetStatus(Status::Pending),
    };
    by(agent(), command)
}

/// What happens next to a ticket. Much of it may be refused, as in life.
///
/// # Errors
/// Never: its words are words of the domain.
pub fn next(chance: &mut Chance, ticket: &PresentTicket, now: DateTime<Utc>) -> Result<Deed> {
    let auto_close_at = ticket.resolved.and_then(|resolved| resolved.auto_close_at);
    if let Some(due_at) = auto_close_at.filter(|due_at| *due_at <= now) {
        return Ok(by(Actor::Timer, TicketCommand::AutoClose { due_at }));
    }
    if ticket.status.is_done() && chance.percent(40) {
        return Ok(by(agent(), TicketCommand::Reopen { reason: None }));
    }
    let reply = TicketCommand::Reply {
        message_id: message(chance),
    };
    Ok(match chance.number(0, 99) {
        0..=13 => by(requester(), reply),
        14..=25 => by(agent(), reply),
        26..=29 => Deed {
            actor: Actor::User {
                id: MACHINE,
                role: Role::Agent,
            },
            is_machine: true,
            command: reply,
        },
        30..=33 => {
            let message_id = message(chance);
            by(agent(), TicketCommand::AddNote { message_id })
        }
        34..=54 => {
            let status = chance.one_of(&[Status::Open, Status::Pending, Status::OnHold]);
            by(agent(), TicketCommand::SetStatus(status))
        }
        55..=62 => by(agent(), TicketCommand::Resolve),
        63 => by(agent(), TicketCommand::Close),
        64..=69 => {
            let priority = chance.one_of(&Priority::ALL);
            by(agent(), TicketCommand::ChangePriority(priority))
        }
        70..=74 => by(agent(), TicketCommand::Assign(assignment(chance))),
        75..=78 => by(
            agent(),
            TicketCommand::Tag(chance.one_of(&policies::tags()?)),
        ),
        79..=81 => by(
            agent(),
            TicketCommand::Untag(chance.one_of(&policies::tags()?)),
        ),
        82..=86 => {
            let (key, _, values) = chance.one_of(&policies::fields()?);
            let value = chance.percent(75).then(|| chance.one_of(&values));
            by(agent(), TicketCommand::SetCustomField { key, value })
        }
        87..=96 => by(Actor::Timer, TicketCommand::ReapplySla),
        _ => {
            let status = chance.one_of(&Status::ALL);
            by(import(), TicketCommand::ImportStatus(status))
        }
    })
}

/// The word for who acts, as in the metadata of events.
#[must_use]
pub fn kind(actor: &Actor) -> &'static str {
    match actor {
        Actor::User { .. } => "user",
        Actor::Timer => "timer",
        Actor::Import { .. } => "import",
        Actor::Operator => "operator",
        Actor::Identity => "identity",
    }
}

/// The word for a command that need not leave an event, and yet matters; `other` for those of which the events say all.
#[must_use]
pub fn name(command: &TicketCommand) -> &'static str {
    match command {
        TicketCommand::ReapplySla => "reapply",
        _ => "other",
    }
}
