//! One-time codes of six digits, sent by e-mail.
//!
//! A million codes are few. Three things make them safe, and the caller does the last two: the stored hash has a key, so
//! that a copy of the database tells none; a challenge dies after a few wrong tries; and it dies after minutes.

use std::fmt;

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::hash::{SecretHash, keyed_hash};
use crate::random::{self, NoRandomness};

const CODES: u32 = 1_000_000;
const DIGITS: usize = 6;

/// Keys that the hashes of codes are made with, each 32 bytes that no copy of the database holds. New hashes take the
/// first; the others only check, so that changing the key fails no code that is on its way.
#[derive(Clone)]
pub struct CodeKeys {
    current: Zeroizing<[u8; 32]>,
    older: Vec<Zeroizing<[u8; 32]>>,
}

impl CodeKeys {
    /// The current key, and those before it.
    #[must_use]
    pub fn new(current: Zeroizing<[u8; 32]>, older: Vec<Zeroizing<[u8; 32]>>) -> Self {
        Self { current, older }
    }
}

impl fmt::Debug for CodeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeKeys({})", 1 + self.older.len())
    }
}

/// What a code is good for: one challenge, for one purpose (`sign_in`). For another it is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodePlace<'a> {
    /// The challenge that asked for it.
    pub challenge: Uuid,
    /// What the challenge is for.
    pub purpose: &'a str,
}

/// A code of six digits. Overwritten when dropped; `Debug` shows nothing of it.
#[derive(Clone)]
pub struct OneTimeCode(Zeroizing<String>);

impl OneTimeCode {
    /// A fresh code, each as likely as any other.
    ///
    /// # Errors
    /// When the machine has no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        let number = random::below(CODES)?;
        Ok(Self(Zeroizing::new(format!("{number:0DIGITS$}"))))
    }

    /// Reads a code that was typed: six digits of ASCII and nothing else.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        is_six_digits(typed).then(|| Self(Zeroizing::new(typed.to_owned())))
    }

    /// The six digits, for the mail.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is stored with the challenge.
    #[must_use]
    pub fn hash(&self, keys: &CodeKeys, place: CodePlace<'_>) -> SecretHash {
        self.hash_with(&keys.current, place)
    }

    /// Whether this is the code of the challenge. Takes the same time whatever was typed.
    #[must_use]
    pub fn is_right(&self, keys: &CodeKeys, place: CodePlace<'_>, stored: &SecretHash) -> bool {
        let mut right = self.hash_with(&keys.current, place) == *stored;
        for key in &keys.older {
            right |= self.hash_with(key, place) == *stored;
        }
        right
    }

    fn hash_with(&self, key: &[u8; 32], place: CodePlace<'_>) -> SecretHash {
        let parts = [
            place.purpose.as_bytes(),
            place.challenge.as_bytes(),
            self.0.as_bytes(),
        ];
        keyed_hash(key, &parts)
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(..)")
    }
}

/// Six digits of ASCII and nothing else.
pub(crate) fn is_six_digits(typed: &str) -> bool {
    typed.len() == DIGITS && typed.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SIGN_IN: CodePlace<'static> = CodePlace {
        challenge: Uuid::from_u128(1),
        purpose: "sign_in",
    };

    fn keys(current: u8, older: &[u8]) -> CodeKeys {
        let key = |byte: u8| Zeroizing::new([byte; 32]);
        CodeKeys::new(key(current), older.iter().copied().map(key).collect())
    }

    fn code(text: &str) -> OneTimeCode {
        OneTimeCode::parse(text).unwrap()
    }

    #[test]
    fn a_code_is_always_six_digits() {
        for _ in 0..1_000 {
            assert!(is_six_digits(OneTimeCode::generate().unwrap().as_str()));
        }
    }

    #[test]
    fn codes_that_begin_with_zero_come_as_often_as_others() {
        let zeros = (0..10_000).filter(|_| {
            let code = OneTimeCode::generate().unwrap();
            code.as_str().starts_with('0')
        });
        // Twelve standard deviations of 30 from the 1000 that are expected.
        assert!((640..=1360).contains(&zeros.count()));
    }

    #[test]
    fn what_is_not_six_digits_is_no_code() {
        for typed in [
            "",
            "12345",
            "1234567",
            "12345a",
            "+12345",
            " 12345",
            "123 456",
            "１２３４５６",
            "٠١٢",
        ] {
            assert!(OneTimeCode::parse(typed).is_none(), "{typed:?}");
        }
    }

    #[test]
    fn only_the_code_that_was_sent_is_right() {
        let (keys, sent) = (keys(1, &[]), code("012345"));
        let stored = sent.hash(&keys, SIGN_IN);
        assert!(code("012345").is_right(&keys, SIGN_IN, &stored));
        assert!(!code("012346").is_right(&keys, SIGN_IN, &stored));
    }

    #[test]
    fn a_code_is_wrong_for_another_challenge_and_for_another_purpose() {
        let (keys, sent) = (keys(1, &[]), code("012345"));
        let stored = sent.hash(&keys, SIGN_IN);
        let others = [
            CodePlace {
                challenge: Uuid::from_u128(2),
                ..SIGN_IN
            },
            CodePlace {
                purpose: "verify_address",
                ..SIGN_IN
            },
        ];
        for other in others {
            assert!(!sent.is_right(&keys, other, &stored));
        }
    }

    #[test]
    fn without_the_key_a_stored_code_tells_nothing() {
        let sent = code("012345");
        let stored = sent.hash(&keys(1, &[]), SIGN_IN);
        assert!(!sent.is_right(&keys(2, &[3]), SIGN_IN, &stored));
    }

    #[test]
    fn a_code_stays_right_while_its_key_is_among_the_older_ones() {
        let sent = code("012345");
        let stored = sent.hash(&keys(1, &[]), SIGN_IN);
        let rotated = keys(2, &[1]);
        assert!(sent.is_right(&rotated, SIGN_IN, &stored));
        assert_ne!(sent.hash(&rotated, SIGN_IN), stored);
    }

    #[test]
    fn debug_shows_neither_code_nor_keys() {
        assert_eq!(format!("{:?}", code("012345")), "OneTimeCode(..)");
        assert_eq!(format!("{:?}", keys(1, &[2])), "CodeKeys(2)");
    }
}
