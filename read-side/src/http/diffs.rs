//! `GET /users/{id}/diff`, `GET /teams/{id}/diff`, `GET /calendars/{id}/diff` and `GET /service-levels/policies/{id}/diff`.

use domain::ids::{CalendarId, PolicyId, TeamId, UserId};
use platform::http::auth::Bearer;
use platform::http::problem::{Problem, QueryProblem};
use platform::permission::Permission;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::ToJSON;
use poem_openapi::{ApiResponse, Object, OpenApi};
use uuid::Uuid;

use super::diff::{Moments, changes};
use super::history::ChangeView;
use super::policies::{hidden_teams, policy_view, without};
use super::session::{Session, refused};
use super::{Tag, calendars, views};
use crate::past::{AsOf, LevelsThen, Past};

/// What is different between two moments of a user, a team, a calendar or a policy.
#[derive(Debug, Object)]
#[oai(rename = "Diff")]
struct DiffView {
    /// The version of the former moment: that of the thing, or for a policy that of all policies together.
    from_version: i64,
    /// The version of the later one.
    to_version: i64,
    /// The fields that differ, by the names of the thing's own view; `conditions.all` of a policy one by one.
    changes: Vec<ChangeView>,
}

impl DiffView {
    fn new(
        (from_version, to_version): (i64, i64),
        before: &impl ToJSON,
        after: &impl ToJSON,
    ) -> Self {
        Self {
            from_version,
            to_version,
            changes: changes(before, after),
        }
    }
}

/// The answer with a difference.
#[derive(ApiResponse)]
enum DiffAnswer {
    /// The difference.
    #[oai(status = 200)]
    Diff(
        Json<DiffView>,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

pub(super) struct DiffQueries(pub(super) Past);

#[OpenApi]
impl DiffQueries {
    /// Compare two moments of a user
    ///
    /// Which fields differ between the user as they were at two moments. Customers see themselves only; who was erased since is
    /// nobody at any moment.
    #[oai(
        path = "/users/:user_id/diff",
        method = "get",
        operation_id = "diff_user",
        tag = "Tag::Users"
    )]
    async fn of_user(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The user.
        user_id: Path<Uuid>,
        /// The former moment: a time, by when things were recorded, or a version. The first when absent.
        #[oai(validator(max_length = 40))]
        from: Query<Option<String>>,
        /// The later moment; now when absent.
        #[oai(validator(max_length = 40))]
        to: Query<Option<String>>,
    ) -> Result<DiffAnswer, QueryProblem> {
        let session = Session::begin(self.0.models(), &auth.0, token.0.as_deref()).await?;
        let moments = Moments::parse(self.0.models(), &session, from.0, to.0).await?;
        let (tenant, at_least) = (session.viewer.tenant, session.at_least);
        let id = UserId(user_id.0);
        if !auth.0.may(Permission::ReadUsers) && id != session.viewer.user_id {
            return Err(Problem::not_found("the user").into());
        }
        let now = self.0.models().user(tenant, id).await;
        let now = now.map_err(refused)?;
        let now = now.ok_or_else(|| Problem::not_found("the user"))?;
        let stream = self.0.stream(tenant, id.0, at_least).await;
        let stream = stream.map_err(refused)?;
        let then = |as_of| {
            let row = stream.user_at(as_of);
            row.ok_or_else(|| Problem::not_found("the user at that moment"))
        };
        let before = then(moments.begin_or_first())?;
        let after = moments.to.map_or(Ok(now), then)?;
        let versions = (before.version, after.version);
        let view = DiffView::new(versions, &views::user(before), &views::user(after));
        Ok(DiffAnswer::Diff(Json(view), session.token))
    }

