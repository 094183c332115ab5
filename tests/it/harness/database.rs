//! A database of its own for each test.

use std::thread;

use platform::clock::SystemClock;
use platform::config::{Config, Settings};
use platform::http::rate_limit::{Budget, BudgetName, Budgets};
use platform::private::{DATABASE, PrivateServers, test_servers};
use std::sync::Arc;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use super::app::{MASTER_KEY, SECRET};
use super::{DEADLINE, eventually};

const TEMPLATE: &str = "it_template";
static TEMPLATE_MADE: OnceCell<()> = OnceCell::const_new();

/// A migrated database with empty read models.
#[derive(Debug)]
pub struct Database {
    url: String,
    superuser_url: String,
    valkey_url: String,
    /// Its name, when it is dropped with this value, whoever is connected.
    dropped: Option<String>,
}

impl Database {
    /// A copy of the template, which the first call makes, on the servers that all tests share.
    pub async fn create() -> Self {
        let servers = test_servers().await.unwrap();
        TEMPLATE_MADE.get_or_init(|| make_template(servers)).await;
        let name = format!("it_{}", Uuid::new_v4().simple());
        // The sessions that made the template may take a moment to end.
        let copy = || servers.create_database_from_template(&name, TEMPLATE);
        let url = eventually(copy, DEADLINE).await;
        Self {
            url,
            superuser_url: servers.superuser_url_of(&name),
            valkey_url: servers.valkey_url().to_owned(),
            dropped: Some(name),
        }
    }

    /// The one of servers that a test has for itself, to harm them. It goes with them.
    pub async fn on(servers: &PrivateServers) -> Self {
        let database = Self {
            url: servers.database_url(),
            superuser_url: servers.superuser_url_of(DATABASE),
            valkey_url: servers.valkey_url().to_owned(),
            dropped: None,
        };
        make_ready(&database.config()).await;
        database
    }

    /// A connection that may do everything, for tests that look or tamper behind the product's back.
    pub async fn superuser(&self) -> Client {
        let config = platform::pools::postgres_config(&self.superuser_url).unwrap();
        let (client, connection) = config.connect(NoTls).await.unwrap();
        // It ends when the client is dropped.
        tokio::spawn(connection);
        client
    }

    /// The configuration of a server on it. It serves on a free port and keeps few connections.
    pub fn config(&self) -> Config {
        config(&self.url, &self.valkey_url)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some(name) = self.dropped.take() else {
            return;
        };
        // A thread of its own: the test's runtime may be ending, and a test that failed drops its database, too.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async { test_servers().await.unwrap().drop_database(&name).await })
        });
        // A database that stays goes with its server.
        let _ = dropping.join();
    }
}

async fn make_template(servers: &PrivateServers) {
    let url = servers.create_database(TEMPLATE).await.unwrap();
    make_ready(&config(&url, servers.valkey_url())).await;
}

/// Migrates a database and makes its read models.
async fn make_ready(config: &Config) {
    insightdesk::node::migrate(config).await.unwrap();
    let node = insightdesk::node::Node::start(config, Arc::new(SystemClock))
        .await
        .unwrap();
    let options = projector::Options::default();
    projector::ensure_core(
        &node.log(),
        &node.keys,
        &node.pools.owner,
        &options,
        &|_| {},
    )
    .await
    .unwrap();
    node.stop().await;
}

fn config(database_url: &str, valkey_url: &str) -> Config {
    let environment = [
        ("DATABASE_URL", database_url),
        ("VALKEY_URL", valkey_url),
        ("INSIGHTDESK_HTTP_ADDR", "127.0.0.1:0"),
        ("INSIGHTDESK_TOKEN_SECRET", SECRET),
        ("INSIGHTDESK_MASTER_KEY", MASTER_KEY),
        ("INSIGHTDESK_WRITER_COUNT", "2"),
        // A machine that does much else is slow, and no fault.
        ("INSIGHTDESK_TOKEN_WAIT_MS", "20000"),
        ("INSIGHTDESK_REQUEST_DEADLINE_MS", "60000"),
        ("INSIGHTDESK_POOL_WAIT_TIMEOUT_MS", "60000"),
        ("INSIGHTDESK_POOL_CREATE_TIMEOUT_MS", "60000"),
        ("INSIGHTDESK_POOL_RECYCLE_TIMEOUT_MS", "30000"),
        ("INSIGHTDESK_STATEMENT_TIMEOUT_MS", "60000"),
        ("INSIGHTDESK_LOCK_TIMEOUT_MS", "60000"),
        ("INSIGHTDESK_POOL_COMMANDS", "4"),
        ("INSIGHTDESK_POOL_QUERIES", "6"),
        ("INSIGHTDESK_POOL_PROJECTOR", "6"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Settings::read_from(environment).unwrap().check().unwrap();
    Config {
        rate_limits: Some(unlimited()),
        ..config
    }
}

/// Limits that no test meets unless it lowers one: all tests come from one address, share one Valkey, and never pause.
fn unlimited() -> Budgets {
    let much: Budget = "1000000/s".parse().unwrap();
    let names = BudgetName::ALL.into_iter();
    names.fold(Budgets::default(), |budgets, name| budgets.with(name, much))
}
