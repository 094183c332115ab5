//! Master keys: they wrap the data keys, and come from the configuration.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::cipher::{Cipher, CipherError, KEY_BYTES, KeyBytes, random};

const ID_BYTES_MAX: usize = 64;
/// Separates the hashes that name keys from all others (BLAKE3's key derivation mode).
const ID_CONTEXT: &str = "InsightDesk 2026 names of master keys";
const ID_HEX_DIGITS: usize = 8;
const ROOT_CONTEXT: &str = "InsightDesk 2026 roots of derived keys";
/// What a master key seals as proof of itself.
const PROOF: &[u8] = b"InsightDesk master key";
const PROOF_PLACE: &[u8] = b"proof";

/// Why a text is no list of master keys. The messages never show a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeyError {
    /// There is none.
    #[error("holds no key: make one with `openssl rand -base64 32`")]
    None,
    /// One of them is not 32 bytes in base64.
    #[error(
        "has a key (number {number}) that is not 32 bytes in base64: make one with `openssl rand -base64 32`"
    )]
    Form {
        /// Which, from 1.
        number: usize,
    },
    /// A name is not usable.
    #[error(
        "has a key (number {number}) whose name is not 1 to 64 letters, digits, '-', '_' or '.'"
    )]
    Name {
        /// Which, from 1.
        number: usize,
    },
    /// Two have the same name.
    #[error("names two keys {name}: give each another name")]
    NameTwice {
        /// The name.
        name: String,
    },
}

struct MasterKey {
    id: String,
    cipher: Cipher,
    /// What keys for other purposes are derived from.
    root: KeyBytes,
}

impl MasterKey {
    fn derived(&self, purpose: &str) -> KeyBytes {
        Zeroizing::new(blake3::keyed_hash(&self.root, purpose.as_bytes()).into())
    }
}

/// The master keys of a process. The first wraps new data keys; the others only unwrap. Clones share them.
#[derive(Clone)]
pub struct MasterKeys {
    keys: Arc<[MasterKey]>,
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.keys.iter().map(|key| &key.id);
        f.debug_list().entries(ids).finish()
    }
}

impl MasterKeys {
    /// Reads keys separated by white space, each `name:key` or a key alone, 32 bytes in base64. The first is current.
    ///
    /// # Errors
    /// When there is none or one is not of the form.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let mut keys: Vec<MasterKey> = Vec::new();
        for (index, word) in text.split_whitespace().enumerate() {
            let key = parse_one(word, index + 1)?;
            if keys.iter().any(|known| known.id == key.id) {
                return Err(MasterKeyError::NameTwice { name: key.id });
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(MasterKeyError::None);
        }
        Ok(Self { keys: keys.into() })
    }

    /// A fresh random key as text for the configuration.
    ///
    /// # Errors
    /// When the operating system has no random bytes.
    pub fn generate() -> Result<String, CipherError> {
        let bytes: KeyBytes = Zeroizing::new(random()?);
        Ok(STANDARD.encode(bytes.as_slice()))
    }

    /// The name of the key that wraps new data keys.
    #[must_use]
    pub fn current_id(&self) -> &str {
        &self.current().id
    }

    /// Seals a small text for a purpose, with a key derived from the current master key. It opens only for the same purpose
    /// and place, such as the id of its row, while the master key is configured. A rotation does not seal it anew, so
    /// this is for what lives for days, or is sealed again by its owner ([`MasterKeys::sealed_otherwise`] tells when).
    ///
    /// # Errors
    /// Without random bytes.
    pub fn seal(&self, purpose: &str, place: &[u8], text: &[u8]) -> Result<Vec<u8>, CipherError> {
        Cipher::new(&self.current().derived(purpose)).seal(text, place)
    }

    /// Opens what [`MasterKeys::seal`] gave, with whichever configured key sealed it.
    ///
    /// # Errors
    /// When the key that sealed it is not configured, it was changed, or it is of another purpose or place.
    pub fn open(
        &self,
        purpose: &str,
        place: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        for key in self.keys.iter() {
            match Cipher::new(&key.derived(purpose)).open(sealed, place) {
                Err(CipherError::OtherKey) => {}
                opened => return opened,
            }
        }
        Err(CipherError::OtherKey)
    }

