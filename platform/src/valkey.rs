//! The Valkey client. Valkey is a cache and a messenger of hints: with it away, commands
//! fail at once with [`ValkeyError::Unavailable`] and nobody waits.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fred::clients::{Client, SubscriberClient};
use fred::error::Error as FredError;
use fred::interfaces::{ClientLike, EventInterface, KeysInterface, PubsubInterface};
use fred::types::config::{
    Config, ReconnectPolicy, Server, TcpConfig, TlsConnector, UnresponsiveConfig,
};
use fred::types::scripts::Script;
use fred::types::{Builder, Expiration, FromValue};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::tls::{self, TlsError};

/// The longest wait for the answer to a command. A cache that is slower than this is
/// slower than the database.
pub const COMMAND_TIMEOUT: Duration = Duration::from_millis(250);
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest silence of a server that owes an answer; then the connection is replaced.
const UNRESPONSIVE_TIMEOUT: Duration = Duration::from_secs(2);
const UNRESPONSIVE_CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// How often a connection that counts as lost is looked at again.
const CONNECTION_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// One attempt: a command that met a broken connection is answered from the database instead.
const COMMAND_ATTEMPTS: u32 = 1;
/// Messages and events that a slow listener may leave unread before it loses the oldest.
const BROADCAST_CAPACITY: usize = 4_096;
/// Commands waiting to be sent; more are refused.
const COMMAND_QUEUE_LIMIT: usize = 10_000;

const RECONNECT_UNLIMITED: u32 = 0;
const RECONNECT_MIN_DELAY_MS: u32 = 20;
const RECONNECT_MAX_DELAY_MS: u32 = 1_000;
const RECONNECT_BASE: u32 = 2;
const RECONNECT_JITTER_MS: u32 = 100;

/// Why a command got no answer.
#[derive(Debug, thiserror::Error)]
pub enum ValkeyError {
    /// There is no Valkey, or no connection to it at the moment.
    #[error("Valkey is not available: go on without the cache")]
    Unavailable,
    /// The URL is not one of Valkey.
    #[error(
        "VALKEY_URL is not a Valkey URL: write it as valkey://:password@host:6379, or valkeys:// for TLS, or leave it out"
    )]
    Url(#[source] FredError),
    /// Connections cannot be encrypted as the URL says.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The client could not be made.
    #[error("the Valkey client could not be made")]
    Client(#[source] FredError),
    /// The command failed or took too long.
    #[error("a Valkey command failed")]
    Command(#[from] FredError),
}

/// A handle to Valkey, or to its absence. Cloning is cheap and shares the connection.
#[derive(Debug, Clone)]
pub struct Valkey {
    link: Option<Arc<Link>>,
    losses: watch::Receiver<u64>,
}

struct Link {
    client: Client,
    builder: Builder,
    up: watch::Receiver<bool>,
}

// The client and its builder show the password.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("up", &*self.up.borrow())
            .finish_non_exhaustive()
    }
}

impl Valkey {
    /// No Valkey: every command is refused as unavailable.
    #[must_use]
    pub fn disabled() -> Self {
        // A receiver keeps the last value after its sender is gone.
        let (_, losses) = watch::channel(0);
        Self { link: None, losses }
    }

    /// Starts connecting to `url` in the background, again and again until it works, and
    /// returns at once. Needs a Tokio runtime.
    ///
    /// With `valkeys://` or `rediss://` connections are encrypted, to a server that is verified by the authorities in
    /// `ca_file`, or those of the system without one. A server that is not is as good as away.
    ///
    /// # Errors
    /// When the URL is not valid, or there are no authorities to verify with; never because Valkey is away.
    pub fn connect(url: &str, ca_file: Option<&Path>) -> Result<Self, ValkeyError> {
        let builder = builder(url, ca_file)?;
        let client = builder.build().map_err(ValkeyError::Client)?;
        let (losses_sender, losses) = watch::channel(0);
        let (up_sender, up) = watch::channel(false);
        let follower = Follower {
            // Subscribed before connecting, or the first event could be missed.
            connections: client.reconnect_rx(),
            errors: client.error_rx(),
            client: client.clone(),
            up: up_sender,
            losses: losses_sender,
            was_connected: false,
        };
        tokio::spawn(follower.run());
        client.connect();
        let link = Arc::new(Link {
            client,
            builder,
            up,
        });
        Ok(Self {
            link: Some(link),
            losses,
        })
    }

