//! `GET /organization`.

use event_store::Position;
use platform::http::auth::Bearer;
use platform::http::problem::{Problem, QueryProblem};
use platform::http::views::OrganizationView;
use poem_openapi::OpenApi;
use poem_openapi::param::Header;

use super::page::Found;
use super::session::{Session, refused};
use super::{Tag, views};
use crate::models::ReadModels;

pub(super) struct OrganizationQueries(pub(super) ReadModels);

#[OpenApi(tag = "Tag::Organization")]
impl OrganizationQueries {
    /// Get the organization
    ///
    /// The organization of the access token. Customers see its name only; agents and leads no private team that they are not
    /// in.
    #[oai(
        path = "/organization",
        method = "get",
        operation_id = "get_organization"
    )]
    async fn get(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
    ) -> Result<Found<OrganizationView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let shown = self
            .0
            .organization(session.viewer.tenant, session.at_least)
            .await
            .map_err(refused)?;
        let shown = shown.ok_or_else(|| Problem::not_found("the organization"))?;
        let mut view = views::organization(&shown.row, &session.viewer);
        // By teams that are not older than the settings.
        let shows = Position::new(shown.row.position).unwrap_or(Position::START);
        let teams_at = session.at_least.max(shows);
        let hidden = self.0.hidden_teams(&session.viewer, teams_at).await;
        if let (Some(hidden), Some(settings)) = (hidden.map_err(refused)?, &mut view.settings) {
            let waiting = &mut settings.team_waiting;
            waiting.retain(|id, _| !hidden.are_named_by(id));
        }
        let version = view.version;
        Ok(Found::new(view, version, session.token_of(&shown)))
    }
}
