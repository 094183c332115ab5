//! Which passwords are good enough for a new one. No rule about kinds of characters: length, and not being among the
//! first that somebody would try.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;
use zxcvbn::matching::patterns::MatchPattern;
use zxcvbn::{Match, Score};

use super::text::Password;

/// Nobody's password may be made of these.
const PRODUCT_NAMES: [&str; 3] = ["InsightDesk", "Insight", "Desk"];
/// Shorter names are in too many good passwords by chance.
const NAME_CHARACTERS_MIN: usize = 3;
/// Letters and digits that a password needs besides the names in it.
const BESIDES_NAMES_MIN: usize = 8;
/// Characters that are judged, from the first. What they are worth, the whole is worth. The estimate takes time by the
/// square of them: the worst 40 characters known took 0.2 s, the worst 100 took 1.3 s.
const JUDGED_CHARACTERS_MAX: usize = 40;
/// Names that are looked for. Far more than a person has.
const NAMES_MAX: usize = 64;

/// What the password stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// It alone signs the person in.
    Alone,
    /// A second factor is asked for besides.
    WithSecondFactor,
}

impl Strength {
    /// Characters of the shortest password (NIST SP 800-63B-4: 15, or 8 beside a second factor).
    #[must_use]
    pub fn length_min(self) -> usize {
        match self {
            Self::Alone => 15,
            Self::WithSecondFactor => 8,
        }
    }

    /// Four is 10^10 guesses and more, which any three words that do not belong together have. Eight random characters
    /// have 10^8, so beside a second factor two do: 10^6.
    fn score_min(self) -> Score {
        match self {
            Self::Alone => Score::Four,
            Self::WithSecondFactor => Score::Two,
        }
    }
}

/// Why a new password is refused, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Below the least length.
    #[error("the password is too short: use at least {least} characters, a few words for example")]
    TooShort {
        /// Characters of the shortest.
        least: usize,
    },
    /// Hardly anything but names that belong to the person.
    #[error(
        "the password is made of your name, your address, your organization or ours: use words that have nothing to do with you"
    )]
    OwnNames,
    /// One of those that everybody tries first.
    #[error(
        "the password is one of the most common ones: use a few words that do not belong together"
    )]
    Common,
    /// Repeats, rows of keys, dates, and common words.
    #[error(
        "the password is easy to guess: use a few words that do not belong together, without rows of keys, repeats or dates"
    )]
    EasyToGuess,
}

/// Names that belong to a person, as they are known. Empty texts are allowed.
#[derive(Debug, Clone, Copy, Default)]
pub struct OwnNames<'a> {
    /// The person's name.
    pub person: &'a str,
    /// The person's e-mail address.
    pub email: &'a str,
    /// Names and slugs of the person's organizations.
    pub organizations: &'a [&'a str],
}

/// What one person's new password must be.
#[derive(Debug, Clone)]
pub struct PasswordPolicy {
    strength: Strength,
    /// In lower case, the longest first.
    names: Vec<String>,
}

impl PasswordPolicy {
    /// The policy for the person of these names.
    #[must_use]
    pub fn new(strength: Strength, names: OwnNames<'_>) -> Self {
        let (local, domain) = names.email.rsplit_once('@').unwrap_or((names.email, ""));
        // The last label of a domain is nobody's name.
        let domain = domain.rsplit_once('.').map_or("", |(labels, _)| labels);
        let texts = [names.person, local, domain].into_iter();
        let texts = texts.chain(names.organizations.iter().copied());
        let mut words: Vec<String> = texts.chain(PRODUCT_NAMES).flat_map(words_of).collect();
        words.sort_by(|a, b| b.chars().count().cmp(&a.chars().count()).then(a.cmp(b)));
        words.dedup();
        words.truncate(NAMES_MAX);
        Self {
            strength,
            names: words,
        }
    }

    /// Whether this may become the password. Takes some milliseconds of computing, at worst as long as some hashes:
    /// [`super::PasswordHasher::hash_new`] does it on the threads for that.
    ///
    /// # Errors
    /// Says what is wrong, and what to do.
    pub fn check(&self, password: &Password) -> Result<(), WeakPassword> {
        let least = self.strength.length_min();
        if password.characters() < least {
            return Err(WeakPassword::TooShort { least });
        }
        if self.is_made_of_names(password) {
            return Err(WeakPassword::OwnNames);
        }
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let estimate = zxcvbn::zxcvbn(first_characters(password), &names);
        if estimate.score() >= self.strength.score_min() {
            return Ok(());
        }
        Err(match estimate.sequence() {
            [whole] if is_common(whole) => WeakPassword::Common,
            _ => WeakPassword::EasyToGuess,
        })
    }

    /// Whether too little is left without the names. The whole password is judged: a name within a good one is no harm.
    fn is_made_of_names(&self, password: &Password) -> bool {
        let whole = Zeroizing::new(plain(password.as_str()));
        let mut rest = whole.clone();
        for name in &self.names {
            rest = Zeroizing::new(rest.replace(name.as_str(), ""));
        }
        rest.len() < whole.len() && rest.chars().count() < BESIDES_NAMES_MIN
    }
}

fn first_characters(password: &Password) -> &str {
    let text = password.as_str();
    let end = text.char_indices().nth(JUDGED_CHARACTERS_MAX);
    end.map_or(text, |(end, _)| &text[..end])
}

/// A name without its spaces, and each of its words.
fn words_of(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .map(plain)
        .collect();
    words.push(plain(text));
    words.retain(|word| word.chars().count() >= NAME_CHARACTERS_MIN);
    words
}

/// Letters and digits in lower case, without accents that are characters of their own.
fn plain(text: &str) -> String {
    let lower = text.nfkc().flat_map(char::to_lowercase);
    lower.filter(|c| c.is_alphanumeric()).collect()
}