    /// Whether a Valkey is configured at all.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.link.is_some()
    }

    /// Whether commands can be sent now.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.link
            .as_ref()
            .is_some_and(|link| *link.up.borrow() && link.client.is_connected())
    }

    /// Waits for a connection. With Valkey disabled it waits for ever: bound it.
    pub async fn connected(&self) {
        match &self.link {
            Some(link) => {
                let mut up = link.up.clone();
                if up.wait_for(|up| *up).await.is_ok() {
                    return;
                }
                std::future::pending().await
            }
            None => std::future::pending().await,
        }
    }

    /// How often the connection was lost. It rises before the first command after a loss is
    /// sent, at times more than once for a loss, and never goes back.
    #[must_use]
    pub fn connection_losses(&self) -> watch::Receiver<u64> {
        self.losses.clone()
    }

    /// The client, for commands that this type does not wrap.
    ///
    /// # Errors
    /// [`ValkeyError::Unavailable`] when there is no connection.
    pub fn client(&self) -> Result<&Client, ValkeyError> {
        match &self.link {
            Some(link) if self.is_connected() => Ok(&link.client),
            _ => Err(ValkeyError::Unavailable),
        }
    }

    /// The value of `key`, if it has one.
    ///
    /// # Errors
    /// When Valkey is away or does not answer in time.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, ValkeyError> {
        Ok(self.client()?.get(key).await?)
    }

    /// The values of `keys`, in their order.
    ///
    /// # Errors
    /// When Valkey is away or does not answer in time.
    pub async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<Bytes>>, ValkeyError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.client()?.mget(keys).await?)
    }

    /// Sets `key` to `value` for `time_to_live` (at least a millisecond).
    ///
    /// # Errors
    /// When Valkey is away or does not answer in time; the value may be set all the same.
    pub async fn set(
        &self,
        key: &str,
        value: Bytes,
        time_to_live: Duration,
    ) -> Result<(), ValkeyError> {
        let ttl_ms = i64::try_from(time_to_live.as_millis()).unwrap_or(i64::MAX);
        let expiry = Some(Expiration::PX(ttl_ms.max(1)));
        Ok(self.client()?.set(key, value, expiry, None, false).await?)
    }

    /// Removes `keys`.
    ///
    /// # Errors
    /// When Valkey is away or does not answer in time; the keys may be gone all the same.
    pub async fn delete(&self, keys: Vec<String>) -> Result<(), ValkeyError> {
        if keys.is_empty() {
            return Ok(());
        }
        Ok(self.client()?.del(keys).await?)
    }

    /// Sends `message` to whoever listens on `channel` now.
    ///
    /// # Errors
    /// When Valkey is away or does not answer in time; the message may be sent all the same.
    pub async fn publish(&self, channel: &str, message: String) -> Result<(), ValkeyError> {
        Ok(self.client()?.publish(channel, message).await?)
    }

    /// Runs a script by its hash, loading it when the server has forgotten it.
    ///
    /// # Errors
    /// When Valkey is away, does not answer in time, or the script fails.
    pub async fn run_script<R: FromValue>(
        &self,
        script: &Script,
        keys: Vec<String>,
        arguments: Vec<String>,
    ) -> Result<R, ValkeyError> {
        let client = self.client()?;
        Ok(script.evalsha_with_reload(client, keys, arguments).await?)
    }

    /// A client of its own for subscriptions, not yet connected; none when Valkey is disabled.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn subscriber(&self) -> Result<Option<SubscriberClient>, ValkeyError> {
        let Some(link) = &self.link else {
            return Ok(None);
        };
        let subscriber = link.builder.build_subscriber_client();
        subscriber.map(Some).map_err(ValkeyError::Client)
    }

    /// Closes the connection, for shutdown.
    pub async fn close(&self) {
        if let Some(link) = &self.link {
            // Nothing is lost when saying good-bye fails.
            let _ = tokio::time::timeout(COMMAND_TIMEOUT, link.client.quit()).await;
        }
    }
}

