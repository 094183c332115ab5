//! OpenID Connect: discovery, the code flow, and the ID token.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::gauge;
use moka::sync::Cache;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthType, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError,
    Client, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdToken, IdTokenClaims, IdTokenFields, IssuerUrl, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, StandardErrorResponse, StandardTokenResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::SignOn;
use crate::error::{Refusal, SignOnError, unreachable};
use crate::outside::OutsideError;
use crate::provider::{Assertion, EmailClaim, Flow, Provider, Returned, Standing};

/// How long a provider's documents are taken as they were.
const KEPT: Duration = Duration::from_secs(300);
/// Documents younger than this are not asked for again when a key is missing from them.
const FRESH: Duration = Duration::from_secs(30);
const ISSUERS_MAX: u64 = 1_000;
/// OpenID Connect Core 1.0, section 2.
const SUBJECT_CHARACTERS_MAX: usize = 255;
/// With a pair of keys each: a provider's secret, or its public key taken for one, signs nothing (RFC 8725, section 3.1).
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What Entra says instead of `email_verified`, where its administrator lets it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct EntraClaims {
    /// Whether the domain of the address is one that the tenant has shown to be its own.
    #[serde(default)]
    xms_edov: Option<Value>,
}

impl AdditionalClaims for EntraClaims {}

type Fields = IdTokenFields<
    EntraClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Token = IdToken<
    EntraClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Claims = IdTokenClaims<EntraClaims, CoreGenderClaim>;
type ErrorResponse = StandardErrorResponse<CoreErrorResponseType>;
type OidcClient = Client<
    EntraClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    ErrorResponse,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What issuers said of themselves, by issuer. Clones share it.
#[derive(Clone)]
pub(crate) struct Discovered(Cache<String, Arc<Known>>);

struct Known {
    metadata: CoreProviderMetadata,
    since: Instant,
}

impl Default for Discovered {
    fn default() -> Self {
        let cache = Cache::builder().max_capacity(ISSUERS_MAX);
        Self(cache.time_to_live(KEPT).build())
    }
}

pub(crate) async fn authorization_url(
    sign_on: &SignOn,
    provider: &Provider,
    flow: &Flow,
) -> Result<Url, SignOnError> {
    let known = known(sign_on, provider).await?;
    let client = client(&known.metadata, provider, flow);
    let verifier = PkceCodeVerifier::new(flow.verifier.clone());
    let code_flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    let (state, nonce) = (flow.state.clone(), flow.nonce.clone());
    let (url, ..) = client
        .authorize_url(code_flow, || CsrfToken::new(state), || Nonce::new(nonce))
        .add_scope(Scope::new("email".to_owned()))
        .add_scope(Scope::new("profile".to_owned()))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .url();
    if !sign_on.outside.permits(&url) {
        return Err(unreachable(OutsideError::NotPermitted));
    }
    Ok(url)
}

pub(crate) async fn assertion(
    sign_on: &SignOn,
    provider: &Provider,
    flow: &Flow,
    returned: &Returned<'_>,
) -> Result<Assertion, SignOnError> {
    if returned
        .issuer
        .is_some_and(|issuer| issuer != provider.issuer.as_str())
    {
        return Err(Refusal::Issuer.into());
    }
    let known = known(sign_on, provider).await?;
    let token = exchange(sign_on, &known.metadata, provider, flow, returned.code).await?;
    let read = |known: &Known| verified(&client(&known.metadata, provider, flow), &token, flow);
    let claims = match read(&known) {
        // Providers change their keys.
        Err(error) if is_missing_key(&error) && known.since.elapsed() > FRESH => {
            read(&*discover(sign_on, provider).await?)
        }
        claims => claims,
    };
    let claims = claims.map_err(|error| refusal(&error))?;
    // Not looked at by the verifier: who asked for the token, where it says so.
    let asked_by = claims.authorized_party();
    if asked_by.is_some_and(|party| party.as_str() != provider.client_id) {
        return Err(Refusal::Audience.into());
    }
    told_by(&claims)
}

async fn known(sign_on: &SignOn, provider: &Provider) -> Result<Arc<Known>, SignOnError> {
    match sign_on.discovered.0.get(provider.issuer.as_str()) {
        Some(known) => Ok(known),
        None => discover(sign_on, provider).await,
    }
}

/// Reads an issuer's documents. They have to name the issuer that was asked.
async fn discover(sign_on: &SignOn, provider: &Provider) -> Result<Arc<Known>, SignOnError> {
    let issuer = IssuerUrl::new(provider.issuer.as_str().to_owned()).map_err(unreachable)?;
    let metadata = CoreProviderMetadata::discover_async(issuer, &sign_on.outside).await;
    let known = Arc::new(Known {
        metadata: metadata.map_err(unreachable)?,
        since: Instant::now(),
    });
    let cache = &sign_on.discovered.0;
    cache.insert(provider.issuer.as_str().to_owned(), known.clone());
    gauge!("insightdesk_cache_entries", "cache" => "sign_on_issuers")
        .set(cache.entry_count() as f64);
    Ok(known)
}

fn client(metadata: &CoreProviderMetadata, provider: &Provider, flow: &Flow) -> OidcClient {
    let secret = ClientSecret::new(provider.client_secret.expose().to_owned());
    let id = ClientId::new(provider.client_id.clone());
    Client::from_provider_metadata(metadata.clone(), id, Some(secret))
        .set_redirect_uri(RedirectUrl::from_url(flow.redirect_uri.clone()))
        .set_auth_type(auth_type(metadata))
}

