//! A PostgreSQL cluster and a Valkey of our own, started below a directory: what `up` and
//! the tests run on when nothing else is given.
//!
//! They listen on a socket in a directory that only their owner may enter, and on loopback
//! with a random password. They end with this process, however it ends: a small watchdog
//! beside each server waits for the end of a pipe that this process holds. As root they run
//! under an unprivileged account, because PostgreSQL refuses to run as root.

mod account;
mod binaries;
mod cache;
mod cluster;
mod databases;
mod patience;
mod place;
mod port;
mod watchdog;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::{Mutex, OnceCell};

use crate::config::Secret;

use account::Account;
use cache::Cache;
use cluster::Cluster;
use place::Place;

pub use databases::DATABASE;
pub use patience::{patient_log, patient_pools};

/// How long a server may take to answer after its start; recovery after a crash included.
const START_DEADLINE: Duration = Duration::from_secs(120);
/// How long a server may take to end in order; then it is killed.
const STOP_DEADLINE: Duration = Duration::from_secs(20);
/// How often a condition is looked at while waiting for it.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Whether what was committed must survive a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Everything is synced to disk; data stays. For `up` and benches.
    Full,
    /// Nothing is synced, and the data is removed at the end. For tests.
    Test,
}

/// Why private servers could not be started, reached or stopped.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// A server program is not on this machine.
    #[error("{0} was not found: install it (./dev up does), or set {1} to use a server of yours")]
    NoProgram(String, &'static str),
    /// Another process runs servers in the same directory.
    #[error("InsightDesk is already running in {} (process {pid}): stop it with ./dev down", dir.display())]
    AlreadyRunning {
        /// The directory that both want.
        dir: PathBuf,
        /// The process that has it.
        pid: u32,
    },
    /// As root, with no account to run PostgreSQL under.
    #[error(
        "PostgreSQL does not run as root, and this machine has neither an account postgres nor nobody: add one"
    )]
    NoAccount,
    /// A file or directory could not be used.
    #[error("cannot {action} {}: check its owner and permissions, and the space left", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory that should be ours belongs to somebody else.
    #[error("{} belongs to another account: remove it, or run as its owner", .0.display())]
    Foreign(PathBuf),
    /// A program could not be run, or ended with an error.
    #[error("{program} failed: {detail}")]
    Program {
        /// The program.
        program: String,
        /// The end of what it said.
        detail: String,
    },
    /// A server did not answer, or did not end, in time.
    #[error("{server} did not {what} in time; its log is {}", log.display())]
    Deadline {
        /// PostgreSQL or Valkey.
        server: &'static str,
        /// Start or stop.
        what: &'static str,
        /// Where it tells more.
        log: PathBuf,
    },
    /// A database name that would need quoting.
    #[error("{0:?} is no database name: use 1 to 63 of a-z, 0-9 and _, beginning with a letter")]
    Name(String),
    /// PostgreSQL refused a statement.
    #[error("the private PostgreSQL refused to {0}")]
    Postgres(&'static str, #[source] tokio_postgres::Error),
}

impl PrivateError {
    fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }
}

/// A running private PostgreSQL and Valkey. Dropping it stops both in the background;
/// [`PrivateServers::stop`] waits until they have ended.
#[derive(Debug)]
pub struct PrivateServers {
    place: Place,
    cluster: Mutex<Cluster>,
    cache: Mutex<Cache>,
    database_base: String,
    valkey_url: Secret,
}

impl PrivateServers {
    /// Starts both servers with their data below `dir`, making it when it is missing. What
    /// an earlier process left running there is stopped first.
    ///
    /// # Errors
    /// When a program is missing, the directory is in use or unusable, or a server does not
    /// come up.
    pub async fn start(dir: &Path, durability: Durability) -> Result<Self, PrivateError> {
        let account = Account::for_servers()?;
        let place = Place::claim(dir, account, durability)?;
        let mut cluster = Cluster::new(&place)?;
        let mut cache = Cache::new(&place)?;
        let (cluster_started, cache_started) = tokio::join!(cluster.start(), cache.start());
        cluster_started?;
        cache_started?;
        let servers = Self {
            database_base: cluster.url_base(),
            valkey_url: Secret::new(cache.url()),
            cluster: Mutex::new(cluster),
            cache: Mutex::new(cache),
            place,
        };
        servers.ensure_default_database().await?;
        servers
            .place
            .publish("database-url", &servers.database_url())?;
        servers.place.publish("valkey-url", servers.valkey_url())?;
        Ok(servers)
    }

    /// The URL of the default database.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.database_url_of(DATABASE)
    }

    /// The URL of the database `name`.
    #[must_use]
    pub fn database_url_of(&self, name: &str) -> String {
        self.database_base.replace("{database}", name)
    }

    /// The URL of the Valkey. It stays the same when the server is stopped and started again.
    #[must_use]
    pub fn valkey_url(&self) -> &str {
        self.valkey_url.expose()
    }

    /// What runs as Valkey: its name and version, such as `Valkey 8.0.1` or `Redis 7.0.15`.
    pub async fn valkey_version(&self) -> String {
        self.cache.lock().await.version().to_owned()
    }

    /// Where the data is: below the directory asked for, unless the servers' account cannot
    /// get there.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.place.base()
    }

    /// Stops both servers in order, and waits until they have ended.
    ///
    /// # Errors
    /// When one had to be killed.
    pub async fn stop(&self) -> Result<(), PrivateError> {
        let mut cache = self.cache.lock().await;
        let mut cluster = self.cluster.lock().await;
        let (cache_stopped, cluster_stopped) = tokio::join!(cache.stop(), cluster.stop());
        self.place.release();
        cluster_stopped.and(cache_stopped)
    }

    /// Stops the Valkey in order, for tests of its absence. Stopped already: nothing happens.
    ///
    /// # Errors
    /// When it had to be killed.
    pub async fn stop_valkey(&self) -> Result<(), PrivateError> {
        self.cache.lock().await.stop().await
    }

    /// Kills the Valkey (SIGKILL), for fault tests.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn kill_valkey(&self) -> Result<(), PrivateError> {
        self.cache.lock().await.kill().await
    }

    /// Starts the Valkey again, empty, at the same URL.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_valkey(&self) -> Result<(), PrivateError> {
        self.cache.lock().await.start().await
    }

    /// Stops PostgreSQL in order (fast: sessions are ended).
    ///
    /// # Errors
    /// When it had to be killed.
    pub async fn stop_postgres(&self) -> Result<(), PrivateError> {
        self.cluster.lock().await.stop().await
    }

    /// Kills the postmaster (SIGKILL), for fault tests; its sessions end with it.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn kill_postgres(&self) -> Result<(), PrivateError> {
        self.cluster.lock().await.kill().await
    }

    /// Starts PostgreSQL again at the same URL, recovering what is needed.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_postgres(&self) -> Result<(), PrivateError> {
        self.cluster.lock().await.start().await
    }
}

static TEST_SERVERS: OnceCell<PrivateServers> = OnceCell::const_new();

/// The servers that all tests of this process share. They are started by the first call,
/// end with the process and take their data with them.
///
/// # Errors
/// As [`PrivateServers::start`].
pub async fn test_servers() -> Result<&'static PrivateServers, PrivateError> {
    TEST_SERVERS
        .get_or_try_init(|| async { PrivateServers::start(&test_dir(), Durability::Test).await })
        .await
}

/// A directory below the temporary one that no other test uses.
#[must_use]
pub fn test_dir() -> PathBuf {
    std::env::temp_dir().join(format!(
        "insightdesk-test-{}",
        uuid::Uuid::new_v4().simple()
    ))
}
