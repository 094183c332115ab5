//! Commands to users.

use super::bodies::given;
use super::desk::Desk;
use super::fields::{AtFault, Fields};
use super::responses::{Changed, Created, Stamp, UserResult};
use super::tags::ApiTags;
use super::tickets::call;
use crate::commands::{ChangeUser, CreateUser, EraseUser, NewRole};
use domain::ids::{RoleId, UserId};
use domain::text::{Email, Name, Reason};
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::problem::{CommandProblem, Problem};
use platform::http::views::RoleView;
use poem::Request;
use poem_openapi::param::{Header, Path};
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

pub(super) struct Users(pub Desk);

/// Makes a user.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct CreateUserBody {
    /// Their name.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: String,
    /// Their e-mail address, unique in the organization.
    #[oai(validator(min_length = 3, max_length = 254))]
    email: Option<String>,
    /// What they may do.
    role: RoleView,
}

/// Changes what is given of a user.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct UpdateUserBody {
    /// The new name. Everybody may change their own.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: Option<String>,
    /// The new e-mail address; `null` takes it away.
    email: MaybeUndefined<String>,
    /// The new role.
    role: Option<RoleView>,
    /// A role of the organization's own instead.
    role_id: Option<Uuid>,
    /// Whether they may act.
    active: Option<bool>,
}

/// Erases a person.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct EraseUserBody {
    /// Why, for the record.
    #[oai(validator(min_length = 1, max_length = 500))]
    reason: String,
}

impl UpdateUserBody {
    fn command(self, user_id: UserId) -> Result<ChangeUser, Problem> {
        let mut fields = Fields::default();
        let name = fields.optional("/name", self.name.as_deref(), Name::parse);
        let email = given(self.email)
            .map(|email| fields.optional("/email", email.as_deref(), Email::parse));
        let role = match (self.role, self.role_id) {
            (Some(_), Some(_)) => {
                Err(fields.add("/role_id", "takes the place of `role`: send one"))
            }
            (Some(role), None) => Ok(Some(NewRole::BuiltIn(role.into()))),
            (None, role_id) => Ok(role_id.map(|id| NewRole::Own(RoleId(id)))),
        };
        let all = || Ok::<_, AtFault>((name?, email.transpose()?, role?));
        let parsed = all();
        let (name, email, role) = fields.finish(parsed)?;
        Ok(ChangeUser {
            user_id,
            name,
            email,
            role,
            active: self.active,
        })
    }
}

/// Commands to users.
#[OpenApi(tag = "ApiTags::Users")]
impl Users {
    /// Make a user
    #[oai(path = "/users", method = "post", operation_id = "create_user")]
    async fn create(
        &self,
        bearer: Bearer,
        request: &Request,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<CreateUserBody>,
    ) -> Result<Created<UserResult>, CommandProblem> {
        let call = call(bearer, request, key, Header(None));
        let mut fields = Fields::default();
        let name = fields.text("/name", &body.0.name, Name::parse);
        let email = fields.optional("/email", body.0.email.as_deref(), Email::parse);
        let all = || Ok::<_, AtFault>((name?, email?));
        let parsed = all();
        let (name, email) = fields.finish(parsed)?;
        let command = CreateUser {
            user_id: UserId(Uuid::now_v7()),
            name,
            email,
            role: body.0.role.into(),
        };
        let done = self.0.run(&call, command).await?;
        let result = UserResult::from(&done.answer);
        Ok(Created::of(
            &format!("/users/{}", result.id),
            result.version,
            Stamp::of(&done),
            result,
        ))
    }

    /// Change a user
    #[oai(
        path = "/users/:user_id",
        method = "patch",
        operation_id = "update_user"
    )]
    async fn update(
        &self,
        bearer: Bearer,
        request: &Request,
        user_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<UpdateUserBody>,
    ) -> Result<Changed<UserResult>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let command = body.0.command(UserId(user_id.0))?;
        let done = self.0.run(&call, command).await?;
        Ok(Changed::of(
            done.answer.version,
            Stamp::of(&done),
            UserResult::from(&done.answer),
        ))
    }

    /// Erase a person
    ///
    /// For ever: their name, address and everything that they wrote is replaced by "(erased)" wherever it stood, their key
    /// is destroyed, their address is free for others, and they may no longer act. Tickets, messages and counts stay.
    /// Admins only, and not themselves. Doing it again changes nothing.
    #[oai(
        path = "/users/:user_id/erase",
        method = "post",
        operation_id = "erase_user"
    )]
    async fn erase(
        &self,
        bearer: Bearer,
        request: &Request,
        user_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<EraseUserBody>,
    ) -> Result<Changed<UserResult>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let mut fields = Fields::default();
        let parsed = fields.text("/reason", &body.0.reason, Reason::parse);
        let command = EraseUser {
            user_id: UserId(user_id.0),
            reason: fields.finish(parsed)?,
        };
        let done = self.0.erase(&call, command).await?;
        Ok(Changed::of(
            done.answer.version,
            Stamp::of(&done),
            UserResult::from(&done.answer),
        ))
    }
}