/// In the header, unless the provider takes the secret in the body alone.
fn auth_type(metadata: &CoreProviderMetadata) -> AuthType {
    let methods = metadata.token_endpoint_auth_methods_supported();
    let takes = |method| methods.is_some_and(|methods| methods.contains(&method));
    let in_body_alone = takes(CoreClientAuthMethod::ClientSecretPost)
        && !takes(CoreClientAuthMethod::ClientSecretBasic);
    if in_body_alone {
        AuthType::RequestBody
    } else {
        AuthType::BasicAuth
    }
}

async fn exchange(
    sign_on: &SignOn,
    metadata: &CoreProviderMetadata,
    provider: &Provider,
    flow: &Flow,
    code: &str,
) -> Result<Token, SignOnError> {
    let client = client(metadata, provider, flow);
    let request = client.exchange_code(AuthorizationCode::new(code.to_owned()));
    let request = request
        .map_err(unreachable)?
        .set_pkce_verifier(PkceCodeVerifier::new(flow.verifier.clone()));
    let answer = request
        .request_async(&sign_on.outside)
        .await
        .map_err(not_exchanged)?;
    let token = answer.extra_fields().id_token();
    Ok(token.ok_or(Refusal::NoIdToken)?.clone())
}

fn not_exchanged(error: RequestTokenError<OutsideError, ErrorResponse>) -> SignOnError {
    match error {
        RequestTokenError::ServerResponse(answer) => match answer.error() {
            CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => {
                Refusal::Client.into()
            }
            _ => Refusal::Code.into(),
        },
        RequestTokenError::Parse(..) => Refusal::NoIdToken.into(),
        RequestTokenError::Request(error) => unreachable(error),
        RequestTokenError::Other(text) => unreachable(text),
    }
}

fn verified(
    client: &OidcClient,
    token: &Token,
    flow: &Flow,
) -> Result<Claims, ClaimsVerificationError> {
    let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
    let nonce = Nonce::new(flow.nonce.clone());
    token.clone().into_claims(&verifier, &nonce)
}

fn is_missing_key(error: &ClaimsVerificationError) -> bool {
    matches!(
        error,
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)
    )
}

fn refusal(error: &ClaimsVerificationError) -> SignOnError {
    let refusal = match error {
        ClaimsVerificationError::Expired(_) => Refusal::Expired,
        ClaimsVerificationError::InvalidAudience(_) => Refusal::Audience,
        ClaimsVerificationError::InvalidIssuer(_) => Refusal::Issuer,
        ClaimsVerificationError::InvalidNonce(_) => Refusal::Nonce,
        ClaimsVerificationError::SignatureVerification(_) => Refusal::Signature,
        _ => Refusal::Token,
    };
    refusal.into()
}

fn told_by(claims: &Claims) -> Result<Assertion, SignOnError> {
    let subject = claims.subject().as_str();
    let is_too_long = subject.chars().count() > SUBJECT_CHARACTERS_MAX;
    if subject.is_empty() || is_too_long || subject.contains(char::is_control) {
        return Err(Refusal::Subject.into());
    }
    let email = claims.email().map(|address| EmailClaim {
        address: address.as_str().to_owned(),
        standing: standing(claims),
    });
    let name = claims.name().and_then(|names| names.get(None));
    Ok(Assertion {
        subject: subject.to_owned(),
        email,
        name: name.map(|name| name.as_str().to_owned()),
    })
}

/// A plain no outweighs everything else.
fn standing(claims: &Claims) -> Standing {
    let domain_is_own = match &claims.additional_claims().xms_edov {
        Some(Value::Bool(said)) => *said,
        Some(Value::String(said)) => said == "1" || said == "true",
        Some(Value::Number(said)) => said.as_u64() == Some(1),
        _ => false,
    };
    match claims.email_verified() {
        Some(false) => Standing::Unverified,
        Some(true) => Standing::Verified,
        None if domain_is_own => Standing::Verified,
        None => Standing::Unsaid,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// What a provider may say, or anything else in its place.
    fn said() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,300}".prop_map(Value::String),
            prop::collection::vec(any::<char>(), 0..20)
                .prop_map(|all| Value::String(all.into_iter().collect())),
            Just(json!({"": [[]]})),
        ]
    }

    proptest! {
        #[test]
        fn whatever_an_id_token_claims_it_is_read_or_refused(
            subject in said(), email in said(), verified in said(), name in said(), edov in said()
        ) {
            let claims = json!({
                "iss": "https://accounts.example.com", "aud": ["insightdesk"], "exp": 4_102_444_800_i64, "iat": 0,
                "sub": subject, "email": email, "email_verified": verified, "name": name, "xms_edov": edov,
            });
            let Ok(claims) = serde_json::from_value::<Claims>(claims) else {
                return Ok(());
            };
            if let Ok(told) = told_by(&claims) {
                prop_assert_eq!(Value::String(told.subject.clone()), subject);
                prop_assert!(!told.subject.is_empty() && !told.subject.contains(char::is_control));
                let vouches = told.email.is_some_and(|email| email.standing == Standing::Verified);
                prop_assert!(!vouches || verified != json!(false));
            }
        }
    }

    #[test]
    fn a_subject_with_a_control_character_is_nobody() {
        for (subject, is_somebody) in [("nord-1", true), ("nord\u{0}1", false), ("", false)] {
            let claims = json!({
                "iss": "https://accounts.example.com", "aud": ["insightdesk"], "exp": 4_102_444_800_i64, "iat": 0,
                "sub": subject,
            });
            let claims: Claims = serde_json::from_value(claims).unwrap();
            assert_eq!(told_by(&claims).is_ok(), is_somebody, "{subject:?}");
        }
    }
}
