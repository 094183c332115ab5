//! The PostgreSQL connection pools, apart for each kind of work, so that one cannot starve another, and each in a role that
//! may do this work and no other.
//!
//! deadpool and tokio-postgres wait for ever unless they are told otherwise; here every
//! wait has a limit.

use std::time::Duration;

use deadpool_postgres::{
    BuildError, Hook, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use metrics::gauge;
use tokio_postgres::Config;

use schema::role::{self, Role};

use crate::config::PoolSettings;
use crate::tls::{self, DatabaseTls, TlsError};

/// The name that PostgreSQL shows for connections made before they have a purpose.
const APPLICATION_NAME: &str = "insightdesk";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long sent bytes may stay unacknowledged before the connection counts as dead.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(10);
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;

/// A transaction that its owner forgot must not hold its locks and its snapshot.
const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(30);
/// Projection batches and rebuild steps are long statements by nature.
const PROJECTOR_STATEMENT_FACTOR: u32 = 10;
const HEALTH_STATEMENT_TIMEOUT: Duration = Duration::from_secs(2);

/// Why pools could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PoolsError {
    /// The URL is not one of PostgreSQL.
    #[error(
        "DATABASE_URL is not a PostgreSQL URL: write it as postgresql://user:password@host/database"
    )]
    Url(#[source] tokio_postgres::Error),
    /// The URL names no user.
    #[error("DATABASE_URL names no user: write it as postgresql://user@host/database")]
    NoUser,
    /// Connections cannot be encrypted as it says.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A pool was refused by its library.
    #[error("a connection pool could not be made")]
    Build(#[from] BuildError),
}

/// The pools of a process. Cloning is cheap and shares the connections.
#[derive(Debug, Clone)]
pub struct Pools {
    /// For loading aggregates. (Writers of the log have connections of their own.)
    pub commands: Pool,
    /// For accounts, sessions and mail.
    pub identity: Pool,
    /// For answering queries.
    pub queries: Pool,
    /// For projections, and whatever has to know how far these are; long statements are allowed.
    pub projector: Pool,
    /// For the saga.
    pub saga: Pool,
    /// For health checks, and what every request depends on.
    pub health: Pool,
    /// As the owner of the tables: for rebuilds, replays and restores, which make tables. Nothing that a request asks for
    /// goes through it.
    pub owner: Pool,
    /// How all of them are encrypted, for what else goes to the same server.
    pub tls: DatabaseTls,
}

impl Pools {
    /// Makes the pools of `database_url`. Nothing is connected yet.
    ///
    /// # Errors
    /// When the URL is not valid, or connections cannot be encrypted as it says.
    pub fn new(database_url: &str, settings: &PoolSettings) -> Result<Self, PoolsError> {
        let config = postgres_config(database_url)?;
        let tls = DatabaseTls::new(&config, settings.ca_file.as_deref())?;
        let limit = settings.statement_timeout;
        let pool = |name: &'static str, role: Role, size: usize, statement_timeout: Duration| {
            let limits = SessionLimits {
                statement_timeout,
                lock_timeout: settings.lock_timeout,
            };
            let config = with_role(with_session(config.clone(), name, &limits), role);
            build(name, config, tls.clone(), size, settings)
        };
        let long = limit * PROJECTOR_STATEMENT_FACTOR;
        let short = limit.min(HEALTH_STATEMENT_TIMEOUT);
        Ok(Self {
            commands: pool("commands", role::COMMAND, settings.commands, limit)?,
            identity: pool("identity", role::IDENTITY, settings.identity, limit)?,
            queries: pool("queries", role::QUERY, settings.queries, limit)?,
            projector: pool("projector", role::PROJECTOR, settings.projector, long)?,
            saga: pool("saga", role::SAGA, settings.saga, long)?,
            health: pool("health", role::IDENTITY, settings.health, short)?,
            owner: pool("owner", role::OWNER, settings.projector, long)?,
            tls: tls.clone(),
        })
    }

    fn named(&self) -> [(&'static str, &Pool); 7] {
        [
            ("commands", &self.commands),
            ("identity", &self.identity),
            ("queries", &self.queries),
            ("projector", &self.projector),
            ("saga", &self.saga),
            ("health", &self.health),
            ("owner", &self.owner),
        ]
    }

    /// Says in the metrics how full the pools are. Called now and then.
    pub fn measure(&self) {
        for (name, pool) in self.named() {
            let status = pool.status();
            let gauges = [
                ("open", status.size),
                ("idle", status.available),
                ("waited_for", status.waiting),
            ];
            for (state, connections) in gauges {
                gauge!("insightdesk_pool_connections", "pool" => name, "state" => state)
                    .set(connections as f64);
            }
        }
    }

    /// Closes all pools; whoever waits for a connection gets an error.
    pub fn close(&self) {
        for (_, pool) in self.named() {
            pool.close();
        }
    }
}

/// Whether the error says that a pool is exhausted (a 503 with `Retry-After`), not broken.
#[must_use]
pub fn is_exhausted(error: &PoolError) -> bool {
    matches!(
        error,
        PoolError::Timeout(deadpool_postgres::TimeoutType::Wait)
    )
}

/// Reads a PostgreSQL URL and sets the limits of its connections.
///
/// Sockets are named as libpq does: `postgresql://user@/database?host=/directory&port=5432`.
///
/// # Errors
/// When the URL is not valid or names no user.
pub fn postgres_config(database_url: &str) -> Result<Config, PoolsError> {
    let mut config = tls::parse(database_url).map_err(PoolsError::Url)?;
    if config.get_user().is_none() {
        return Err(PoolsError::NoUser);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(TCP_USER_TIMEOUT);
    }
    if config.get_application_name().is_none() {
        config.application_name(APPLICATION_NAME);
    }
    config
        .keepalives(true)
        .keepalives_idle(KEEPALIVE_IDLE)
        .keepalives_interval(KEEPALIVE_INTERVAL)
        .keepalives_retries(KEEPALIVE_RETRIES);
    Ok(config)
}

/// How the writers of the log connect: as those who may add events, and change none.
///
/// # Errors
/// As [`postgres_config`].
pub fn log_writer_config(database_url: &str) -> Result<Config, PoolsError> {
    Ok(with_role(postgres_config(database_url)?, role::LOG))
}

/// What the server itself enforces on a session.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// The longest statement.
    pub statement_timeout: Duration,
    /// The longest wait for a lock.
    pub lock_timeout: Duration,
}

