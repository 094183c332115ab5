//! `POST /auth/login`, `/auth/refresh` and `/auth/logout`.

use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::problem::{AccessProblem, BodylessAccessProblem, Problem};
use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::Header;

use super::answers::{LetIn, SignInView, SignedOut, TokensView};
use super::bodies::{RefreshBody, SecondFactorBody, SignInBody};
use super::problems::problem;
use super::refresh_cookie::{self, Carrier};
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
        /// Where the refresh token is to be: `body` when absent, or `cookie` for a page in a browser.
        #[oai(name = "Refresh-Token-In")]
        carrier: Header<Option<Carrier>>,
        body: Body<SignInBody>,
    ) -> Result<LetIn<SignInView>, AccessProblem> {
        let SignInBody {
            email,
            password,
            organization,
        } = &body.0;
        limit_account(request, &self.0, email).await?;
        let origin = origin(request);
        let signed_in = self
            .0
            .sign_in(email, password, organization.as_deref(), &origin);
        let signed_in = signed_in.await.map_err(problem)?;
        Ok(LetIn::signed_in(signed_in, carrier.0.unwrap_or_default()))
    }

    /// Complete a sign-in by the second factor
    ///
    /// By a code of the authenticator app, or a recovery code. Five tries, then the password has to be sent again. An account
    /// with several organizations that named none gets another ticket, which is sent with the organization and no code.
    #[oai(
        path = "/auth/login/second_factor",
        method = "post",
        operation_id = "complete_sign_in"
    )]
    async fn complete(
        &self,
        request: &Request,
        /// Where the refresh token is to be: `body` when absent, or `cookie` for a page in a browser.
        #[oai(name = "Refresh-Token-In")]
        carrier: Header<Option<Carrier>>,
        body: Body<SecondFactorBody>,
    ) -> Result<LetIn<SignInView>, AccessProblem> {
        let SecondFactorBody {
            ticket,
            code,
            organization,
        } = &body.0;
        let origin = origin(request);
        let signed_in =
            self.0
                .complete_sign_in(ticket, code.as_deref(), organization.as_deref(), &origin);
        let signed_in = signed_in.await.map_err(problem)?;
        Ok(LetIn::signed_in(signed_in, carrier.0.unwrap_or_default()))
    }

    /// Get new tokens for a refresh token
    ///
    /// A refresh token is good for seven days and is used once. Sent again within ten seconds it gives the same successor,
    /// for a client whose answer was lost; sent later it ends the session, since somebody else holds a copy. A token that
    /// came in the cookie has its successor there.
    #[oai(
        path = "/auth/refresh",
        method = "post",
        operation_id = "refresh_session"
    )]
    async fn refresh(
        &self,
        request: &Request,
        body: Body<RefreshBody>,
    ) -> Result<LetIn<TokensView>, AccessProblem> {
        let sent = body.0.refresh_token.as_deref();
        let (token, carrier) = sent
            .map(|token| (token, Carrier::Body))
            .or_else(|| refresh_cookie::read(request).map(|token| (token, Carrier::Cookie)))
            .ok_or_else(no_refresh_token)?;
        let refreshed = self.0.refresh(token, &origin(request)).await;
        Ok(LetIn::refreshed(refreshed.map_err(problem)?, carrier))
    }

    /// Sign out
    ///
    /// Ends this session: its refresh token at once, its access tokens within seconds on every server.
    #[oai(path = "/auth/logout", method = "post", operation_id = "sign_out")]
    async fn sign_out(
        &self,
        bearer: Bearer,
        request: &Request,
    ) -> Result<SignedOut, BodylessAccessProblem> {
        let ended = self.0.sign_out(&bearer.0, &origin(request)).await;
        ended.map_err(problem)?;
        Ok(SignedOut::Done(refresh_cookie::forget(request)))
    }
}

fn no_refresh_token() -> Problem {
    let detail = "is needed where no cookie carries it".to_owned();
    Problem::invalid("/refresh_token", detail)
}
