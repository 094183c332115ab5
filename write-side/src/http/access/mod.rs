//! Signing in and out, sessions and passwords: from HTTP to [`crate::identity`] and back.

mod answers;
mod bodies;
mod passwords;
mod problems;
mod sessions;
mod sign_in;

use domain::text::Name;
use platform::http::client_address::ClientAddress;
use platform::http::request_id::RequestId;
use poem::Request;
use poem::http::header::USER_AGENT;
use poem_openapi::OpenApi;

use crate::identity::{Identity, Origin};

/// A longer name of a program is cut.
const DEVICE_CHARS_MAX: usize = 200;
const UNKNOWN_DEVICE: &str = "unknown";

/// The endpoints.
pub(super) fn api(identity: Identity) -> impl OpenApi + 'static {
    (
        sign_in::SignInApi(identity.clone()),
        sessions::SessionApi(identity.clone()),
        passwords::PasswordApi(identity),
    )
}

fn origin(request: &Request) -> Origin {
    let device = request.headers().get(USER_AGENT);
    let device = device.and_then(|value| value.to_str().ok());
    let device: String = device
        .unwrap_or(UNKNOWN_DEVICE)
        .chars()
        .take(DEVICE_CHARS_MAX)
        .collect();
    // The rules of a name: visible characters on one line.
    let device =
        Name::parse(&device).map_or_else(|_| UNKNOWN_DEVICE.to_owned(), |name| name.to_string());
    let address = ClientAddress::of(request);
    Origin {
        device,
        address: address.map_or_else(String::new, |address| address.to_string()),
        request_id: request.data::<RequestId>().map(|id| id.as_str().to_owned()),
    }
}