/// Adds the session's limits and name (`insightdesk-<purpose>`) to `config`. They travel as
/// connection options: no round trip, and no moment without them.
///
/// Statements are never compiled (`jit`): PostgreSQL does so where it estimates high costs, which it does for every look at a
/// million rows however soon a limit ends it. Half a second of compiling stood before 30 ms of a search.
#[must_use]
pub fn with_session(mut config: Config, purpose: &str, limits: &SessionLimits) -> Config {
    let given = config.get_options().unwrap_or_default();
    let options = format!(
        "{given} -c jit=off -c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout={}",
        limits.statement_timeout.as_millis(),
        limits.lock_timeout.as_millis(),
        IDLE_IN_TRANSACTION_TIMEOUT.as_millis(),
    );
    config.options(options.trim_start());
    config.application_name(format!("{APPLICATION_NAME}-{purpose}"));
    config
}

/// Lets the connections of `config` work as `role` from their first moment on: it is an option, like the limits, and what
/// `RESET ROLE` leads back to.
#[must_use]
fn with_role(mut config: Config, role: Role) -> Config {
    let given = config.get_options().unwrap_or_default();
    let options = format!("{given} {}", role.connection_option());
    config.options(options.trim_start());
    config
}

fn build(
    name: &'static str,
    config: Config,
    tls: DatabaseTls,
    size: usize,
    settings: &PoolSettings,
) -> Result<Pool, PoolsError> {
    // Fast recycling trusts a flag and hands out connections whose peer is gone, so that the
    // first requests after a restart of PostgreSQL fail. Verified costs an empty query on
    // reuse: 0.05 ms on a local socket.
    let manager = ManagerConfig {
        recycling_method: RecyclingMethod::Verified,
    };
    let pool = Pool::builder(Manager::from_config(config, tls, manager))
        .max_size(size)
        .runtime(Runtime::Tokio1)
        .post_recycle(Hook::sync_fn(move |client, _| {
            let statements = client.statement_cache.size();
            gauge!("insightdesk_prepared_statements", "pool" => name).set(statements as f64);
            Ok(())
        }))
        .timeouts(Timeouts {
            wait: Some(settings.wait_timeout),
            create: Some(settings.create_timeout),
            recycle: Some(settings.recycle_timeout),
        })
        .build()?;
    Ok(pool)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use tokio_postgres::config::Host;

    use super::*;
    use crate::private::test_servers;

    #[test]
    fn a_socket_url_without_a_password_is_understood() {
        let config = postgres_config("postgresql://desk@/desk?host=/run/desk&port=5433").unwrap();
        assert_eq!(config.get_hosts(), [Host::Unix("/run/desk".into())]);
        assert_eq!(config.get_ports(), [5433]);
        assert_eq!(config.get_user(), Some("desk"));
        assert_eq!(config.get_dbname(), Some("desk"));
    }

    #[test]
    fn a_timeout_in_the_url_wins() {
        let config = postgres_config("postgresql://desk@localhost/desk?connect_timeout=9").unwrap();
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(9)));
        assert_eq!(config.get_tcp_user_timeout(), Some(&TCP_USER_TIMEOUT));
    }

    #[test]
    fn a_url_without_a_user_is_refused() {
        let refused = postgres_config("postgresql://localhost/desk");
        assert!(matches!(refused, Err(PoolsError::NoUser)));
    }

    async fn shown(pool: &Pool, setting: &str) -> String {
        let client = pool.get().await.unwrap();
        let row = client
            .query_one("SELECT current_setting($1)", &[&setting])
            .await;
        row.unwrap().get(0)
    }

    #[tokio::test]
    async fn every_session_carries_its_limits_and_its_name() {
        let servers = test_servers().await.unwrap();
        let pools = Pools::new(&servers.database_url(), &PoolSettings::default()).unwrap();
        assert_eq!(shown(&pools.queries, "jit").await, "off");
        assert_eq!(shown(&pools.commands, "statement_timeout").await, "10s");
        assert_eq!(shown(&pools.projector, "statement_timeout").await, "100s");
        assert_eq!(shown(&pools.health, "statement_timeout").await, "2s");
        assert_eq!(shown(&pools.queries, "lock_timeout").await, "5s");
        assert_eq!(
            shown(&pools.queries, "idle_in_transaction_session_timeout").await,
            "30s"
        );
        assert_eq!(
            shown(&pools.queries, "application_name").await,
            "insightdesk-queries"
        );
    }

    #[tokio::test]
    async fn an_exhausted_pool_refuses_and_the_others_go_on() {
        let servers = test_servers().await.unwrap();
        let settings = PoolSettings {
            commands: 1,
            wait_timeout: Duration::from_millis(20),
            ..PoolSettings::default()
        };
        let pools = Pools::new(&servers.database_url(), &settings).unwrap();
        let held = pools.commands.get().await.unwrap();
        let refused = pools.commands.get().await.err().unwrap();
        assert!(is_exhausted(&refused), "{refused}");
        assert!(pools.queries.get().await.is_ok());
        drop(held);
        assert!(pools.commands.get().await.is_ok());
    }
}
