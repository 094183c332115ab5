//! A support desk that issues commands through the domain's decisions and appends what they yield.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use domain::actor::{Actor, Role};
use domain::calendar::zone::Zone;
use domain::command::Issued;
use domain::event::Encoded;
use domain::ids::{MessageId, OrganizationId, TeamId, TicketId, UserId};
use domain::message::command::MessageCommand;
use domain::message::state::{Message, Visibility};
use domain::metadata::Metadata;
use domain::organization::command::OrganizationCommand;
use domain::organization::event::{OrganizationEvent, OrganizationSettingsChanged};
use domain::organization::settings::Settings;
use domain::organization::state::Organization;
use domain::team::command::TeamCommand;
use domain::team::state::Team;
use domain::text::{MessageBody, Name, Slug, Subject};
use domain::ticket::command::{OpenTicket, TicketCommand};
use domain::ticket::event::TicketEvent;
use domain::ticket::state::{Assignment, Channel, Priority, Ticket};
use domain::user::command::UserCommand;
use domain::user::state::User;
use domain::{message, organization, team, ticket, user};
use event_store::{
    AppendRequest, EventStore, NewEvent, OrgId, Partition, Position, StreamAppend, StreamId,
    Version,
};
use uuid::Uuid;

pub struct Desk {
    pub store: EventStore,
    pub org: OrganizationId,
    pub partition: Partition,
    pub now: DateTime<Utc>,
    settings: Arc<Settings>,
    versions: HashMap<Uuid, i64>,
    users: HashMap<UserId, User>,
    teams: HashMap<TeamId, Team>,
    tickets: HashMap<TicketId, Ticket>,
    messages: HashMap<MessageId, Message>,
    pub admin: Actor,
}

type Events = Vec<(Encoded, DateTime<Utc>)>;

