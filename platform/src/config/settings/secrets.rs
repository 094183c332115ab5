//! What nobody else may read, and the addresses that may carry it: checked, and never shown.

use event_store::checkpoint::SigningKey;
use sealing::MasterKeys;

use super::{
    DATABASE_URL, MASTER_KEY, MASTER_KEY_FILE, SIGNING_KEY, SIGNING_KEY_FILE, Settings,
    TOKEN_SECRET, VALKEY_URL,
};
use crate::auth::TokenKeys;
use crate::config::Secret;
use crate::tls;

impl Settings {
    pub(super) fn database_url_checked(&mut self) -> Secret {
        let url = self.found.remove(DATABASE_URL).unwrap_or_default();
        if url.is_empty() {
            self.problem(
                DATABASE_URL,
                "is missing: set it to a URL such as postgresql://user:password@host/database",
            );
        } else if tls::parse(&url).is_err() {
            // The value is not shown: it may carry a password.
            self.problem(
                DATABASE_URL,
                "is not a PostgreSQL URL: write it as postgresql://user:password@host/database, with ?sslmode=require for TLS",
            );
        }
        Secret::new(url)
    }

    pub(super) fn valkey_url_checked(&mut self) -> Option<Secret> {
        let url = self.found.remove(VALKEY_URL)?;
        if crate::valkey::parse(&url).is_err() {
            self.problem(
                VALKEY_URL,
                "is not a Valkey URL: write it as valkey://:password@host:6379, or valkeys:// for TLS, or leave it out",
            );
        }
        Some(Secret::new(url))
    }

    pub(super) fn token_secret_checked(&mut self) -> Secret {
        let secret = Secret::new(self.found.remove(TOKEN_SECRET).unwrap_or_default());
        if let Err(error) = TokenKeys::parse(&secret) {
            self.problem(TOKEN_SECRET, &error.to_string());
        }
        secret
    }

    pub(super) fn signing_key_checked(&mut self) -> Option<SigningKey> {
        let key = self.found.remove(SIGNING_KEY);
        let Some(path) = self.found.remove(SIGNING_KEY_FILE) else {
            return self.signing_key_of(SIGNING_KEY, key?);
        };
        if key.is_some() {
            self.problem(
                SIGNING_KEY,
                "and INSIGHTDESK_SIGNING_KEY_FILE are both set: set one",
            );
        }
        match std::fs::read_to_string(&path) {
            Ok(text) => self.signing_key_of(SIGNING_KEY_FILE, text),
            Err(error) => {
                self.problem(
                    SIGNING_KEY_FILE,
                    &format!("is {path:?}, which cannot be read: {error}"),
                );
                None
            }
        }
    }

    /// The text is not shown: it may be a key with a slip.
    fn signing_key_of(&mut self, setting: &'static str, text: String) -> Option<SigningKey> {
        let key = text.parse().ok();
        if key.is_none() {
            self.problem(setting, "is not a signing key: use 64 hexadecimal digits, for example the output of `openssl rand -hex 32`");
        }
        key
    }

    pub(super) fn master_key_checked(&mut self) -> Secret {
        let given = self.found.remove(MASTER_KEY);
        let file = self.found.remove(MASTER_KEY_FILE);
        let (key, text) = match (given, file) {
            (Some(text), _) => (MASTER_KEY, text),
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(text) => (MASTER_KEY_FILE, text),
                Err(error) => {
                    let problem = format!("names {path}, which cannot be read ({error})");
                    self.problem(MASTER_KEY_FILE, &problem);
                    return Secret::new("");
                }
            },
            (None, None) => {
                self.problem(MASTER_KEY, "is missing: set it to 32 random bytes in base64, for example the output of `openssl rand -base64 32`, and keep a copy apart from the database");
                return Secret::new("");
            }
        };
        if let Err(error) = MasterKeys::parse(&text) {
            self.problem(key, &error.to_string());
        }
        Secret::new(text)
    }
}
