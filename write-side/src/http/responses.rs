//! The answers to commands.

use super::desk::Desk;
use crate::commands::{
    MessageAnswer, OrganizationAnswer, PostedMessage, TeamAnswer, TicketAnswer, UserAnswer,
};
use crate::dispatch::Done;
use chrono::{DateTime, Utc};
use domain::ids::TicketId;
use platform::auth::Principal;
use platform::consistency::ConsistencyToken;
use platform::http::entity_tag;
use platform::http::serve::BASE_PATH;
use platform::http::views::{
    ChannelView, FieldValueView, PriorityView, RoleView, SettingsView, StatusView, TicketView,
    VisibilityView,
};
use poem_openapi::payload::Json;
use poem_openapi::types::{ToJSON, Type};
use poem_openapi::{ApiResponse, Object};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// Something was made.
#[derive(ApiResponse)]
pub(super) enum Created<T: ToJSON + Type + Send> {
    /// It was made, or had been made by an earlier request with the same key.
    #[oai(status = 201)]
    Created(
        Json<T>,
        /// Where it is.
        #[oai(header = "Location")]
        String,
        /// Its version, for `If-Match`.
        #[oai(header = "ETag")]
        String,
        /// Send it with a query to see at least this change.
        #[oai(header = "Consistency-Token")]
        String,
        /// `true` when an earlier request with the same key did it.
        #[oai(header = "Idempotency-Replayed")]
        Option<String>,
        /// The preference that was followed.
        #[oai(header = "Preference-Applied")]
        Option<String>,
    ),
}

/// Something was changed.
#[derive(ApiResponse)]
pub(super) enum Changed<T: ToJSON + Type + Send> {
    /// It is as asked now.
    #[oai(status = 200)]
    Ok(
        Json<T>,
        /// Its version, for `If-Match`.
        #[oai(header = "ETag")]
        String,
        /// Send it with a query to see at least this change.
        #[oai(header = "Consistency-Token")]
        String,
        /// `true` when an earlier request with the same key did it.
        #[oai(header = "Idempotency-Replayed")]
        Option<String>,
        /// The preference that was followed.
        #[oai(header = "Preference-Applied")]
        Option<String>,
    ),
}

impl<T: ToJSON + Type + Send> Created<T> {
    /// The answer to a command that made what lives under `path`.
    pub(super) fn of(path: &str, version: i64, stamp: Stamp, body: T) -> Self {
        let location = format!("{BASE_PATH}{path}");
        Self::Created(
            Json(body),
            location,
            entity_tag::of_version(version),
            stamp.token,
            stamp.replayed,
            stamp.preference,
        )
    }
}

impl<T: ToJSON + Type + Send> Changed<T> {
    /// The answer to a command that left its resource at `version`.
    pub(super) fn of(version: i64, stamp: Stamp, body: T) -> Self {
        Self::Ok(
            Json(body),
            entity_tag::of_version(version),
            stamp.token,
            stamp.replayed,
            stamp.preference,
        )
    }
}

/// The headers that tell how a command was carried out.
pub(super) struct Stamp {
    token: String,
    replayed: Option<String>,
    preference: Option<String>,
}

impl Stamp {
    /// Of a command.
    pub(super) fn of<A>(done: &Done<A>) -> Self {
        Self {
            token: token(done).to_string(),
            replayed: done.replayed.then(|| "true".to_owned()),
            preference: None,
        }
    }

    fn waited(self, wait: Duration) -> Self {
        Self {
            preference: Some(format!("wait={}", wait.as_secs())),
            ..self
        }
    }
}

fn token<A>(done: &Done<A>) -> ConsistencyToken {
    ConsistencyToken {
        partition: done.partition,
        position: done.position,
    }
}

