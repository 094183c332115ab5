//! Opaque tokens: random texts that stand for a row, each for one use, as in the links of mails.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::hash::{SecretHash, hash};
use crate::random::{self, NoRandomness};

const SECRET_BYTES: usize = 32;
/// Of 32 bytes in base64 without padding.
const SECRET_CHARACTERS: usize = 43;
const CONTEXT: &str = "InsightDesk 2026 opaque tokens";
const DERIVED_CONTEXT: &str = "InsightDesk 2026 texts derived from opaque tokens";

/// What a token is for. It is told by its first letters, so that one never serves for another, and that scanners of
/// secrets know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Verifies an e-mail address.
    VerifyAddress,
    /// Takes up an invitation.
    Invitation,
    /// Sets a new password.
    PasswordReset,
    /// Goes on with a sign-in that a second factor has to complete.
    SignIn,
    /// Comes back with the answer of another site that a person signs on by.
    SignOn,
}

impl TokenKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::VerifyAddress,
        Self::Invitation,
        Self::PasswordReset,
        Self::SignIn,
        Self::SignOn,
    ];

    /// The first letters of its tokens.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::VerifyAddress => "idv_",
            Self::Invitation => "idi_",
            Self::PasswordReset => "idr_",
            Self::SignIn => "ids_",
            Self::SignOn => "ido_",
        }
    }
}

/// A token of 256 random bits. Overwritten when dropped; `Debug` shows only its kind.
#[derive(Clone)]
pub struct Token {
    kind: TokenKind,
    text: Zeroizing<String>,
}

impl Token {
    /// A fresh one.
    ///
    /// # Errors
    /// When the machine has no random bytes.
    pub fn generate(kind: TokenKind) -> Result<Self, NoRandomness> {
        let secret = random::bytes::<SECRET_BYTES>()?;
        let mut text = Zeroizing::new(String::with_capacity(
            kind.prefix().len() + SECRET_CHARACTERS,
        ));
        text.push_str(kind.prefix());
        URL_SAFE_NO_PAD.encode_string(secret.as_slice(), &mut text);
        Ok(Self { kind, text })
    }

    /// Reads a token of that kind as it was given out, to the letter. None for anything else.
    #[must_use]
    pub fn parse(kind: TokenKind, given: &str) -> Option<Self> {
        let secret = given.strip_prefix(kind.prefix())?;
        if secret.len() != SECRET_CHARACTERS {
            return None;
        }
        let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(secret).ok()?);
        (decoded.len() == SECRET_BYTES).then(|| Self {
            kind,
            text: Zeroizing::new(given.to_owned()),
        })
    }

    /// What it is for.
    #[must_use]
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The text, to be given out once.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What is stored, and looked up. Finding a row by its hash tells nobody a token that is near.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        hash(CONTEXT, &[self.text.as_bytes()])
    }

    /// Another random text, always the same for this token and purpose: 43 letters and digits, `-` and `_`. It tells nothing
    /// of the token, nor of one that is derived for another purpose.
    #[must_use]
    pub fn derived(&self, purpose: &str) -> Zeroizing<String> {
        let parts = [self.text.as_bytes(), purpose.as_bytes()];
        let derived = hash(DERIVED_CONTEXT, &parts);
        Zeroizing::new(URL_SAFE_NO_PAD.encode(derived.as_bytes()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}..)", self.kind.prefix())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_reads_back_to_the_same_hash() {
        for kind in TokenKind::ALL {
            let made = Token::generate(kind).unwrap();
            let read = Token::parse(kind, made.as_str()).unwrap();
            assert_eq!((read.kind(), read.hash()), (kind, made.hash()));
        }
    }

    #[test]
    fn what_is_derived_differs_by_token_and_purpose_and_stays_the_same() {
        let [one, other] = [(); 2].map(|()| Token::generate(TokenKind::SignOn).unwrap());
        let again = Token::parse(TokenKind::SignOn, one.as_str()).unwrap();
        assert_eq!(one.derived("state"), again.derived("state"));
        assert_ne!(one.derived("state"), one.derived("nonce"));
        assert_ne!(one.derived("state"), other.derived("state"));
        assert_eq!(one.derived("state").len(), SECRET_CHARACTERS);
    }

    #[test]
    fn a_token_serves_no_other_purpose() {
        let made = Token::generate(TokenKind::VerifyAddress).unwrap();
        for other in TokenKind::ALL {
            let read = Token::parse(other, made.as_str());
            assert_eq!(read.is_some(), other == TokenKind::VerifyAddress);
        }
        let secret = &made.as_str()[TokenKind::VerifyAddress.prefix().len()..];
        let renamed = format!("{}{secret}", TokenKind::PasswordReset.prefix());
        let renamed = Token::parse(TokenKind::PasswordReset, &renamed).unwrap();
        assert_ne!(renamed.hash(), made.hash());
    }

    #[test]
    fn prefixes_are_told_apart() {
        for (at, kind) in TokenKind::ALL.iter().enumerate() {
            for other in &TokenKind::ALL[at + 1..] {
                assert_ne!(kind.prefix(), other.prefix());
            }
        }
    }

    #[test]
    fn what_was_not_given_out_to_the_letter_is_no_token() {
        let made = Token::generate(TokenKind::SignIn).unwrap();
        let text = made.as_str();
        let cut = &text[..text.len() - 1];
        for given in [
            "",
            "ids_",
            cut,
            &format!("{text}A"),
            &format!(" {text}"),
            &format!("{cut}="),
            &format!("{cut}+"),
            &text.to_uppercase(),
            // The last character carries two bits that must be zero: another spelling of the same bytes.
            &format!("ids_{}B", "A".repeat(42)),
            &"A".repeat(100_000),
        ] {
            assert!(
                Token::parse(TokenKind::SignIn, given).is_none(),
                "{given:.60}"
            );
        }
    }

    #[test]
    fn a_token_goes_into_a_link_as_it_is() {
        let made = Token::generate(TokenKind::PasswordReset).unwrap();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(made.as_str().chars().all(plain));
    }

    #[test]
    fn debug_shows_only_the_kind() {
        let made = Token::generate(TokenKind::SignIn).unwrap();
        assert_eq!(format!("{made:?}"), "Token(ids_..)");
    }

    proptest! {
        #[test]
        fn any_text_is_a_token_or_none(given: String) {
            for kind in TokenKind::ALL {
                prop_assert!(Token::parse(kind, &given).is_none_or(|token| token.as_str() == given));
            }
        }
    }
}
