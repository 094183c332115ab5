//! Desks with a past: people made through the product, tickets written to the log as the product writes them.

use std::borrow::Cow;

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use domain::actor::{Actor, Role};
use domain::event::Encoded;
use domain::ids::{TeamId, TicketId, UserId};
use domain::metadata::Metadata;
use domain::sla::targets::Targets;
use domain::text::{Subject, Tag};
use domain::ticket::STREAM_TYPE;
use domain::ticket::event::{
    Cause, TicketAssigned, TicketClosed, TicketEvent, TicketOpened, TicketResolved,
    TicketStatusChanged, TicketTagged,
};
use domain::ticket::state::{Assignment, Channel, Priority, Status};
use event_store::{
    AppendRequest, EventStore, NewEvent, Placement, StreamAppend, StreamId, Version,
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::Api;
use crate::product::{Installation, Server};
use crate::servers::BenchServers;
use crate::year::{Model, People};

/// The short name of the organization.
pub const SLUG: &str = "desk";
const AGENTS: usize = 20;
const CUSTOMERS: usize = 200;
const TEAMS: usize = 5;
const TAGS: usize = 50;
/// Tickets in one append; the log takes 100 streams.
const TICKETS_AN_APPEND: usize = 50;
/// Appends that are on their way together.
pub const APPENDS_AT_ONCE: usize = 32;

/// What [`Desk::live_a_year`] writes, over all tickets.
pub const EVENTS_A_TICKET: f64 = 4.75;

/// An organization with people.
pub struct Desk {
    /// Where it lives.
    pub placement: Placement,
    /// Lets an admin in.
    pub admin_token: String,
    /// A token of an agent.
    pub agent_token: String,
    agents: Vec<UserId>,
    customers: Vec<UserId>,
    teams: Vec<TeamId>,
}

/// How many people work at a desk.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Agents.
    pub agents: usize,
    /// Teams.
    pub teams: usize,
}

/// A ticket with what happened to it, and when.
pub type Life = (TicketId, Vec<(DateTime<Utc>, TicketEvent)>);

/// A ticket and when it was opened.
pub type Opening = (TicketId, DateTime<Utc>);

impl Desk {
    /// Makes it through the product.
    ///
    /// # Errors
    /// When the product refuses.
    pub async fn open(
        servers: &BenchServers,
        product: &Installation,
        server: &Server,
    ) -> Result<Self> {
        let size = Size {
            agents: AGENTS,
            teams: TEAMS,
        };
        Self::of_size(servers, product, server, size).await
    }

    /// The same with as many agents and teams as `size` says.
    ///
    /// # Errors
    /// When the product refuses.
    pub async fn of_size(
        servers: &BenchServers,
        product: &Installation,
        server: &Server,
        size: Size,
    ) -> Result<Self> {
        product.run(&["organization", "create", "--slug", SLUG, "--name", "Desk"])?;
        let make = |name: &str, role: &str| {
            let email = format!("{name}@example.com");
            product.run(&[
                "user", "create", "--org", SLUG, "--name", name, "--email", &email, "--role", role,
            ])?;
            product.run(&["token", "--org", SLUG, "--user", &email])
        };
        let (admin_token, agent_token) = (make("ada", "admin")?, make("ben", "agent")?);
        let api = Api::new(&server.url(), &admin_token);
        let agents = users(&api, "agent", size.agents).await?;
        let customers = users(&api, "customer", CUSTOMERS).await?;
        let mut teams = Vec::new();
        for number in 0..size.teams {
            let team = json!({"name": format!("Team {number}")});
            teams.push(TeamId(id_of(&api.post("/teams", &team).await?)?));
        }
        let placement = servers.store.placement_by_slug(SLUG).await?;
        Ok(Self {
            placement: placement.context("the organization is not placed")?,
            admin_token,
            agent_token,
            agents,
            customers,
            teams,
        })
    }

