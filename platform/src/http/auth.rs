//! The bearer token of a request.

use crate::auth::{EndedSessions, Principal, TokenVerifier};
use crate::http::problem::Problem;
use poem::Request;
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer as BearerToken;
use std::sync::Arc;

/// When a client may ask again while it is not known which sessions have ended.
const RETRY_AFTER_S: u32 = 1;

/// A person with a valid access token. An operation that takes it refuses everybody else with 401.
#[derive(SecurityScheme)]
#[oai(
    ty = "bearer",
    rename = "bearer",
    bearer_format = "JWT",
    checker = "verify"
)]
pub struct Bearer(pub Principal);

async fn verify(request: &Request, bearer: BearerToken) -> poem::Result<Principal> {
    let verifier = request.data::<Arc<TokenVerifier>>();
    let verifier = verifier.ok_or_else(Problem::unauthorized)?;
    let principal = verifier.verify(&bearer.token).map_err(|error| {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "access token refused"
        );
        Problem::unauthorized()
    })?;
    if let Some(ended) = request.data::<EndedSessions>() {
        let has_ended = ended.contains(principal.session_id).map_err(|error| {
            Problem::unavailable(error.to_string(), RETRY_AFTER_S).with_source(error)
        })?;
        if has_ended {
            return Err(Problem::unauthorized().into());
        }
    }
    Ok(principal)
}
