//! Signing on by another site: `/auth/sign_on`.

use domain::ids::SignOnProviderId;
use platform::http::body::Body;
use platform::http::problem::{AccessProblem, BodylessAccessProblem};
use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use uuid::Uuid;

use super::answers::{LetIn, Private, SignInView};
use super::origin;
use super::problems::problem;
use super::refresh_cookie::Carrier;
use super::sign_on_shapes::{
    FinishSignOnBody, SignOnBegunView, SignOnChoicesView, StartSignOnBody,
};
use crate::http::tags::ApiTags;
use crate::identity::{Identity, Returned};

pub(super) struct SignOnApi(pub(super) Identity);

#[OpenApi(tag = "ApiTags::Access")]
impl SignOnApi {
    /// List the sites that people of an organization may sign on by
    ///
    /// Empty where there is no such organization.
    #[oai(
        path = "/auth/sign_on/providers",
        method = "get",
        operation_id = "list_sign_on_choices"
    )]
    async fn choices(
        &self,
        /// The short name of the organization.
        #[oai(validator(min_length = 1, max_length = 63))]
        organization: Query<String>,
    ) -> Result<Private<SignOnChoicesView>, BodylessAccessProblem> {
        let choices = self.0.sign_on_choices(&organization.0).await;
        Ok(Private::of(choices.map_err(problem)?.into()))
    }

    /// Begin a sign-on
    ///
    /// Send the person to `authorization_url`, and keep `flow` in the program that began (a browser's session storage): it
    /// completes the sign-on within ten minutes, once, and nothing else does.
    #[oai(
        path = "/auth/sign_on/providers/:provider_id/start",
        method = "post",
        operation_id = "start_sign_on"
    )]
    async fn start(
        &self,
        /// The provider.
        provider_id: Path<Uuid>,
        body: Body<StartSignOnBody>,
    ) -> Result<Private<SignOnBegunView>, AccessProblem> {
        let id = SignOnProviderId(provider_id.0);
        let begun = self.0.start_sign_on(&body.0.organization, id).await;
        Ok(Private::of(begun.map_err(problem)?.into()))
    }

    /// Complete a sign-on
    ///
    /// With what the provider sent along to the page of this `provider_id`. The same refusal for a person whom the
    /// organization does not know, for one who may not act, and for an address that the provider does not vouch for.
    #[oai(
        path = "/auth/sign_on/providers/:provider_id/finish",
        method = "post",
        operation_id = "finish_sign_on"
    )]
    async fn finish(
        &self,
        request: &Request,
        /// The provider.
        provider_id: Path<Uuid>,
        /// Where the refresh token is to be: `body` when absent, or `cookie` for a page in a browser.
        #[oai(name = "Refresh-Token-In")]
        carrier: Header<Option<Carrier>>,
        body: Body<FinishSignOnBody>,
    ) -> Result<LetIn<SignInView>, AccessProblem> {
        let id = SignOnProviderId(provider_id.0);
        let returned = Returned {
            flow: &body.0.flow,
            state: &body.0.state,
            code: &body.0.code,
            issuer: body.0.iss.as_deref(),
        };
        let signed_in = self.0.finish_sign_on(id, &returned, &origin(request)).await;
        let signed_in = signed_in.map_err(problem)?;
        Ok(LetIn::signed_in(signed_in, carrier.0.unwrap_or_default()))
    }
}
