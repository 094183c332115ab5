//! Who sends a request: signed access tokens (JWT, RFC 7519) and the principal that they name.

use crate::config::Secret;
use chrono::{DateTime, TimeDelta, Utc};
use domain::actor::{Actor, Role};
use domain::ids::{OrganizationId, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who makes our tokens.
const ISSUER: &str = "insightdesk";
/// What our tokens are for. A token for something else is no access token.
const AUDIENCE: &str = "insightdesk-api";
/// The one algorithm that is accepted, whatever a token's header says.
const ALGORITHM: Algorithm = Algorithm::HS256;
/// How far clocks may differ.
const LEEWAY_S: u64 = 30;
/// Longer texts are refused before any cryptography.
const TOKEN_BYTES_MAX: usize = 4_096;

/// The person behind a request, as their token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// The organization in which they act.
    pub organization_id: OrganizationId,
    /// Who they are.
    pub user_id: UserId,
    /// What they may do.
    pub role: Role,
    /// The token.
    pub token_id: Uuid,
}

impl Principal {
    /// The principal as the originator of a command.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::User {
            id: self.user_id,
            role: self.role,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    org: Uuid,
    role: Role,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: Uuid,
}

/// A token that was not accepted, or could not be made. The message says nothing about the token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Too long to be one of ours.
    #[error("the access token is too long")]
    TooLong,
    /// Wrong form, signature, issuer, audience or time.
    #[error("the access token is not valid")]
    Invalid(#[from] jsonwebtoken::errors::Error),
}

/// Makes access tokens.
#[derive(Clone)]
pub struct TokenSigner {
    key: EncodingKey,
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSigner")
    }
}

impl TokenSigner {
    /// A signer with the installation's secret.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        Self {
            key: EncodingKey::from_secret(secret.expose().as_bytes()),
        }
    }

    /// A token for a person, valid from `now` for `lifetime`.
    ///
    /// # Errors
    /// When the cryptography library refuses the key.
    pub fn sign(
        &self,
        organization_id: OrganizationId,
        user_id: UserId,
        role: Role,
        now: DateTime<Utc>,
        lifetime: TimeDelta,
    ) -> Result<String, TokenError> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user_id.0,
            org: organization_id.0,
            role,
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: (now + lifetime).timestamp(),
            jti: Uuid::now_v7(),
        };
        Ok(jsonwebtoken::encode(
            &Header::new(ALGORITHM),
            &claims,
            &self.key,
        )?)
    }
}

/// Accepts access tokens. Header fields that name keys (`kid`, `jku`, `jwk`, `x5u`) are never looked at.
#[derive(Clone)]
pub struct TokenVerifier {
    key: DecodingKey,
    validation: Validation,
}

impl std::fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenVerifier")
    }
}

impl TokenVerifier {
    /// A verifier with the installation's secret.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        let mut validation = Validation::new(ALGORITHM);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_S;
        Self {
            key: DecodingKey::from_secret(secret.expose().as_bytes()),
            validation,
        }
    }

    /// The principal of a token.
    ///
    /// # Errors
    /// When it is not one of ours, or not valid now.
    pub fn verify(&self, token: &str) -> Result<Principal, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong);
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation)?.claims;
        Ok(Principal {
            organization_id: OrganizationId(claims.org),
            user_id: UserId(claims.sub),
            role: claims.role,
            token_id: claims.jti,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn secret() -> Secret {
        Secret::new("0123456789abcdef0123456789abcdef")
    }

    fn sign(now: DateTime<Utc>, lifetime: TimeDelta) -> String {
        let signer = TokenSigner::new(&secret());
        signer
            .sign(
                OrganizationId(Uuid::nil()),
                UserId(Uuid::max()),
                Role::Agent,
                now,
                lifetime,
            )
            .unwrap()
    }

    fn verify(token: &str) -> Result<Principal, TokenError> {
        TokenVerifier::new(&secret()).verify(token)
    }

    fn with_header(header: &str, token: &str) -> String {
        let rest = token.split_once('.').unwrap().1;
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn a_token_names_organization_user_and_role() {
        let principal = verify(&sign(Utc::now(), TimeDelta::hours(1))).unwrap();
        assert_eq!(principal.user_id, UserId(Uuid::max()));
        assert_eq!(principal.organization_id, OrganizationId(Uuid::nil()));
        assert_eq!(principal.role, Role::Agent);
    }

    #[test]
    fn an_expired_token_is_refused_after_the_leeway() {
        let hour = TimeDelta::hours(1);
        assert!(verify(&sign(Utc::now() - hour - TimeDelta::seconds(20), hour)).is_ok());
        assert!(verify(&sign(Utc::now() - hour - TimeDelta::seconds(32), hour)).is_err());
    }

    #[test]
    fn a_token_from_the_future_is_refused() {
        assert!(
            verify(&sign(
                Utc::now() + TimeDelta::minutes(2),
                TimeDelta::hours(1)
            ))
            .is_err()
        );
    }

    #[test]
    fn another_secret_is_refused() {
        let other = TokenVerifier::new(&Secret::new("another secret of thirty-two bytes!!"));
        assert!(
            other
                .verify(&sign(Utc::now(), TimeDelta::hours(1)))
                .is_err()
        );
    }

    #[test]
    fn another_algorithm_or_no_signature_is_refused() {
        let token = sign(Utc::now(), TimeDelta::hours(1));
        for header in [
            r#"{"alg":"none","typ":"JWT"}"#,
            r#"{"alg":"HS512","typ":"JWT"}"#,
            r#"{"alg":"RS256","typ":"JWT"}"#,
            r#"{"alg":"HS256","kid":"../../etc/passwd"}"#,
            r#"{"alg":"HS256","jku":"http://127.0.0.1/keys"}"#,
        ] {
            assert!(verify(&with_header(header, &token)).is_err(), "{header}");
        }
        let unsigned = token.rsplit_once('.').unwrap().0;
        assert!(verify(unsigned).is_err());
        assert!(verify(&format!("{unsigned}.")).is_err());
        assert!(verify(&"a".repeat(TOKEN_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn another_issuer_or_audience_or_a_missing_time_is_refused() {
        let now = Utc::now().timestamp();
        let good = serde_json::json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": Uuid::nil(), "org": Uuid::nil(), "role": "admin",
            "iat": now, "nbf": now, "exp": now + 60, "jti": Uuid::nil(),
        });
        let encode = |claims: &serde_json::Value| {
            let key = EncodingKey::from_secret(secret().expose().as_bytes());
            jsonwebtoken::encode(&Header::new(ALGORITHM), claims, &key).unwrap()
        };
        assert!(verify(&encode(&good)).is_ok());
        for (claim, value) in [
            ("iss", "another".into()),
            ("aud", "refresh".into()),
            ("role", "root".into()),
        ] {
            let mut claims = good.clone();
            claims[claim] = value;
            assert!(verify(&encode(&claims)).is_err(), "{claim}");
        }
        for claim in ["iss", "aud", "sub", "org", "role", "exp", "nbf", "jti"] {
            let mut claims = good.clone();
            claims.as_object_mut().unwrap().remove(claim);
            assert!(verify(&encode(&claims)).is_err(), "without {claim}");
        }
    }
}
