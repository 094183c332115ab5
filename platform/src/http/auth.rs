//! The bearer token of a request: an access token or an API key.

use crate::auth::{ApiKeyRefusal, ApiKeys, EndedSessions, Principal, TokenVerifier};
use crate::http::client_address::ClientAddress;
use crate::http::problem::Problem;
use crate::permission::{CustomRoles, PermissionSet, within_base};
use credentials::api_key;
use domain::ids::RoleId;
use poem::Request;
use poem::http::header::AUTHORIZATION;
use poem::web::headers::authorization::Bearer as BearerHeader;
use poem::web::headers::{Authorization, HeaderMapExt};
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer as BearerToken;
use std::sync::Arc;

/// When a client may ask again while it is not known which sessions have ended.
const RETRY_AFTER_S: u32 = 1;

/// A person with a valid access token, or a machine with an API key. An operation that takes it refuses everybody else with
/// 401.
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

/// What a request showed, to be looked at again while its answer still goes on: a stream may outlive the token, the session
/// or the right that it began with.
pub struct Credentials(Request);

impl Credentials {
    /// Those of a request that the gate let in.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let mut kept = Request::default();
        if let Some(shown) = request.headers().get(AUTHORIZATION) {
            kept.headers_mut().insert(AUTHORIZATION, shown.clone());
        }
        *kept.extensions_mut() = request.extensions().clone();
        Self(kept)
    }

    /// The principal as of now.
    ///
    /// # Errors
    /// As the gate would refuse a request at this moment: 401, 403 or 503.
    pub async fn check(&self) -> Result<Principal, Problem> {
        authenticate(&self.0).await
    }
}

/// The principal that the gate put there.
async fn admitted(request: &Request, _token: BearerToken) -> Option<Principal> {
    request.data::<Principal>().copied()
}

/// Who sends a request.
///
/// # Errors
/// 401 when they sent neither a valid access token, or one of a session that has ended, nor a valid API key; 403 when their
/// organization is suspended; 503 when that is not known.
pub(super) async fn authenticate(request: &Request) -> Result<Principal, Problem> {
    let bearer = request.headers().typed_get::<Authorization<BearerHeader>>();
    let bearer = bearer.ok_or_else(Problem::unauthorized)?;
    let mut principal = if bearer.token().starts_with(api_key::PREFIX) {
        of_key(request, bearer.token()).await?
    } else {
        of_token(request, bearer.token())?
    };
    check_standing(request, &principal)?;
    if let Some(role_id) = principal.role_id {
        principal.permissions = of_custom_role(request, &principal, role_id).await?;
    }
    Ok(principal)
}

/// What somebody may do who has a role of their organization's own: at most what its base may. Nothing, when the role is gone.
async fn of_custom_role(
    request: &Request,
    principal: &Principal,
    role_id: RoleId,
) -> Result<PermissionSet, Problem> {
    let Some(roles) = request.data::<Arc<dyn CustomRoles>>() else {
        return Ok(PermissionSet::EMPTY);
    };
    let permissions = roles.permissions(principal.organization_id, role_id).await;
    let permissions = permissions.map_err(|source| {
        Problem::unavailable(
            "it is not known what your role may do: retry later",
            RETRY_AFTER_S,
        )
        .with_source(source)
    })?;
    let permissions = permissions.unwrap_or(PermissionSet::EMPTY);
    Ok(permissions.within(within_base(principal.role)))
}

fn of_token(request: &Request, token: &str) -> Result<Principal, Problem> {
    let verifier = request.data::<Arc<TokenVerifier>>();
    let verifier = verifier.ok_or_else(Problem::unauthorized)?;
    verifier.verify(token).map_err(|error| {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "access token refused"
        );
        Problem::unauthorized()
    })
}

/// Refuses whose session has ended, and whose organization is shut.
fn check_standing(request: &Request, principal: &Principal) -> Result<(), Problem> {
    let Some(ended) = request.data::<EndedSessions>() else {
        return Ok(());
    };
    if let Some(session_id) = principal.session_id() {
        let has_ended = ended.contains(session_id).map_err(|error| {
            Problem::unavailable(error.to_string(), RETRY_AFTER_S).with_source(error)
        })?;
        if has_ended {
            return Err(Problem::unauthorized());
        }
    }
    if ended.is_shut(principal.organization_id) {
        return Err(Problem::organization_suspended());
    }
    Ok(())
}

async fn of_key(request: &Request, key: &str) -> Result<Principal, Problem> {
    let Some(keys) = request.data::<ApiKeys>() else {
        return Err(Problem::unauthorized());
    };
    let address = ClientAddress::of(request).map_or_else(String::new, |it| it.to_string());
    keys.verify(key, &address).await.map_err(|refusal| {
        tracing::debug!(
            error = &refusal as &dyn std::error::Error,
            "API key refused"
        );
        match refusal {
            ApiKeyRefusal::Form(_) | ApiKeyRefusal::NotValid => Problem::unauthorized(),
            ApiKeyRefusal::Unavailable(source) => Problem::unavailable(
                "it is not known whether the API key is valid: retry later",
                RETRY_AFTER_S,
            )
            .with_source(source),
        }
    })
}
