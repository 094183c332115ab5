//! `GET /users/{id}/history`, `GET /teams/{id}/history`, `GET /calendars/{id}/history` and `GET /service-levels/policies/{id}/history`.

use domain::ids::{CalendarId, PolicyId, TeamId, UserId};
use platform::auth::Principal;
use platform::cursor::InvalidCursor;
use platform::http::auth::Bearer;
use platform::http::page::bad_cursor;
use platform::http::problem::{Problem, QueryProblem};
use platform::page::Direction;
use platform::permission::Permission;
use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use uuid::Uuid;

use super::Tag;
use super::audit::SubjectView;
use super::history::{ActorView, HistoryEntryView};
use super::page::{Listed, OrderView, limit};
use super::session::{Session, refused};
use crate::past::{Fact, Facts, Past};

/// What a client asks for, whatever it is about.
struct Asked<'a> {
    request: &'a Request,
    principal: &'a Principal,
    session: Session,
    order: Option<OrderView>,
    items: Option<i64>,
    cursor: Option<String>,
}

pub(super) struct HistoriesQueries(pub(super) Past);

#[OpenApi]
impl HistoriesQueries {
    /// List the history of a user
    ///
    /// Everything that happened to their account: name, address, role, company, whether they may act. Staff only; why somebody
    /// was erased is told to those who may read the audit.
    #[oai(
        path = "/users/:user_id/history",
        method = "get",
        operation_id = "list_user_history",
        tag = "Tag::Users"
    )]
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a parameter of the request"
    )]
    async fn of_user(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The user.
        user_id: Path<Uuid>,
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
        let session = Session::begin(self.0.models(), &auth.0, token.0.as_deref()).await?;
        let id = UserId(user_id.0);
        let user = self.0.models().user(session.viewer.tenant, id).await;
        let user = user.map_err(refused)?;
        user.ok_or_else(|| Problem::not_found("the user"))?;
        let asked = Asked {
            request,
            principal: &auth.0,
            session,
            order: order.0,
            items: items.0,
            cursor: cursor.0,
        };
        self.listed(asked, |direction, cursor| {
            Facts::of_user(id, direction, cursor)
        })
        .await
    }

    /// List the history of a team
    ///
    /// Its names, whether it is private, and who came and went. Staff only; a private team is there for its members and for
    /// admins.
    #[oai(
        path = "/teams/:team_id/history",
        method = "get",
        operation_id = "list_team_history",
        tag = "Tag::Teams"
    )]
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a parameter of the request"
    )]
    async fn of_team(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The team.
        team_id: Path<Uuid>,
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
        let session = Session::begin(self.0.models(), &auth.0, token.0.as_deref()).await?;
        let id = TeamId(team_id.0);
        let team = self.0.models().team(&session.viewer, id).await;
        let team = team.map_err(refused)?;
        team.ok_or_else(|| Problem::not_found("the team"))?;
        let asked = Asked {
            request,
            principal: &auth.0,
            session,
            order: order.0,
            items: items.0,
            cursor: cursor.0,
        };
        self.listed(asked, |direction, cursor| {
            Facts::of_team(id, direction, cursor)
        })
        .await
    }

    /// List the history of a calendar
    ///
    /// When it was made, changed and retired; `GET /calendars/{id}?version=` tells what it said. Staff only.
    #[oai(
        path = "/calendars/:calendar_id/history",
        method = "get",
        operation_id = "list_calendar_history",
        tag = "Tag::ServiceLevels"
    )]
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a parameter of the request"
    )]
    async fn of_calendar(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The calendar.
        calendar_id: Path<Uuid>,
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
        let session = Session::begin(self.0.models(), &auth.0, token.0.as_deref()).await?;
        let id = CalendarId(calendar_id.0);
        let calendar = self.0.models().calendar(session.viewer.tenant, id).await;
        let calendar = calendar.map_err(refused)?;
        calendar.ok_or_else(|| Problem::not_found("the calendar"))?;
        let asked = Asked {
            request,
            principal: &auth.0,
            session,
            order: order.0,
            items: items.0,
            cursor: cursor.0,
        };
        self.listed(asked, |direction, cursor| {
            Facts::of_calendar(id, direction, cursor)
        })
        .await
    }

    /// List the history of a policy
    ///
    /// What changed in it, also once it is deleted. Staff only.
    #[oai(
        path = "/service-levels/policies/:policy_id/history",
        method = "get",
        operation_id = "list_policy_history",
        tag = "Tag::ServiceLevels"
    )]
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a parameter of the request"
    )]
    async fn of_policy(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The policy.
        policy_id: Path<Uuid>,
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
        let session = Session::begin(self.0.models(), &auth.0, token.0.as_deref()).await?;
        let id = PolicyId(policy_id.0);
        // A policy that is deleted has its versions still.
        let first = self.0.models().policy_version(session.viewer.tenant, id, 1);
        let first = first.await.map_err(refused)?;
        first.ok_or_else(|| Problem::not_found("the policy"))?;
        let asked = Asked {
            request,
            principal: &auth.0,
            session,
            order: order.0,
            items: items.0,
            cursor: cursor.0,
        };
        self.listed(asked, |direction, cursor| {
            Facts::of_policy(id, direction, cursor)
        })
        .await
    }
}

impl HistoriesQueries {
    async fn listed(
        &self,
        asked: Asked<'_>,
        facts: impl FnOnce(Direction, Option<&str>) -> Result<Facts, InvalidCursor>,
    ) -> Result<Listed<HistoryEntryView>, QueryProblem> {
        let direction = OrderView::direction(asked.order);
        let facts = facts(direction, asked.cursor.as_deref()).map_err(bad_cursor)?;
        let viewer = asked.session.viewer;
        let limit = limit(asked.items)?;
        let at_least = asked.session.at_least;
        let page = self.0.facts(&viewer, &facts, limit, at_least).await;
        let page = page.map_err(refused)?;
        let may_audit = asked.principal.may(Permission::ReadAudit);
        let page = page.map(|fact| entry(fact, may_audit));
        Ok(Listed::new(page, None, asked.request, asked.session.token))
    }
}

fn entry(Fact { row, version }: Fact, may_audit: bool) -> HistoryEntryView {
    let (summary, subject) = (row.told(), SubjectView::of(&row));
    HistoryEntryView {
        id: row.event_id,
        event_type: row.event_type,
        actor: ActorView::new(row.actor_kind, row.actor_id, row.actor_role, row.actor_name),
        summary,
        changes: row.changes.0.into_iter().map(Into::into).collect(),
        subject,
        message_id: None,
        // Why somebody was erased is a matter of the audit.
        reason: row.reason.filter(|_| may_audit),
        public: None,
        occurred_at: row.occurred_at,
        recorded_at: row.recorded_at,
        version,
    }
}
