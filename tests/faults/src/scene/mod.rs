//! Where a fault takes place: a private PostgreSQL and Valkey that keep what was committed, organizations, a ledger, and the
//! program in processes of its own.

pub mod desk;
pub mod process;
pub mod progress;
pub mod proxy;
pub mod servers;
pub mod volume;
pub mod wait;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use insightdesk::node::Node;
use platform::clock::SystemClock;
use platform::config::{Config, Settings};
use platform::private::{DATABASE, Durability, PrivateServers};
use tokio_postgres::{Client, NoTls};

use crate::ledger::Ledger;
use desk::Desk;
use process::Server;

/// Wraps keys that seal nobody's data.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Signs the tokens.
const SECRET: &str = "the-secret-of-the-fault-harness-long-enough";
/// All roles in one process.
pub const ALL_ROLES: &str = "api,projector,saga";

/// The place of one fault.
pub struct Scene {
    /// Where ledger, logs and report lie.
    pub dir: PathBuf,
    /// The private servers.
    pub servers: PrivateServers,
    /// Organizations and people.
    pub desk: Desk,
    /// What was sent and answered.
    pub ledger: Ledger,
    /// Where the API serves, again and again.
    pub address: SocketAddr,
    settings: Vec<(String, String)>,
    program: PathBuf,
}

impl Scene {
    /// Makes it below `dir`, which must be empty or missing. `data` is where the servers keep their data.
    ///
    /// # Errors
    /// When a server does not start, or the database cannot be prepared.
    pub async fn open(dir: &Path, data: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir)
            .with_context(|| format!("cannot make the directory {}", dir.display()))?;
        let program = process::program()?;
        let servers = PrivateServers::start(data, Durability::Full).await?;
        let settings = settings(&servers.database_url(), servers.valkey_url());
        let config = config(&settings)?;
        insightdesk::node::migrate(&config).await?;
        let node = Node::start(&config, Arc::new(SystemClock)).await?;
        let desk = Desk::create(&node, SECRET).await?;
        node.stop().await;
        Ok(Self {
            ledger: Ledger::create(&dir.join("ledger.ndjson"))?,
            dir: dir.to_owned(),
            servers,
            desk,
            address: process::free_address()?,
            settings,
            program,
        })
    }

    /// Sets a setting of the servers that are started from now on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.into()));
    }

    /// Starts a server that plays these roles at an address, without waiting for it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_at(&self, address: SocketAddr, roles: &str) -> Result<Server> {
        let log = self.dir.join(format!("{}.log", roles.replace(',', "-")));
        Server::start(&self.program, roles, address, &self.settings, &log)
    }

    /// Starts a server at the address of the API, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn serve(&self, roles: &str) -> Result<Server> {
        let mut server = self.start_at(self.address, roles)?;
        server.is_ready().await?;
        Ok(server)
    }

    /// Starts a server at a port of its own, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn serve_apart(&self, roles: &str) -> Result<Server> {
        let mut server = self.start_at(process::free_address()?, roles)?;
        server.is_ready().await?;
        Ok(server)
    }

    /// The log and the dispatcher in this process, to prepare something. Stop it after use.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn node(&self) -> Result<Node> {
        Node::start(&config(&self.settings)?, Arc::new(SystemClock)).await
    }

    /// A connection that may do everything.
    ///
    /// # Errors
    /// When PostgreSQL does not take it.
    pub async fn superuser(&self) -> Result<Client> {
        self.superuser_of(DATABASE).await
    }

    /// The same to another database.
    ///
    /// # Errors
    /// When PostgreSQL does not take it.
    pub async fn superuser_of(&self, database: &str) -> Result<Client> {
        let url = self.servers.superuser_url_of(database);
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        // It ends with the client.
        tokio::spawn(connection);
        Ok(client)
    }

    /// Ends the servers and removes their data.
    ///
    /// # Errors
    /// When something is left.
    pub async fn close(self) -> Result<()> {
        // One that takes long to stop is killed; its data goes anyway.
        let _ = self.servers.stop().await;
        let data = self.servers.data_dir();
        std::fs::remove_dir_all(data).with_context(|| format!("cannot remove {}", data.display()))
    }
}

fn settings(database_url: &str, valkey_url: &str) -> Vec<(String, String)> {
    [
        ("DATABASE_URL", database_url),
        ("VALKEY_URL", valkey_url),
        ("INSIGHTDESK_TOKEN_SECRET", SECRET),
        ("INSIGHTDESK_MASTER_KEY", MASTER_KEY),
        ("INSIGHTDESK_HTTP_ADDR", "127.0.0.1:0"),
        ("INSIGHTDESK_LOG_FORMAT", "json"),
        // All load comes from one address and a few people.
        ("INSIGHTDESK_RATE_LIMITS", "off"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn config(settings: &[(String, String)]) -> Result<Config> {
    Ok(Settings::read_from(settings.iter().cloned())?.check()?)
}
