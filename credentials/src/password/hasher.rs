//! Argon2id on a bounded number of threads.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::TryAcquireError;
use tokio::task;

use super::policy::{PasswordPolicy, WeakPassword};
use super::settings::{Argon2Settings, SettingsError};
use super::stored::PhcString;
use super::text::Password;
use super::turn::{Memory, Turn, Turns};
use crate::random;

/// As RFC 9106 recommends.
const SALT_BYTES: usize = 16;
/// What the hash of nobody is made of. Whatever is typed, the answer about nobody is thrown away.
const NOBODYS: &str = "nobody has this password";

/// Why a password could be neither hashed nor verified. None of them says anything about the password.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// As many callers as may wait are waiting. The edge answers 503 and `Retry-After`.
    #[error("too many passwords are being checked: try again in a few seconds")]
    Busy,
    /// The settings cannot be used.
    #[error("the settings of Argon2 cannot be used")]
    Settings(#[from] SettingsError),
    /// No random bytes, no memory, or the thread died: a fault of the machine.
    #[error("the password could not be hashed")]
    Machine(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl HashError {
    fn machine(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Machine(source.into())
    }
}

/// What the verification of a password said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It is not the password.
    Wrong,
    /// It is.
    Right,
    /// It is, and the stored hash is weaker than a new one: hash it again and store that.
    RightButOutdated,
}

/// Hashes and verifies passwords. Clones share one pool.
#[derive(Debug, Clone)]
pub struct PasswordHasher {
    argon2: Argon2<'static>,
    settings: Argon2Settings,
    turns: Turns,
    nobody: Arc<PhcString>,
}

impl PasswordHasher {
    /// A hasher with these settings. Makes one hash, so it takes as long as that.
    ///
    /// # Errors
    /// When the settings are weaker than OWASP's minimum or not usable, or the machine has no random bytes.
    pub fn new(settings: Argon2Settings) -> Result<Self, HashError> {
        settings.check()?;
        Self::unchecked(settings)
    }

    fn unchecked(settings: Argon2Settings) -> Result<Self, HashError> {
        settings.check_form()?;
        let params = Params::new(
            settings.memory_kib,
            settings.iterations,
            settings.parallelism,
            None,
        );
        let argon2 = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            params.map_err(HashError::machine)?,
        );
        let nobody = Password::parse(NOBODYS).map_err(HashError::machine)?;
        let nobody = hash_now(&argon2, &nobody, &mut Memory::default())?;
        Ok(Self {
            argon2,
            settings,
            turns: Turns::new(settings.concurrent_max, settings.waiting_max),
            nobody: Arc::new(nobody),
        })
    }

    /// Hashes a new password with a fresh salt, if the policy takes it.
    ///
    /// # Errors
    /// The outer one when too many wait or the machine fails, the inner one when the policy refuses the password.
    pub async fn hash_new(
        &self,
        password: &Password,
        policy: PasswordPolicy,
    ) -> Result<Result<PhcString, WeakPassword>, HashError> {
        let turn = self.turn().await?;
        let (argon2, password) = (self.argon2.clone(), password.clone());
        let made = task::spawn_blocking(move || {
            let mut turn = turn;
            match policy.check(&password) {
                Ok(()) => hash_now(&argon2, &password, turn.memory()).map(Ok),
                Err(weak) => Ok(Err(weak)),
            }
        });
        made.await.map_err(HashError::machine)?
    }

    /// Hashes a password that is known to be the right one with a fresh salt, such as one whose hash is outdated.
    ///
    /// # Errors
    /// When too many wait, or the machine fails.
    pub async fn hash(&self, password: &Password) -> Result<PhcString, HashError> {
        let turn = self.turn().await?;
        let (argon2, password) = (self.argon2.clone(), password.clone());
        task::spawn_blocking(move || {
            let mut turn = turn;
            hash_now(&argon2, &password, turn.memory())
        })
        .await
        .map_err(HashError::machine)?
    }

    /// Whether this is the password that was hashed.
    ///
    /// # Errors
    /// When too many wait, or the machine fails.
    pub async fn verify(
        &self,
        password: &Password,
        stored: &PhcString,
    ) -> Result<Verdict, HashError> {
        let outdated = stored.is_weaker_than(&self.settings);
        let right = self.is_right(password, stored.clone()).await?;
        Ok(match (right, outdated) {
            (false, _) => Verdict::Wrong,
            (true, false) => Verdict::Right,
            (true, true) => Verdict::RightButOutdated,
        })
    }

    /// Does the work of [`PasswordHasher::verify`] where there is no account or no password, so that the time of an
    /// answer does not tell whether there is one. (An account whose hash is outdated takes as long as its own hash.)
    ///
    /// # Errors
    /// As [`PasswordHasher::verify`].
    pub async fn verify_nobody(&self, password: &Password) -> Result<(), HashError> {
        let nobody = PhcString::clone(&self.nobody);
        self.is_right(password, nobody).await.map(|_| ())
    }

    async fn is_right(&self, password: &Password, stored: PhcString) -> Result<bool, HashError> {
        let turn = self.turn().await?;
        let password = password.clone();
        let verified = task::spawn_blocking(move || {
            let mut turn = turn;
            stored.is_of(&password, turn.memory())
        });
        let verified = verified.await.map_err(HashError::machine)?;
        verified.map_err(HashError::machine)
    }

    async fn turn(&self) -> Result<Turn, HashError> {
        self.turns.next().await.map_err(|refused| match refused {
            TryAcquireError::NoPermits => HashError::Busy,
            TryAcquireError::Closed => HashError::machine(refused),
        })
    }
}

fn hash_now(
    argon2: &Argon2<'_>,
    password: &Password,
    memory: &mut Memory,
) -> Result<PhcString, HashError> {
    let salt = random::bytes::<SALT_BYTES>().map_err(HashError::machine)?;
    let hash = PhcString::make(argon2, password, salt.as_slice(), memory);
    hash.map_err(HashError::machine)
}

#[cfg(test)]
mod tests;