    /// Compare two moments of a team
    ///
    /// Which fields differ between the team as it was at two moments. Staff only; a private team is there for its members and for
    /// admins.
    #[oai(
        path = "/teams/:team_id/diff",
        method = "get",
        operation_id = "diff_team",
        tag = "Tag::Teams"
    )]
    async fn of_team(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The team.
        team_id: Path<Uuid>,
        /// The former moment: a time, by when things were recorded, or a version. The first when absent.
        #[oai(validator(max_length = 40))]
        from: Query<Option<String>>,
        /// The later moment; now when absent.
        #[oai(validator(max_length = 40))]
        to: Query<Option<String>>,
    ) -> Result<DiffAnswer, QueryProblem> {
        let session = Session::begin(self.0.models(), &auth.0, token.0.as_deref()).await?;
        let moments = Moments::parse(self.0.models(), &session, from.0, to.0).await?;
        let (tenant, at_least) = (session.viewer.tenant, session.at_least);
        let id = TeamId(team_id.0);
        let now = self.0.models().team(&session.viewer, id).await;
        let now = now.map_err(refused)?;
        let now = now.ok_or_else(|| Problem::not_found("the team"))?;
        let stream = self.0.stream(tenant, id.0, at_least).await;
        let stream = stream.map_err(refused)?;
        let then = |as_of| {
            let row = stream.team_at(as_of);
            row.ok_or_else(|| Problem::not_found("the team at that moment"))
        };
        let before = then(moments.begin_or_first())?;
        let after = moments.to.map_or(Ok(now), then)?;
        let versions = (before.version, after.version);
        let view = DiffView::new(versions, &views::team(before), &views::team(after));
        Ok(DiffAnswer::Diff(Json(view), session.token))
    }

    /// Compare two moments of a calendar
    ///
    /// Which fields differ between the calendar as it was at two moments. Staff only.
    #[oai(
        path = "/calendars/:calendar_id/diff",
        method = "get",
        operation_id = "diff_calendar",
        tag = "Tag::ServiceLevels"
    )]
    async fn of_calendar(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The calendar.
        calendar_id: Path<Uuid>,
        /// The former moment: a time, by when things were recorded, or a version. The first when absent.
        #[oai(validator(max_length = 40))]
        from: Query<Option<String>>,
        /// The later moment; now when absent.
        #[oai(validator(max_length = 40))]
        to: Query<Option<String>>,
    ) -> Result<DiffAnswer, QueryProblem> {
        let session = Session::begin(self.0.models(), &auth.0, token.0.as_deref()).await?;
        let moments = Moments::parse(self.0.models(), &session, from.0, to.0).await?;
        let (tenant, at_least) = (session.viewer.tenant, session.at_least);
        let id = CalendarId(calendar_id.0);
        let now = self.0.models().calendar(tenant, id).await;
        let now = now.map_err(refused)?;
        let now = now.ok_or_else(|| Problem::not_found("the calendar"))?;
        let stream = self.0.stream(tenant, id.0, at_least).await;
        let stream = stream.map_err(refused)?;
        let then = |as_of| {
            let row = stream.calendar_at(as_of);
            row.ok_or_else(|| Problem::not_found("the calendar at that moment"))
        };
        let before = then(moments.begin_or_first())?;
        let after = moments.to.map_or(Ok(now), then)?;
        let versions = (before.version, after.version);
        let view = DiffView::new(versions, &calendars::view(before), &calendars::view(after));
        Ok(DiffAnswer::Diff(Json(view), session.token))
    }

    /// Compare two moments of a policy
    ///
    /// Which fields differ between the policy as it was at two moments. Staff only.
    #[oai(
        path = "/service-levels/policies/:policy_id/diff",
        method = "get",
        operation_id = "diff_policy",
        tag = "Tag::ServiceLevels"
    )]
    async fn of_policy(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The policy.
        policy_id: Path<Uuid>,
        /// The former moment: a time, by when things were recorded, or a version of all policies together. The first when absent.
        #[oai(validator(max_length = 40))]
        from: Query<Option<String>>,
        /// The later moment; now when absent.
        #[oai(validator(max_length = 40))]
        to: Query<Option<String>>,
    ) -> Result<DiffAnswer, QueryProblem> {
        let session = Session::begin(self.0.models(), &auth.0, token.0.as_deref()).await?;
        let moments = Moments::parse(self.0.models(), &session, from.0, to.0).await?;
        let (tenant, at_least) = (session.viewer.tenant, session.at_least);
        let id = PolicyId(policy_id.0);
        // A policy that is deleted has its versions still.
        let first = self.0.models().policy_version(tenant, id, 1).await;
        let first = first.map_err(refused)?;
        first.ok_or_else(|| Problem::not_found("the policy"))?;
        let stream = self.0.service_levels(tenant, at_least).await;
        let stream = stream.map_err(refused)?;
        let made = stream.version_of_first(id).unwrap_or_default();
        let then = |as_of| {
            let levels = stream.service_levels_at(as_of);
            levels.and_then(|LevelsThen { version, state }| policy_view(version, &state, id))
        };
        let before = then(moments.from.unwrap_or(AsOf::Version(made)));
        let after = match moments.to {
            Some(to) => then(to),
            None => {
                let now = self.0.models().service_levels(tenant).await;
                let now = now.map_err(refused)?;
                now.and_then(|row| policy_view(row.version, &row.state.0, id))
            }
        };
        let hidden = hidden_teams(self.0.models(), &session).await?;
        let [before, after] = [before, after].map(|view| {
            let view = view.map(|view| without(&hidden, view));
            view.ok_or_else(|| Problem::not_found("the policy at that moment"))
        });
        let (before, after) = (before?, after?);
        let versions = (
            before.version.unwrap_or_default(),
            after.version.unwrap_or_default(),
        );
        let view = DiffView::new(versions, &before, &after);
        Ok(DiffAnswer::Diff(Json(view), session.token))
    }
}
