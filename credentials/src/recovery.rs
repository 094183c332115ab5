//! Recovery codes: each signs its owner in once, in place of the second factor.

use std::fmt;

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::hash::{SecretHash, hash};
use crate::random::{self, NoRandomness};

/// Codes in a set.
pub const CODES: usize = 10;
/// Crockford's base 32: no letter is mistaken for a digit, since O reads as 0, and I and L as 1.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Of five bits each: 80 bits.
const CHARACTERS: usize = 16;
const GROUP: usize = 4;
/// Room for separators that people type, and no more.
const TYPED_BYTES_MAX: usize = 64;
const CONTEXT: &str = "InsightDesk 2026 recovery codes";

/// One recovery code. Overwritten when dropped; `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<String>);

impl RecoveryCode {
    /// A fresh set of [`CODES`]. It replaces the one before as a whole.
    ///
    /// # Errors
    /// When the machine has no random bytes.
    pub fn generate_set() -> Result<Vec<Self>, NoRandomness> {
        let fresh = || random::text(ALPHABET, CHARACTERS).map(Self);
        (0..CODES).map(|_| fresh()).collect()
    }

    /// Reads a code as people type it: in any case, with spaces and dashes anywhere or nowhere, O for 0, I or L for 1.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > TYPED_BYTES_MAX {
            return None;
        }
        let mut code = Zeroizing::new(String::with_capacity(TYPED_BYTES_MAX));
        for character in typed.chars().filter(|c| !is_separator(*c)) {
            let plain = match character.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let known = u8::try_from(plain).is_ok_and(|byte| ALPHABET.contains(&byte));
            known.then(|| code.push(plain))?;
        }
        (code.len() == CHARACTERS).then_some(Self(code))
    }

    /// As it is shown to its owner, once: `7K2M-9QXA-0ZTR-C4HV`.
    #[must_use]
    pub fn shown(&self) -> Zeroizing<String> {
        let mut shown = Zeroizing::new(String::with_capacity(CHARACTERS + CHARACTERS / GROUP));
        for (at, character) in self.0.chars().enumerate() {
            if at > 0 && at % GROUP == 0 {
                shown.push('-');
            }
            shown.push(character);
        }
        shown
    }

    /// What is stored for the account. The same code of another account has another hash.
    #[must_use]
    pub fn hash(&self, account: Uuid) -> SecretHash {
        hash(CONTEXT, &[account.as_bytes(), self.0.as_bytes()])
    }

    /// Which of the account's stored codes this is. Looks at all of them, whichever it is. Storing that it was used is
    /// what makes it work once: do so in one statement with its look-up.
    #[must_use]
    pub fn find(&self, account: Uuid, stored: &[SecretHash]) -> Option<usize> {
        let this = self.hash(account);
        let mut found = None;
        for (at, known) in stored.iter().enumerate() {
            if *known == this {
                found = Some(at);
            }
        }
        found
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '\u{2010}'..='\u{2015}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    const ANNA: Uuid = Uuid::from_u128(1);
    const BERT: Uuid = Uuid::from_u128(2);

    fn code(text: &str) -> RecoveryCode {
        RecoveryCode::parse(text).unwrap()
    }

    fn hashes(set: &[RecoveryCode]) -> Vec<SecretHash> {
        set.iter().map(|code| code.hash(ANNA)).collect()
    }

    #[test]
    fn a_set_has_ten_codes_of_eighty_bits_and_none_twice() {
        let set = RecoveryCode::generate_set().unwrap();
        assert_eq!(set.len(), 10);
        let bits_per_character = ALPHABET.len().ilog2() as usize;
        assert_eq!(CHARACTERS * bits_per_character, 80);
        for (at, one) in set.iter().enumerate() {
            assert!(!set[at + 1..].contains(one));
        }
    }

    #[test]
    fn a_code_reads_back_as_it_is_shown() {
        for code in RecoveryCode::generate_set().unwrap() {
            let shown = code.shown();
            assert_eq!(shown.len(), 19);
            assert_eq!(RecoveryCode::parse(&shown), Some(code));
        }
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let meant = code("7K2M-9QX0-1ZTR-C4HV");
        for typed in [
            "7K2M9QX01ZTRC4HV",
            " 7k2m 9qx0 1ztr c4hv\n",
            "7K2M-9QXO-IZTR-C4HV",
            "7k2m9qxolztrc4hv",
            "7K2M–9QX0–1ZTR–C4HV",
        ] {
            assert_eq!(RecoveryCode::parse(typed), Some(meant.clone()), "{typed:?}");
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for typed in [
            "",
            "7K2M-9QX0-1ZTR-C4H",
            "7K2M-9QX0-1ZTR-C4HVV",
            "7K2M-9QX0-1ZTR-C4HU",
            "7K2M-9QX0-1ZTR-C4H*",
            "7K2M-9QX0-1ZTR-C4HÄ",
            &"-".repeat(100_000),
        ] {
            assert_eq!(RecoveryCode::parse(typed), None);
        }
    }

    #[test]
    fn a_code_is_found_among_the_codes_of_its_account_alone() {
        let set = RecoveryCode::generate_set().unwrap();
        let stored = hashes(&set);
        for (at, code) in set.iter().enumerate() {
            assert_eq!(code.find(ANNA, &stored), Some(at));
            assert_eq!(code.find(BERT, &stored), None);
        }
    }

    #[test]
    fn a_code_of_a_former_set_is_not_found_in_the_next() {
        let (former, next) = (
            RecoveryCode::generate_set().unwrap(),
            RecoveryCode::generate_set().unwrap(),
        );
        let stored = hashes(&next);
        assert!(former.iter().all(|code| code.find(ANNA, &stored).is_none()));
    }

    #[test]
    fn debug_shows_nothing_of_a_code() {
        assert_eq!(
            format!("{:?}", code("7K2M-9QX0-1ZTR-C4HV")),
            "RecoveryCode(..)"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_code_or_none(typed: String) {
            if let Some(code) = RecoveryCode::parse(&typed) {
                prop_assert_eq!(RecoveryCode::parse(&code.shown()), Some(code));
            }
        }
    }
}
