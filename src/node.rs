//! What every command and server stands on: the pools, the log and the dispatcher of one process.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use deadpool_postgres::Pool;
use event_store::{Connector, EventStore};
use platform::clock::Clock;
use platform::config::Config;
use platform::pools::{Pools, SessionLimits, log_writer_config, postgres_config, with_session};
use platform::tls::DatabaseTls;
use schema::role;
use sealing::{Keyring, MasterKeys};
use write_side::dispatch::{self, Dispatcher};
use write_side::mail::Outbox;

/// Which of the roles, and whether the login, passes by every policy.
const OPEN_WALLS: &str = "SELECT \
    ARRAY(SELECT r.rolname::text FROM pg_roles r \
           WHERE r.rolname::text = ANY($1::text[]) AND (r.rolsuper OR r.rolbypassrls) ORDER BY 1), \
    (SELECT r.rolname::text FROM pg_roles r WHERE r.rolname = session_user AND (r.rolsuper OR r.rolbypassrls))";

/// A migration may rewrite a table.
const MIGRATION_STATEMENT_TIMEOUT: Duration = Duration::from_secs(3_600);
/// How long a migration waits for another process's, or for a reader of the table that it changes.
const MIGRATION_LOCK_TIMEOUT: Duration = Duration::from_secs(300);

/// The log and the way to it. Clones share everything.
#[derive(Debug, Clone)]
pub struct Node {
    /// Connections, by purpose.
    pub pools: Pools,
    /// The log.
    pub store: EventStore,
    /// The keys of the personal data in it.
    pub keys: Keyring,
    /// Through which every command passes.
    pub dispatcher: Dispatcher,
    /// Where letters wait to be sent.
    pub outbox: Outbox,
    /// The configured master keys.
    pub master: MasterKeys,
}

impl Node {
    /// Connects. The database must have been migrated.
    ///
    /// # Errors
    /// When the database cannot be reached or is not migrated, or a master key that it needs is not configured.
    pub async fn start(config: &Config, clock: Arc<dyn Clock>) -> Result<Self> {
        let node = Self::without_keys(config, clock).await?;
        node.keys.check().await?;
        Ok(node)
    }

    /// As [`Node::start`], to look at the log without opening anything that is sealed in it.
    ///
    /// # Errors
    /// When the database cannot be reached or is not migrated.
    pub async fn without_keys(config: &Config, clock: Arc<dyn Clock>) -> Result<Self> {
        let url = config.database_url.expose();
        let pools = Pools::new(url, &config.pools)?;
        let writers = Connector::new(log_writer_config(url)?, pools.tls.clone());
        let store = EventStore::start(writers, pools.commands.clone(), log_options(config)).await.context(
            "is the database running and migrated? start it with `insightdesk up`, or set DATABASE_URL and run `insightdesk migrate`",
        )?;
        refuse_open_walls(&pools.health).await?;
        let master = MasterKeys::parse(config.master_key.expose())?;
        let outbox = Outbox::new(master.clone());
        let keys = Keyring::new(pools.commands.clone(), master.clone());
        let options = dispatch::Options::default();
        let dispatcher = Dispatcher::new(store.clone(), keys.clone(), clock, options);
        Ok(Self {
            pools,
            store,
            keys,
            dispatcher,
            outbox,
            master,
        })
    }

    /// The log as those read it who go through whole partitions: commands see the streams of one organization at a time.
    #[must_use]
    pub fn log(&self) -> EventStore {
        self.store.reading_through(self.pools.projector.clone())
    }

    /// Ends the writers after what they have, and closes the connections.
    pub async fn stop(self) {
        self.store.shutdown().await;
        self.pools.close();
    }
}

/// The limits of the log: its own, or longer ones where the configuration lets the rest of the process wait for longer.
fn log_options(config: &Config) -> event_store::Options {
    let (own, pools) = (event_store::Options::default(), &config.pools);
    event_store::Options {
        writer_count: config.writer_count,
        connect_timeout: own.connect_timeout.max(pools.create_timeout / 2),
        statement_timeout: own.statement_timeout.max(pools.statement_timeout / 2),
        lock_timeout: own.lock_timeout.max(pools.lock_timeout / 2),
        answer_deadline: own.answer_deadline.max(config.request_deadline / 2),
        outcome_deadline: own.outcome_deadline.max(config.request_deadline),
        ..own
    }
}

/// Holds the promise that no role of the product passes by the policies.
async fn refuse_open_walls(pool: &Pool) -> Result<()> {
    let roles: Vec<&str> = role::ALL.iter().map(|role| role.name()).collect();
    let client = pool.get().await?;
    let row = client.query_one(OPEN_WALLS, &[&roles]).await?;
    let (roles, login): (Vec<String>, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
    ensure!(
        roles.is_empty(),
        "these database roles pass by row-level security: take SUPERUSER and BYPASSRLS from {}",
        roles.join(", ")
    );
    if let Some(login) = login {
        tracing::warn!(
            login,
            "the login of DATABASE_URL is a superuser or passes by row-level security; its connections take lesser roles, but \
             use a login without such powers: see `insightdesk roles`"
        );
    }
    Ok(())
}

/// Brings the database to the schema of this version; the names of what was applied.
///
/// # Errors
/// When the database cannot be reached or a migration fails.
pub async fn migrate(config: &Config) -> Result<Vec<String>> {
    let limits = SessionLimits {
        statement_timeout: MIGRATION_STATEMENT_TIMEOUT,
        lock_timeout: MIGRATION_LOCK_TIMEOUT,
    };
    let connecting = with_session(
        postgres_config(config.database_url.expose())?,
        "migrate",
        &limits,
    );
    let tls = DatabaseTls::new(&connecting, config.pools.ca_file.as_deref())?;
    let (mut client, connection) = connecting
        .connect(tls)
        .await
        .context("the database cannot be reached")?;
    let connection = tokio::spawn(connection);
    let applied = schema::migrations::run(&mut client).await?;
    drop(client);
    connection.await??;
    Ok(applied)
}
