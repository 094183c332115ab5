//! The keys of checkpoints.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer, VerifyingKey};

/// Signs checkpoints. Its `Debug` form hides it.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

/// Checks the signatures of checkpoints. Its text is 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Why a text is not a key. It does not show the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// It is not 32 bytes in hexadecimal digits.
    #[error("a key is 64 hexadecimal digits")]
    Digits,
    /// The bytes are no point of the curve.
    #[error("these digits are not an Ed25519 public key")]
    Point,
}

impl SigningKey {
    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(super) fn sign(&self, message: &[u8]) -> Signature {
        self.0.sign(message)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl FromStr for SigningKey {
    type Err = InvalidKey;

    /// Reads the secret half: 32 random bytes as hexadecimal digits (the seed of RFC 8032).
    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        Ok(Self(ed25519_dalek::SigningKey::from_bytes(&bytes(text)?)))
    }
}

impl PublicKey {
    pub(super) fn has_signed(&self, message: &[u8], signature: &Signature) -> bool {
        // The strict form refuses the weak keys under which one signature fits several messages.
        self.0.verify_strict(message, signature).is_ok()
    }
}

impl FromStr for PublicKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let key = VerifyingKey::from_bytes(&bytes(text)?);
        key.map(Self).map_err(|_| InvalidKey::Point)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        blake3::Hash::from_bytes(self.0.to_bytes())
            .to_hex()
            .fmt(formatter)
    }
}

fn bytes(text: &str) -> Result<[u8; 32], InvalidKey> {
    let hash = blake3::Hash::from_hex(text.trim()).map_err(|_| InvalidKey::Digits)?;
    Ok(*hash.as_bytes())
}
