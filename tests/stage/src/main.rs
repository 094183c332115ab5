//! Puts five weeks of a small desk into the database of a running `insightdesk up`, so that the console has something to show.
//! The commands are those of people, at times of the past: the days end now, and each time the desk does the same.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use chrono::{DateTime, Datelike, Days, TimeDelta, Utc};
use domain::actor::{Actor, Role};
use domain::ids::{MessageId, OrganizationId, TeamId, TicketId, UserId};
use domain::message::state::Visibility;
use domain::text::{Email, MessageBody, Name, Subject, Tag};
use domain::ticket::command::{OpenTicket as Open, TicketCommand};
use domain::ticket::state::{Assignment, Channel, Priority};
use futures::stream::{self, StreamExt, TryStreamExt};
use insightdesk::node::Node;
use platform::clock::SystemClock;
use platform::config::Settings;
use rand::prelude::*;
use rand::rngs::StdRng;
use uuid::Uuid;
use write_side::commands::{
    AssignTicket, ChangeTicket, CreateTeam, CreateUser, FirstMessage, OpenTicket, PostMessage,
};
use write_side::dispatch::{CommandContext, UseCase};

const DAYS: u64 = 35;
/// Tickets of Monday to Sunday.
const ARRIVALS: [usize; 7] = [13, 11, 9, 10, 7, 2, 1];
/// Of a hundred tickets, those of each hour from seven o'clock on.
const HOURS: [u32; 12] = [3, 9, 14, 15, 11, 7, 9, 12, 9, 6, 3, 2];
const AT_ONCE: usize = 16;
const SUBJECTS: [(&str, &str); 8] = [
    ("The printer on the second floor is out of toner", "printer"),
    ("I cannot sign in since this morning", "login"),
    ("The invoice of last month has a wrong address", "billing"),
    ("No network in the meeting room", "network"),
    ("Please add a colleague to our account", "account"),
    ("The export ends after a thousand lines", "export"),
    ("Where is my order?", "billing"),
    ("The phone rings, but nobody is there", "network"),
];

/// Who works at the desk, and for whom.
struct Desk {
    node: Node,
    organization: OrganizationId,
    customers: Vec<UserId>,
    /// Each with their team.
    agents: Vec<(UserId, TeamId)>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let config = Settings::read()?.check()?;
    let node = Node::start(&config, Arc::new(SystemClock)).await?;
    let desk = Desk::set_up(node).await?;
    let opened = opened();
    let lives = opened
        .iter()
        .enumerate()
        .map(|(number, at)| desk.life(number, *at));
    stream::iter(lives)
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<_>>()
        .await?;
    println!("{} tickets", opened.len());
    desk.node.stop().await;
    Ok(())
}

/// When tickets are opened.
fn opened() -> Vec<DateTime<Utc>> {
    let mut random = StdRng::seed_from_u64(1);
    let now = Utc::now();
    let mut opened = Vec::new();
    for ago in (0..DAYS).rev() {
        let day = now.date_naive() - Days::new(ago);
        for _ in 0..ARRIVALS[day.weekday().num_days_from_monday() as usize] {
            let hour = 7 + weighted(&mut random, &HOURS);
            let minute = random.random_range(0..60);
            let at = day
                .and_hms_opt(hour as u32, minute, 0)
                .map(|at| at.and_utc());
            opened.extend(at.filter(|at| *at < now));
        }
    }
    opened
}

fn weighted(random: &mut StdRng, weights: &[u32]) -> usize {
    let mut left = random.random_range(0..weights.iter().sum());
    weights
        .iter()
        .position(|weight| {
            let is_it = left < *weight;
            left = left.saturating_sub(*weight);
            is_it
        })
        .unwrap_or(0)
}

impl Desk {
    async fn set_up(node: Node) -> Result<Self> {
        let place = node.store.placement_by_slug("demo").await?;
        let place = place.context("`insightdesk up` makes the organization")?;
        let mut desk = Self {
            node,
            organization: OrganizationId(place.org_id.0),
            customers: Vec::new(),
            agents: Vec::new(),
        };
        for name in [
            "Ines Marek",
            "Tom Okafor",
            "Lea Brandt",
            "Yusuf Demir",
            "Carla Rossi",
        ] {
            let customer = desk.person(name, Role::Customer).await?;
            desk.customers.push(customer);
        }
        desk.team("Service desk", &["Noor Haddad", "Jonas Lind", "Mei Tanaka"])
            .await?;
        desk.team("Network", &["Paul Keller", "Ada Nowak"]).await?;
        Ok(desk)
    }

    async fn person(&self, name: &str, role: Role) -> Result<UserId> {
        let user_id = UserId(Uuid::now_v7());
        let email = format!("{}@people.example", name.to_lowercase().replace(' ', "."));
        let create = CreateUser {
            user_id,
            name: Name::parse(name)?,
            email: Some(Email::parse(&email)?),
            role,
        };
        self.done(Actor::Operator, None, create).await?;
        Ok(user_id)
    }

    async fn team(&mut self, name: &str, members: &[&str]) -> Result<()> {
        let team_id = TeamId(Uuid::now_v7());
        let mut ids = Vec::new();
        for member in members {
            ids.push(self.person(member, Role::Agent).await?);
        }
        self.agents
            .extend(ids.iter().map(|agent| (*agent, team_id)));
        let create = CreateTeam {
            team_id,
            name: Name::parse(name)?,
            private: false,
            members: ids.into_iter().collect(),
        };
        self.done(Actor::Operator, None, create).await
    }

