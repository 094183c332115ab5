//! The sessions of oneself and, for admins, of others.

use domain::ids::{SessionId, UserId};
use platform::auth::Principal;
use platform::http::auth::Bearer;
use platform::http::problem::{BodylessAccessProblem, Problem};
use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use uuid::Uuid;

use super::answers::{Done, Private, SessionsView};
use super::origin;
use super::problems::problem;
use crate::http::tags::ApiTags;
use crate::identity::Identity;

pub(super) struct SessionApi(pub(super) Identity);

#[OpenApi(tag = "ApiTags::Access")]
impl SessionApi {
    /// List one's own sessions
    #[oai(
        path = "/auth/sessions",
        method = "get",
        operation_id = "list_sessions"
    )]
    async fn list(&self, bearer: Bearer) -> Result<Private<SessionsView>, BodylessAccessProblem> {
        let principal = &bearer.0;
        let sessions = self
            .0
            .sessions_of(principal.organization_id, principal.user_id);
        let sessions = sessions.await.map_err(problem)?;
        Ok(Private::of(SessionsView::of(
            sessions,
            principal.session_id(),
        )))
    }

    /// End one of one's own sessions
    #[oai(
        path = "/auth/sessions/:session_id",
        method = "delete",
        operation_id = "end_session"
    )]
    async fn end(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The session.
        session_id: Path<Uuid>,
    ) -> Result<Done, BodylessAccessProblem> {
        let session = SessionId(session_id.0);
        let ended = self
            .0
            .end_own_session(&bearer.0, session, &origin(request))
            .await;
        ended.map_err(problem)?;
        Ok(Done::Done)
    }

    /// List a person's sessions
    ///
    /// Admins only.
    #[oai(
        path = "/users/:user_id/sessions",
        method = "get",
        operation_id = "list_user_sessions"
    )]
    async fn list_of(
        &self,
        bearer: Bearer,
        /// The person.
        user_id: Path<Uuid>,
    ) -> Result<Private<SessionsView>, BodylessAccessProblem> {
        let user_id = self.other(&bearer.0, user_id.0).await?;
        let sessions = self.0.sessions_of(bearer.0.organization_id, user_id).await;
        let sessions = sessions.map_err(problem)?;
        let current = bearer.0.session_id();
        Ok(Private::of(SessionsView::of(sessions, current)))
    }

    /// End all sessions of a person
    ///
    /// Admins only. Their refresh tokens end at once, their access tokens within seconds.
    #[oai(
        path = "/users/:user_id/sessions",
        method = "delete",
        operation_id = "end_user_sessions"
    )]
    async fn end_of(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The person.
        user_id: Path<Uuid>,
    ) -> Result<Done, BodylessAccessProblem> {
        let user_id = self.other(&bearer.0, user_id.0).await?;
        let ended = self
            .0
            .end_sessions_of(&bearer.0, user_id, &origin(request))
            .await;
        ended.map_err(problem)?;
        Ok(Done::Done)
    }
}

impl SessionApi {
    /// A person of the same organization.
    async fn other(&self, principal: &Principal, user_id: Uuid) -> Result<UserId, Problem> {
        let user_id = UserId(user_id);
        let exists = self
            .0
            .exists(principal.organization_id, user_id)
            .await
            .map_err(problem)?;
        if exists {
            Ok(user_id)
        } else {
            Err(Problem::not_found("the user"))
        }
    }
}
