//! Commands to teams.

use super::desk::Desk;
use super::fields::Fields;
use super::responses::{Changed, Created, Stamp, TeamResult};
use super::tags::ApiTags;
use super::tickets::call;
use crate::commands::{ChangeTeam, CreateTeam};
use domain::ids::{TeamId, UserId};
use domain::text::Name;
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::problem::CommandProblem;
use poem::Request;
use poem_openapi::param::{Header, Path};
use poem_openapi::{Object, OpenApi};
use std::collections::BTreeSet;
use uuid::Uuid;

pub(super) struct Teams(pub Desk);

/// Makes a team.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct CreateTeamBody {
    /// Its name.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: String,
    /// Whether only its members, and admins, see it and its tickets; `false` when left out.
    private: Option<bool>,
    /// Its members: active agents, leads and admins. Nobody when left out.
    #[oai(validator(max_items = 1000))]
    member_ids: Option<Vec<Uuid>>,
}

/// Changes what is given of a team.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct UpdateTeamBody {
    /// The new name.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: Option<String>,
    /// Whether only its members, and admins, see it and its tickets.
    private: Option<bool>,
    /// All members from now on: active agents, leads and admins.
    #[oai(validator(max_items = 1000))]
    member_ids: Option<Vec<Uuid>>,
}

fn members(ids: Vec<Uuid>) -> BTreeSet<UserId> {
    ids.into_iter().map(UserId).collect()
}

/// Commands to teams.
#[OpenApi(tag = "ApiTags::Teams")]
impl Teams {
    /// Make a team
    #[oai(path = "/teams", method = "post", operation_id = "create_team")]
    async fn create(
        &self,
        bearer: Bearer,
        request: &Request,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<CreateTeamBody>,
    ) -> Result<Created<TeamResult>, CommandProblem> {
        let call = call(bearer, request, key, Header(None));
        let mut fields = Fields::default();
        let name = fields.text("/name", &body.0.name, Name::parse);
        let name = fields.finish(name)?;
        let members = members(body.0.member_ids.unwrap_or_default());
        let command = CreateTeam {
            team_id: TeamId(Uuid::now_v7()),
            name,
            private: body.0.private.unwrap_or_default(),
            members,
        };
        let done = self.0.run(&call, command).await?;
        let result = TeamResult::from(&done.answer);
        Ok(Created::of(
            &format!("/teams/{}", result.id),
            result.version,
            Stamp::of(&done),
            result,
        ))
    }

    /// Change a team
    #[oai(
        path = "/teams/:team_id",
        method = "patch",
        operation_id = "update_team"
    )]
    async fn update(
        &self,
        bearer: Bearer,
        request: &Request,
        team_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<UpdateTeamBody>,
    ) -> Result<Changed<TeamResult>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let mut fields = Fields::default();
        let name = fields.optional("/name", body.0.name.as_deref(), Name::parse);
        let name = fields.finish(name)?;
        let command = ChangeTeam {
            team_id: TeamId(team_id.0),
            name,
            private: body.0.private,
            members: body.0.member_ids.map(members),
        };
        let done = self.0.run(&call, command).await?;
        Ok(Changed::of(
            done.answer.version,
            Stamp::of(&done),
            TeamResult::from(&done.answer),
        ))
    }
}
