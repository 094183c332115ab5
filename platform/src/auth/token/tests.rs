#![allow(clippy::unwrap_used)]

use super::*;
use crate::config::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const NEWER: &str = "fedcba9876543210fedcba9876543210";

fn keys(secrets: &str) -> TokenKeys {
    TokenKeys::parse(&Secret::new(secrets)).unwrap()
}

fn sign(now: DateTime<Utc>, lifetime: TimeDelta) -> String {
    let grant = Grant {
        role_id: None,
        organization_id: OrganizationId(Uuid::nil()),
        user_id: UserId(Uuid::max()),
        role: Role::Agent,
        session_id: SessionId(Uuid::nil()),
        must_enrol: false,
    };
    let signer = TokenSigner::new(keys(SECRET));
    signer.sign(&grant, now, lifetime).unwrap()
}

fn verify(token: &str) -> Result<Principal, TokenError> {
    TokenVerifier::new(keys(SECRET)).verify(token)
}

fn with_header(header: &Value, token: &str) -> String {
    let rest = token.split_once('.').unwrap().1;
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

/// Signed with our own key, whatever the header and the claims say.
fn forge(header: &Header, claims: &Value) -> String {
    jsonwebtoken::encode(header, claims, &keys(SECRET).signing().signs).unwrap()
}

fn good_header() -> Header {
    Header {
        typ: Some(TYPE.to_owned()),
        kid: Some(keys(SECRET).signing().kid.clone()),
        ..Header::new(ALGORITHM)
    }
}

fn good_claims() -> Value {
    let now = Utc::now().timestamp();
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": Uuid::nil(), "org": Uuid::nil(), "role": "admin",
        "sid": Uuid::nil(), "iat": now, "nbf": now, "exp": now + 60, "jti": Uuid::nil(),
    })
}

#[test]
fn a_token_names_organization_user_role_and_session() {
    let principal = verify(&sign(Utc::now(), TimeDelta::hours(1))).unwrap();
    assert_eq!(principal.user_id, UserId(Uuid::max()));
    assert_eq!(principal.organization_id, OrganizationId(Uuid::nil()));
    assert_eq!(principal.role, Role::Agent);
    assert_eq!(principal.session_id(), Some(SessionId(Uuid::nil())));
    assert_eq!(principal.permissions, of_role(Role::Agent));
}

#[test]
fn an_expired_token_is_refused_after_the_leeway() {
    let hour = TimeDelta::hours(1);
    assert!(verify(&sign(Utc::now() - hour - TimeDelta::seconds(20), hour)).is_ok());
    assert!(verify(&sign(Utc::now() - hour - TimeDelta::seconds(32), hour)).is_err());
}

#[test]
fn a_remembered_token_expires_as_any_other() {
    let verifier = TokenVerifier::new(keys(SECRET));
    let token = sign(Utc::now(), TimeDelta::hours(1));
    let principal = verifier.verify(&token).unwrap();
    let hash = *blake3::hash(token.as_bytes()).as_bytes();
    let expires_at_s = Utc::now().timestamp() - LEEWAY_S.cast_signed() - 1;
    verifier.verified.insert(
        hash,
        Verified {
            principal,
            expires_at_s,
        },
    );
    assert!(matches!(verifier.verify(&token), Err(TokenError::Expired)));
}

#[test]
fn a_token_from_the_future_is_refused() {
    let later = Utc::now() + TimeDelta::minutes(2);
    assert!(verify(&sign(later, TimeDelta::hours(1))).is_err());
}

#[test]
fn an_old_key_is_good_while_it_is_configured_and_not_afterwards() {
    let token = sign(Utc::now(), TimeDelta::hours(1));
    let overlap = TokenVerifier::new(keys(&format!("{NEWER} {SECRET}")));
    assert!(overlap.verify(&token).is_ok());
    let afterwards = TokenVerifier::new(keys(NEWER));
    assert!(matches!(
        afterwards.verify(&token),
        Err(TokenError::Foreign)
    ));
}

#[test]
fn another_algorithm_another_key_or_no_signature_is_refused() {
    let token = sign(Utc::now(), TimeDelta::hours(1));
    let kid = keys(SECRET).signing().kid.clone();
    for header in [
        json!({"alg": "none", "typ": TYPE, "kid": kid}),
        json!({"alg": "HS256", "typ": TYPE, "kid": kid}),
        json!({"alg": "RS256", "typ": TYPE, "kid": kid}),
        json!({"alg": "EdDSA", "typ": TYPE}),
        json!({"alg": "EdDSA", "typ": TYPE, "kid": "../../etc/passwd"}),
        json!({"alg": "EdDSA", "typ": TYPE, "kid": "' OR 1=1 --"}),
        json!({"alg": "EdDSA", "typ": TYPE, "kid": kid, "jku": "http://127.0.0.1/keys"}),
    ] {
        assert!(verify(&with_header(&header, &token)).is_err(), "{header}");
    }
    let unsigned = token.rsplit_once('.').unwrap().0;
    assert!(verify(unsigned).is_err());
    assert!(verify(&format!("{unsigned}.")).is_err());
    assert!(verify(&"a".repeat(TOKEN_BYTES_MAX + 1)).is_err());
}

#[test]
fn a_token_signed_with_the_public_key_as_a_shared_secret_is_refused() {
    let jwks = keys(SECRET).jwks();
    let public = jwks["keys"][0]["x"].as_str().unwrap();
    let public = URL_SAFE_NO_PAD.decode(public).unwrap();
    let header = Header {
        alg: Algorithm::HS256,
        ..good_header()
    };
    let key = EncodingKey::from_secret(&public);
    let token = jsonwebtoken::encode(&header, &good_claims(), &key).unwrap();
    assert!(verify(&token).is_err());
}

#[test]
fn a_token_of_another_kind_is_refused() {
    assert!(verify(&forge(&good_header(), &good_claims())).is_ok());
    for typ in [None, Some("JWT"), Some("refresh+jwt")] {
        let header = Header {
            typ: typ.map(str::to_owned),
            ..good_header()
        };
        assert!(verify(&forge(&header, &good_claims())).is_err(), "{typ:?}");
    }
}

#[test]
fn another_issuer_or_audience_or_a_missing_claim_is_refused() {
    for (claim, value) in [
        ("iss", "another".into()),
        ("aud", "refresh".into()),
        ("role", Value::from("root")),
    ] {
        let mut claims = good_claims();
        claims[claim] = value;
        assert!(verify(&forge(&good_header(), &claims)).is_err(), "{claim}");
    }
    for claim in [
        "iss", "aud", "sub", "org", "role", "sid", "exp", "nbf", "jti",
    ] {
        let mut claims = good_claims();
        claims.as_object_mut().unwrap().remove(claim);
        let forged = forge(&good_header(), &claims);
        assert!(verify(&forged).is_err(), "without {claim}");
    }
}

#[test]
fn the_key_set_shows_public_keys_alone() {
    let shown = keys(&format!("{NEWER} {SECRET}")).jwks();
    let listed = shown["keys"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    for key in listed {
        let names: Vec<&String> = key.as_object().unwrap().keys().collect();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
    }
}

#[test]
fn a_short_or_missing_secret_is_refused() {
    let refused = |secrets: &str| TokenKeys::parse(&Secret::new(secrets)).unwrap_err();
    assert_eq!(refused(" "), crate::auth::TokenKeyError::None);
    let short = crate::auth::TokenKeyError::Short { number: 2 };
    assert_eq!(refused(&format!("{SECRET} short")), short);
}
