//! Reading and checking of settings.

use std::collections::HashMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::{Config, ConfigError, LogFormat, PoolSettings, PrivateOrigins, Roles};
use crate::http::rate_limit::BudgetName;
use crate::telemetry::DEFAULT_LOG_FILTER;

mod mail;
mod secrets;
mod sources;
mod web;

use sources::{merge, read_file, unknown_keys};

const PREFIX: &str = "INSIGHTDESK";
const FILE_VARIABLE: &str = "INSIGHTDESK_CONFIG";

const DATABASE_URL: &str = "database_url";
const VALKEY_URL: &str = "valkey_url";
const DATABASE_CA_FILE: &str = "database_ca_file";
const VALKEY_CA_FILE: &str = "valkey_ca_file";
const TOKEN_SECRET: &str = "token_secret";
const MASTER_KEY: &str = "master_key";
const MASTER_KEY_FILE: &str = "master_key_file";
const LOG_FILTER: &str = "log_filter";
const SIGN_ON_PRIVATE_ISSUERS: &str = "sign_on_private_issuers";
const SIGNING_KEY: &str = "signing_key";
const SIGNING_KEY_FILE: &str = "signing_key_file";

const DEFAULT_HTTP_ADDR: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 3001);
const DEFAULT_WRITER_COUNT: usize = 4;
const DEFAULT_ANSWERS_KEPT_HOURS: u64 = 48;
/// Clients repeat for minutes; a year is more than anybody waits.
const ANSWERS_KEPT_RANGE_HOURS: RangeInclusive<u64> = 1..=8_760;
const DEFAULT_REQUEST_DEADLINE: Duration = Duration::from_secs(10);
const DEFAULT_TOKEN_WAIT: Duration = Duration::from_secs(2);
const DEFAULT_BODY_LIMIT_BYTES: usize = 1 << 20;

const TIMEOUT_RANGE_MS: RangeInclusive<u64> = 1..=600_000;
const POOL_SIZE_RANGE: RangeInclusive<usize> = 1..=1_000;
/// A check of the read models holds the right to them and a snapshot, and fills two partitions at a time.
const POOL_PROJECTOR_RANGE: RangeInclusive<usize> = 4..=1_000;
const WRITER_COUNT_RANGE: RangeInclusive<usize> = 1..=64;
/// The default is OWASP's minimum for Argon2id. Weaker pairs are refused where they are used.
const DEFAULT_PASSWORD_MEMORY_KIB: u32 = 19_456;
const DEFAULT_PASSWORD_ITERATIONS: u32 = 2;
const PASSWORD_MEMORY_RANGE_KIB: RangeInclusive<u32> = 7_168..=1_048_576;
const PASSWORD_ITERATIONS_RANGE: RangeInclusive<u32> = 1..=64;
const BODY_LIMIT_RANGE_BYTES: RangeInclusive<usize> = 1_024..=1 << 30;

/// The keys that a file may have; a misspelt one is refused, not ignored.
const KEYS: &[&str] = &[
    DATABASE_URL,
    VALKEY_URL,
    DATABASE_CA_FILE,
    VALKEY_CA_FILE,
    TOKEN_SECRET,
    SIGNING_KEY,
    SIGNING_KEY_FILE,
    MASTER_KEY,
    MASTER_KEY_FILE,
    "http_addr",
    "roles",
    "log_format",
    LOG_FILTER,
    "writer_count",
    "answers_kept_hours",
    "pool_commands",
    "pool_queries",
    "pool_projector",
    "pool_health",
    "pool_wait_timeout_ms",
    "pool_create_timeout_ms",
    "pool_recycle_timeout_ms",
    "statement_timeout_ms",
    "lock_timeout_ms",
    "request_deadline_ms",
    "token_wait_ms",
    "body_limit_bytes",
    "password_memory_kib",
    "password_iterations",
    "rate_limits",
    "trusted_proxies",
    "forwarding_header",
    "cors_origins",
    "cors_credentials",
    "hsts",
    SIGN_ON_PRIVATE_ISSUERS,
    "config",
];

fn keys() -> impl Iterator<Item = &'static str> {
    let budgets = BudgetName::ALL.into_iter().map(BudgetName::setting);
    KEYS.iter().copied().chain(mail::KEYS).chain(budgets)
}