/// What the URL says, and whether by TLS. The library would read the roots of the system for its own connector, and call a
/// strange one among them a wrong URL, so that it is not told about TLS here.
pub(crate) fn parse(url: &str) -> Result<(Config, bool), FredError> {
    let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
    for (encrypted, plain) in [("rediss", "redis"), ("valkeys", "valkey")] {
        if scheme.eq_ignore_ascii_case(encrypted) {
            return Ok((Config::from_url(&format!("{plain}:{rest}"))?, true));
        }
    }
    Ok((Config::from_url(url)?, false))
}

fn builder(url: &str, ca_file: Option<&Path>) -> Result<Builder, ValkeyError> {
    let (mut config, is_encrypted) = parse(url).map_err(ValkeyError::Url)?;
    if is_encrypted {
        config.tls = Some(TlsConnector::from(tls::valkey(ca_file)?).into());
    }
    // Otherwise the client gives up when the first connection fails.
    config.fail_fast = false;
    let mut policy = ReconnectPolicy::new_exponential(
        RECONNECT_UNLIMITED,
        RECONNECT_MIN_DELAY_MS,
        RECONNECT_MAX_DELAY_MS,
        RECONNECT_BASE,
    );
    policy.set_jitter(RECONNECT_JITTER_MS);
    let mut builder = Builder::from_config(config);
    builder
        .set_policy(policy)
        .with_performance_config(|performance| {
            performance.default_command_timeout = COMMAND_TIMEOUT;
            performance.broadcast_channel_capacity = BROADCAST_CAPACITY;
        })
        .with_connection_config(|connection| {
            connection.connection_timeout = CONNECTION_TIMEOUT;
            connection.internal_command_timeout = CONNECTION_TIMEOUT;
            connection.max_command_attempts = COMMAND_ATTEMPTS;
            connection.max_command_buffer_len = COMMAND_QUEUE_LIMIT;
            connection.unresponsive = UnresponsiveConfig {
                max_timeout: Some(UNRESPONSIVE_TIMEOUT),
                interval: UNRESPONSIVE_CHECK_INTERVAL,
            };
            connection.tcp = TcpConfig {
                nodelay: Some(true),
                ..TcpConfig::default()
            };
        });
    Ok(builder)
}

/// What the rest of the process may know of the connection.
struct Follower {
    client: Client,
    connections: Receiver<Server>,
    errors: Receiver<(FredError, Option<Server>)>,
    up: watch::Sender<bool>,
    losses: watch::Sender<u64>,
    was_connected: bool,
}

impl Follower {
    /// Keeps `up` and `losses` true to the connection. Commands are let through only while
    /// `up`, so a loss is counted before the first command on the next connection.
    async fn run(mut self) {
        let mut check = tokio::time::interval(CONNECTION_CHECK_INTERVAL);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // The loss first: the events of one break are then seen in their order.
                biased;
                error = self.errors.recv() => match error {
                    Err(RecvError::Closed) => return,
                    Ok(_) | Err(RecvError::Lagged(_)) => self.lost(),
                },
                connection = self.connections.recv() => match connection {
                    Err(RecvError::Closed) => return,
                    Ok(_) | Err(RecvError::Lagged(_)) => self.connected(),
                },
                _ = check.tick() => self.check().await,
            }
        }
    }

    fn lost(&mut self) {
        if self.up.send_replace(false) {
            self.losses.send_modify(|losses| *losses += 1);
            tracing::warn!("the connection to Valkey was lost; going on without it");
        }
    }

    fn connected(&mut self) {
        // Counted again, in case the break itself told nothing.
        if self.was_connected {
            self.losses.send_modify(|losses| *losses += 1);
        }
        self.was_connected = true;
        self.up.send_replace(true);
        tracing::info!("connected to Valkey");
    }

    /// An error that was not the end of the connection is followed by no new connection.
    async fn check(&mut self) {
        let down = !*self.up.borrow();
        if down && self.client.is_connected() && self.client.ping::<()>(None).await.is_ok() {
            self.connected();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn the_password_is_not_in_the_debug_form() {
        let valkey = Valkey::connect("valkey://:hunter2@127.0.0.1:1", None).unwrap();
        assert!(!format!("{valkey:?}").contains("hunter2"));
    }
}
