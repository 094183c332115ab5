//! `GET /teams` and `GET /teams/{id}`.

use domain::ids::TeamId;
use platform::http::auth::Bearer;
use platform::http::page::bad_cursor;
use platform::http::problem::{Problem, QueryProblem};
use platform::http::views::TeamView;
use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use uuid::Uuid;

use super::page::{Found, Listed, limit};
use super::past::moment;
use super::session::{Session, refused};
use super::{Tag, views};
use crate::models::ReadModels;
use crate::past::Past;
use crate::teams::TeamList;

pub(super) struct TeamQueries(pub(super) ReadModels, pub(super) Past);

#[OpenApi(tag = "Tag::Teams")]
impl TeamQueries {
    /// List teams
    ///
    /// By name. Staff only; private teams are shown to their members and to admins.
    #[oai(path = "/teams", method = "get", operation_id = "list_teams")]
    async fn list(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Listed<TeamView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let list = TeamList::new(cursor.0.as_deref()).map_err(bad_cursor)?;
        let page = self
            .0
            .teams(&session.viewer, &list, limit(items.0)?)
            .await
            .map_err(refused)?;
        Ok(Listed::new(
            page.map(views::team),
            None,
            request,
            session.token,
        ))
    }

    /// Get a team
    ///
    /// Staff only; a private team is there for its members and for admins. With `as_of` it is the team as it was, to those who
    /// may see it now.
    #[oai(path = "/teams/:team_id", method = "get", operation_id = "get_team")]
    async fn get(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The team.
        team_id: Path<Uuid>,
        /// As it was by this time, by when things were recorded, or while it had this version.
        #[oai(validator(max_length = 40))]
        as_of: Query<Option<String>>,
    ) -> Result<Found<TeamView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let id = TeamId(team_id.0);
        let row = self.0.team(&session.viewer, id).await.map_err(refused)?;
        let mut row = row.ok_or_else(|| Problem::not_found("the team"))?;
        if let Some(as_of) = as_of.0 {
            let as_of = moment(&self.0, &session, "as_of", &as_of).await?;
            let tenant = session.viewer.tenant;
            let stream = self.1.stream(tenant, id.0, session.at_least).await;
            let then = stream.map_err(refused)?.team_at(as_of);
            row = then.ok_or_else(|| Problem::not_found("the team at that moment"))?;
        }
        let version = row.version;
        Ok(Found::new(views::team(row), Some(version), session.token))
    }
}