    /// A year of tickets that came, were passed on, answered, resolved and came back as those of a real desk: see
    /// [`crate::year`]. The same seed makes the same year.
    ///
    /// # Errors
    /// When the log refuses.
    pub async fn live_as_modelled(
        &self,
        store: &EventStore,
        count: usize,
        seed: u64,
    ) -> Result<()> {
        let people = People {
            agents: &self.agents,
            customers: &self.customers,
            teams: &self.teams,
        };
        let model = Model::new(Utc::now() - TimeDelta::days(365), count, seed);
        let metadata = self.metadata()?;
        let mut happenings = model.happenings(&people).peekable();
        // One after the other: a ticket's events are in several of them.
        while happenings.peek().is_some() {
            let mut streams: Vec<(i64, Life)> = Vec::new();
            while streams.len() < TICKETS_AN_APPEND
                && let Some((id, before, at, event)) = happenings.next()
            {
                match streams.iter_mut().find(|(_, (known, _))| *known == id) {
                    Some((_, (_, events))) => events.push((at, event)),
                    None => streams.push((before, (id, vec![(at, event)]))),
                }
            }
            let streams: Result<Vec<_>> = streams
                .into_iter()
                .map(|(before, life)| {
                    let expected = Version::new(before)?;
                    let stream = stream_of(&life, &metadata)?;
                    Ok(StreamAppend { expected, ..stream })
                })
                .collect();
            store.append(self.append_of(streams?)).await?;
        }
        Ok(())
    }

    /// Opens tickets at these times, with these targets, and nothing else.
    ///
    /// # Errors
    /// When the log refuses.
    pub async fn open_tickets(
        &self,
        store: &EventStore,
        openings: Vec<Opening>,
        targets: Targets,
    ) -> Result<()> {
        let lives = openings.into_iter().enumerate().map(|(number, opening)| {
            let opened = self.opened(number, Some(targets));
            by_minutes(opening, vec![TicketEvent::Opened(opened)])
        });
        self.write(store, lives).await
    }

    /// A year of tickets: all priorities, statuses, assignees, teams and tags; about four events each.
    ///
    /// # Errors
    /// When the log refuses.
    pub async fn live_a_year(&self, store: &EventStore, count: usize) -> Result<Vec<TicketId>> {
        let start = Utc::now() - TimeDelta::days(365);
        let apart = TimeDelta::days(365) / i32::try_from(count.max(1))?;
        let openings: Vec<Opening> = (0..i32::try_from(count)?)
            .map(|number| (TicketId(Uuid::now_v7()), start + apart * number))
            .collect();
        let lives = openings
            .iter()
            .enumerate()
            .map(|(number, opening)| by_minutes(*opening, self.life(number)));
        self.write(store, lives).await?;
        Ok(openings.into_iter().map(|(id, _)| id).collect())
    }

    /// Who writes to a ticket.
    pub fn author(&self, number: usize, by_customer: bool) -> UserId {
        let people = if by_customer {
            &self.customers
        } else {
            &self.agents
        };
        people[number % people.len()]
    }

    fn opened(&self, number: usize, sla_targets: Option<Targets>) -> TicketOpened {
        const PRIORITIES: [Priority; 4] = [
            Priority::Low,
            Priority::Normal,
            Priority::High,
            Priority::Urgent,
        ];
        TicketOpened {
            subject: subject(number),
            requester_id: self.customers[number % self.customers.len()],
            priority: PRIORITIES[number / 3 % PRIORITIES.len()],
            channel: Channel::Api,
            message_id: None,
            follow_up_of: None,
            external: None,
            sla_targets,
        }
    }

    /// What happens to a ticket, by its number.
    pub fn life(&self, number: usize) -> Vec<TicketEvent> {
        const FAR: Targets = Targets {
            first_response_minutes: Targets::MAX_MINUTES,
            resolution_minutes: Targets::MAX_MINUTES,
        };
        let targets = number.is_multiple_of(10).then_some(FAR);
        let assigned = TicketAssigned {
            from: Assignment::default(),
            to: Assignment {
                agent_id: Some(self.agents[number % self.agents.len()]),
                team_id: Some(self.teams[number / 7 % self.teams.len()]),
            },
        };
        let mut events = vec![
            TicketEvent::Opened(self.opened(number, targets)),
            TicketEvent::Tagged(TicketTagged {
                tag: tag(number % TAGS),
            }),
            TicketEvent::Assigned(assigned),
            TicketEvent::StatusChanged(TicketStatusChanged {
                from: Status::New,
                to: Status::Open,
                cause: Cause::Assignment,
            }),
        ];
        if number.is_multiple_of(2) {
            events.push(TicketEvent::Resolved(TicketResolved {
                from: Status::Open,
                cause: Cause::Request,
                auto_close_at: None,
            }));
        }
        if number.is_multiple_of(4) {
            events.push(TicketEvent::Closed(TicketClosed {
                from: Status::Resolved,
                cause: Cause::Request,
            }));
        }
        events
    }

