//! `GET /tickets/{id}/history`.

use chrono::{DateTime, Utc};
use domain::actor::Role;
use domain::ids::{TicketId, UserId};
use platform::http::auth::Bearer;
use platform::http::page::bad_cursor;
use platform::http::problem::{Problem, QueryProblem};
use platform::http::views::RoleView;
use platform::rows::{ActorKind, Change, HistoryRow};
use poem::Request;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::types::Any;
use poem_openapi::{Enum, Object, OpenApi};
use serde_json::Value;
use uuid::Uuid;

use super::Tag;
use super::audit::SubjectView;
use super::page::{Listed, OrderView, limit};
use super::session::{Session, refused};
use crate::history::History;
use crate::models::ReadModels;
use crate::viewer::Viewer;

/// One fact of the history of a ticket, a person, a team or a policy.
#[derive(Debug, Object)]
#[oai(rename = "HistoryEntry", skip_serializing_if_is_none)]
pub(super) struct HistoryEntryView {
    /// The id of the event.
    pub(super) id: Uuid,
    /// What happened, such as `ticket.opened`.
    #[oai(rename = "type")]
    pub(super) event_type: String,
    /// Who did it.
    pub(super) actor: ActorView,
    /// One sentence for people.
    pub(super) summary: String,
    /// What changed.
    pub(super) changes: Vec<ChangeView>,
    /// Whom it concerns, where that is another than who did it. In the history of a person or a team.
    pub(super) subject: Option<SubjectView>,
    /// The message that it is about. In the history of a ticket.
    pub(super) message_id: Option<Uuid>,
    /// What staff said about it. Staff only.
    pub(super) reason: Option<String>,
    /// Whether the requester can see it. In the history of a ticket, staff only.
    pub(super) public: Option<bool>,
    /// When it happened.
    pub(super) occurred_at: DateTime<Utc>,
    /// When it was recorded.
    pub(super) recorded_at: DateTime<Utc>,
    /// The version that it gave to what it happened to; to the message if it is about one alone.
    pub(super) version: i64,
}

/// Who did something.
#[derive(Debug, Object)]
#[oai(rename = "Actor", skip_serializing_if_is_none)]
pub(super) struct ActorView {
    /// A person or a part of the system.
    kind: ActorKindView,
    /// The person.
    id: Option<Uuid>,
    /// The role in which they acted.
    role: Option<RoleView>,
    /// The name of that moment.
    name: String,
}

impl ActorView {
    pub(super) fn new(
        kind: ActorKind,
        id: Option<UserId>,
        role: Option<Role>,
        name: String,
    ) -> Self {
        Self {
            kind: kind.into(),
            id: id.map(|id| id.0),
            role: role.map(Into::into),
            name,
        }
    }
}

/// What kind of originator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "ActorKind", rename_all = "snake_case")]
pub(super) enum ActorKindView {
    /// A person.
    User,
    /// A program with an API key.
    Machine,
    /// A timer.
    Timer,
    /// History taken over from another system.
    Import,
    /// The operator of the installation.
    Operator,
    /// InsightDesk itself, where it lets people in.
    Identity,
}

impl From<ActorKind> for ActorKindView {
    fn from(kind: ActorKind) -> Self {
        match kind {
            ActorKind::User => Self::User,
            ActorKind::Machine => Self::Machine,
            ActorKind::Timer => Self::Timer,
            ActorKind::Import => Self::Import,
            ActorKind::Operator => Self::Operator,
            ActorKind::Identity => Self::Identity,
        }
    }
}

/// One field that changed.
#[derive(Debug, Object)]
#[oai(rename = "Change", skip_serializing_if_is_none)]
pub(super) struct ChangeView {
    /// Which, as the ticket or the audit names it.
    field: String,
    /// The old value, people and teams by their names of that moment. Absent for none.
    from: Option<Any<Value>>,
    /// The new value, likewise. Absent for none.
    to: Option<Any<Value>>,
}

impl From<Change> for ChangeView {
    fn from(change: Change) -> Self {
        let present = |value: Value| (!value.is_null()).then_some(Any(value));
        Self {
            field: change.field,
            from: present(change.from),
            to: present(change.to),
        }
    }
}

pub(super) fn entry(row: HistoryRow, viewer: &Viewer) -> HistoryEntryView {
    let staff = viewer.is_staff();
    let summary = row.told();
    HistoryEntryView {
        id: row.event_id,
        event_type: row.event_type,
        actor: ActorView::new(row.actor_kind, row.actor_id, row.actor_role, row.actor_name),
        summary,
        changes: row.changes.0.into_iter().map(Into::into).collect(),
        subject: None,
        message_id: row.message_id.map(|id| id.0),
        reason: row.reason.filter(|_| staff),
        public: staff.then_some(row.public),
        occurred_at: row.occurred_at,
        recorded_at: row.recorded_at,
        version: row.version,
    }
}

pub(super) struct HistoryQueries(pub(super) ReadModels);

#[OpenApi(tag = "Tag::Tickets")]
impl HistoryQueries {
    /// List the history of a ticket
    ///
    /// Everything that happened to it and its messages: who, what, when, from, to. Customers see what is public of
    /// their own tickets.
    #[oai(
        path = "/tickets/:ticket_id/history",
        method = "get",
        operation_id = "list_history"
    )]
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a parameter of the request"
    )]
    async fn list(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The ticket.
        ticket_id: Path<Uuid>,
        /// Which first; the oldest when absent.
        order: Query<Option<OrderView>>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before, with the same order.
        cursor: Query<Option<String>>,
    ) -> Result<Listed<HistoryEntryView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let direction = OrderView::direction(order.0);
        let history = History::new(TicketId(ticket_id.0), direction, cursor.0.as_deref())
            .map_err(bad_cursor)?;
        let limit = limit(items.0)?;
        let page = self
            .0
            .history(&session.viewer, &history, limit, session.at_least)
            .await
            .map_err(refused)?;
        let page = page.ok_or_else(|| Problem::not_found("the ticket"))?;
        Ok(Listed::new(
            page.map(|row| entry(row, &session.viewer)),
            None,
            request,
            session.token,
        ))
    }
}
