//! The bearer token of a request.

use crate::auth::{Principal, TokenVerifier};
use poem::Request;
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer as BearerToken;
use std::sync::Arc;

/// A person with a valid access token. An operation that takes it refuses everybody else with 401.
#[derive(SecurityScheme)]
#[oai(
    ty = "bearer",
    rename = "bearer",
    bearer_format = "JWT",
    checker = "verify"
)]
pub struct Bearer(pub Principal);

async fn verify(request: &Request, bearer: BearerToken) -> Option<Principal> {
    let verifier = request.data::<Arc<TokenVerifier>>()?;
    match verifier.verify(&bearer.token) {
        Ok(principal) => Some(principal),
        Err(error) => {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "access token refused"
            );
            None
        }
    }
}