/// A ticket after a command. `Prefer: wait` adds the full view.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(skip_serializing_if_is_none)]
pub(super) struct TicketResult {
    /// Its id.
    pub id: Uuid,
    /// Rises with every event of the ticket; what `ETag` and `If-Match` carry.
    pub version: i64,
    /// What it is about.
    pub subject: String,
    /// Where it stands.
    pub status: StatusView,
    /// How urgent it is.
    pub priority: PriorityView,
    /// How it came in.
    pub channel: ChannelView,
    /// Whose ticket it is.
    pub requester_id: Uuid,
    /// The agent who works on it, if one does.
    pub agent_id: Option<Uuid>,
    /// The team that works on it, if one does. Staff only.
    pub team_id: Option<Uuid>,
    /// Its tags in alphabetical order. Staff only.
    pub tags: Option<Vec<String>>,
    /// Its custom fields by key. Staff only.
    pub custom_fields: Option<BTreeMap<String, FieldValueView>>,
    /// The closed ticket that it continues.
    pub follow_up_of: Option<Uuid>,
    /// The message that it was opened with.
    pub message_id: Option<Uuid>,
    /// The full view, when the request preferred to wait for it.
    pub ticket: Option<TicketView>,
}

impl TicketResult {
    /// The ticket as a person of this role may see it.
    pub(super) fn of(answer: &TicketAnswer, viewer: &Principal) -> Self {
        let is_staff = viewer.role.is_staff();
        let fields = || {
            answer
                .custom_fields
                .iter()
                .map(|(key, value)| (key.to_string(), value.into()))
                .collect()
        };
        Self {
            id: answer.id.0,
            version: answer.version,
            subject: answer.subject.to_string(),
            status: answer.status.into(),
            priority: answer.priority.into(),
            channel: answer.channel.into(),
            requester_id: answer.requester_id.0,
            agent_id: answer.assignment.agent_id.map(Uuid::from),
            team_id: answer
                .assignment
                .team_id
                .filter(|_| is_staff)
                .map(Uuid::from),
            tags: is_staff.then(|| answer.tags.iter().map(ToString::to_string).collect()),
            custom_fields: is_staff.then(fields),
            follow_up_of: answer.follow_up_of.map(Uuid::from),
            message_id: answer.message_id.map(Uuid::from),
            ticket: None,
        }
    }
}

/// The result of a command to a ticket, with the view that the request preferred to wait for.
pub(super) async fn ticket_result(
    desk: &Desk,
    viewer: &Principal,
    done: &Done<TicketAnswer>,
    wait: Option<Duration>,
) -> (TicketResult, Stamp) {
    let body = TicketResult::of(&done.answer, viewer);
    let (ticket, stamp) = view(desk, viewer, done, done.answer.id, wait).await;
    (TicketResult { ticket, ..body }, stamp)
}

/// What became of a message. `Prefer: wait` adds the full view of its ticket.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(skip_serializing_if_is_none)]
pub(super) struct PostResult {
    /// The message's id.
    pub id: Uuid,
    /// Rises with every event of the message.
    pub version: i64,
    /// The ticket that it is on: the addressed one, or its follow-up.
    pub ticket_id: Uuid,
    /// The version of that ticket; what `ETag` carries.
    pub ticket_version: i64,
    /// Where that ticket stands.
    pub ticket_status: StatusView,
    /// The closed ticket that was addressed, when the message went to a follow-up.
    pub follow_up_of: Option<Uuid>,
    /// Who can read it.
    pub visibility: VisibilityView,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// The full view, when the request preferred to wait for it.
    pub ticket: Option<TicketView>,
}

/// The result of a reply or a note.
pub(super) async fn post_result(
    desk: &Desk,
    viewer: &Principal,
    done: &Done<PostedMessage>,
    addressed: TicketId,
    wait: Option<Duration>,
) -> (PostResult, Stamp) {
    let PostedMessage { message, ticket } = &done.answer;
    let is_follow_up = ticket.id != addressed;
    let (view, stamp) = view(desk, viewer, done, ticket.id, wait).await;
    let body = PostResult {
        id: message.id.0,
        version: message.version,
        ticket_id: ticket.id.0,
        ticket_version: ticket.version,
        ticket_status: ticket.status.into(),
        follow_up_of: is_follow_up.then_some(addressed.0),
        visibility: message.visibility.into(),
        created_at: message.posted_at,
        ticket: view,
    };
    (body, stamp)
}