/// A stream of one append: its type, its id, its events.
pub type Stream = (&'static str, Uuid, Events);

impl Desk {
    pub async fn open(store: &EventStore, slug: &str) -> Self {
        let org = OrganizationId(Uuid::now_v7());
        let placement = store.place_organization(OrgId(org.0), slug).await.unwrap();
        let mut desk = Self {
            store: store.clone(),
            org,
            partition: placement.partition,
            now: Utc.with_ymd_and_hms(2026, 3, 2, 9, 0, 0).unwrap(),
            settings: Arc::new(Settings::default()),
            versions: HashMap::new(),
            users: HashMap::new(),
            teams: HashMap::new(),
            tickets: HashMap::new(),
            messages: HashMap::new(),
            admin: Actor::Operator,
        };
        let create = OrganizationCommand::Create {
            name: name(slug),
            slug: Slug::parse(slug).unwrap(),
        };
        let issued = desk.issued(&Actor::Operator, create);
        let events = organization::decide::decide(&Organization::Absent, org, &issued).unwrap();
        let stream = (
            organization::STREAM_TYPE,
            org.0,
            desk.encode(&events, |event| event.encode().unwrap()),
        );
        desk.append(&Actor::Operator, vec![stream]).await;
        desk.admin = desk.user("Grace Hopper", Role::Admin).await;
        desk
    }

    /// Appends that the organization lives in another zone from now on.
    pub async fn set_zone(&mut self, zone: &str) {
        let settings = Settings {
            time_zone: Zone::parse(zone).unwrap(),
            ..(*self.settings).clone()
        };
        let changed = OrganizationSettingsChanged { settings };
        let event = OrganizationEvent::SettingsChanged(changed);
        let stream = (
            organization::STREAM_TYPE,
            self.org.0,
            self.encode(&[event], |event| event.encode().unwrap()),
        );
        self.append(&Actor::Operator, vec![stream]).await;
    }

    pub async fn user(&mut self, called: &str, role: Role) -> Actor {
        let id = UserId(Uuid::now_v7());
        let create = UserCommand::Create {
            name: name(called),
            email: None,
            role,
        };
        self.user_command(id, create).await;
        Actor::User { id, role }
    }

    pub async fn rename_user(&mut self, id: UserId, to: &str) {
        let rename = UserCommand::Update {
            name: Some(name(to)),
            email: None,
            role: None,
            active: None,
        };
        self.user_command(id, rename).await;
    }

    pub async fn user_command(&mut self, id: UserId, command: UserCommand) {
        let actor = self.admin.clone();
        let state = self.users.remove(&id).unwrap_or_default();
        let events =
            user::decide::decide(&state, id, &self.issued(&actor, command)).unwrap_or_default();
        let state = events.iter().fold(state, |state, event| {
            user::evolve::evolve(state, event, self.now)
        });
        self.users.insert(id, state);
        let stream = (
            user::STREAM_TYPE,
            id.0,
            self.encode(&events, |event| event.encode().unwrap()),
        );
        self.append(&actor, vec![stream]).await;
    }

    pub async fn team(&mut self, called: &str) -> TeamId {
        let id = TeamId(Uuid::now_v7());
        self.team_command(
            id,
            TeamCommand::Create {
                name: name(called),
                private: false,
                members: [].into(),
            },
        )
        .await;
        id
    }

    pub async fn rename_team(&mut self, id: TeamId, to: &str) {
        self.team_command(
            id,
            TeamCommand::Update {
                name: Some(name(to)),
                private: None,
                members: None,
            },
        )
        .await;
    }

    pub async fn team_members(&mut self, id: TeamId, members: &[UserId]) {
        let members = Some(members.iter().copied().collect());
        self.team_command(
            id,
            TeamCommand::Update {
                name: None,
                private: None,
                members,
            },
        )
        .await;
    }

    async fn team_command(&mut self, id: TeamId, command: TeamCommand) {
        let actor = self.admin.clone();
        let state = self.teams.remove(&id).unwrap_or_default();
        let events =
            team::decide::decide(&state, id, &self.issued(&actor, command)).unwrap_or_default();
        let state = events.iter().fold(state, |state, event| {
            team::evolve::evolve(state, event, self.now)
        });
        self.teams.insert(id, state);
        let stream = (
            team::STREAM_TYPE,
            id.0,
            self.encode(&events, |event| event.encode().unwrap()),
        );
        self.append(&actor, vec![stream]).await;
    }

    /// Opens a ticket with a first message and gives both ids.
    pub async fn ticket(
        &mut self,
        requester: &Actor,
        subject: &str,
        body: &str,
    ) -> (TicketId, MessageId) {
        let (id, message_id) = (TicketId(Uuid::now_v7()), MessageId(Uuid::now_v7()));
        let open = TicketCommand::Open(OpenTicket {
            subject: Subject::parse(subject).unwrap(),
            requester_id: requester.user_id().unwrap(),
            priority: Priority::Normal,
            channel: Channel::Api,
            message_id: Some(message_id),
            tags: Vec::new(),
            custom_fields: Vec::new(),
            assignment: Assignment::default(),
            follow_up_of: None,
            external: None,
        });
        let ticket = self.decide_ticket(requester, id, open).unwrap();
        let message = self
            .decide_message(requester, message_id, post(id, Visibility::Public, body))
            .unwrap();
        // Both orders occur in one append: rows must not depend on it.
        let streams = if message_id.0.as_u128() & 1 == 0 {
            vec![ticket, message]
        } else {
            vec![message, ticket]
        };
        self.append(requester, streams).await;
        (id, message_id)
    }

    /// Writes on a ticket. None: the domain refused it.
    pub async fn say(
        &mut self,
        actor: &Actor,
        id: TicketId,
        visibility: Visibility,
        body: &str,
    ) -> Option<MessageId> {
        let message_id = MessageId(Uuid::now_v7());
        let command = match visibility {
            Visibility::Public => TicketCommand::Reply { message_id },
            Visibility::Internal => TicketCommand::AddNote { message_id },
        };
        let ticket = self.decide_ticket(actor, id, command)?;
        let message = self.decide_message(actor, message_id, post(id, visibility, body))?;
        self.append(actor, vec![message, ticket]).await;
        Some(message_id)
    }

    /// Issues a command to a ticket. False: the domain refused it.
    pub async fn act(&mut self, actor: &Actor, id: TicketId, command: TicketCommand) -> bool {
        let Some(stream) = self.decide_ticket(actor, id, command) else {
            return false;
        };
        self.append(actor, vec![stream]).await;
        true
    }

    /// Issues a command to a message. False: the domain refused it.
    pub async fn touch(&mut self, actor: &Actor, id: MessageId, command: MessageCommand) -> bool {
        let Some(stream) = self.decide_message(actor, id, command) else {
            return false;
        };
        self.append(actor, vec![stream]).await;
        true
    }

    fn decide_ticket(
        &mut self,
        actor: &Actor,
        id: TicketId,
        command: TicketCommand,
    ) -> Option<Stream> {
        let state = self.tickets.get(&id).cloned().unwrap_or_default();
        let events = ticket::decide::decide(&state, id, &self.issued(actor, command)).ok()?;
        let mut encoded = Vec::new();
        let mut state = state;
        for event in &events {
            let at = match event {
                TicketEvent::SlaBreached(breach) => breach.due_at,
                _ => self.now,
            };
            state = ticket::evolve::evolve(state, event, at);
            encoded.push((event.encode().unwrap(), at));
        }
        self.tickets.insert(id, state);
        Some((ticket::STREAM_TYPE, id.0, encoded))
    }

    fn decide_message(
        &mut self,
        actor: &Actor,
        id: MessageId,
        command: MessageCommand,
    ) -> Option<Stream> {
        let state = self.messages.get(&id).cloned().unwrap_or_default();
        let events = message::decide::decide(&state, id, &self.issued(actor, command)).ok()?;
        let state = events.iter().fold(state, |state, event| {
            message::evolve::evolve(state, event, self.now)
        });
        self.messages.insert(id, state);
        Some((
            message::STREAM_TYPE,
            id.0,
            self.encode(&events, |event| event.encode().unwrap()),
        ))
    }

    fn issued<C>(&self, actor: &Actor, command: C) -> Issued<C> {
        Issued {
            actor: actor.clone(),
            now: self.now,
            settings: self.settings.clone(),
            terms: Arc::default(),
            command,
        }
    }

    fn encode<E>(&self, events: &[E], encode: impl Fn(&E) -> Encoded) -> Events {
        events
            .iter()
            .map(|event| (encode(event), self.now))
            .collect()
    }

    pub fn pass(&mut self, time: TimeDelta) {
        self.now += time;
    }

    /// Appends the streams' events in one append; streams without events are left out.
    pub async fn append(&mut self, actor: &Actor, streams: Vec<Stream>) -> Option<Position> {
        let metadata = Metadata {
            actor: actor.clone(),
            correlation_id: Uuid::now_v7(),
            causation_id: None,
            idempotency_key: None,
            request_id: None,
            source_address: None,
        };
        let metadata = serde_json::to_string(&metadata).unwrap();
        let filled = streams
            .into_iter()
            .filter(|(_, _, events)| !events.is_empty());
        let streams: Vec<StreamAppend> = filled
            .map(|(kind, id, events)| self.stream(kind, id, events, &metadata))
            .collect();
        if streams.is_empty() {
            return None;
        }
        let request = AppendRequest {
            partition: self.partition,
            org_id: OrgId(self.org.0),
            streams,
            result: None,
        };
        Some(self.store.append(request).await.unwrap().position)
    }

    fn stream(
        &mut self,
        kind: &'static str,
        id: Uuid,
        events: Events,
        metadata: &str,
    ) -> StreamAppend {
        let version = self.versions.entry(id).or_insert(0);
        let expected = Version::new(*version).unwrap();
        *version += i64::try_from(events.len()).unwrap();
        let events = events.into_iter().map(|(event, occurred_at)| NewEvent {
            event_id: Uuid::now_v7(),
            event_type: event.event_type.into(),
            schema_version: event.schema_version,
            data: event.data,
            metadata: metadata.to_owned(),
            occurred_at,
        });
        StreamAppend {
            stream: StreamId {
                stream_type: kind.into(),
                id,
            },
            expected,
            events: events.collect(),
        }
    }

    /// Appends an event of any name and data to a stream of its own.
    pub async fn append_raw(
        &mut self,
        stream_type: &'static str,
        event_type: &'static str,
        data: &str,
    ) -> Position {
        let event = Encoded {
            event_type,
            schema_version: 1,
            data: data.to_owned(),
        };
        let stream = (stream_type, Uuid::now_v7(), vec![(event, self.now)]);
        self.append(&Actor::Operator, vec![stream]).await.unwrap()
    }
}

pub fn post(ticket_id: TicketId, visibility: Visibility, body: &str) -> MessageCommand {
    MessageCommand::Post {
        ticket_id,
        visibility,
        body: MessageBody::parse(body).unwrap(),
    }
}

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}