    /// Whether another key than the current one sealed it, so that it should be sealed anew before that one goes.
    #[must_use]
    pub fn sealed_otherwise(&self, purpose: &str, sealed: &[u8]) -> bool {
        !Cipher::new(&self.current().derived(purpose)).tagged(sealed)
    }

    /// The keys for a purpose that keeps hashes rather than texts, one of each master key, the current one first.
    #[must_use]
    pub fn derived(&self, purpose: &str) -> Vec<Zeroizing<[u8; 32]>> {
        self.keys.iter().map(|key| key.derived(purpose)).collect()
    }

    fn current(&self) -> &MasterKey {
        // Parsing refuses an empty list.
        &self.keys[0]
    }

    fn by_id(&self, id: &str) -> Option<&MasterKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// A text that only the current key can have sealed.
    pub(crate) fn prove(&self) -> Result<Vec<u8>, CipherError> {
        self.current().cipher.seal(PROOF, PROOF_PLACE)
    }

    /// Whether the key of that name is here, and the one that sealed the proof.
    pub(crate) fn holds(&self, id: &str, proof: &[u8]) -> Option<bool> {
        let opened = self.by_id(id)?.cipher.open(proof, PROOF_PLACE);
        Some(opened.is_ok_and(|text| text.as_slice() == PROOF))
    }

    /// Wraps a data key with the current master key.
    pub(crate) fn wrap(
        &self,
        key: &KeyBytes,
        org_id: Uuid,
        subject: Uuid,
    ) -> Result<Vec<u8>, CipherError> {
        let place = wrapping_place(org_id, subject);
        self.current().cipher.seal(key.as_slice(), &place)
    }

    /// Unwraps a data key. None when the master key of that name is not here.
    pub(crate) fn unwrap(
        &self,
        id: &str,
        wrapped: &[u8],
        org_id: Uuid,
        subject: Uuid,
    ) -> Option<Result<KeyBytes, CipherError>> {
        let master = self.by_id(id)?;
        let opened = master
            .cipher
            .open(wrapped, &wrapping_place(org_id, subject));
        Some(opened.and_then(|bytes| key_bytes(&bytes).ok_or(CipherError::Form)))
    }
}

fn wrapping_place(org_id: Uuid, subject: Uuid) -> [u8; 32] {
    let mut place = [0; 32];
    place[..16].copy_from_slice(org_id.as_bytes());
    place[16..].copy_from_slice(subject.as_bytes());
    place
}

fn key_bytes(bytes: &[u8]) -> Option<KeyBytes> {
    let mut key: KeyBytes = Zeroizing::new([0; KEY_BYTES]);
    if bytes.len() != KEY_BYTES {
        return None;
    }
    key.copy_from_slice(bytes);
    Some(key)
}

fn parse_one(word: &str, number: usize) -> Result<MasterKey, MasterKeyError> {
    let (name, encoded) = match word.split_once(':') {
        Some((name, encoded)) => (Some(name), encoded),
        None => (None, word),
    };
    let decoded = STANDARD
        .decode(encoded)
        .or_else(|_| URL_SAFE_NO_PAD.decode(encoded))
        .map(Zeroizing::new);
    let key = decoded.ok().and_then(|bytes| key_bytes(&bytes));
    let key = key.ok_or(MasterKeyError::Form { number })?;
    let id = match name {
        Some(name) if is_name(name) => name.to_owned(),
        Some(_) => return Err(MasterKeyError::Name { number }),
        None => derived_name(&key),
    };
    Ok(MasterKey {
        id,
        cipher: Cipher::new(&key),
        root: Zeroizing::new(blake3::derive_key(ROOT_CONTEXT, key.as_slice())),
    })
}

fn is_name(name: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    (1..=ID_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain)
}

/// A key without a name is called after its hash, which tells nothing of the key.
fn derived_name(key: &KeyBytes) -> String {
    let hash = blake3::derive_key(ID_CONTEXT, key.as_slice());
    let hex = blake3::Hash::from_bytes(hash).to_hex();
    format!("key-{}", &hex[..ID_HEX_DIGITS])
}

#[cfg(test)]
mod tests;