/// Settings as they were found, not yet checked.
#[derive(Clone)]
pub struct Settings {
    found: HashMap<&'static str, String>,
    problems: Vec<String>,
}

impl Settings {
    /// Reads the environment of this process and the file that it names.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read() -> Result<Self, ConfigError> {
        Self::read_from(std::env::vars_os().filter_map(|(name, value)| {
            // A name or value that is not UTF-8 cannot be a setting of ours.
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// Reads `environment` and the file that it names.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_from(
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let environment: HashMap<String, String> = environment
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let file = read_file(environment.get(FILE_VARIABLE))?;
        let mut problems = unknown_keys(&file);
        let sources = merge(&file, environment)?;
        let mut found = HashMap::new();
        for key in keys() {
            match sources
                .get::<config::Value>(key)
                .map(config::Value::into_string)
            {
                Ok(Ok(value)) => {
                    found.insert(key, value);
                }
                Ok(Err(_)) => problems.push(format!("{key}: write it as one plain value")),
                Err(_) => {}
            }
        }
        Ok(Self { found, problems })
    }

    /// The database URL that was given, if any.
    #[must_use]
    pub fn database_url(&self) -> Option<&str> {
        self.found.get(DATABASE_URL).map(String::as_str)
    }

    /// The Valkey URL that was given, if any.
    #[must_use]
    pub fn valkey_url(&self) -> Option<&str> {
        self.found.get(VALKEY_URL).map(String::as_str)
    }

    /// Whether a token secret was given.
    #[must_use]
    pub fn has_token_secret(&self) -> bool {
        self.found.contains_key(TOKEN_SECRET)
    }

    /// Uses `url` when no database URL was given.
    #[must_use]
    pub fn or_database_url(self, url: &str) -> Self {
        self.or(DATABASE_URL, url)
    }

    /// Uses `url` when no Valkey URL was given.
    #[must_use]
    pub fn or_valkey_url(self, url: &str) -> Self {
        self.or(VALKEY_URL, url)
    }

    /// Uses `secret` when no token secret was given.
    #[must_use]
    pub fn or_token_secret(self, secret: &str) -> Self {
        self.or(TOKEN_SECRET, secret)
    }

    /// Signs checkpoints with the key in the file at `path` when no key was given.
    #[must_use]
    pub fn or_signing_key_file(self, path: &str) -> Self {
        if self.found.contains_key(SIGNING_KEY) {
            return self;
        }
        self.or(SIGNING_KEY_FILE, path)
    }

    /// Uses `key` when no master key and no file of them was given.
    #[must_use]
    pub fn or_master_key(self, key: &str) -> Self {
        if self.found.contains_key(MASTER_KEY_FILE) {
            return self;
        }
        self.or(MASTER_KEY, key)
    }

    /// Logs by `filter` when no filter was given.
    #[must_use]
    pub fn or_log_filter(self, filter: &str) -> Self {
        self.or(LOG_FILTER, filter)
    }

    /// Plays `roles` (such as `api,saga`), whatever was found: a command line wins.
    #[must_use]
    pub fn with_roles(mut self, roles: &str) -> Self {
        self.found.insert("roles", roles.to_owned());
        self
    }

    fn or(mut self, key: &'static str, value: &str) -> Self {
        self.found.entry(key).or_insert_with(|| value.to_owned());
        self
    }

    /// Checks everything and gives the typed configuration.
    ///
    /// # Errors
    /// Every setting that is missing or wrong, each with what to do.
    pub fn check(mut self) -> Result<Config, ConfigError> {
        let database_url = self.database_url_checked();
        let token_secret = self.token_secret_checked();
        let master_key = self.master_key_checked();
        let config = Config {
            database_url,
            valkey_url: self.valkey_url_checked(),
            valkey_ca_file: self.found.remove(VALKEY_CA_FILE).map(PathBuf::from),
            http_addr: self.parsed(
                "http_addr",
                "an address and port such as 127.0.0.1:3001",
                DEFAULT_HTTP_ADDR,
            ),
            token_secret,
            signing_key: self.signing_key_checked(),
            master_key,
            roles: self.parsed("roles", "a list of api, projector and saga", Roles::all()),
            log_format: self.parsed("log_format", "text or json", LogFormat::Text),
            log_filter: self
                .found
                .remove(LOG_FILTER)
                .unwrap_or_else(|| DEFAULT_LOG_FILTER.to_owned()),
            writer_count: self.number("writer_count", WRITER_COUNT_RANGE, DEFAULT_WRITER_COUNT),
            answers_kept: self.answers_kept(),
            pools: self.pools(),
            request_deadline: self.timeout("request_deadline_ms", DEFAULT_REQUEST_DEADLINE),
            token_wait: self.timeout("token_wait_ms", DEFAULT_TOKEN_WAIT),
            body_limit_bytes: self.number(
                "body_limit_bytes",
                BODY_LIMIT_RANGE_BYTES,
                DEFAULT_BODY_LIMIT_BYTES,
            ),
            password_memory_kib: self.number(
                "password_memory_kib",
                PASSWORD_MEMORY_RANGE_KIB,
                DEFAULT_PASSWORD_MEMORY_KIB,
            ),
            password_iterations: self.number(
                "password_iterations",
                PASSWORD_ITERATIONS_RANGE,
                DEFAULT_PASSWORD_ITERATIONS,
            ),
            rate_limits: self.rate_limits(),
            web: self.web(),
            mail: self.mail(),
            sign_on_private_issuers: self.parsed(
                SIGN_ON_PRIVATE_ISSUERS,
                "a list of origins such as https://sso.internal.example, and http to this machine alone",
                PrivateOrigins::default(),
            ),
        };
        if self.problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError::Invalid {
                problems: self.problems,
            })
        }
    }

