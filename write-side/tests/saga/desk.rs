//! A small support desk with a database of its own, whose clock stands still until a test moves it.

use crate::server::Server;
use chrono::{DateTime, TimeDelta, Utc};
use domain::actor::{Actor, Role};
use domain::ids::{MessageId, OrganizationId, TicketId, UserId};
use domain::metadata::Metadata;
use domain::sla::Metric;
use domain::text::{Name, Slug, Subject};
use domain::ticket::command::{OpenTicket as Open, TicketCommand};
use domain::ticket::event::{SlaBreached, TicketEvent};
use domain::ticket::state::{Assignment, Channel, ExternalReference, Priority, Status};
use event_store::{Partition, Position};
use platform::clock::{Clock, ManualClock};
use platform::pools::postgres_config;
use platform::private::test_servers;
use platform::shutdown::Shutdown;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;
use write_side::commands::{ChangeTicket, CreateUser, OpenTicket};
use write_side::dispatch::{CommandContext, CommandError};
use write_side::saga::{Options, PartitionStatus, Saga};

/// No condition takes this long unless something is broken. Generous: it is only waited for in full by a test that fails.
const DEADLINE: Duration = Duration::from_secs(120);

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The desk: one organization with an agent and a customer, on a log with one partition.
pub struct Desk {
    pub url: String,
    superuser_url: String,
    pub clock: ManualClock,
    pub server: Server,
    pub partition: Partition,
    pub organization_id: OrganizationId,
    pub agent: Actor,
    pub customer_id: UserId,
}

/// An event of the log, understood.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub ticket_id: TicketId,
    pub event_id: Uuid,
    pub event: TicketEvent,
    pub occurred_at: DateTime<Utc>,
    pub metadata: Metadata,
}

impl Desk {
    pub async fn open() -> Self {
        let servers = test_servers().await.unwrap();
        let name = format!(
            "saga_{}_{}",
            std::process::id(),
            DATABASES.fetch_add(1, Ordering::Relaxed)
        );
        let url = servers.create_database(&name).await.unwrap();
        migrate_with_one_partition(&url).await;
        let clock = ManualClock::at(start());
        let server = Server::start(&url, &clock).await;
        let slug = Slug::parse("acme").unwrap();
        let organization_id = server
            .dispatcher
            .create_organization(Name::parse("Acme").unwrap(), slug)
            .await
            .unwrap();
        let (agent_id, customer_id) = (UserId(Uuid::now_v7()), UserId(Uuid::now_v7()));
        let desk = Self {
            partition: server.dispatcher.partition(organization_id).await.unwrap(),
            superuser_url: servers.superuser_url_of(&name),
            url,
            clock,
            server,
            organization_id,
            agent: Actor::User {
                id: agent_id,
                role: Role::Agent,
            },
            customer_id,
        };
        desk.join(agent_id, Role::Agent).await;
        desk.join(customer_id, Role::Customer).await;
        desk
    }

    async fn join(&self, user_id: UserId, role: Role) {
        let user = CreateUser {
            user_id,
            name: Name::parse("Somebody").unwrap(),
            email: None,
            role,
        };
        let context = CommandContext::new(self.organization_id, Actor::Operator);
        self.server
            .dispatcher
            .dispatch(context, user)
            .await
            .unwrap();
    }

    pub fn customer(&self) -> Actor {
        Actor::User {
            id: self.customer_id,
            role: Role::Customer,
        }
    }

    /// A saga in the desk's own process.
    pub async fn saga(&self) -> Saga {
        self.server
            .saga(&self.clock, quick(), &Shutdown::new())
            .await
    }

    pub async fn open_ticket(&self, priority: Priority) -> TicketId {
        self.open_ticket_as(self.agent.clone(), priority).await
    }

    pub async fn open_ticket_as(&self, actor: Actor, priority: Priority) -> TicketId {
        let ticket_id = TicketId(Uuid::now_v7());
        let open = Open {
            subject: Subject::parse("It does not work").unwrap(),
            requester_id: self.customer_id,
            priority,
            channel: Channel::Api,
            message_id: None,
            tags: Vec::new(),
            custom_fields: Vec::new(),
            assignment: Assignment::default(),
            follow_up_of: None,
            external: actor.is_import().then(|| ExternalReference {
                source: "servicenow-log".to_owned(),
                id: ticket_id.to_string(),
            }),
        };
        let context = CommandContext::new(self.organization_id, actor);
        self.server
            .dispatcher
            .dispatch(
                context,
                OpenTicket {
                    ticket_id,
                    open,
                    message: None,
                    custom_fields: Vec::new(),
                },
            )
            .await
            .unwrap();
        ticket_id
    }

    pub async fn command(
        &self,
        actor: &Actor,
        ticket_id: TicketId,
        command: TicketCommand,
    ) -> Result<(), CommandError> {
        let context = CommandContext::new(self.organization_id, actor.clone());
        self.server
            .dispatcher
            .dispatch(context, ChangeTicket::one(ticket_id, command))
            .await
            .map(|_| ())
    }

    pub async fn agent_does(&self, ticket_id: TicketId, command: TicketCommand) {
        self.command(&self.agent, ticket_id, command).await.unwrap();
    }

    pub async fn agent_replies(&self, ticket_id: TicketId) {
        self.agent_does(ticket_id, reply()).await;
    }

