//! `bench commands`: replies to tickets through the dispatcher, by many clients.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use domain::actor::{Actor, Role};
use domain::ids::{MessageId, OrganizationId, TicketId, UserId};
use domain::message::state::Visibility;
use domain::text::{MessageBody, Name, Slug, Subject};
use domain::ticket::command::OpenTicket as Open;
use domain::ticket::state::{Assignment, Channel, Priority};
use platform::clock::SystemClock;
use uuid::Uuid;
use write_side::commands::{CreateUser, OpenTicket, PostMessage};
use write_side::dispatch::{CommandContext, Dispatcher, Options};

use super::append::{count_commits, event};
use super::measure::{Operation, measure};
use super::report::{Line, print_header, print_line};
use super::servers::BenchServers;
use super::{machine, reference};
use crate::cli::BenchOptions;

const CLIENTS: usize = 64;
const TICKETS_A_CLIENT: usize = 4;
const BODY_CHARS: usize = 200;

/// Measures and prints.
///
/// # Errors
/// When the private server does not come up or a command fails.
pub async fn run(options: BenchOptions) -> Result<()> {
    let servers = BenchServers::start().await?;
    println!("{}; {}", machine::describe(), servers.describe().await?);
    println!(
        "an agent's reply of {BODY_CHARS} characters is one append of two events to two streams; {TICKETS_A_CLIENT} tickets a client; medians of {} rounds of {} s by turns",
        options.rounds, options.seconds
    );
    let desk = Desk::open(&servers).await?;
    print_header("replies through the dispatcher");
    print_line(measure_line(&servers, &desk, options).await?);
    servers.stop().await
}

async fn measure_line(servers: &BenchServers, desk: &Desk, options: BenchOptions) -> Result<Line> {
    let duration = Duration::from_secs(options.seconds.into());
    let mut line = Line {
        clients: CLIENTS,
        ..Line::default()
    };
    let partition = desk.dispatcher.partition(desk.organization_id).await?;
    let before = servers.store.head(partition).await?;
    for _ in 0..options.rounds {
        let plain = reference::clients(servers, CLIENTS, event).await?;
        line.reference.push(measure(plain, duration).await?);
        line.ours.push(measure(desk.clients(), duration).await?);
    }
    line.commits = count_commits(servers, partition, before).await?;
    Ok(line)
}

/// A support desk with tickets to reply to.
struct Desk {
    dispatcher: Dispatcher,
    organization_id: OrganizationId,
    agent: Actor,
    tickets: Vec<TicketId>,
    body: MessageBody,
}

impl Desk {
    async fn open(servers: &BenchServers) -> Result<Self> {
        let dispatcher = Dispatcher::new(
            servers.store.clone(),
            Arc::new(SystemClock),
            Options::default(),
        );
        let organization_id = dispatcher
            .create_organization(Name::parse("Desk")?, Slug::parse("desk")?)
            .await?;
        let operator = CommandContext::new(organization_id, Actor::Operator);
        let [agent_id, customer_id] = [(); 2].map(|()| UserId(Uuid::now_v7()));
        for (user_id, role) in [(agent_id, Role::Agent), (customer_id, Role::Customer)] {
            let create = CreateUser {
                user_id,
                name: Name::parse(role.as_str())?,
                email: None,
                role,
            };
            dispatcher.dispatch(operator.clone(), create).await?;
        }
        let agent = Actor::User {
            id: agent_id,
            role: Role::Agent,
        };
        let context = CommandContext::new(organization_id, agent.clone());
        let mut tickets = Vec::new();
        for _ in 0..CLIENTS * TICKETS_A_CLIENT {
            let ticket_id = TicketId(Uuid::now_v7());
            let open = OpenTicket {
                ticket_id,
                open: ticket_of(customer_id)?,
                custom_fields: Vec::new(),
                message: None,
            };
            dispatcher.dispatch(context.clone(), open).await?;
            tickets.push(ticket_id);
        }
        let body = MessageBody::parse(&"x".repeat(BODY_CHARS))?;
        Ok(Self {
            dispatcher,
            organization_id,
            agent,
            tickets,
            body,
        })
    }

    /// Clients that reply to their own tickets in turn.
    fn clients(&self) -> Vec<Operation> {
        let chunks = self.tickets.chunks(TICKETS_A_CLIENT);
        chunks
            .map(|tickets| self.client(tickets.to_vec()))
            .collect()
    }

    fn client(&self, tickets: Vec<TicketId>) -> Operation {
        let (dispatcher, body) = (self.dispatcher.clone(), self.body.clone());
        let context = CommandContext::new(self.organization_id, self.agent.clone());
        let mut turn = 0;
        Box::new(move || {
            turn += 1;
            let reply = PostMessage {
                ticket_id: tickets[turn % tickets.len()],
                message_id: MessageId(Uuid::now_v7()),
                visibility: Visibility::Public,
                body: body.clone(),
                follow_up_id: TicketId(Uuid::now_v7()),
            };
            let (dispatcher, context) = (dispatcher.clone(), context.clone());
            Box::pin(async move {
                dispatcher.dispatch(context, reply).await?;
                Ok(())
            })
        })
    }
}

fn ticket_of(requester_id: UserId) -> Result<Open> {
    Ok(Open {
        subject: Subject::parse("The printer is on fire")?,
        requester_id,
        priority: Priority::Normal,
        channel: Channel::Api,
        message_id: None,
        tags: Vec::new(),
        custom_fields: Vec::new(),
        assignment: Assignment::default(),
        follow_up_of: None,
        external: None,
    })
}
