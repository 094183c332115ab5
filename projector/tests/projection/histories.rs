//! Random histories of a support desk, made of what the domain allows.

use chrono::TimeDelta;
use domain::actor::{Actor, Role};
use domain::ids::{MessageId, TeamId, TicketId};
use domain::message::command::MessageCommand;
use domain::message::state::Visibility;
use domain::text::{MessageBody, Reason, Subject, Tag};
use domain::ticket::command::TicketCommand;
use domain::ticket::state::{Assignment, Priority, Status};
use event_store::EventStore;
use rand::prelude::*;

use crate::desk::Desk;

pub struct Historian {
    pub desk: Desk,
    random: StdRng,
    customers: Vec<Actor>,
    agents: Vec<Actor>,
    teams: Vec<TeamId>,
    tickets: Vec<(TicketId, Actor)>,
    messages: Vec<(MessageId, Actor)>,
}

impl Historian {
    pub async fn new(store: &EventStore, slug: &str, seed: u64) -> Self {
        let mut desk = Desk::open(store, slug).await;
        let (mut customers, mut agents) = (Vec::new(), Vec::new());
        for number in 0..4 {
            customers.push(
                desk.user(&format!("Customer {number}"), Role::Customer)
                    .await,
            );
            agents.push(desk.user(&format!("Agent {number}"), Role::Agent).await);
        }
        let teams = vec![
            desk.team("First line").await,
            desk.team("Second line").await,
        ];
        let random = StdRng::seed_from_u64(seed);
        Self {
            desk,
            random,
            customers,
            agents,
            teams,
            tickets: Vec::new(),
            messages: Vec::new(),
        }
    }

    pub async fn live(&mut self, steps: usize) {
        for _ in 0..steps {
            self.step().await;
        }
    }

    async fn step(&mut self) {
        let minutes = self.random.random_range(0..600);
        self.desk.pass(TimeDelta::minutes(minutes));
        match self.random.random_range(0..100) {
            _ if self.tickets.is_empty() => self.open().await,
            0..15 => self.open().await,
            15..45 => self.say().await,
            45..80 => self.act().await,
            80..90 => self.change_message().await,
            90..95 => self.rename_user().await,
            _ => self.change_team().await,
        }
    }

    async fn open(&mut self) {
        let customer = self.pick(|this| &this.customers);
        let text: u32 = self.random.random();
        let (id, message) = self
            .desk
            .ticket(
                &customer,
                &format!("Subject {text}"),
                &format!("Body {text}\nsecond line"),
            )
            .await;
        self.tickets.push((id, customer.clone()));
        self.messages.push((message, customer));
    }

    async fn say(&mut self) {
        let (id, customer) = self.pick(|this| &this.tickets);
        let agent = self.pick(|this| &this.agents);
        let (actor, visibility) = match self.random.random_range(0..3) {
            0 => (customer, Visibility::Public),
            1 => (agent, Visibility::Public),
            _ => (agent, Visibility::Internal),
        };
        let body = format!(
            "{} {}",
            "word ".repeat(self.random.random_range(1..80)),
            self.random.random::<u32>()
        );
        if let Some(message) = self.desk.say(&actor, id, visibility, &body).await {
            self.messages.push((message, actor));
        }
    }

    async fn act(&mut self) {
        let (id, _) = self.pick(|this| &this.tickets);
        let agent = self.pick(|this| &this.agents);
        let team_id = self.pick(|this| &this.teams);
        let tag = Tag::parse(&format!("tag-{}", self.random.random_range(0..5))).unwrap();
        let command = match self.random.random_range(0..11) {
            0 => TicketCommand::Assign(Assignment {
                agent_id: agent.user_id(),
                team_id: Some(team_id),
            }),
            1 => TicketCommand::Assign(Assignment {
                agent_id: None,
                team_id: Some(team_id),
            }),
            2 => TicketCommand::Assign(Assignment::default()),
            3 => TicketCommand::ChangePriority(*Priority::ALL.choose(&mut self.random).unwrap()),
            4 => TicketCommand::ChangeSubject(
                Subject::parse(&format!("New {}", self.random.random::<u16>())).unwrap(),
            ),
            5 => TicketCommand::SetStatus(
                *[Status::Open, Status::Pending, Status::OnHold]
                    .choose(&mut self.random)
                    .unwrap(),
            ),
            6 => TicketCommand::Resolve,
            7 => TicketCommand::Close,
            8 => TicketCommand::Reopen {
                reason: Some(Reason::parse("It came back").unwrap()),
            },
            9 => TicketCommand::Tag(tag),
            _ => TicketCommand::Untag(tag),
        };
        self.desk.act(&agent, id, command).await;
    }

    async fn change_message(&mut self) {
        let (id, author) = self.pick(|this| &this.messages);
        if self.random.random_bool(0.5) {
            let body =
                MessageBody::parse(&format!("Edited {}", self.random.random::<u32>())).unwrap();
            self.desk
                .touch(&author, id, MessageCommand::Edit { body })
                .await;
        } else {
            let agent = self.pick(|this| &this.agents);
            self.desk
                .touch(&agent, id, MessageCommand::Redact { reason: None })
                .await;
        }
    }

    async fn rename_user(&mut self) {
        let person = if self.random.random_bool(0.5) {
            self.pick(|this| &this.agents)
        } else {
            self.pick(|this| &this.customers)
        };
        let to = format!("Renamed {}", self.random.random::<u16>());
        self.desk.rename_user(person.user_id().unwrap(), &to).await;
    }

    async fn change_team(&mut self) {
        let team = self.pick(|this| &this.teams);
        if self.random.random_bool(0.5) {
            self.desk
                .rename_team(team, &format!("Team {}", self.random.random::<u16>()))
                .await;
        } else {
            let member = self.pick(|this| &this.agents).user_id().unwrap();
            self.desk.team_members(team, &[member]).await;
        }
    }

    fn pick<T: Clone>(&mut self, of: impl Fn(&Self) -> &Vec<T>) -> T {
        let index = self.random.random_range(0..of(self).len());
        of(self)[index].clone()
    }
}