    async fn done<C: UseCase>(
        &self,
        actor: Actor,
        at: Option<DateTime<Utc>>,
        command: C,
    ) -> Result<()> {
        let context = CommandContext {
            occurred_at: at,
            ..CommandContext::new(self.organization, actor)
        };
        self.node.dispatcher.dispatch(context, command).await?;
        Ok(())
    }

    /// A ticket from its opening until now.
    async fn life(&self, number: usize, opened_at: DateTime<Utc>) -> Result<()> {
        let mut random = StdRng::seed_from_u64(number as u64);
        let customer = self.customers[random.random_range(0..self.customers.len())];
        let mut ticket = Ticket {
            desk: self,
            id: TicketId(Uuid::now_v7()),
            at: opened_at,
        };
        ticket.open(&mut random, customer).await?;
        let agent = weighted(&mut random, &[8, 6, 4, 5, 2]);
        ticket.assign(&mut random, agent).await?;
        ticket.later(&mut random, 90);
        ticket
            .write(
                self.agents[agent].0,
                Role::Agent,
                "Thank you. I am looking at it.",
            )
            .await?;
        if random.random_ratio(1, 6) {
            ticket
                .assign(&mut random, (agent + 2) % self.agents.len())
                .await?;
        }
        if random.random_ratio(1, 2) {
            ticket.later(&mut random, 200);
            ticket
                .write(customer, Role::Customer, "Is there anything new?")
                .await?;
            ticket.later(&mut random, 120);
            ticket
                .write(self.agents[agent].0, Role::Agent, "A part is on its way.")
                .await?;
        }
        if random.random_ratio(1, 9) {
            return Ok(());
        }
        ticket.later(&mut random, 900);
        ticket.change(agent, TicketCommand::Resolve).await?;
        if random.random_ratio(1, 14) {
            ticket.later(&mut random, 900);
            ticket
                .change(agent, TicketCommand::Reopen { reason: None })
                .await?;
            ticket.later(&mut random, 600);
            ticket.change(agent, TicketCommand::Resolve).await?;
        }
        Ok(())
    }
}

/// A ticket, and when something happens to it next. What would be ahead of now does not happen.
struct Ticket<'a> {
    desk: &'a Desk,
    id: TicketId,
    at: DateTime<Utc>,
}

impl Ticket<'_> {
    /// Lets time pass: mostly little, now and then a lot.
    fn later(&mut self, random: &mut StdRng, minutes: i64) {
        let times = weighted(random, &[6, 5, 3, 2, 1]) as i64;
        let more = random.random_range(1..=minutes);
        self.at += TimeDelta::minutes(more + times * times * minutes / 4);
    }

    async fn done<C: UseCase>(&self, id: UserId, role: Role, command: C) -> Result<()> {
        if self.at > Utc::now() {
            return Ok(());
        }
        let actor = Actor::User { id, role };
        self.desk.done(actor, Some(self.at), command).await
    }

    async fn open(&self, random: &mut StdRng, customer: UserId) -> Result<()> {
        let (subject, tag) = SUBJECTS[weighted(random, &[5, 8, 4, 6, 2, 3, 3, 1])];
        let channels = [Channel::Email, Channel::Web, Channel::Phone, Channel::Chat];
        let priorities = [
            Priority::Low,
            Priority::Normal,
            Priority::High,
            Priority::Urgent,
        ];
        let tags = [Some(tag), random.random_ratio(1, 10).then_some("vip")];
        let tags = tags.into_iter().flatten().map(Tag::parse);
        let open = OpenTicket {
            ticket_id: self.id,
            open: Open {
                subject: Subject::parse(subject)?,
                requester_id: customer,
                priority: priorities[weighted(random, &[4, 12, 4, 1])],
                channel: channels[weighted(random, &[9, 6, 4, 2])],
                message_id: None,
                tags: tags.collect::<Result<_, _>>()?,
                custom_fields: Vec::new(),
                assignment: Assignment::default(),
                follow_up_of: None,
                external: None,
            },
            custom_fields: Vec::new(),
            message: Some(FirstMessage {
                id: MessageId(Uuid::now_v7()),
                body: MessageBody::parse("It began today. Could you have a look?")?,
            }),
        };
        // The tags are a matter of the staff.
        self.done(self.desk.agents[0].0, Role::Agent, open).await
    }

    async fn assign(&mut self, random: &mut StdRng, agent: usize) -> Result<()> {
        self.later(random, 20);
        let (agent, team) = self.desk.agents[agent];
        let assign = AssignTicket {
            ticket_id: self.id,
            agent_id: Some(Some(agent)),
            team_id: Some(Some(team)),
        };
        self.done(agent, Role::Agent, assign).await
    }

    async fn write(&self, by: UserId, role: Role, body: &str) -> Result<()> {
        let post = PostMessage {
            ticket_id: self.id,
            message_id: MessageId(Uuid::now_v7()),
            visibility: Visibility::Public,
            body: MessageBody::parse(body)?,
            follow_up_id: TicketId(Uuid::now_v7()),
        };
        self.done(by, role, post).await
    }

    async fn change(&self, agent: usize, command: TicketCommand) -> Result<()> {
        let change = ChangeTicket::one(self.id, command);
        self.done(self.desk.agents[agent].0, Role::Agent, change)
            .await
    }
}
