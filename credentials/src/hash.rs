//! Hashes of secrets that have enough entropy of their own, or a key.

use std::fmt;

use subtle::ConstantTimeEq;

const HASH_BYTES: usize = 32;

/// What is stored of a secret: a BLAKE3 hash of 32 bytes. Compared in constant time; `Debug` shows nothing.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; HASH_BYTES]);

/// A stored value is no hash of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored hash of a secret is not 32 bytes: the row was damaged")]
pub struct UnreadableSecretHash;

impl SecretHash {
    /// Takes back what was stored.
    ///
    /// # Errors
    /// When it is not of the length of a hash.
    pub fn from_stored(bytes: &[u8]) -> Result<Self, UnreadableSecretHash> {
        bytes.try_into().map(Self).map_err(|_| UnreadableSecretHash)
    }

    /// What is stored, and looked up.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

/// The hash of parts, for secrets of 80 bits or more: nobody can try them all. The context separates the uses of hashes
/// (BLAKE3's key derivation mode), the lengths the parts.
pub(crate) fn hash(context: &str, parts: &[&[u8]]) -> SecretHash {
    finish(blake3::Hasher::new_derive_key(context), parts)
}

/// The hash of parts for secrets that could all be tried: without the key it tells nothing of them.
pub(crate) fn keyed_hash(key: &[u8; HASH_BYTES], parts: &[&[u8]]) -> SecretHash {
    finish(blake3::Hasher::new_keyed(key), parts)
}

fn finish(mut hasher: blake3::Hasher, parts: &[&[u8]]) -> SecretHash {
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    SecretHash(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn another_context_key_or_cut_between_parts_gives_another_hash() {
        assert_ne!(hash("a", &[b"secret"]), hash("b", &[b"secret"]));
        assert_ne!(hash("a", &[b"sec", b"ret"]), hash("a", &[b"secr", b"et"]));
        assert_ne!(
            keyed_hash(&[1; 32], &[b"secret"]),
            keyed_hash(&[2; 32], &[b"secret"])
        );
    }

    #[test]
    fn a_stored_hash_reads_back_and_another_length_does_not() {
        let made = hash("a", &[b"secret"]);
        assert_eq!(SecretHash::from_stored(made.as_bytes()), Ok(made));
        let cut = SecretHash::from_stored(&made.as_bytes()[1..]);
        assert_eq!(cut, Err(UnreadableSecretHash));
    }

    #[test]
    fn debug_shows_nothing_of_a_hash() {
        assert_eq!(format!("{:?}", hash("a", &[b"secret"])), "SecretHash(..)");
    }
}
