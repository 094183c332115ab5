//! The text of a password.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Characters (Unicode code points, as they were typed) of the longest password.
pub const LENGTH_MAX: usize = 128;
/// A text of more bytes has more than [`LENGTH_MAX`] characters, whatever they are.
const BYTES_MAX: usize = LENGTH_MAX * 4;
/// What the longest character becomes by NFKC: 18 characters, of 33 bytes.
const NORMALIZED_BYTES_MAX: usize = LENGTH_MAX * 33;

/// Why a text cannot be a password at all. At a login this is a wrong password like any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFormError {
    /// There is nothing.
    #[error("the password is empty: type one")]
    Empty,
    /// More than [`LENGTH_MAX`] characters. Never cut, so that every character counts.
    #[error("the password is too long: use at most {LENGTH_MAX} characters")]
    TooLong,
    /// It holds U+0000, at which other programs would cut it.
    #[error("the password holds the character NUL (U+0000): leave it out")]
    HoldsNul,
}

/// A password as somebody typed it, normalized by NFKC (as NIST SP 800-63B advises, section "password verifiers"), so
/// that it is the same one on a keyboard that sends `e` and an accent and on one that sends `é`, and with full-width
/// letters. Nothing else is changed: no trimming, no folding of case, no cut. Overwritten when dropped; `Debug` shows
/// nothing of it.
#[derive(Clone)]
pub struct Password {
    text: Zeroizing<String>,
    characters: usize,
}

impl Password {
    /// Takes what was typed. The work is bounded: a text that is too long is refused by its size.
    ///
    /// # Errors
    /// When it is empty, too long or holds NUL.
    pub fn parse(typed: &str) -> Result<Self, PasswordFormError> {
        if typed.len() > BYTES_MAX {
            return Err(PasswordFormError::TooLong);
        }
        let length = typed.chars().count();
        match length {
            0 => return Err(PasswordFormError::Empty),
            1..=LENGTH_MAX => {}
            _ => return Err(PasswordFormError::TooLong),
        }
        if typed.contains('\0') {
            return Err(PasswordFormError::HoldsNul);
        }
        // As large as it can become: growing would leave a copy behind.
        let mut text = Zeroizing::new(String::with_capacity(NORMALIZED_BYTES_MAX));
        text.extend(typed.nfkc());
        let characters = length.min(text.chars().count());
        Ok(Self { text, characters })
    }

    /// How long it is for a rule about the least length: characters as typed or normalized, whichever are fewer. One
    /// ligature is not the many letters that it becomes.
    #[must_use]
    pub fn characters(&self) -> usize {
        self.characters
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> PasswordFormError {
        Password::parse(text).unwrap_err()
    }

    #[test]
    fn up_to_128_characters_are_a_password_of_whatever_bytes() {
        for character in ["x", " ", "é", "中", "🦀"] {
            assert!(Password::parse(&character.repeat(LENGTH_MAX)).is_ok());
            assert_eq!(
                refused(&character.repeat(LENGTH_MAX + 1)),
                PasswordFormError::TooLong
            );
        }
    }

    #[test]
    fn a_hundred_thousand_characters_are_refused_by_their_size() {
        assert_eq!(refused(&"x".repeat(100_000)), PasswordFormError::TooLong);
    }

    #[test]
    fn no_character_becomes_longer_than_what_is_kept_free_for_it() {
        let longest = (char::MIN..=char::MAX)
            .map(|c| c.nfkc().map(char::len_utf8).sum::<usize>())
            .max();
        assert_eq!(longest, Some(NORMALIZED_BYTES_MAX / LENGTH_MAX));
    }

    #[test]
    fn nothing_is_no_password() {
        assert_eq!(refused(""), PasswordFormError::Empty);
    }

    #[test]
    fn a_password_with_nul_is_refused_rather_than_cut() {
        assert_eq!(
            refused("correct horse\0 battery"),
            PasswordFormError::HoldsNul
        );
    }

    #[test]
    fn every_way_to_write_the_same_character_is_the_same_password() {
        let composed = Password::parse("caf\u{e9} \u{fb01}ne 12").unwrap();
        for other in [
            "cafe\u{301} fine 12",
            "caf\u{e9} \u{fb01}ne \u{ff11}\u{ff12}",
            "caf\u{e9}\u{a0}fine\u{3000}12",
        ] {
            assert_eq!(Password::parse(other).unwrap().as_str(), composed.as_str());
        }
    }

    #[test]
    fn case_and_spaces_at_the_ends_count() {
        assert_eq!(Password::parse(" Secret ").unwrap().as_str(), " Secret ");
    }

    #[test]
    fn one_ligature_is_one_character_and_not_eighteen() {
        let password = Password::parse("\u{fdfa}").unwrap();
        assert_eq!(password.characters(), 1);
        assert!(password.as_str().chars().count() > 15);
    }

    #[test]
    fn a_letter_and_its_accent_are_one_character() {
        assert_eq!(Password::parse("e\u{301}").unwrap().characters(), 1);
    }

    #[test]
    fn debug_shows_nothing_of_a_password() {
        let shown = format!("{:?}", Password::parse("hunter2").unwrap());
        assert_eq!(shown, "Password(..)");
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused_and_taking_it_again_changes_nothing(text: String) {
            if let Ok(password) = Password::parse(&text) {
                let again: String = password.as_str().nfkc().collect();
                prop_assert_eq!(again.as_str(), password.as_str());
            }
        }
    }
}
