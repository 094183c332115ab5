//! The second factor of oneself.

use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::problem::{AccessProblem, BodylessAccessProblem};
use poem::Request;
use poem_openapi::OpenApi;

use super::answers::{Done, EnrolmentView, Private, RecoveryCodesView};
use super::bodies::{CodeBody, GiveUpBody};
use super::origin;
use super::problems::problem;
use crate::http::tags::ApiTags;
use crate::identity::Identity;

pub(super) struct SecondFactorApi(pub(super) Identity);

#[OpenApi(tag = "ApiTags::Access")]
impl SecondFactorApi {
    /// Propose a second factor
    ///
    /// The secret for an authenticator app (RFC 6238). It is asked for once a code of it was confirmed.
    #[oai(
        path = "/auth/second_factor",
        method = "post",
        operation_id = "propose_second_factor"
    )]
    async fn propose(
        &self,
        bearer: Bearer,
    ) -> Result<Private<EnrolmentView>, BodylessAccessProblem> {
        let proposed = self.0.propose_second_factor(&bearer.0).await;
        Ok(Private::of(proposed.map_err(problem)?.into()))
    }

    /// Confirm the proposed second factor
    ///
    /// From now on every sign-in by password needs a code of it. Gives ten recovery codes.
    #[oai(
        path = "/auth/second_factor/confirm",
        method = "post",
        operation_id = "confirm_second_factor"
    )]
    async fn confirm(
        &self,
        bearer: Bearer,
        request: &Request,
        body: Body<CodeBody>,
    ) -> Result<Private<RecoveryCodesView>, AccessProblem> {
        let origin = origin(request);
        let confirmed = self
            .0
            .confirm_second_factor(&bearer.0, &body.0.code, &origin);
        let codes = confirmed.await.map_err(problem)?;
        Ok(Private::of(RecoveryCodesView { codes }))
    }

    /// Make new recovery codes
    ///
    /// The former ones are void.
    #[oai(
        path = "/auth/second_factor/recovery_codes",
        method = "post",
        operation_id = "renew_recovery_codes"
    )]
    async fn renew_codes(
        &self,
        bearer: Bearer,
        request: &Request,
        body: Body<CodeBody>,
    ) -> Result<Private<RecoveryCodesView>, AccessProblem> {
        let origin = origin(request);
        let renewed = self
            .0
            .renew_recovery_codes(&bearer.0, &body.0.code, &origin);
        let codes = renewed.await.map_err(problem)?;
        Ok(Private::of(RecoveryCodesView { codes }))
    }

    /// Give the second factor up
    ///
    /// Takes the password and a code once more.
    #[oai(
        path = "/auth/second_factor/give_up",
        method = "post",
        operation_id = "remove_second_factor"
    )]
    async fn give_up(
        &self,
        bearer: Bearer,
        request: &Request,
        body: Body<GiveUpBody>,
    ) -> Result<Done, AccessProblem> {
        let GiveUpBody { password, code } = &body.0;
        let origin = origin(request);
        let gone = self
            .0
            .give_up_second_factor(&bearer.0, password, code, &origin);
        gone.await.map_err(problem)?;
        Ok(Done::Done)
    }
}
