//! `.insightdesk/`: what `up` keeps in the current directory, and how other commands find it there.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use platform::config::{Config, Settings};
use sealing::MasterKeys;
use uuid::Uuid;

const DIR: &str = ".insightdesk";
/// Others may pass through, or the account of the private servers could not reach its data; they may not list it.
const DIR_MODE: u32 = 0o711;
const FILE_MODE: u32 = 0o600;
const TOKEN_SECRET: &str = "token-secret";
const SIGNING_KEY: &str = "signing-key";
const MASTER_KEY: &str = "master-key";
const DEMO_PASSWORD: &str = "demo-password";
const MAIL: &str = "mail";
/// Written by the private servers.
const DATABASE_URL: &str = "database-url";
const VALKEY_URL: &str = "valkey-url";

/// Uses a value where a setting was not given.
type Fallback = fn(Settings, &str) -> Settings;

/// The directory of this checkout's state.
#[derive(Debug, Clone)]
pub struct StateDir {
    path: PathBuf,
}

impl StateDir {
    /// That of the current directory.
    #[must_use]
    pub fn here() -> Self {
        Self {
            path: PathBuf::from(DIR),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The secret that signs this checkout's tokens, made by the first call.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn token_secret(&self) -> Result<String> {
        self.made_once(TOKEN_SECRET)
    }

    /// Makes the key that signs this checkout's checkpoints, unless it is there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn ensure_signing_key(&self) -> Result<()> {
        self.made_once(SIGNING_KEY).map(drop)
    }

    fn made_once(&self, name: &str) -> Result<String> {
        if let Some(secret) = self.read(name) {
            return Ok(secret);
        }
        let secret = random_secret();
        self.write(name, &secret)?;
        Ok(secret)
    }

    /// The master key of this checkout's personal data, made by the first call. Lost, that data cannot be read any more.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn master_key(&self) -> Result<String> {
        if let Some(key) = self.read(MASTER_KEY) {
            return Ok(key);
        }
        let key = MasterKeys::generate()?;
        self.write(MASTER_KEY, &key)?;
        Ok(key)
    }

    /// The password of the demo's people, once they have one.
    #[must_use]
    pub fn demo_password(&self) -> Option<String> {
        self.read(DEMO_PASSWORD)
    }

    /// Keeps the password that the demo's people were given.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep_demo_password(&self, password: &str) -> Result<()> {
        self.write(DEMO_PASSWORD, password).map(drop)
    }

    /// Where `up` puts mail when no other way for it is set.
    #[must_use]
    pub fn mail_directory(&self) -> PathBuf {
        self.path.join(MAIL)
    }

    /// Writes a file that only its owner may read, making the directory when it is missing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        let written = || {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(DIR_MODE)
                .create(&self.path)?;
            // A file that is there keeps its mode, so it is made anew.
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(FILE_MODE)
                .open(&path)?;
            file.write_all(text.as_bytes())
        };
        written().with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(path)
    }

    fn read(&self, name: &str) -> Option<String> {
        let text = fs::read_to_string(self.path.join(name)).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The settings of a command that works beside a running server: what is set or, without a database URL, what the
    /// `up` of this directory uses.
    ///
    /// # Errors
    /// When the configuration file cannot be read.
    fn settings(&self) -> Result<Settings> {
        let mut settings = Settings::read()?;
        if settings.database_url().is_some() {
            return Ok(settings);
        }
        let signing_key = self.path.join(SIGNING_KEY);
        if let Some(path) = signing_key.to_str().filter(|_| signing_key.exists()) {
            settings = settings.or_signing_key_file(path);
        }
        let fallbacks: [(&str, Fallback); 4] = [
            (DATABASE_URL, Settings::or_database_url),
            (VALKEY_URL, Settings::or_valkey_url),
            (TOKEN_SECRET, Settings::or_token_secret),
            (MASTER_KEY, Settings::or_master_key),
        ];
        let found = fallbacks
            .into_iter()
            .filter_map(|(name, or)| Some((or, self.read(name)?)));
        Ok(found.fold(settings, |settings, (or, value)| or(settings, &value)))
    }

    /// The configuration of a command that only looks at tables: it needs neither tokens nor what is sealed.
    ///
    /// # Errors
    /// When a setting is missing or wrong.
    pub fn config_without_keys(&self) -> Result<Config> {
        let settings = self.settings()?.or_token_secret(&random_secret());
        Ok(settings.or_master_key(&MasterKeys::generate()?).check()?)
    }

    /// The configuration of a command beside a running server.
    ///
    /// # Errors
    /// When a setting is missing or wrong.
    pub fn config(&self) -> Result<Config> {
        Ok(self.settings()?.check()?)
    }

    /// As [`StateDir::config`], for a command that neither makes nor reads tokens.
    ///
    /// # Errors
    /// When a setting is missing or wrong.
    pub fn config_without_tokens(&self) -> Result<Config> {
        // Nobody signs with it: an operator should not need the key to the whole API for this.
        Ok(self.settings()?.or_token_secret(&random_secret()).check()?)
    }
}

/// 244 random bits from the system's generator, as 64 hexadecimal digits.
fn random_secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_token_secret_is_made_once_and_only_its_owner_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir {
            path: dir.path().join("state"),
        };
        let secret = state.token_secret().unwrap();
        assert!(secret.len() >= 32);
        assert_eq!(state.token_secret().unwrap(), secret);
        let mode = fs::metadata(state.path().join(TOKEN_SECRET))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, FILE_MODE);
    }

    #[test]
    fn the_signing_key_is_made_once_and_is_one() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir {
            path: dir.path().join("state"),
        };
        let key = || fs::read_to_string(state.path().join(SIGNING_KEY)).unwrap();
        state.ensure_signing_key().unwrap();
        let made = key();
        state.ensure_signing_key().unwrap();
        assert_eq!(key(), made);
        assert!(made.parse::<event_store::checkpoint::SigningKey>().is_ok());
    }

    #[test]
    fn a_file_that_was_readable_for_others_is_not_any_more() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir {
            path: dir.path().to_path_buf(),
        };
        fs::write(dir.path().join("tokens.env"), "old").unwrap();
        fs::set_permissions(
            dir.path().join("tokens.env"),
            fs::Permissions::from_mode(0o644),
        )
        .unwrap();
        let path = state.write("tokens.env", "new").unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            FILE_MODE
        );
        assert_eq!(fs::read_to_string(path).unwrap(), "new");
    }
}
