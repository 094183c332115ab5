//! Signing in and out, sessions and passwords: from HTTP to [`crate::identity`] and back.

mod answers;
mod api_keys;
mod bodies;
mod invitations;
mod mailed;
mod passwords;
pub(in crate::http) mod problems;
mod refresh_cookie;
mod roles;
mod second_factor;
mod sessions;
mod sign_in;
mod sign_on;
mod sign_on_providers;
mod sign_on_shapes;

use domain::text::Device;
use platform::http::client_address::ClientAddress;
use platform::http::problem::Problem;
use platform::http::rate_limit::{AccountHash, check_account};
use platform::http::request_id::RequestId;
use poem::Request;
use poem::http::header::USER_AGENT;
use poem_openapi::OpenApi;

use crate::identity::{Identity, Origin};

const ACCOUNT_CONTEXT: &str = "InsightDesk 2026 limits of accounts";

/// The endpoints.
pub(super) fn api(identity: Identity) -> impl OpenApi + 'static {
    (
        sign_in::SignInApi(identity.clone()),
        sign_on::SignOnApi(identity.clone()),
        sign_on_providers::SignOnProvidersApi(identity.clone()),
        sessions::SessionApi(identity.clone()),
        second_factor::SecondFactorApi(identity.clone()),
        passwords::PasswordApi(identity.clone()),
        api_keys::ApiKeyApi(identity.clone()),
        roles::RoleApi(identity.clone()),
        mailed::MailedApi(identity.clone()),
        invitations::InvitationApi(identity),
    )
}

/// Limits the tries at one account, whatever addresses they come from, before it is known whether there is one. A device
/// that the account is known to sign in from has tries of its own: who spends those of the account does not lock its
/// owner out.
async fn limit_account(request: &Request, identity: &Identity, email: &str) -> Result<(), Problem> {
    let name = email.trim().to_lowercase();
    let hash = blake3::derive_key(ACCOUNT_CONTEXT, name.as_bytes());
    let Err(refused) = check_account(request, AccountHash(hash)).await else {
        return Ok(());
    };
    match identity.known_device(&name, &origin(request)).await {
        Ok(Some(device)) => {
            let of_device = [name.as_bytes(), b"\n", &device].concat();
            let hash = blake3::derive_key(ACCOUNT_CONTEXT, &of_device);
            check_account(request, AccountHash(hash)).await
        }
        // What cannot be looked up is not known.
        Ok(None) | Err(_) => Err(refused),
    }
}

fn origin(request: &Request) -> Origin {
    let said = request.headers().get(USER_AGENT);
    let said = said.and_then(|value| value.to_str().ok());
    let device = said.map_or_else(Device::unknown, Device::of);
    let address = ClientAddress::of(request);
    Origin {
        device,
        address: address.map_or_else(String::new, |address| address.to_string()),
        request_id: request.data::<RequestId>().map(|id| id.as_str().to_owned()),
    }
}