    async fn write(&self, store: &EventStore, lives: impl Iterator<Item = Life>) -> Result<()> {
        let metadata = self.metadata()?;
        let mut lives = lives.peekable();
        let requests = std::iter::from_fn(|| {
            lives.peek()?;
            let some = lives.by_ref().take(TICKETS_AN_APPEND);
            let streams: Result<Vec<_>> = some.map(|life| stream_of(&life, &metadata)).collect();
            Some(streams.map(|streams| self.append_of(streams)))
        });
        stream::iter(requests)
            .map(|request| async { Ok::<_, anyhow::Error>(store.append(request?).await?) })
            .buffer_unordered(APPENDS_AT_ONCE)
            .try_for_each(|_| async { Ok(()) })
            .await
    }

    /// The append of one event: a ticket is opened now.
    ///
    /// # Errors
    /// None that can happen: the event is well-formed.
    pub fn opening(&self, number: usize) -> Result<AppendRequest> {
        let opening = (TicketId(Uuid::now_v7()), Utc::now());
        let opened = TicketEvent::Opened(self.opened(number, None));
        let stream = stream_of(&by_minutes(opening, vec![opened]), &self.metadata()?)?;
        Ok(self.append_of(vec![stream]))
    }

    /// An append to these streams.
    pub fn append_of(&self, streams: Vec<StreamAppend>) -> AppendRequest {
        AppendRequest {
            partition: self.placement.partition,
            org_id: self.placement.org_id,
            streams,
            result: None,
        }
    }

    /// Of an agent who writes something.
    ///
    /// # Errors
    /// None that can happen.
    pub fn metadata(&self) -> Result<String> {
        Ok(serde_json::to_string(&Metadata {
            actor: Actor::User {
                id: self.agents[0],
                role: Role::Agent,
            },
            correlation_id: Uuid::now_v7(),
            causation_id: None,
            idempotency_key: None,
            request_id: None,
            source_address: None,
        })?)
    }
}

/// A minute after the other.
pub fn by_minutes((id, opened_at): Opening, events: Vec<TicketEvent>) -> Life {
    let at = (0..).map(|minutes| opened_at + TimeDelta::minutes(minutes));
    (id, at.zip(events).collect())
}

/// The whole stream of a ticket.
///
/// # Errors
/// None that can happen: the events are well-formed.
pub fn stream_of((id, events): &Life, metadata: &str) -> Result<StreamAppend> {
    let events = events.iter().map(|(at, event)| (*at, event.encode()));
    stream_append(STREAM_TYPE, id.0, events, metadata)
}

/// A whole stream.
///
/// # Errors
/// None that can happen: the events are well-formed.
pub fn stream_append(
    stream_type: &'static str,
    id: Uuid,
    events: impl Iterator<Item = (DateTime<Utc>, Result<Encoded, serde_json::Error>)>,
    metadata: &str,
) -> Result<StreamAppend> {
    let events = events.map(|(at, encoded)| {
        let encoded = encoded?;
        Ok(NewEvent {
            event_id: Uuid::now_v7(),
            event_type: Cow::Borrowed(encoded.event_type),
            schema_version: encoded.schema_version,
            data: encoded.data,
            metadata: metadata.to_owned(),
            occurred_at: at,
        })
    });
    Ok(StreamAppend {
        stream: StreamId {
            stream_type: Cow::Borrowed(stream_type),
            id,
        },
        expected: Version::NONE,
        events: events.collect::<Result<_>>()?,
    })
}

async fn users(api: &Api, role: &str, count: usize) -> Result<Vec<UserId>> {
    let mut users = Vec::new();
    for number in 0..count {
        let user = json!({
            "name": format!("{role} {number}"), "email": format!("{role}{number}@example.org"), "role": role
        });
        users.push(UserId(id_of(&api.post("/users", &user).await?)?));
    }
    Ok(users)
}

fn id_of(answer: &Value) -> Result<Uuid> {
    let id = answer["id"].as_str().context("the answer has no id")?;
    Ok(id.parse()?)
}

/// The names are right by construction: the parsers only refuse what is empty, too long or has other characters.
#[allow(clippy::expect_used)]
fn subject(number: usize) -> Subject {
    Subject::parse(&format!("The printer on floor {number} is on fire")).expect("a short subject")
}

/// See [`subject`].
#[allow(clippy::expect_used)]
fn tag(number: usize) -> Tag {
    Tag::parse(&format!("tag-{number}")).expect("a short tag")
}

/// The tag of every fiftieth ticket.
pub fn a_tag() -> String {
    "tag-7".to_owned()
}