async fn view<A>(
    desk: &Desk,
    viewer: &Principal,
    done: &Done<A>,
    id: TicketId,
    wait: Option<Duration>,
) -> (Option<TicketView>, Stamp) {
    let stamp = Stamp::of(done);
    let Some(wait) = wait else {
        return (None, stamp);
    };
    match desk.view(viewer, id, token(done), wait).await {
        Some(view) => (Some(view), stamp.waited(wait)),
        None => (None, stamp),
    }
}

/// A message after a command.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(skip_serializing_if_is_none)]
pub(super) struct MessageResult {
    /// Its id.
    pub id: Uuid,
    /// Rises with every event of the message; what `ETag` and `If-Match` carry.
    pub version: i64,
    /// The ticket it belongs to.
    pub ticket_id: Uuid,
    /// Who wrote it.
    pub author_id: Uuid,
    /// Who can read it.
    pub visibility: VisibilityView,
    /// The words; absent once it is redacted.
    pub body: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

impl From<&MessageAnswer> for MessageResult {
    fn from(answer: &MessageAnswer) -> Self {
        Self {
            id: answer.id.0,
            version: answer.version,
            ticket_id: answer.ticket_id.0,
            author_id: answer.author_id.0,
            visibility: answer.visibility.into(),
            body: answer.body.as_ref().map(ToString::to_string),
            created_at: answer.posted_at,
        }
    }
}

/// A user after a command.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(skip_serializing_if_is_none)]
pub(super) struct UserResult {
    /// Their id.
    pub id: Uuid,
    /// Rises with every event of the user; what `ETag` and `If-Match` carry.
    pub version: i64,
    /// Their name.
    pub name: String,
    /// Their e-mail address, if it is known.
    pub email: Option<String>,
    /// What they may do.
    pub role: RoleView,
    /// The company that they belong to, if they are a customer of one.
    pub company_id: Option<Uuid>,
    /// Whether they may act.
    pub active: bool,
}

impl From<&UserAnswer> for UserResult {
    fn from(answer: &UserAnswer) -> Self {
        Self {
            id: answer.id.0,
            version: answer.version,
            name: answer.name.to_string(),
            email: answer.email.as_ref().map(ToString::to_string),
            role: answer.role.into(),
            company_id: answer.company_id.map(Uuid::from),
            active: answer.active,
        }
    }
}

/// A team after a command.
#[derive(Debug, Clone, PartialEq, Object)]
pub(super) struct TeamResult {
    /// Its id.
    pub id: Uuid,
    /// Rises with every event of the team; what `ETag` and `If-Match` carry.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Whether only its members, and admins, see it and its tickets.
    pub private: bool,
    /// The ids of its members.
    pub member_ids: Vec<Uuid>,
}

impl From<&TeamAnswer> for TeamResult {
    fn from(answer: &TeamAnswer) -> Self {
        Self {
            id: answer.id.0,
            version: answer.version,
            name: answer.name.to_string(),
            private: answer.private,
            member_ids: answer.members.iter().map(|member| member.0).collect(),
        }
    }
}

/// The organization after a command.
#[derive(Debug, Clone, PartialEq, Object)]
pub(super) struct OrganizationResult {
    /// Its id.
    pub id: Uuid,
    /// Rises with every event of the organization; what `ETag` and `If-Match` carry.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Its short name.
    pub slug: String,
    /// What it set.
    pub settings: SettingsView,
}

impl From<&OrganizationAnswer> for OrganizationResult {
    fn from(answer: &OrganizationAnswer) -> Self {
        Self {
            id: answer.id.0,
            version: answer.version,
            name: answer.name.to_string(),
            slug: answer.slug.to_string(),
            settings: SettingsView::from(&answer.settings),
        }
    }
}
