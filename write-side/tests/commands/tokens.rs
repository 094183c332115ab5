//! Attacks on the access token, over HTTP.

use crate::support::{SECRET, Server, token, token_keys};
use chrono::{TimeDelta, Utc};
use domain::actor::Role;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use platform::auth::{Grant, TokenSigner};
use poem::http::Method;
use serde_json::{Value, json};

/// A request that would open a ticket.
async fn status(server: &Server, authorization: Option<&str>) -> u16 {
    let mut request = server
        .request(Method::POST, "/api/v1/tickets")
        .json(&json!({"subject": "x"}));
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let answer = request.send().await;
    if answer.status == 401 {
        assert!(
            answer
                .header("www-authenticate")
                .unwrap()
                .starts_with("Bearer")
        );
        assert_eq!(answer.body["status"], 401);
    }
    answer.status.as_u16()
}

fn forge(header: &Value, claims: &Value, key: &str, algorithm: Algorithm) -> String {
    let token = jsonwebtoken::encode(
        &Header::new(algorithm),
        claims,
        &EncodingKey::from_secret(key.as_bytes()),
    );
    let signed = token.unwrap();
    let mut parts: Vec<String> = signed.split('.').map(str::to_owned).collect();
    if !header.is_null() {
        parts[0] = base64(&header.to_string());
    }
    parts.join(".")
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

fn claims(server: &Server) -> Value {
    let now = Utc::now().timestamp();
    json!({
        "iss": "insightdesk", "aud": "insightdesk-api", "sub": server.org.customer.0, "org": server.org.id.0,
        "role": "customer", "sid": uuid::Uuid::now_v7(), "iat": now, "nbf": now, "exp": now + 600,
        "jti": uuid::Uuid::now_v7(),
    })
}

#[tokio::test]
async fn only_a_token_that_this_installation_signed_is_accepted() {
    let server = Server::start().await;
    let good = token(server.org.id, server.org.customer, Role::Customer);
    assert_eq!(status(&server, Some(&format!("Bearer {good}"))).await, 201);
    let before = server.event_count().await;
    let unsigned = good.rsplit_once('.').unwrap().0.to_owned();
    let kid = token_keys().jwks()["keys"][0]["kid"].clone();
    let forged = |header: Value, key: &str| {
        let claims = claims(&server);
        forge(&header, &claims, key, Algorithm::HS256)
    };
    for token in [
        unsigned.clone(),
        format!("{unsigned}."),
        forged(json!({"alg": "none", "typ": "at+jwt", "kid": kid}), SECRET),
        forged(json!({"alg": "HS256", "typ": "at+jwt", "kid": kid}), SECRET),
        forged(json!({"alg": "HS256", "kid": "/dev/null"}), ""),
        forged(json!({"alg": "EdDSA", "jku": "http://127.0.0.1:1/"}), "x"),
        forged(Value::Null, "another-key"),
    ] {
        assert_eq!(
            status(&server, Some(&format!("Bearer {token}"))).await,
            401,
            "{token}"
        );
    }
    for header in [
        "",
        "Bearer",
        "Bearer ",
        &format!("Basic {good}"),
        &format!("Token {good}"),
    ] {
        assert_eq!(status(&server, Some(header)).await, 401, "{header}");
    }
    assert_eq!(status(&server, None).await, 401);
    assert_eq!(server.event_count().await, before);
}

#[tokio::test]
async fn a_token_that_was_good_or_will_be_is_refused() {
    let server = Server::start().await;
    let signer = TokenSigner::new(token_keys());
    let grant = Grant::alone(server.org.id, server.org.customer, Role::Customer);
    let (hour, now) = (TimeDelta::hours(1), Utc::now());
    for from in [
        now - hour - TimeDelta::seconds(31),
        now + TimeDelta::seconds(300),
    ] {
        let token = signer.sign(&grant, from, hour).unwrap();
        let sent = status(&server, Some(&format!("Bearer {token}"))).await;
        assert_eq!(sent, 401, "{from}");
    }
}

#[tokio::test]
async fn an_edited_tenant_or_role_breaks_the_signature() {
    let server = Server::start().await;
    let good = token(server.org.id, server.org.customer, Role::Customer);
    assert_eq!(status(&server, Some(&format!("Bearer {good}"))).await, 201);
    let parts: Vec<&str> = good.split('.').collect();
    for (claim, value) in [("org", json!(server.other.id.0)), ("role", json!("admin"))] {
        let mut claims = claims(&server);
        claims[claim] = value;
        let edited = format!("{}.{}.{}", parts[0], base64(&claims.to_string()), parts[2]);
        assert_eq!(
            status(&server, Some(&format!("Bearer {edited}"))).await,
            401,
            "{claim}"
        );
    }
}

#[tokio::test]
async fn a_token_of_an_organization_that_does_not_exist_reaches_nothing() {
    let server = Server::start().await;
    let signer = TokenSigner::new(token_keys());
    let nowhere = domain::ids::OrganizationId(uuid::Uuid::now_v7());
    let token = signer
        .sign(
            &Grant::alone(nowhere, server.org.customer, Role::Customer),
            Utc::now(),
            TimeDelta::hours(1),
        )
        .unwrap();
    assert_eq!(status(&server, Some(&format!("Bearer {token}"))).await, 404);
}
