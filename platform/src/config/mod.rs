//! The configuration of a process: read from an optional TOML file and the environment,
//! checked whole at start, typed ever after.
//!
//! Every setting is a key of the file (`http_addr = "0.0.0.0:3001"`) and a variable
//! (`INSIGHTDESK_HTTP_ADDR`), which wins. `DATABASE_URL` and `VALKEY_URL` go without the
//! prefix. `INSIGHTDESK_CONFIG` names the file.

mod origins;
mod settings;
#[cfg(test)]
mod tests;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use event_store::checkpoint::SigningKey;

use crate::http::client_address::ClientAddresses;
use crate::http::cors::Cors;
use crate::http::rate_limit::Budgets;
use crate::http::security_headers::TransportSecurity;
use crate::mail::{PublicUrl, Sender, SmtpUrl};

pub use origins::{OriginsError, PrivateOrigins};
pub use settings::Settings;
pub use values::{LogFormat, Role, Roles, Secret};

/// Everything a process can be told. Durations are set in milliseconds, by keys ending in `_ms`.
#[derive(Debug, Clone)]
pub struct Config {
    /// `database_url`: where PostgreSQL is. Required.
    pub database_url: Secret,
    /// `valkey_url`: where Valkey is. Default: none; every answer is still right, only slower.
    pub valkey_url: Option<Secret>,
    /// `valkey_ca_file`: certificates of the authorities that may have signed the one of Valkey, in place of the system's.
    /// Default: none. Read only when the URL asks for TLS.
    pub valkey_ca_file: Option<PathBuf>,
    /// `http_addr`: the address and port to serve HTTP on. Default 127.0.0.1:3001.
    pub http_addr: SocketAddr,
    /// `token_secret`: the secrets that the keys of access tokens are made of, each at least 32 bytes, separated by white
    /// space. The first signs, all verify. Required.
    pub token_secret: Secret,
    /// `signing_key`, or the content of the file that `signing_key_file` names: signs checkpoints of the log. Default:
    /// none; only the command that signs needs it.
    pub signing_key: Option<SigningKey>,
    /// `master_key`, or the content of the file that `master_key_file` names: the keys that wrap the keys of personal data,
    /// each `name:key` or a key alone, 32 bytes in base64, the current one first. Required.
    pub master_key: Secret,
    /// `roles`: what this process does, of `api,projector,saga`. Default: all three.
    pub roles: Roles,
    /// `log_format`: `text` or `json`. Default `text`.
    pub log_format: LogFormat,
    /// `log_filter`: what to log, in the syntax of `RUST_LOG`, which wins when it is set.
    /// Default [`crate::telemetry::DEFAULT_LOG_FILTER`].
    pub log_filter: String,
    /// `writer_count`: tasks that append to the log, each with a connection of its own. Default 4.
    pub writer_count: usize,
    /// `answers_kept_hours`: how long the answer of a command is kept for a repeated `Idempotency-Key`. Default 48.
    pub answers_kept: Duration,
    /// The connection pools.
    pub pools: PoolSettings,
    /// `request_deadline_ms`: how long a request may take before it is given up. Default 10,000.
    pub request_deadline: Duration,
    /// `token_wait_ms`: how long a query waits for the event of its `Consistency-Token`. Default 2,000.
    pub token_wait: Duration,
    /// `body_limit_bytes`: the largest request body, uploads apart. Default 1 MiB.
    pub body_limit_bytes: usize,
    /// `password_memory_kib`: memory that the hash of one password takes (Argon2id). Default 19,456.
    pub password_memory_kib: u32,
    /// `password_iterations`: passes over that memory. Default 2. A password whose hash is weaker is hashed anew at the next
    /// sign-in.
    pub password_iterations: u32,
    /// `rate_limits`: `on` with the budgets of the settings `rate_limit_...`, or `off`: none. Default `on`.
    pub rate_limits: Option<Budgets>,
    /// Where requests may come from.
    pub web: WebSettings,
    /// How mail leaves.
    pub mail: MailSettings,
    /// `sign_on_private_issuers`: origins of providers of sign-on that are not public, such as
    /// `https://sso.internal.example`. Default: none.
    pub sign_on_private_issuers: PrivateOrigins,
}

