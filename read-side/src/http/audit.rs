//! `GET /audit`.

use chrono::{DateTime, Utc};
use domain::ids::UserId;
use platform::http::auth::Bearer;
use platform::http::page::bad_cursor;
use platform::http::problem::QueryProblem;
use platform::rows::AuditRow;
use poem::Request;
use poem_openapi::param::{Header, Query};
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

use super::Tag;
use super::history::{ActorView, ChangeView};
use super::page::{Listed, OrderView, limit, parse_range};
use super::session::{Session, bad, refused};
use crate::audit::{AuditFilter, AuditList, AuditQuery, EventTypes};
use crate::models::ReadModels;
use platform::page::Direction;

/// One fact of the audit.
#[derive(Debug, Object)]
#[oai(rename = "AuditEntry", skip_serializing_if_is_none)]
pub(super) struct AuditEntryView {
    /// The id of the event.
    id: Uuid,
    /// What happened, such as `session.started`.
    #[oai(rename = "type")]
    event_type: String,
    /// Who did it.
    actor: ActorView,
    /// Whom it concerns, if it concerns a person.
    subject: Option<SubjectView>,
    /// What it happened to.
    resource: ResourceView,
    /// One sentence for people.
    summary: String,
    /// What changed.
    changes: Vec<ChangeView>,
    /// What staff said about it.
    reason: Option<String>,
    /// The address of the machine that it came from, if it is known.
    source_address: Option<String>,
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// When it was recorded: the order of the list.
    recorded_at: DateTime<Utc>,
}

/// Whom something concerns.
#[derive(Debug, Object)]
#[oai(rename = "AuditSubject", skip_serializing_if_is_none)]
pub(super) struct SubjectView {
    /// The person.
    id: Uuid,
    /// The name of that moment. Absent for who was not one of the organization's people then.
    name: Option<String>,
}

impl SubjectView {
    /// Whom a fact of the audit concerns, if it concerns a person.
    pub(super) fn of(row: &AuditRow) -> Option<Self> {
        let id = row.subject_id?;
        Some(Self {
            id: id.0,
            name: row.subject_name.clone(),
        })
    }
}

/// What something happened to.
#[derive(Debug, Object)]
#[oai(rename = "AuditResource")]
struct ResourceView {
    /// `user`, `team`, `organization`, `message`, `session`, `api_key`, `invitation`, `sign_on_provider` or `export`.
    #[oai(rename = "type")]
    kind: String,
    /// Its id.
    id: Uuid,
}

pub(super) fn entry(row: AuditRow) -> AuditEntryView {
    let (summary, subject) = (row.told(), SubjectView::of(&row));
    AuditEntryView {
        id: row.event_id,
        event_type: row.event_type,
        actor: ActorView::new(row.actor_kind, row.actor_id, row.actor_role, row.actor_name),
        subject,
        resource: ResourceView {
            kind: row.resource_type,
            id: row.resource_id,
        },
        summary,
        changes: row.changes.0.into_iter().map(Into::into).collect(),
        reason: row.reason,
        source_address: row.source_address,
        occurred_at: row.occurred_at,
        recorded_at: row.recorded_at,
    }
}

pub(super) struct AuditQueries(pub(super) ReadModels);

#[OpenApi(tag = "Tag::Organization")]
impl AuditQueries {
    /// List the audit
    ///
    /// Sign-ins and their failures, credentials, invitations, exports, erasures, and every change of people, teams and
    /// the organization: who, what, when, from where. Admins, and roles of the organization's own that may read it; those
    /// made of lead see no redactions, and no private teams that they are not in.
    #[oai(path = "/audit", method = "get", operation_id = "list_audit")]
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
        /// One of these types; a comma between several, or repeat the parameter. `session.` stands for all that begin so.
        #[oai(name = "type")]
        types: Query<Option<Vec<String>>>,
        /// Done by this person.
        actor_id: Query<Option<Uuid>>,
        /// Concerning this person.
        subject_id: Query<Option<Uuid>>,
        /// Recorded at this time or later.
        from: Query<Option<DateTime<Utc>>>,
        /// Recorded before this time.
        to: Query<Option<DateTime<Utc>>>,
        /// Which first; the newest when absent.
        order: Query<Option<OrderView>>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before, with the same filter and order.
        cursor: Query<Option<String>>,
    ) -> Result<Listed<AuditEntryView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let names = types.0.unwrap_or_default();
        let types = EventTypes::parse(names.iter().map(String::as_str))
            .map_err(|error| bad("type", error))?;
        let direction = match order.0 {
            None => Direction::Descending,
            given => OrderView::direction(given),
        };
        let query = AuditQuery {
            filter: AuditFilter {
                types,
                actor: actor_id.0.map(UserId),
                subject: subject_id.0.map(UserId),
                recorded: parse_range(("from", from.0), ("to", to.0))?,
            },
            direction,
            limit: limit(items.0)?,
        };
        let list = AuditList::new(query, cursor.0.as_deref()).map_err(bad_cursor)?;
        let page = self.0.audit(&session.viewer, &list).await;
        let page = page.map_err(refused)?;
        Ok(Listed::new(page.map(entry), None, request, session.token))
    }
}
