//! `GET /users` and `GET /users/{id}`.

use domain::ids::{CompanyId, UserId};
use domain::text::Name;
use platform::http::auth::Bearer;
use platform::http::page::bad_cursor;
use platform::http::problem::{Problem, QueryProblem};
use platform::http::views::{RoleView, UserView};
use platform::permission::Permission;
use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use uuid::Uuid;

use super::page::{Found, Listed, limit};
use super::past::moment;
use super::session::{Session, bad, refused};
use super::{Tag, views};
use crate::models::ReadModels;
use crate::past::Past;
use crate::users::{UserFilter, UserList};

pub(super) struct UserQueries(pub(super) ReadModels, pub(super) Past);

#[OpenApi(tag = "Tag::Users")]
impl UserQueries {
    /// List users
    ///
    /// By name. Staff only.
    #[oai(path = "/users", method = "get", operation_id = "list_users")]
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
        /// Only this role.
        role: Query<Option<RoleView>>,
        /// Only those who may act, or only those who may not.
        active: Query<Option<bool>>,
        /// How the name begins, in upper or lower case.
        #[oai(validator(min_length = 1, max_length = 120))]
        q: Query<Option<String>>,
        /// Only the people of this company.
        company: Query<Option<Uuid>>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before, with the same filter.
        cursor: Query<Option<String>>,
    ) -> Result<Listed<UserView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let name_prefix =
            q.0.as_deref()
                .map(Name::parse)
                .transpose()
                .map_err(|error| bad("q", error))?;
        let filter = UserFilter {
            role: role.0.map(Into::into),
            active: active.0,
            name_prefix,
            company: company.0.map(CompanyId),
        };
        let list = UserList::new(filter, cursor.0.as_deref()).map_err(bad_cursor)?;
        let page = self
            .0
            .users(session.viewer.tenant, &list, limit(items.0)?)
            .await
            .map_err(refused)?;
        Ok(Listed::new(
            page.map(views::user),
            None,
            request,
            session.token,
        ))
    }

    /// Get a user
    ///
    /// Customers see themselves only. With `as_of` it is the user as they were; who was erased since is nobody at any moment.
    #[oai(path = "/users/:user_id", method = "get", operation_id = "get_user")]
    async fn get(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The user.
        user_id: Path<Uuid>,
        /// As they were by this time, by when things were recorded, or while they had this version.
        #[oai(validator(max_length = 40))]
        as_of: Query<Option<String>>,
    ) -> Result<Found<UserView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let id = UserId(user_id.0);
        let not_found = || Problem::not_found("the user");
        if !auth.0.may(Permission::ReadUsers) && id != session.viewer.user_id {
            return Err(not_found().into());
        }
        let tenant = session.viewer.tenant;
        let row = self.0.user(tenant, id).await.map_err(refused)?;
        let mut row = row.ok_or_else(not_found)?;
        if let Some(as_of) = as_of.0 {
            let as_of = moment(&self.0, &session, "as_of", &as_of).await?;
            let stream = self.1.stream(tenant, id.0, session.at_least).await;
            let then = stream.map_err(refused)?.user_at(as_of);
            row = then.ok_or_else(|| Problem::not_found("the user at that moment"))?;
        }
        let version = row.version;
        Ok(Found::new(views::user(row), Some(version), session.token))
    }
}
