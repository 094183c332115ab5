//! `POST /auth/password/change`.

use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::problem::AccessProblem;
use poem::Request;
use poem_openapi::OpenApi;

use super::answers::Done;
use super::bodies::ChangePasswordBody;
use super::origin;
use super::problems::problem;
use crate::http::tags::ApiTags;
use crate::identity::Identity;

pub(super) struct PasswordApi(pub(super) Identity);

#[OpenApi(tag = "ApiTags::Access")]
impl PasswordApi {
    /// Change one's password
    ///
    /// Every other session of the account ends, in every organization.
    #[oai(
        path = "/auth/password/change",
        method = "post",
        operation_id = "change_password"
    )]
    async fn change(
        &self,
        bearer: Bearer,
        request: &Request,
        body: Body<ChangePasswordBody>,
    ) -> Result<Done, AccessProblem> {
        let ChangePasswordBody {
            current_password,
            new_password,
        } = &body.0;
        let origin = origin(request);
        let changed = self
            .0
            .change_password(&bearer.0, current_password, new_password, &origin);
        changed.await.map_err(problem)?;
        Ok(Done::Done)
    }
}
