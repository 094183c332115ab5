//! Making and accepting access tokens.

use chrono::{DateTime, TimeDelta, Utc};
use domain::actor::Role;
use domain::ids::{OrganizationId, RoleId, SessionId, UserId};
use jsonwebtoken::{Algorithm, Header, Validation};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::keys::TokenKeys;
use super::{Credential, Principal};
use crate::kept;
use crate::permission::of_role;

/// Who makes our tokens.
const ISSUER: &str = "insightdesk";
/// What our tokens are for. A token for something else is no access token.
const AUDIENCE: &str = "insightdesk-api";
/// The kind of token (RFC 9068, section 2.1). Another kind is no access token, whoever signed it.
const TYPE: &str = "at+jwt";
/// The one algorithm that is accepted, whatever a token's header says (RFC 8725, section 3.1).
const ALGORITHM: Algorithm = Algorithm::EdDSA;
/// How far clocks may differ.
const LEEWAY_S: u64 = 30;
/// Longer texts are refused before any cryptography.
const TOKEN_BYTES_MAX: usize = 4_096;
/// Tokens that are remembered as verified, some 200 bytes each: a signature takes longer to verify than the rest of a
/// query.
const VERIFIED_MAX: u64 = 20_000;

/// Whom a token is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The organization in which they act.
    pub organization_id: OrganizationId,
    /// Who they are.
    pub user_id: UserId,
    /// What they may do.
    pub role: Role,
    /// The role of the organization's own within it, if they have one.
    pub role_id: Option<RoleId>,
    /// The session that the token belongs to.
    pub session_id: SessionId,
    /// Whether it is good for setting up a second factor alone.
    pub must_enrol: bool,
}

impl Grant {
    /// For a session of its own that no table knows, and that ends with the token.
    #[must_use]
    pub fn alone(organization_id: OrganizationId, user_id: UserId, role: Role) -> Self {
        Self {
            organization_id,
            user_id,
            role,
            role_id: None,
            session_id: SessionId(Uuid::now_v7()),
            must_enrol: false,
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
    /// What it may do is looked up: it may change while the token is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role_id: Option<RoleId>,
    sid: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: Uuid,
    /// There where it is true.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    enrol: bool,
}

/// A token that was not accepted, or could not be made. The message says nothing about the token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Too long to be one of ours.
    #[error("the access token is too long")]
    TooLong,
    /// Made for something else, or with a key that is not ours or not any more.
    #[error("the access token is of another kind, or its key is not in use")]
    Foreign,
    /// It was good.
    #[error("the access token has expired")]
    Expired,
    /// Wrong form, signature, issuer, audience or time.
    #[error("the access token is not valid")]
    Invalid(#[from] jsonwebtoken::errors::Error),
}

/// Makes access tokens.
#[derive(Debug, Clone)]
pub struct TokenSigner(TokenKeys);

impl TokenSigner {
    /// A signer with the installation's keys.
    #[must_use]
    pub fn new(keys: TokenKeys) -> Self {
        Self(keys)
    }

    /// A token for a person, valid from `now` for `lifetime`.
    ///
    /// # Errors
    /// When the cryptography library refuses the key.
    pub fn sign(
        &self,
        grant: &Grant,
        now: DateTime<Utc>,
        lifetime: TimeDelta,
    ) -> Result<String, TokenError> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: grant.user_id.0,
            org: grant.organization_id.0,
            role: grant.role,
            role_id: grant.role_id,
            sid: grant.session_id.0,
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: (now + lifetime).timestamp(),
            jti: Uuid::now_v7(),
            enrol: grant.must_enrol,
        };
        let key = self.0.signing();
        let header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(key.kid.clone()),
            ..Header::new(ALGORITHM)
        };
        Ok(jsonwebtoken::encode(&header, &claims, &key.signs)?)
    }
}

/// Accepts access tokens. Of the header only `typ`, `alg` and `kid` are looked at, and `kid` only names one of our own
/// keys: `jku`, `jwk` and `x5u` lead nowhere.
#[derive(Clone)]
pub struct TokenVerifier {
    keys: TokenKeys,
    validation: Validation,
    /// By the hash of the whole token, so that a changed one is not found.
    verified: Cache<[u8; 32], Verified>,
}

#[derive(Clone, Copy)]
struct Verified {
    principal: Principal,
    /// Seconds since 1970.
    expires_at_s: i64,
}

impl std::fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TokenVerifier").field(&self.keys).finish()
    }
}

impl TokenVerifier {
    /// A verifier with the installation's keys.
    #[must_use]
    pub fn new(keys: TokenKeys) -> Self {
        let mut validation = Validation::new(ALGORITHM);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_S;
        Self {
            keys,
            validation,
            verified: Cache::new(VERIFIED_MAX),
        }
    }

    /// The public keys of all tokens that are accepted (RFC 7517).
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        self.keys.jwks()
    }

    /// The principal of a token.
    ///
    /// # Errors
    /// When it is not one of ours, or not valid now.
    pub fn verify(&self, token: &str) -> Result<Principal, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong);
        }
        let hash = *blake3::hash(token.as_bytes()).as_bytes();
        if let Some(known) = self.verified.get(&hash) {
            let still_good = Utc::now().timestamp() <= known.expires_at_s + LEEWAY_S.cast_signed();
            return if still_good {
                Ok(known.principal)
            } else {
                Err(TokenError::Expired)
            };
        }
        let known = self.verify_anew(token)?;
        self.verified.insert(hash, known);
        kept::count("tokens", &self.verified);
        Ok(known.principal)
    }

    fn verify_anew(&self, token: &str) -> Result<Verified, TokenError> {
        let header = jsonwebtoken::decode_header(token)?;
        if header.typ.as_deref() != Some(TYPE) || header.alg != ALGORITHM {
            return Err(TokenError::Foreign);
        }
        let key = header.kid.and_then(|kid| self.keys.by_kid(&kid));
        let key = key.ok_or(TokenError::Foreign)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.verifies, &self.validation)?.claims;
        Ok(Verified {
            principal: Principal {
                organization_id: OrganizationId(claims.org),
                user_id: UserId(claims.sub),
                role: claims.role,
                role_id: claims.role_id,
                permissions: of_role(claims.role),
                credential: Credential::AccessToken {
                    session_id: SessionId(claims.sid),
                    token_id: claims.jti,
                },
                must_enrol: claims.enrol,
            },
            expires_at_s: claims.exp,
        })
    }
}

#[cfg(test)]
mod tests;
