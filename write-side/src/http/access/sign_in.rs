//! `POST /auth/login`, `/auth/refresh` and `/auth/logout`.

use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::problem::{AccessProblem, BodylessAccessProblem};
use poem::Request;
use poem_openapi::OpenApi;

use super::answers::{Done, Private, SignInView, TokensView};
use super::bodies::{RefreshBody, SecondFactorBody, SignInBody};
use super::problems::problem;
use super::{limit_account, origin};
use crate::http::tags::ApiTags;
use crate::identity::Identity;

pub(super) struct SignInApi(pub(super) Identity);

#[OpenApi(tag = "ApiTags::Access")]
impl SignInApi {
    /// Sign in by password
    ///
    /// The same answer for a wrong password, an unknown address and a person who may not sign in.
    #[oai(path = "/auth/login", method = "post", operation_id = "sign_in")]
    async fn sign_in(
        &self,
        request: &Request,
        body: Body<SignInBody>,
    ) -> Result<Private<SignInView>, AccessProblem> {
        let SignInBody {
            email,
            password,
            organization,
        } = &body.0;
        limit_account(request, email).await?;
        let origin = origin(request);
        let signed_in = self
            .0
            .sign_in(email, password, organization.as_deref(), &origin);
        Ok(Private::of(signed_in.await.map_err(problem)?.into()))
    }

    /// Complete a sign-in by the second factor
    ///
    /// By a code of the authenticator app, or a recovery code. Five tries, then the password has to be sent again.
    #[oai(
        path = "/auth/login/second_factor",
        method = "post",
        operation_id = "complete_sign_in"
    )]
    async fn complete(
        &self,
        request: &Request,
        body: Body<SecondFactorBody>,
    ) -> Result<Private<SignInView>, AccessProblem> {
        let SecondFactorBody {
            ticket,
            code,
            organization,
        } = &body.0;
        let origin = origin(request);
        let signed_in = self
            .0
            .complete_sign_in(ticket, code, organization.as_deref(), &origin);
        Ok(Private::of(signed_in.await.map_err(problem)?.into()))
    }

    /// Get new tokens for a refresh token
    ///
    /// A refresh token is good for seven days and is used once. Sent again within ten seconds it gives the same successor,
    /// for a client whose answer was lost; sent later it ends the session, since somebody else holds a copy.
    #[oai(
        path = "/auth/refresh",
        method = "post",
        operation_id = "refresh_session"
    )]
    async fn refresh(
        &self,
        request: &Request,
        body: Body<RefreshBody>,
    ) -> Result<Private<TokensView>, AccessProblem> {
        let origin = origin(request);
        let refreshed = self.0.refresh(&body.0.refresh_token, &origin).await;
        Ok(Private::of(refreshed.map_err(problem)?.into()))
    }

    /// Sign out
    ///
    /// Ends this session: its refresh token at once, its access tokens within seconds on every server.
    #[oai(path = "/auth/logout", method = "post", operation_id = "sign_out")]
    async fn sign_out(
        &self,
        bearer: Bearer,
        request: &Request,
    ) -> Result<Done, BodylessAccessProblem> {
        let ended = self.0.sign_out(&bearer.0, &origin(request)).await;
        ended.map_err(problem)?;
        Ok(Done::Done)
    }
}
