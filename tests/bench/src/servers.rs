//! The private servers of a bench.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use event_store::{EventStore, OrgId, Placement};
use platform::config::PoolSettings;
use platform::pools::{Pools, log_writer_config, postgres_config};
use platform::private::{DATABASE, Durability, PrivateServers};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// Partition `p` is served by writer `p % writer_count`.
pub const WRITER_COUNT: usize = 4;

/// A fresh PostgreSQL with the product's schema, a fresh Valkey, and a log on them.
pub struct BenchServers {
    servers: PrivateServers,
    dir: PathBuf,
    /// The pools of the product.
    pub pools: Pools,
    /// The log, written to by this process.
    pub store: EventStore,
}

impl BenchServers {
    /// Starts them below the temporary directory.
    ///
    /// # Errors
    /// When a server does not come up or cannot be migrated.
    pub async fn start() -> Result<Self> {
        let dir =
            std::env::temp_dir().join(format!("insightdesk-bench-{}", Uuid::new_v4().simple()));
        eprintln!("starting private servers in {}", dir.display());
        let servers = PrivateServers::start(&dir, Durability::Full).await?;
        let url = servers.database_url();
        schema::migrations::run(&mut connect(&url).await?).await?;
        let pools = Pools::new(&url, &PoolSettings::default())?;
        let store = store(&url, &pools).await?;
        Ok(Self {
            servers,
            dir,
            pools,
            store,
        })
    }

    /// A second way to the same log, as another server has it.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn another_store(&self) -> Result<EventStore> {
        store(&self.database_url(), &self.pools).await
    }

    /// Organizations that live in partitions of different writers.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn organizations(&self, count: usize, name: &str) -> Result<Vec<Placement>> {
        let mut placements: Vec<Placement> = Vec::new();
        for number in 0..count {
            let slug = format!("{name}-{number}");
            let org_id = OrgId(Uuid::now_v7());
            placements.push(self.store.place_organization(org_id, &slug).await?);
        }
        let mut partitions: Vec<_> = placements.iter().map(|it| it.partition).collect();
        partitions.dedup();
        ensure!(partitions.len() == count, "the partitions are not distinct");
        Ok(placements)
    }

    /// Where the servers have their homes.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the database is.
    pub fn database_url(&self) -> String {
        self.servers.database_url()
    }

    /// Where the Valkey is.
    pub fn valkey_url(&self) -> &str {
        self.servers.valkey_url()
    }

    /// A connection of its own.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn connect(&self) -> Result<Client> {
        connect(&self.servers.owner_url_of(DATABASE)).await
    }

    /// A connection of the superuser: no other may load what logs plans.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn connect_as_superuser(&self) -> Result<Client> {
        connect(&self.servers.superuser_url_of(DATABASE)).await
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
                "SELECT current_setting('server_version'), current_setting('fsync'),
                        current_setting('synchronous_commit'), current_setting('shared_buffers')",
                &[],
            )
            .await?;
        Ok(format!(
            "PostgreSQL {}, fsync {}, synchronous_commit {}, shared_buffers {}; {}",
            row.get::<_, &str>(0),
            row.get::<_, &str>(1),
            row.get::<_, &str>(2),
            row.get::<_, &str>(3),
            self.servers.valkey_version().await
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

async fn store(url: &str, pools: &Pools) -> Result<EventStore> {
    let options = event_store::Options {
        writer_count: WRITER_COUNT,
        ..event_store::Options::default()
    };
    let store = EventStore::start(log_writer_config(url)?, pools.commands.clone(), options).await?;
    Ok(store.reading_through(pools.projector.clone()))
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = postgres_config(url)?
        .connect(NoTls)
        .await
        .context("the database cannot be reached")?;
    tokio::spawn(connection);
    Ok(client)
}
