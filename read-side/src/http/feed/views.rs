//! Events on the wire.

use chrono::{DateTime, Utc};
use domain::actor::{Actor, Role};
use domain::ids::UserId;
use event_store::OrgId;
use platform::http::views::RoleView;
use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;
use uuid::Uuid;

use super::super::history::ActorKindView;
use crate::feed::{self, FeedEvent, FeedPage};

/// One event.
#[derive(Debug, Object)]
#[oai(rename = "Event", skip_serializing_if_is_none)]
pub(super) struct EventView {
    /// Its id: the same event has the same id for ever.
    id: Uuid,
    /// Where it stands. Send it as `after` to go on behind it.
    pub(super) cursor: String,
    /// What happened, such as `ticket.opened`.
    #[oai(rename = "type")]
    pub(super) event_type: String,
    /// The version of the shape of `data`.
    schema_version: i16,
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// When it was recorded.
    recorded_at: DateTime<Utc>,
    /// Who made it happen.
    actor: EventActorView,
    /// The ticket that it belongs to, if it does to one.
    ticket_id: Option<Uuid>,
    /// What it happened to.
    object: EventObjectView,
    /// The same for everything that followed from one first command. Staff only.
    correlation_id: Option<Uuid>,
    /// The event that led to it, if one did. Staff only.
    causation_id: Option<Uuid>,
    /// What happened in detail; the fields of each type are listed in docs/EVENTS.md.
    data: Any<Value>,
}

/// Who made an event happen.
#[derive(Debug, Object)]
#[oai(rename = "EventActor", skip_serializing_if_is_none)]
struct EventActorView {
    /// A person or machine (`user`), or a part of the system.
    kind: ActorKindView,
    /// The person or machine.
    id: Option<Uuid>,
    /// The role in which they acted.
    role: Option<RoleView>,
}

/// What an event happened to.
#[derive(Debug, Object)]
#[oai(rename = "EventObject", skip_serializing_if_is_none)]
struct EventObjectView {
    /// What it is, such as `ticket` or `message`.
    #[oai(rename = "type")]
    object_type: String,
    /// Which.
    id: Uuid,
    /// The version that the event gave it.
    version: i64,
}

/// Some events in the order of the log.
#[derive(Debug, Object)]
#[oai(rename = "EventPage", skip_serializing_if_is_none)]
pub(super) struct EventPageView {
    /// The events, the oldest first. There may be none although there is more.
    items: Vec<EventView>,
    /// Send it as `after` to go on. It is always there, and good for ever.
    pub(super) next_cursor: String,
    /// Whether there is more to ask for at once.
    has_more: bool,
}

impl EventView {
    pub(super) fn of(org_id: OrgId, event: FeedEvent) -> Self {
        Self {
            id: event.event_id,
            cursor: feed::encode(org_id, event.position),
            event_type: event.event_type.to_owned(),
            schema_version: event.schema_version,
            occurred_at: event.occurred_at,
            recorded_at: event.recorded_at,
            actor: event.actor.into(),
            ticket_id: event.ticket_id,
            object: EventObjectView {
                object_type: event.stream_type,
                id: event.stream_id,
                version: event.version,
            },
            correlation_id: event.correlation_id,
            causation_id: event.causation_id,
            data: Any(event.data),
        }
    }
}

impl EventPageView {
    pub(super) fn of(org_id: OrgId, page: FeedPage) -> Self {
        let events = page.events.into_iter();
        Self {
            items: events.map(|event| EventView::of(org_id, event)).collect(),
            next_cursor: feed::encode(org_id, page.reached),
            has_more: page.has_more,
        }
    }
}

impl From<Actor> for EventActorView {
    fn from(actor: Actor) -> Self {
        let of_user = |id: UserId, role: Role| (ActorKindView::User, Some(id.0), Some(role.into()));
        let (kind, id, role) = match actor {
            Actor::User { id, role } => of_user(id, role),
            Actor::Timer => (ActorKindView::Timer, None, None),
            Actor::Import { .. } => (ActorKindView::Import, None, None),
            Actor::Operator => (ActorKindView::Operator, None, None),
            Actor::Identity => (ActorKindView::Identity, None, None),
        };
        Self { kind, id, role }
    }
}
