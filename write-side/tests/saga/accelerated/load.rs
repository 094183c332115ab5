//! Clients that write at once, at two servers, while the clock runs.

use super::at;
use super::office::Office;
use super::plan::{Errand, Opening, Step};
use crate::desk::{Desk, reply};
use crate::server::Server;
use domain::actor::{Actor, Role};
use domain::ids::TicketId;
use domain::text::Subject;
use domain::ticket::command::{OpenTicket as Open, TicketCommand};
use domain::ticket::state::{Assignment, Channel};
use futures::future::join_all;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Mutex, RwLock};
use uuid::Uuid;
use write_side::commands::{ChangeTicket, OpenTicket};
use write_side::dispatch::{CommandContext, CommandError};

pub const CLIENTS: usize = 8;

/// A ticket that is or will be opened.
pub struct Planned {
    pub id: TicketId,
    pub opening: Opening,
    /// Held by the client who is at it: the times of one ticket then never go back, as they could by what the clock jumps
    /// while a command is on its way.
    turn: Mutex<()>,
}

/// The clients, and what they still have to do.
pub struct Load<'a> {
    desk: &'a Desk,
    servers: &'a [Server; 2],
    offices: &'a [Office],
    pub tickets: Vec<Planned>,
    /// Whoever takes an errand moves the clock to it. Readers keep the clock from moving.
    errands: RwLock<VecDeque<Errand>>,
    pub accepted: AtomicUsize,
    pub refused: AtomicUsize,
}

impl<'a> Load<'a> {
    pub fn new(
        desk: &'a Desk,
        servers: &'a [Server; 2],
        offices: &'a [Office],
        (openings, errands): (Vec<Opening>, Vec<Errand>),
    ) -> Self {
        let planned = |opening| Planned {
            id: TicketId(Uuid::now_v7()),
            opening,
            turn: Mutex::new(()),
        };
        Self {
            desk,
            servers,
            offices,
            tickets: openings.into_iter().map(planned).collect(),
            errands: RwLock::new(errands.into()),
            accepted: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
        }
    }

    /// Does what lies before a second, and moves the clock there.
    pub async fn run_until(&self, second: i64) {
        let clients = (0..CLIENTS).map(|client| self.client(client, second));
        join_all(clients).await;
        self.desk.clock.set(at(second));
    }

    /// Nobody waits for the sagas, nor for the other clients: the clock moves while commands are on their way.
    async fn client(&self, client: usize, until: i64) {
        let server = &self.servers[client % 2];
        while let Some(errand) = self.next(until).await {
            let ticket = &self.tickets[errand.ticket];
            let _turn = ticket.turn.lock().await;
            match errand.steps.as_slice() {
                [] => self.open(server, ticket).await,
                [step] => self.take(server, ticket, *step).await,
                steps => {
                    // At both servers, so that one finds its ticket changed; at one instant, for the reason of the turn.
                    let _standing = self.errands.read().await;
                    let taken = steps.iter().zip(self.servers);
                    join_all(taken.map(|(step, server)| self.take(server, ticket, *step))).await;
                }
            }
        }
    }

    async fn next(&self, until: i64) -> Option<Errand> {
        let mut errands = self.errands.write().await;
        errands.front().filter(|errand| errand.second < until)?;
        let errand = errands.pop_front()?;
        self.desk.clock.set(at(errand.second));
        Some(errand)
    }

    async fn open(&self, server: &Server, ticket: &Planned) {
        let office = &self.offices[ticket.opening.office];
        let open = Open {
            subject: Subject::parse("It does not work").unwrap(),
            requester_id: office.customer_id,
            priority: ticket.opening.priority,
            channel: Channel::Api,
            message_id: None,
            tags: Vec::new(),
            custom_fields: Vec::new(),
            assignment: Assignment::default(),
            follow_up_of: None,
            external: None,
        };
        let command = OpenTicket {
            ticket_id: ticket.id,
            open,
            message: None,
            custom_fields: Vec::new(),
        };
        let context = CommandContext::new(office.organization_id, office.agent.clone());
        server.dispatcher.dispatch(context, command).await.unwrap();
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    async fn take(&self, server: &Server, ticket: &Planned, step: Step) {
        let office = &self.offices[ticket.opening.office];
        let agent = office.agent.clone();
        let customer = Actor::User {
            id: office.customer_id,
            role: Role::Customer,
        };
        let (actor, command) = match step {
            Step::AgentReplies => (agent, reply()),
            Step::CustomerReplies => (customer, reply()),
            Step::Set(status) => (agent, TicketCommand::SetStatus(status)),
            Step::Prioritise(priority) => (agent, TicketCommand::ChangePriority(priority)),
            Step::Resolve => (agent, TicketCommand::Resolve),
            Step::Reopen => (agent, TicketCommand::Reopen { reason: None }),
        };
        let context = CommandContext::new(office.organization_id, actor);
        let change = ChangeTicket::one(ticket.id, command);
        let count = match server.dispatcher.dispatch(context, change).await {
            Ok(_) => &self.accepted,
            // What is not allowed where the ticket stands; or it is not open yet.
            Err(CommandError::Refused(_)) => &self.refused,
            Err(error) => panic!("{error:?}"),
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