    fn answers_kept(&mut self) -> Duration {
        let hours = self.number(
            "answers_kept_hours",
            ANSWERS_KEPT_RANGE_HOURS,
            DEFAULT_ANSWERS_KEPT_HOURS,
        );
        Duration::from_secs(hours * 3_600)
    }

    fn pools(&mut self) -> PoolSettings {
        let default = PoolSettings::default();
        PoolSettings {
            commands: self.number("pool_commands", POOL_SIZE_RANGE, default.commands),
            identity: self.number("pool_identity", POOL_SIZE_RANGE, default.identity),
            queries: self.number("pool_queries", POOL_SIZE_RANGE, default.queries),
            projector: self.number("pool_projector", POOL_PROJECTOR_RANGE, default.projector),
            saga: self.number("pool_saga", POOL_SIZE_RANGE, default.saga),
            health: self.number("pool_health", POOL_SIZE_RANGE, default.health),
            ca_file: self.found.remove(DATABASE_CA_FILE).map(PathBuf::from),
            wait_timeout: self.timeout("pool_wait_timeout_ms", default.wait_timeout),
            create_timeout: self.timeout("pool_create_timeout_ms", default.create_timeout),
            recycle_timeout: self.timeout("pool_recycle_timeout_ms", default.recycle_timeout),
            statement_timeout: self.timeout("statement_timeout_ms", default.statement_timeout),
            lock_timeout: self.timeout("lock_timeout_ms", default.lock_timeout),
        }
    }

    fn parsed<T: FromStr>(&mut self, key: &'static str, expected: &str, default: T) -> T {
        let Some(text) = self.found.remove(key) else {
            return default;
        };
        text.trim().parse().unwrap_or_else(|_| {
            self.problem(key, &format!("is {text:?}: use {expected}"));
            default
        })
    }

    fn number<T>(&mut self, key: &'static str, range: RangeInclusive<T>, default: T) -> T
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let number = self.parsed(key, &expected, default);
        if !range.contains(&number) {
            self.problem(key, &format!("is {number}: use {expected}"));
        }
        number
    }

    fn timeout(&mut self, key: &'static str, default: Duration) -> Duration {
        let default_ms = u64::try_from(default.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.number(key, TIMEOUT_RANGE_MS, default_ms))
    }

    fn problem(&mut self, key: &str, problem: &str) {
        self.problems.push(format!("{} {problem}", variable(key)));
    }
}

/// The environment variable of a key.
fn variable(key: &str) -> String {
    match key {
        DATABASE_URL | VALKEY_URL => key.to_uppercase(),
        _ => format!("{PREFIX}_{}", key.to_uppercase()),
    }
}
