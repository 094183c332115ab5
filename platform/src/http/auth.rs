//! The bearer token of a request.

use crate::auth::{EndedSessions, Principal, TokenVerifier};
use crate::http::problem::Problem;
use poem::Request;
use poem::web::headers::authorization::Bearer as BearerHeader;
use poem::web::headers::{Authorization, HeaderMapExt};
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer as BearerToken;
use std::sync::Arc;

/// When a client may ask again while it is not known which sessions have ended.
const RETRY_AFTER_S: u32 = 1;

/// A person with a valid access token. An operation that takes it refuses everybody else with 401.
//
// Only whom the gate let in: see [`super::gate`].
#[derive(SecurityScheme)]
#[oai(
    ty = "bearer",
    rename = "bearer",
    bearer_format = "JWT",
    checker = "admitted"
)]
pub struct Bearer(pub Principal);

/// The principal that the gate put there.
async fn admitted(request: &Request, _token: BearerToken) -> Option<Principal> {
    request.data::<Principal>().copied()
}

/// Who sends a request.
///
/// # Errors
/// 401 when they sent no valid access token, or one of a session that has ended; 403 when their organization is suspended;
/// 503 when that is not known.
pub(super) fn authenticate(request: &Request) -> Result<Principal, Problem> {
    let verifier = request.data::<Arc<TokenVerifier>>();
    let bearer = request.headers().typed_get::<Authorization<BearerHeader>>();
    let (Some(verifier), Some(bearer)) = (verifier, bearer) else {
        return Err(Problem::unauthorized());
    };
    let principal = verifier.verify(bearer.token()).map_err(|error| {
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
            return Err(Problem::unauthorized());
        }
        if ended.is_shut(principal.organization_id) {
            return Err(Problem::organization_suspended());
        }
    }
    Ok(principal)
}
