//! The private servers of a bench.

use std::path::PathBuf;

use anyhow::{Context, Result};
use event_store::{EventStore, OrgId, Partition};
use platform::config::PoolSettings;
use platform::pools::{Pools, postgres_config};
use platform::private::{Durability, PrivateServers};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

const SLUG: &str = "bench";

/// A fresh PostgreSQL with the product's schema, and a log on it.
pub struct BenchServers {
    servers: PrivateServers,
    dir: PathBuf,
    /// The pools of the product.
    pub pools: Pools,
    /// The log.
    pub store: EventStore,
    /// An organization without anything in it.
    pub org_id: OrgId,
    /// Its partition.
    pub partition: Partition,
}

impl BenchServers {
    /// Starts them below the temporary directory.
    ///
    /// # Errors
    /// When a server does not come up or cannot be migrated.
    pub async fn start() -> Result<Self> {
        let dir =
            std::env::temp_dir().join(format!("insightdesk-bench-{}", Uuid::new_v4().simple()));
        eprintln!("starting a private PostgreSQL in {}", dir.display());
        let servers = PrivateServers::start(&dir, Durability::Full).await?;
        let url = servers.database_url();
        schema::migrations::run(&mut connect(&url).await?).await?;
        let pools = Pools::new(&url, &PoolSettings::default())?;
        let writer_config = postgres_config(&url)?;
        let store = EventStore::start(
            writer_config,
            pools.commands.clone(),
            event_store::Options::default(),
        )
        .await?;
        let placement = store
            .place_organization(OrgId(Uuid::now_v7()), SLUG)
            .await?;
        Ok(Self {
            servers,
            dir,
            pools,
            store,
            org_id: placement.org_id,
            partition: placement.partition,
        })
    }

    /// A connection of its own.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn connect(&self) -> Result<Client> {
        connect(&self.servers.database_url()).await
    }

    /// What runs: for the report.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn describe(&self) -> Result<String> {
        let row = self
            .connect()
            .await?
            .query_one(
                "SELECT current_setting('server_version'), current_setting('fsync')",
                &[],
            )
            .await?;
        Ok(format!(
            "PostgreSQL {}, fsync {}",
            row.get::<_, &str>(0),
            row.get::<_, &str>(1)
        ))
    }

    /// Stops them and removes their data.
    ///
    /// # Errors
    /// When a server had to be killed or its data cannot be removed.
    pub async fn stop(self) -> Result<()> {
        self.store.shutdown().await;
        self.pools.close();
        self.servers.stop().await?;
        let data = self.servers.data_dir().to_path_buf();
        for dir in [&data, &self.dir] {
            if dir.exists() {
                std::fs::remove_dir_all(dir)
                    .with_context(|| format!("{} cannot be removed", dir.display()))?;
            }
        }
        Ok(())
    }
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = postgres_config(url)?
        .connect(NoTls)
        .await
        .context("the database cannot be reached")?;
    tokio::spawn(connection);
    Ok(client)
}
