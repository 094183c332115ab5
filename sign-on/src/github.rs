//! GitHub and GitHub Enterprise: OAuth 2 with PKCE, and questions to their API in the place of an ID token.

use oauth2::basic::{BasicClient, BasicErrorResponse, BasicErrorResponseType};
use oauth2::http::header::{ACCEPT, AUTHORIZATION};
use oauth2::http::{Request, StatusCode};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    TokenResponse, TokenUrl,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::SignOn;
use crate::error::{Refusal, SignOnError, unreachable};
use crate::outside::OutsideError;
use crate::provider::{Assertion, EmailClaim, Flow, Provider, Returned, Standing};

const PUBLIC_HOST: &str = "github.com";
const PUBLIC_API: &str = "https://api.github.com";
/// Enterprise in the cloud, where the data's place is chosen: the API has a host of its own.
const CLOUD_HOSTS: &str = ".ghe.com";
/// Lets us ask for addresses and whether they are verified.
const SCOPE: &str = "user:email";

type GithubClient =
    BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// Who somebody is there. The number stays when the name changes.
#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

/// What GitHub answers instead of a token, under the status of a success.
#[derive(Deserialize)]
struct NoToken {
    error: String,
}

pub(crate) fn authorization_url(provider: &Provider, flow: &Flow) -> Result<Url, SignOnError> {
    let verifier = PkceCodeVerifier::new(flow.verifier.clone());
    let (url, _) = client(provider, flow)?
        .authorize_url(|| CsrfToken::new(flow.state.clone()))
        .add_scope(Scope::new(SCOPE.to_owned()))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .url();
    Ok(url)
}

pub(crate) async fn assertion(
    sign_on: &SignOn,
    provider: &Provider,
    flow: &Flow,
    returned: &Returned<'_>,
) -> Result<Assertion, SignOnError> {
    let expected = format!("{}/login/oauth", base(provider));
    if returned.issuer.is_some_and(|issuer| issuer != expected) {
        return Err(Refusal::Issuer.into());
    }
    let token = exchange(sign_on, provider, flow, returned.code).await?;
    let api = api(provider);
    let user: User = ask(sign_on, &format!("{api}/user"), &token).await?;
    let addresses: Vec<Address> = ask(sign_on, &format!("{api}/user/emails"), &token).await?;
    let primary = addresses.into_iter().find(|address| address.primary);
    let standing = |verified| match verified {
        true => Standing::Verified,
        false => Standing::Unverified,
    };
    Ok(Assertion {
        subject: user.id.to_string(),
        email: primary.map(|address| EmailClaim {
            standing: standing(address.verified),
            address: address.email,
        }),
        name: user.name.or(Some(user.login)),
    })
}

fn base(provider: &Provider) -> &str {
    provider.issuer.as_str().trim_end_matches('/')
}

fn api(provider: &Provider) -> String {
    match provider.issuer.url().host_str() {
        Some(PUBLIC_HOST) => PUBLIC_API.to_owned(),
        Some(host) if host.ends_with(CLOUD_HOSTS) => format!("https://api.{host}"),
        _ => format!("{}/api/v3", base(provider)),
    }
}

fn client(provider: &Provider, flow: &Flow) -> Result<GithubClient, SignOnError> {
    let base = base(provider);
    let authorize = AuthUrl::new(format!("{base}/login/oauth/authorize"));
    let token = TokenUrl::new(format!("{base}/login/oauth/access_token"));
    let secret = ClientSecret::new(provider.client_secret.expose().to_owned());
    Ok(BasicClient::new(ClientId::new(provider.client_id.clone()))
        .set_client_secret(secret)
        .set_auth_type(AuthType::RequestBody)
        .set_auth_uri(authorize.map_err(unreachable)?)
        .set_token_uri(token.map_err(unreachable)?)
        .set_redirect_uri(RedirectUrl::from_url(flow.redirect_uri.clone())))
}

async fn exchange(
    sign_on: &SignOn,
    provider: &Provider,
    flow: &Flow,
    code: &str,
) -> Result<String, SignOnError> {
    let answer = client(provider, flow)?
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(flow.verifier.clone()))
        .request_async(&sign_on.outside)
        .await
        .map_err(not_exchanged)?;
    Ok(answer.access_token().secret().clone())
}

fn not_exchanged(error: RequestTokenError<OutsideError, BasicErrorResponse>) -> SignOnError {
    match error {
        RequestTokenError::ServerResponse(answer) => match answer.error() {
            BasicErrorResponseType::InvalidClient => Refusal::Client.into(),
            _ => Refusal::Code.into(),
        },
        RequestTokenError::Parse(_, body) => match serde_json::from_slice::<NoToken>(&body) {
            Ok(no) if no.error == "incorrect_client_credentials" => Refusal::Client.into(),
            Ok(_) => Refusal::Code.into(),
            Err(_) => unreachable("the answer to the code is none that GitHub gives"),
        },
        RequestTokenError::Request(error) => unreachable(error),
        RequestTokenError::Other(text) => unreachable(text),
    }
}

async fn ask<T: DeserializeOwned>(
    sign_on: &SignOn,
    url: &str,
    token: &str,
) -> Result<T, SignOnError> {
    let request = Request::get(url)
        .header(ACCEPT, "application/vnd.github+json")
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .body(Vec::new())
        .map_err(unreachable)?;
    let answer = sign_on.outside.send(request).await.map_err(unreachable)?;
    match answer.status() {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(Refusal::Code.into()),
        status => return Err(unreachable(format!("the provider answered {status}"))),
    }
    let read = serde_json::from_slice(answer.body());
    read.map_err(|_| unreachable("the provider's answer is none that GitHub gives"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::provider::{ClientSecret, Kind};

    #[test]
    fn the_api_is_found_from_the_base() {
        for (base, expected) in [
            ("https://github.com", "https://api.github.com"),
            ("https://nordlicht.ghe.com", "https://api.nordlicht.ghe.com"),
            (
                "https://git.nordlicht.example",
                "https://git.nordlicht.example/api/v3",
            ),
        ] {
            let provider = Provider {
                kind: Kind::Github,
                issuer: base.parse().unwrap(),
                client_id: "id".to_owned(),
                client_secret: ClientSecret::new("secret".to_owned()),
            };
            assert_eq!(api(&provider), expected);
        }
    }
}