    pub async fn customer_replies(&self, ticket_id: TicketId) {
        self.command(&self.customer(), ticket_id, reply())
            .await
            .unwrap();
    }

    pub async fn agent_sets(&self, ticket_id: TicketId, status: Status) {
        self.agent_does(ticket_id, TicketCommand::SetStatus(status))
            .await;
    }

    /// Waits until the saga has folded the whole log and has nothing left to fire at this time of the clock.
    pub async fn settle(&self, saga: &Saga) -> PartitionStatus {
        let head = self.server.store.head(self.partition).await.unwrap();
        let now = self.clock.now();
        self.wait_for(saga, |status| {
            status.is_leading
                && status.position >= head
                && status.settled_at.is_some_and(|at| at >= now)
        })
        .await
    }

    pub async fn wait_for(
        &self,
        saga: &Saga,
        condition: impl FnMut(&PartitionStatus) -> bool,
    ) -> PartitionStatus {
        let mut status = saga.statuses().watch(self.partition).unwrap();
        let waited = timeout(DEADLINE, status.wait_for(condition)).await;
        waited
            .unwrap_or_else(|_| panic!("the saga never came there: {:?}", saga.statuses().all()))
            .unwrap()
            .clone()
    }

    pub async fn advance(&self, saga: &Saga, by: TimeDelta) {
        self.clock.advance(by);
        self.settle(saga).await;
    }

    /// Every event of a ticket in the log, in order.
    pub async fn events(&self) -> Vec<Recorded> {
        let mut events = Vec::new();
        let mut after = Position::START;
        loop {
            let page = self
                .server
                .store
                .read_partition(self.partition, after, 5_000)
                .await
                .unwrap();
            let Some(last) = page.last() else {
                return events;
            };
            after = last.position;
            for recorded in page
                .iter()
                .filter(|recorded| recorded.stream_type == domain::ticket::STREAM_TYPE)
            {
                let event = TicketEvent::decode(
                    &recorded.event_type,
                    recorded.schema_version,
                    &sealing::blanked(recorded),
                );
                events.push(Recorded {
                    ticket_id: TicketId(recorded.stream_id),
                    event_id: recorded.event_id,
                    event: event.unwrap(),
                    occurred_at: recorded.occurred_at,
                    metadata: serde_json::from_str(&recorded.metadata).unwrap(),
                });
            }
        }
    }

    pub async fn breaches(&self) -> Vec<(TicketId, SlaBreached)> {
        let breach = |recorded: Recorded| match recorded.event {
            TicketEvent::SlaBreached(breach) => Some((recorded.ticket_id, breach)),
            _ => None,
        };
        self.events().await.into_iter().filter_map(breach).collect()
    }

    /// The breaches of one ticket: what was missed, and which deadline.
    pub async fn breaches_of(&self, ticket_id: TicketId) -> Vec<(Metric, DateTime<Utc>)> {
        let breaches = self.breaches().await;
        let of = |(id, breach): (TicketId, SlaBreached)| {
            (id == ticket_id).then_some((breach.metric, breach.due_at))
        };
        breaches.into_iter().filter_map(of).collect()
    }

    pub async fn closings(&self) -> Vec<Recorded> {
        let events = self.events().await;
        events
            .into_iter()
            .filter(|recorded| matches!(recorded.event, TicketEvent::Closed(_)))
            .collect()
    }

    /// A connection that sees what the others do.
    pub async fn superuser(&self) -> tokio_postgres::Client {
        let config = postgres_config(&self.superuser_url).unwrap();
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    pub async fn client(&self) -> deadpool_postgres::Object {
        self.server.pools.owner.get().await.unwrap()
    }

    pub async fn count(&self, table: &str) -> i64 {
        let statement = format!("SELECT count(*) FROM {table} WHERE partition = $1");
        self.client()
            .await
            .query_one(&statement, &[&self.partition.get()])
            .await
            .unwrap()
            .get(0)
    }
}

/// When every desk opens.
pub fn start() -> DateTime<Utc> {
    "2026-01-05T09:00:00Z".parse().unwrap()
}

pub fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

pub fn microsecond() -> TimeDelta {
    TimeDelta::microseconds(1)
}

pub fn reply() -> TicketCommand {
    TicketCommand::Reply {
        message_id: MessageId(Uuid::now_v7()),
    }
}

/// Options that wait less than those of a server.
pub fn quick() -> Options {
    Options {
        gathering_interval: Duration::ZERO,
        poll_interval: Duration::from_millis(50),
        lease_renewal_interval: Duration::from_millis(50),
        lease_duration: Duration::from_secs(2),
        retry_min: Duration::from_millis(20),
        rules_settling: Duration::from_millis(300),
        ..Options::default()
    }
}

/// Waits for a condition of the database.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let waited = timeout(DEADLINE, async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// One partition is enough for one organization, and leaves the machine to the test.
async fn migrate_with_one_partition(url: &str) {
    let (mut client, connection) = postgres_config(url)
        .unwrap()
        .connect(tokio_postgres::NoTls)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    schema::migrations::run(&mut client).await.unwrap();
    let statement = format!(
        "DELETE FROM {} WHERE partition > 0",
        schema::table::LOG_HEADS
    );
    client.execute(&statement, &[]).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}
