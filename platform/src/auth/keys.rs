//! The keys of access tokens: Ed25519 (RFC 8032), each made from a secret of the configuration.
//!
//! A key is derived, so that every server and command with the same configuration has the same one without asking a
//! database. Several secrets are an overlap: the first signs, all verify.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::{Value, json};

use crate::config::Secret;

/// Separates these keys from everything else that is derived from the same secret (BLAKE3's key derivation mode).
const KEY_CONTEXT: &str = "InsightDesk 2026 Ed25519 keys of access tokens";
const KID_CONTEXT: &str = "InsightDesk 2026 names of the keys of access tokens";
/// The name of a key: enough that two never meet.
const KID_BYTES: usize = 12;
/// A shorter secret is easier to guess than the key that it makes.
const SECRET_MIN_BYTES: usize = 32;

/// Why the secrets of access tokens were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenKeyError {
    /// There is none.
    #[error(
        "is missing: set it to at least 32 random bytes, for example the output of `openssl rand -hex 32`"
    )]
    None,
    /// One is too short.
    #[error(
        "is too short (secret number {number}): use at least 32 random bytes, for example the output of `openssl rand -hex 32`"
    )]
    Short {
        /// Which, from 1.
        number: usize,
    },
    /// A key could not be made of one.
    #[error("holds a secret of which no key can be made (number {number})")]
    Derivation {
        /// Which, from 1.
        number: usize,
    },
}

pub(super) struct TokenKey {
    pub(super) kid: String,
    pub(super) signs: EncodingKey,
    pub(super) verifies: DecodingKey,
    public: [u8; 32],
}

/// The keys of access tokens, the signing one first. Clones share them.
#[derive(Clone)]
pub struct TokenKeys(Arc<[TokenKey]>);

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.0.iter().map(|key| &key.kid);
        f.debug_list().entries(names).finish()
    }
}

impl TokenKeys {
    /// Reads secrets separated by white space. The first one's key signs, the others' only verify.
    ///
    /// # Errors
    /// When there is none, or one is too short.
    pub fn parse(secrets: &Secret) -> Result<Self, TokenKeyError> {
        let words = secrets.expose().split_whitespace();
        let keys: Vec<TokenKey> = words
            .enumerate()
            .map(|(index, word)| TokenKey::derive(word, index + 1))
            .collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(TokenKeyError::None);
        }
        Ok(Self(keys.into()))
    }

    pub(super) fn signing(&self) -> &TokenKey {
        // Parsing refuses an empty list.
        &self.0[0]
    }

    pub(super) fn by_kid(&self, kid: &str) -> Option<&TokenKey> {
        self.0.iter().find(|key| key.kid == kid)
    }

    /// The public keys as a JSON Web Key Set (RFC 7517, RFC 8037), for those who verify tokens themselves.
    #[must_use]
    pub fn jwks(&self) -> Value {
        let key = |key: &TokenKey| {
            json!({
                "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
                "kid": key.kid, "x": URL_SAFE_NO_PAD.encode(key.public),
            })
        };
        json!({ "keys": self.0.iter().map(key).collect::<Vec<_>>() })
    }
}

impl TokenKey {
    fn derive(secret: &str, number: usize) -> Result<Self, TokenKeyError> {
        if secret.len() < SECRET_MIN_BYTES {
            return Err(TokenKeyError::Short { number });
        }
        let seed = blake3::derive_key(KEY_CONTEXT, secret.as_bytes());
        let key = SigningKey::from_bytes(&seed);
        let public = key.verifying_key().to_bytes();
        let der = key
            .to_pkcs8_der()
            .map_err(|_| TokenKeyError::Derivation { number })?;
        let name = blake3::derive_key(KID_CONTEXT, &public);
        Ok(Self {
            kid: URL_SAFE_NO_PAD.encode(&name[..KID_BYTES]),
            signs: EncodingKey::from_ed_der(der.as_bytes()),
            verifies: DecodingKey::from_ed_der(&public),
            public,
        })
    }
}
