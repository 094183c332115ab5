//! A key that seals, and the bytes of what it sealed.
//!
//! AES-256-GCM-SIV (RFC 8452) with a random nonce: should a nonce ever repeat, it tells that two texts are equal and
//! nothing more. The bytes are version ‖ tag of the key ‖ nonce ‖ ciphertext. The tag of the key tells a text that another
//! key sealed, whose key is gone, from one that was changed.

use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce};
use rand::TryRngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;
const VERSION: u8 = 1;
const KEY_TAG_BYTES: usize = 4;
const NONCE_BYTES: usize = 12;
const HEADER_BYTES: usize = 1 + KEY_TAG_BYTES + NONCE_BYTES;
/// Separates the hashes that tag keys from all others (BLAKE3's key derivation mode).
const KEY_TAG_CONTEXT: &str = "InsightDesk 2026 tags of sealing keys";

/// The bytes of a key. Overwritten when dropped.
pub(crate) type KeyBytes = Zeroizing<[u8; KEY_BYTES]>;

/// Fresh random bytes from the operating system.
///
/// # Errors
/// When it has none, which is a fault of the machine.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], CipherError> {
    let mut bytes = [0; N];
    OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|_| CipherError::NoRandomness)?;
    Ok(bytes)
}

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
    /// Too long for the cipher, or sealed by a later program.
    #[error("it is not of a form that this program knows")]
    Form,
    /// Another key sealed it.
    #[error("another key sealed it")]
    OtherKey,
    /// It was changed, or belongs elsewhere.
    #[error("it was changed since it was sealed, or belongs to another place")]
    Changed,
}

/// A key with its schedule. The key bytes are overwritten when it is dropped.
pub(crate) struct Cipher {
    cipher: Aes256GcmSiv,
    tag: [u8; KEY_TAG_BYTES],
}

impl Cipher {
    pub(crate) fn new(key: &KeyBytes) -> Self {
        let hash = Zeroizing::new(blake3::derive_key(KEY_TAG_CONTEXT, key.as_slice()));
        let mut tag = [0; KEY_TAG_BYTES];
        tag.copy_from_slice(&hash[..KEY_TAG_BYTES]);
        Self {
            cipher: Aes256GcmSiv::new((&**key).into()),
            tag,
        }
    }

    /// Seals `text`; it opens only with the same `place`.
    ///
    /// # Errors
    /// Without random bytes.
    pub(crate) fn seal(&self, text: &[u8], place: &[u8]) -> Result<Vec<u8>, CipherError> {
        let nonce: [u8; NONCE_BYTES] = random()?;
        let payload = Payload {
            msg: text,
            aad: place,
        };
        let sealed = self
            .cipher
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| CipherError::Form)?;
        let mut bytes = Vec::with_capacity(HEADER_BYTES + sealed.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.tag);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        Ok(bytes)
    }

    /// Whether this key sealed the bytes, as far as their tag tells.
    pub(crate) fn tagged(&self, bytes: &[u8]) -> bool {
        bytes.get(1..=KEY_TAG_BYTES) == Some(&self.tag)
    }

    /// Opens what [`Cipher::seal`] gave for the same `place`.
    ///
    /// # Errors
    /// When it is of another form, key or place, or was changed.
    pub(crate) fn open(
        &self,
        bytes: &[u8],
        place: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        let (version, rest) = bytes.split_first().ok_or(CipherError::Form)?;
        if *version != VERSION {
            return Err(CipherError::Form);
        }
        let (tag, rest) = rest
            .split_first_chunk::<KEY_TAG_BYTES>()
            .ok_or(CipherError::Form)?;
        let (nonce, sealed) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(CipherError::Form)?;
        if *tag != self.tag {
            return Err(CipherError::OtherKey);
        }
        let payload = Payload {
            msg: sealed,
            aad: place,
        };
        let text = self.cipher.decrypt(&Nonce::from(*nonce), payload);
        text.map(Zeroizing::new).map_err(|_| CipherError::Changed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn cipher(byte: u8) -> Cipher {
        Cipher::new(&Zeroizing::new([byte; KEY_BYTES]))
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_in_its_place(text: Vec<u8>, place: Vec<u8>) {
            let key = cipher(1);
            let sealed = key.seal(&text, &place).unwrap();
            prop_assert_eq!(&**key.open(&sealed, &place).unwrap(), &text);
        }

        #[test]
        fn any_changed_bit_is_refused(text: Vec<u8>, place: Vec<u8>, bit: prop::sample::Index) {
            let key = cipher(1);
            let mut sealed = key.seal(&text, &place).unwrap();
            let bit = bit.index(sealed.len() * 8);
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(key.open(&sealed, &place).is_err());
        }

        #[test]
        fn another_place_is_refused(text: Vec<u8>, place: Vec<u8>, other: Vec<u8>) {
            prop_assume!(place != other);
            let sealed = cipher(1).seal(&text, &place).unwrap();
            prop_assert_eq!(cipher(1).open(&sealed, &other).unwrap_err(), CipherError::Changed);
        }

        #[test]
        fn a_text_that_was_cut_is_refused(text: Vec<u8>, length: prop::sample::Index) {
            let sealed = cipher(1).seal(&text, b"").unwrap();
            let cut = &sealed[..length.index(sealed.len())];
            prop_assert!(cipher(1).open(cut, b"").is_err());
        }
    }

    #[test]
    fn what_another_key_sealed_is_told_from_what_was_changed() {
        let sealed = cipher(1).seal(b"text", b"").unwrap();
        assert_eq!(
            cipher(2).open(&sealed, b"").unwrap_err(),
            CipherError::OtherKey
        );
    }

    #[test]
    fn the_same_text_is_never_sealed_alike_twice() {
        let key = cipher(1);
        assert_ne!(
            key.seal(b"text", b"").unwrap(),
            key.seal(b"text", b"").unwrap()
        );
    }
}