/// Mail, and the links in it.
#[derive(Debug, Clone, Default)]
pub struct MailSettings {
    /// `mail_from`: whom it comes from. Required beside `mail_smtp_url`. Default: `InsightDesk <insightdesk@localhost>`.
    pub from: Sender,
    /// `mail_smtp_url` or `mail_directory`. Default: none.
    pub way: MailWay,
    /// `public_url`: what every link begins with. Default: `http://127.0.0.1:3001`.
    pub public_url: PublicUrl,
}

/// Where mail goes.
#[derive(Debug, Clone, Default)]
pub enum MailWay {
    /// It waits in the outbox until one of the others is set.
    #[default]
    Nowhere,
    /// To an SMTP server.
    Smtp(SmtpUrl),
    /// Into files of a directory.
    Directory(PathBuf),
}

/// What stands between the API and the network.
#[derive(Debug, Clone, Default)]
pub struct WebSettings {
    /// `trusted_proxies`: the networks of the proxies whose forwarding header is believed. Default: none.
    /// `forwarding_header`: which one, `x-forwarded-for` or `forwarded`. Default `x-forwarded-for`.
    pub clients: ClientAddresses,
    /// `cors_origins`: the origins whose pages may use the API from a browser. Default: none.
    /// `cors_credentials`: `on` when their requests may carry cookies. Default `off`.
    pub cors: Cors,
    /// `hsts`: `on` when clients reach the server by TLS alone. Default `off`.
    pub transport: TransportSecurity,
}

/// The connection pools: their sizes, their timeouts, and whom they trust.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// `pool_commands`: connections that load aggregates for commands. Default 8.
    pub commands: usize,
    /// `pool_identity`: connections for signing in, sessions and mail. Default 8.
    pub identity: usize,
    /// `pool_queries`: connections that answer queries. Default 16.
    pub queries: usize,
    /// `pool_projector`: connections of projections, and of rebuilds, at least 4. Default 8.
    pub projector: usize,
    /// `pool_saga`: connections of the saga. Default 4.
    pub saga: usize,
    /// `pool_health`: connections of health checks, so that a full pool elsewhere cannot
    /// make the server look dead. Default 2.
    pub health: usize,
    /// `database_ca_file`: certificates of the authorities that may have signed the one of PostgreSQL, in place of the
    /// system's. Default: none. Read only when connections may be encrypted.
    pub ca_file: Option<PathBuf>,
    /// `pool_wait_timeout_ms`: the longest wait for a free connection. Default 2,000.
    pub wait_timeout: Duration,
    /// `pool_create_timeout_ms`: the longest time to open a connection. Default 5,000.
    pub create_timeout: Duration,
    /// `pool_recycle_timeout_ms`: the longest check of a connection before its reuse. Default 1,000.
    pub recycle_timeout: Duration,
    /// `statement_timeout_ms`: the longest statement of commands and queries; projections
    /// have ten times as long, health checks at most two seconds. Default 10,000.
    pub statement_timeout: Duration,
    /// `lock_timeout_ms`: the longest wait for a lock in the database. Default 5,000.
    pub lock_timeout: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            commands: 8,
            identity: 8,
            queries: 16,
            projector: 8,
            saga: 4,
            health: 2,
            ca_file: None,
            wait_timeout: Duration::from_millis(2_000),
            create_timeout: Duration::from_millis(5_000),
            recycle_timeout: Duration::from_millis(1_000),
            statement_timeout: Duration::from_millis(10_000),
            lock_timeout: Duration::from_millis(5_000),
        }
    }
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read, or is not TOML.
    #[error(
        "the configuration file {path} cannot be read: correct it, or unset INSIGHTDESK_CONFIG"
    )]
    File {
        /// The path as it was given.
        path: String,
        /// What went wrong.
        source: config::ConfigError,
    },
    /// Settings are missing or wrong: all of them, each with what to do.
    #[error("the configuration is not valid:\n  {}", problems.join("\n  "))]
    Invalid {
        /// One sentence for each setting.
        problems: Vec<String>,
    },
}