fn is_common(found: &Match) -> bool {
    matches!(found.pattern, MatchPattern::Dictionary(_))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    const ANNA: OwnNames<'static> = OwnNames {
        person: "Anna Lindqvist",
        email: "anna.lq@nordlicht-versand.example",
        organizations: &["Nordlicht Versand GmbH", "nordlicht"],
    };

    fn checked(strength: Strength, text: &str) -> Result<(), WeakPassword> {
        PasswordPolicy::new(strength, ANNA).check(&Password::parse(text).unwrap())
    }

    fn alone(text: &str) -> Result<(), WeakPassword> {
        checked(Strength::Alone, text)
    }

    fn with_second_factor(text: &str) -> Result<(), WeakPassword> {
        checked(Strength::WithSecondFactor, text)
    }

    #[test]
    fn fifteen_characters_are_enough_alone_and_fourteen_are_not() {
        assert_eq!(alone("tofu grmbl 9vwx"), Ok(()));
        assert_eq!(
            alone("tofu grmbl 9vw"),
            Err(WeakPassword::TooShort { least: 15 })
        );
    }

    #[test]
    fn eight_characters_are_enough_beside_a_second_factor_and_seven_are_not() {
        assert_eq!(with_second_factor("gq7vxmpk"), Ok(()));
        assert_eq!(
            with_second_factor("gq7vxmp"),
            Err(WeakPassword::TooShort { least: 8 })
        );
    }

    #[test]
    fn no_kind_of_character_is_asked_for() {
        for text in [
            "correct horse battery staple",
            "zebra kettle moonlight",
            "ЛЕСНИК ШАЙБА ТОПОЛЬ ЗВОН",
            "山川草木電車図書館時計橋本",
            "9274 6183 0592 7461",
        ] {
            let expected = match text.chars().count() {
                15.. => Ok(()),
                _ => Err(WeakPassword::TooShort { least: 15 }),
            };
            assert_eq!(alone(text), expected, "{text}");
        }
    }

    #[test]
    fn the_longest_password_is_taken() {
        let words = "kettle moonlight zebra quartz ".repeat(5);
        assert_eq!(alone(&words[..super::super::LENGTH_MAX]), Ok(()));
    }

    #[test]
    fn a_long_password_is_judged_by_its_first_characters() {
        let worst = "p4$$w0rd!@4{([<3691!|7$5+".repeat(6);
        let judged = Password::parse(&worst[..super::super::LENGTH_MAX]).unwrap();
        assert_eq!(first_characters(&judged), &worst[..JUDGED_CHARACTERS_MAX]);
        let weak = format!("{}zebra kettle moonlight", "a".repeat(60));
        assert_eq!(alone(&weak), Err(WeakPassword::EasyToGuess));
    }

    #[test]
    fn the_most_common_passwords_are_refused_in_any_case_and_spelling() {
        for text in [
            "password",
            "PassWord",
            "p@ssw0rd",
            "drowssap",
            "iloveyou",
            "sunshine",
            "football1",
        ] {
            let refused = with_second_factor(text).unwrap_err();
            assert!(
                matches!(refused, WeakPassword::Common | WeakPassword::EasyToGuess),
                "{text}"
            );
        }
        assert_eq!(with_second_factor("password"), Err(WeakPassword::Common));
    }

    #[test]
    fn repeats_rows_of_keys_and_dates_are_refused_at_any_length() {
        for text in [
            "aaaaaaaaaaaaaaaaaaaa",
            "passwordpassword",
            "123456789012345",
            "qwertyuiopasdfghjkl",
            "abcdefghijklmnopqrstuvwxyz",
            "password19870412",
        ] {
            let refused = alone(text).unwrap_err();
            assert!(
                matches!(refused, WeakPassword::Common | WeakPassword::EasyToGuess),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_made_of_ones_own_names_is_refused() {
        for text in [
            "Anna Lindqvist!!",
            "ANNA-LINDQVIST-2026",
            "lindqvistlindqvist",
            "anna.lq@nordlicht",
            "Nordlicht-Versand-1",
            "nordlicht nordlicht",
            "InsightDesk InsightDesk",
            "InsightDesk-2026!",
        ] {
            assert_eq!(alone(text), Err(WeakPassword::OwnNames), "{text}");
        }
    }

    #[test]
    fn a_name_with_a_common_word_is_easy_to_guess() {
        for text in [
            "insightdesk-password",
            "L1ndqv1st19870412",
            "nordlicht password",
        ] {
            assert!(alone(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_within_a_good_password_is_no_harm() {
        assert_eq!(alone("zebra kettle moonlight Anna"), Ok(()));
        assert_eq!(alone("the desk holds quartz kettles"), Ok(()));
    }

    #[test]
    fn someone_without_names_is_refused_only_what_is_weak() {
        let policy = PasswordPolicy::new(Strength::Alone, OwnNames::default());
        let good = Password::parse("zebra kettle moonlight").unwrap();
        assert_eq!(policy.check(&good), Ok(()));
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        for refusal in [
            WeakPassword::TooShort { least: 15 },
            WeakPassword::OwnNames,
            WeakPassword::Common,
            WeakPassword::EasyToGuess,
        ] {
            assert!(refusal.to_string().contains(": use "), "{refusal}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_password_and_every_name_gets_an_answer(text in "\\PC{1,128}", name: String, email: String) {
            let names = OwnNames { person: &name, email: &email, organizations: &[&name] };
            if let Ok(password) = Password::parse(&text) {
                let _ = PasswordPolicy::new(Strength::Alone, names).check(&password);
            }
        }
    }
}
