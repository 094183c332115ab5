//! API keys: `idk_<key id>_<secret><checksum>`.
//!
//! The id is the UUID of the key's row, in 32 hexadecimal digits, so that a key is looked up by what is no secret. The
//! secret is 43 letters and digits, 256 bits. The checksum is the CRC-32 of all before it, in six letters and digits: a
//! key that was cut or mistyped is refused without a look into the database, and whoever finds such a text in a
//! repository knows that it is a key. Their pattern is `idk_[0-9a-f]{32}_[0-9A-Za-z]{49}`.

use std::fmt;

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::hash::{SecretHash, hash};
use crate::random::{self, NoRandomness};

/// The first letters of every key.
pub const PREFIX: &str = "idk_";
const ID_CHARACTERS: usize = 32;
const SECRET_CHARACTERS: usize = 43;
const CHECKSUM_CHARACTERS: usize = 6;
const CHARACTERS: usize =
    PREFIX.len() + ID_CHARACTERS + 1 + SECRET_CHARACTERS + CHECKSUM_CHARACTERS;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CONTEXT: &str = "InsightDesk 2026 API keys";

/// An API key. Overwritten when dropped; `Debug` shows only its id.
#[derive(Clone)]
pub struct ApiKey {
    id: Uuid,
    text: Zeroizing<String>,
}

/// Why a text is no API key. None of them says anything about keys that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// Not of the form.
    #[error("this is not an API key: they begin with {PREFIX} and have {CHARACTERS} characters")]
    Form,
    /// Its checksum is not that of the rest.
    #[error("this API key was cut or mistyped: copy it again")]
    Checksum,
}

impl ApiKey {
    /// A fresh key for the row of that id.
    ///
    /// # Errors
    /// When the machine has no random bytes.
    pub fn generate(id: Uuid) -> Result<Self, NoRandomness> {
        let secret = random::text(ALPHABET, SECRET_CHARACTERS)?;
        let mut text = Zeroizing::new(String::with_capacity(CHARACTERS));
        text.push_str(PREFIX);
        text.push_str(id.simple().encode_lower(&mut Uuid::encode_buffer()));
        text.push('_');
        text.push_str(&secret);
        let checksum = checksum(&text);
        text.extend(checksum.map(char::from));
        Ok(Self { id, text })
    }

    /// Reads a key as it was shown, to the letter.
    ///
    /// # Errors
    /// When it is not of the form, or its checksum is wrong.
    pub fn parse(given: &str) -> Result<Self, ApiKeyError> {
        if given.len() != CHARACTERS || !given.is_ascii() {
            return Err(ApiKeyError::Form);
        }
        let rest = given.strip_prefix(PREFIX).ok_or(ApiKeyError::Form)?;
        let (id, secret) = rest.split_once('_').ok_or(ApiKeyError::Form)?;
        let is_id = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let formed = id.len() == ID_CHARACTERS
            && id.bytes().all(is_id)
            && secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let id = Uuid::try_parse(id).ok().filter(|_| formed);
        let id = id.ok_or(ApiKeyError::Form)?;
        let (checked, stated) = given.split_at(CHARACTERS - CHECKSUM_CHARACTERS);
        if checksum(checked) != stated.as_bytes() {
            return Err(ApiKeyError::Checksum);
        }
        Ok(Self {
            id,
            text: Zeroizing::new(given.to_owned()),
        })
    }

    /// The id of its row.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The whole key, to be shown once.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What is stored.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        hash(CONTEXT, &[self.text.as_bytes()])
    }

    /// Whether this is the key of which that was stored. Takes the same time whatever was given.
    #[must_use]
    pub fn is_right(&self, stored: &SecretHash) -> bool {
        self.hash() == *stored
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", self.id)
    }
}

/// CRC-32 in base 62, most significant first. No proof of anything: it finds typing errors.
fn checksum(text: &str) -> [u8; CHECKSUM_CHARACTERS] {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [ALPHABET[0]; CHECKSUM_CHARACTERS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    const ID: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);

    fn fresh() -> ApiKey {
        ApiKey::generate(ID).unwrap()
    }

    #[test]
    fn a_key_reads_back_with_its_id_and_is_right() {
        let made = fresh();
        let read = ApiKey::parse(made.as_str()).unwrap();
        assert_eq!(read.id(), ID);
        assert!(read.is_right(&made.hash()));
    }

    #[test]
    fn another_key_of_the_same_id_is_wrong() {
        assert!(!fresh().is_right(&fresh().hash()));
    }

    #[test]
    fn every_key_has_the_form_that_scanners_look_for() {
        let made = fresh();
        let parts: Vec<&str> = made.as_str().split('_').collect();
        assert_eq!(parts[0], "idk");
        assert_eq!(parts[1], "01900000000070008000000000000001");
        assert_eq!(parts[2].len(), 49);
        assert!(parts[2].bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(parts.len(), 3);
    }

    #[test]
    fn the_checksum_is_the_crc_32_of_the_rest() {
        // The check value of CRC-32 (IEEE 802.3): "123456789" is cbf43926, which is 3421780262.
        assert_eq!(&checksum("123456789"), b"3jZRME");
        assert_eq!(&checksum(""), b"000000");
    }

    #[test]
    fn a_key_with_one_wrong_letter_is_mistyped() {
        let text = fresh().as_str().to_owned();
        for at in PREFIX.len() + ID_CHARACTERS + 1..CHARACTERS {
            let mut wrong = text.clone().into_bytes();
            wrong[at] = if wrong[at] == b'x' { b'y' } else { b'x' };
            let refused = ApiKey::parse(std::str::from_utf8(&wrong).unwrap());
            assert_eq!(refused.unwrap_err(), ApiKeyError::Checksum);
        }
    }

    #[test]
    fn what_has_not_the_form_is_no_key() {
        let text = fresh().as_str().to_owned();
        for given in [
            "",
            "idk_",
            &text[1..],
            &format!("{text}0"),
            &text.to_uppercase(),
            &text.replacen("idk_", "ghp_", 1),
            &text.replacen("idk_0", "idk_+", 1),
            &text.replacen("idk_0", "idk_F", 1),
            &text.replacen("idk_0190", "idk_01_0", 1),
            &format!("idk_{}", "ä".repeat(41)),
            &"a".repeat(100_000),
        ] {
            assert_eq!(
                ApiKey::parse(given).unwrap_err(),
                ApiKeyError::Form,
                "{given:.80}"
            );
        }
    }

    #[test]
    fn debug_shows_only_the_id() {
        assert_eq!(format!("{:?}", fresh()), format!("ApiKey({ID})"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_key_or_none(given in "(idk_)?[ -~é]{0,90}") {
            prop_assert!(ApiKey::parse(&given).is_err());
        }
    }
}
