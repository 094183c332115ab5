//! The ways in that begin with a mail: signing up, forgotten passwords, codes.

use domain::text::{Email, Name, Slug};
use platform::http::body::Body;
use platform::http::problem::AccessProblem;
use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::Header;

use super::answers::{Accepted, Done, LetIn, OrganizationMadeView, Private, SignInView};
use super::bodies::{
    AskForCodeBody, CodeSignInBody, ForgotPasswordBody, ResetPasswordBody, SignUpBody,
    VerifyAddressBody,
};
use super::problems::problem;
use super::refresh_cookie::Carrier;
use super::{limit_account, origin};
use crate::http::fields::{AtFault, Fields};
use crate::http::tags::ApiTags;
use crate::identity::{Identity, SignUp};

pub(super) struct MailedApi(pub(super) Identity);

#[OpenApi(tag = "ApiTags::Access")]
impl MailedApi {
    /// Sign up
    ///
    /// Asks for a new organization with oneself as its admin. A link is mailed; the organization is made when its token is
    /// sent to `verify_address`. The same answer for an address that has an account already, which is told so by mail.
    #[oai(path = "/sign_up", method = "post", operation_id = "sign_up")]
    async fn sign_up(
        &self,
        request: &Request,
        body: Body<SignUpBody>,
    ) -> Result<Accepted, AccessProblem> {
        let body = &body.0;
        limit_account(request, &self.0, &body.email).await?;
        let mut fields = Fields::default();
        let organization_name =
            fields.text("/organization_name", &body.organization_name, Name::parse);
        let slug = fields.text("/organization_slug", &body.organization_slug, Slug::parse);
        let name = fields.text("/name", &body.name, Name::parse);
        let email = fields.text("/email", &body.email, Email::parse);
        let all = || {
            Ok::<_, AtFault>(SignUp {
                organization_name: organization_name?,
                organization_slug: slug?,
                name: name?,
                email: email?,
                password: body.password.clone(),
            })
        };
        let parsed = all();
        let wish = fields.finish(parsed)?;
        self.0.sign_up(wish).await.map_err(problem)?;
        Ok(Accepted::Accepted)
    }

    /// Show that an address is one's own
    ///
    /// Makes the organization that was signed up for. The link is good for a day.
    #[oai(
        path = "/auth/verify_address",
        method = "post",
        operation_id = "verify_address"
    )]
    async fn verify(
        &self,
        request: &Request,
        body: Body<VerifyAddressBody>,
    ) -> Result<Private<OrganizationMadeView>, AccessProblem> {
        let origin = origin(request);
        let verified = self.0.verify_address(&body.0.token, &origin).await;
        let organization_id = verified.map_err(problem)?.0;
        Ok(Private::of(OrganizationMadeView { organization_id }))
    }

    /// Ask for a link to set a new password
    ///
    /// The same answer whether or not there is an account.
    #[oai(
        path = "/auth/password/forgot",
        method = "post",
        operation_id = "forgot_password"
    )]
    async fn forgot(
        &self,
        request: &Request,
        body: Body<ForgotPasswordBody>,
    ) -> Result<Accepted, AccessProblem> {
        let origin = origin(request);
        limit_account(request, &self.0, &body.0.email).await?;
        let mailed = self.0.forgot_password(&body.0.email, &origin).await;
        mailed.map_err(problem)?;
        Ok(Accepted::Accepted)
    }

    /// Set a new password by a link
    ///
    /// The link is good once and for half an hour. Every session of the account ends.
    #[oai(
        path = "/auth/password/reset",
        method = "post",
        operation_id = "reset_password"
    )]
    async fn reset(
        &self,
        request: &Request,
        body: Body<ResetPasswordBody>,
    ) -> Result<Done, AccessProblem> {
        let ResetPasswordBody { token, password } = &body.0;
        let reset = self
            .0
            .reset_password(token, password, &origin(request))
            .await;
        reset.map_err(problem)?;
        Ok(Done::Done)
    }

    /// Ask for a code to sign in
    ///
    /// For customers, who need no password. The same answer whether or not there is one.
    #[oai(path = "/auth/codes", method = "post", operation_id = "ask_for_code")]
    async fn ask_for_code(
        &self,
        request: &Request,
        body: Body<AskForCodeBody>,
    ) -> Result<Accepted, AccessProblem> {
        let AskForCodeBody {
            email,
            organization,
        } = &body.0;
        limit_account(request, &self.0, email).await?;
        let mailed = self.0.ask_for_code(email, organization).await;
        mailed.map_err(problem)?;
        Ok(Accepted::Accepted)
    }

    /// Sign in by a code
    ///
    /// The code is good once, for five minutes and five tries.
    #[oai(
        path = "/auth/codes/verify",
        method = "post",
        operation_id = "sign_in_by_code"
    )]
    async fn sign_in_by_code(
        &self,
        request: &Request,
        /// Where the refresh token is to be: `body` when absent, or `cookie` for a page in a browser.
        #[oai(name = "Refresh-Token-In")]
        carrier: Header<Option<Carrier>>,
        body: Body<CodeSignInBody>,
    ) -> Result<LetIn<SignInView>, AccessProblem> {
        let CodeSignInBody {
            email,
            organization,
            code,
        } = &body.0;
        let origin = origin(request);
        limit_account(request, &self.0, email).await?;
        let signed_in = self.0.sign_in_by_code(email, organization, code, &origin);
        let signed_in = signed_in.await.map_err(problem)?;
        Ok(LetIn::signed_in(signed_in, carrier.0.unwrap_or_default()))
    }
}
