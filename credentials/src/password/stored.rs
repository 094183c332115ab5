//! A hash as it is stored.

use std::fmt;

use argon2::password_hash::Error;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq;

use super::settings::{Argon2Settings, ITERATIONS_MAX, MEMORY_KIB_MAX, PARALLELISM_MAX};
use super::text::Password;
use super::turn::Memory;

/// A stored text is no hash that this program verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the stored hash of the password is damaged, or of another algorithm than Argon2id: the person must reset the password"
)]
pub struct UnreadableHash;

/// A hash in the PHC string format (`$argon2id$v=19$m=19456,t=2,p=1$salt$hash`): it says by itself how to verify it.
/// `Debug` shows only the parameters.
#[derive(Clone, PartialEq, Eq)]
pub struct PhcString {
    text: String,
    params: Params,
}

impl PhcString {
    /// Takes back what was stored. Its costs are bounded, so that a planted row cannot exhaust the server.
    ///
    /// # Errors
    /// When it is not a whole Argon2id hash within bounds.
    pub fn from_stored(text: String) -> Result<Self, UnreadableHash> {
        let params = read(&text).ok_or(UnreadableHash)?;
        Ok(Self { text, params })
    }

    /// What is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Hashes a password.
    pub(super) fn make(
        argon2: &Argon2<'_>,
        password: &Password,
        salt: &[u8],
        memory: &mut Memory,
    ) -> Result<Self, Error> {
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        memory.hash(argon2, password, salt, &mut output)?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(argon2.params())?,
            salt: Some(Salt::new(salt)?),
            hash: Some(Output::new(&output)?),
        };
        Ok(Self {
            text: hash.to_string(),
            params: argon2.params().clone(),
        })
    }

    /// Whether it is the hash of this password. Compares in constant time.
    pub(super) fn is_of(&self, password: &Password, memory: &mut Memory) -> Result<bool, Error> {
        let hash = PasswordHash::new(&self.text)?;
        let salt = hash.salt.ok_or(Error::SaltInvalid)?;
        let stored = hash.hash.ok_or(Error::OutputSize)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        let mut output = vec![0; stored.len()];
        memory.hash(&argon2, password, &salt, &mut output)?;
        Ok(output.as_slice().ct_eq(stored.as_bytes()).into())
    }

    /// Whether it cost less than a new one would. Lanes add nothing to the cost.
    pub(super) fn is_weaker_than(&self, settings: &Argon2Settings) -> bool {
        self.params.m_cost() < settings.memory_kib || self.params.t_cost() < settings.iterations
    }
}

fn read(text: &str) -> Option<Params> {
    let hash = PasswordHash::new(text).ok()?;
    let known = hash.algorithm.as_str() == Algorithm::Argon2id.as_str()
        && hash.version == Some(Version::V0x13.into())
        && hash.salt.is_some()
        && hash.hash.is_some();
    let params = Params::try_from(&hash).ok()?;
    let bounded = params.m_cost() <= MEMORY_KIB_MAX
        && params.t_cost() <= ITERATIONS_MAX
        && params.p_cost() <= PARALLELISM_MAX;
    (known && bounded).then_some(params)
}

impl fmt::Debug for PhcString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (m, t, p) = (
            self.params.m_cost(),
            self.params.t_cost(),
            self.params.p_cost(),
        );
        write!(f, "PhcString(m={m},t={t},p={p})")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const WHOLE: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
        MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";

    fn stored(text: &str) -> Result<PhcString, UnreadableHash> {
        PhcString::from_stored(text.to_owned())
    }

    #[test]
    fn a_stored_hash_reads_back_as_it_was() {
        assert_eq!(stored(WHOLE).unwrap().as_str(), WHOLE);
    }

    #[test]
    fn another_algorithm_or_version_or_half_a_hash_is_unreadable() {
        let without_hash = WHOLE.rsplit_once('$').unwrap().0;
        let without_salt = without_hash.rsplit_once('$').unwrap().0;
        for text in [
            "",
            "hunter2",
            &WHOLE.replace("argon2id", "argon2i"),
            &WHOLE.replace("v=19", "v=16"),
            &WHOLE.replace("v=19$", ""),
            &WHOLE.replace("m=19456,", "m=x,"),
            without_hash,
            without_salt,
        ] {
            assert_eq!(stored(text), Err(UnreadableHash), "{text}");
        }
    }

    #[test]
    fn a_planted_hash_that_would_exhaust_the_server_is_unreadable() {
        for planted in [
            "m=4194304,t=2,p=1",
            "m=19456,t=4000000,p=1",
            "m=19456,t=2,p=255",
        ] {
            let text = WHOLE.replace("m=19456,t=2,p=1", planted);
            assert_eq!(stored(&text), Err(UnreadableHash), "{planted}");
        }
    }

    #[test]
    fn a_hash_is_weaker_when_it_took_less_memory_or_fewer_passes() {
        let stored = stored(WHOLE).unwrap();
        let settings = Argon2Settings::default();
        let weaker = |memory_kib, iterations, parallelism| {
            stored.is_weaker_than(&Argon2Settings {
                memory_kib,
                iterations,
                parallelism,
                ..settings
            })
        };
        assert!(!weaker(19_456, 2, 1));
        assert!(!weaker(19_456, 2, 4));
        assert!(!weaker(12_288, 1, 1));
        assert!(weaker(19_457, 2, 1));
        assert!(weaker(12_288, 3, 1));
    }

    #[test]
    fn debug_shows_neither_salt_nor_hash() {
        let shown = format!("{:?}", stored(WHOLE).unwrap());
        assert_eq!(shown, "PhcString(m=19456,t=2,p=1)");
    }
}
