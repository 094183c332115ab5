//! A database for each test, and projectors on it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use deadpool_postgres::Pool;
use event_store::{EventStore, Partition, Position};
use platform::cache::{Cache, Generations};
use platform::consistency::Progress;
use platform::pools::Pools;
use platform::private::{PrivateServers, patient_log, patient_pools, test_servers};
use platform::shutdown::Shutdown;
use platform::valkey::Valkey;
use projector::{Options, Projector, RebuildProgress, ensure_core};
use sealing::{Keyring, MasterKeys};
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, NoTls};

/// The longest that a test waits for something that must happen.
pub const DEADLINE: Duration = Duration::from_secs(60);
const TEMPLATE_NAME: &str = "projection_template";
static TEMPLATE: OnceCell<()> = OnceCell::const_new();

/// A migrated database of its own, with a store and the empty core read models.
pub struct World {
    pub store: EventStore,
    pub pool: Pool,
    pub keys: Keyring,
    url: String,
    superuser_url: String,
}

impl World {
    pub async fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let servers = test_servers().await.unwrap();
        TEMPLATE.get_or_init(|| make_template(servers)).await;
        let name = format!("projection_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let url = servers
            .create_database_from_template(&name, TEMPLATE_NAME)
            .await
            .unwrap();
        let pools = Pools::new(&url, &patient_pools()).unwrap();
        let config = platform::pools::log_writer_config(&url).unwrap();
        let store = EventStore::start(config, pools.commands.clone(), patient_log())
            .await
            .unwrap()
            .reading_through(pools.projector);
        let world = Self {
            store,
            keys: keys(pools.commands),
            pool: pools.owner,
            url: servers.owner_url_of(&name),
            superuser_url: servers.superuser_url_of(&name),
        };
        ensure_core(&world.store, &world.keys, &world.pool, &options(), &quiet)
            .await
            .unwrap();
        world
    }

    /// A connection of its own, outside of the pools.
    pub async fn client(&self) -> Client {
        connect(&self.url).await
    }

    pub async fn superuser(&self) -> Client {
        connect(&self.superuser_url).await
    }

    pub async fn project(&self) -> Running {
        self.project_with(Valkey::disabled(), options()).await
    }

    pub async fn project_with(&self, valkey: Valkey, options: Options) -> Running {
        let shutdown = Shutdown::new();
        let cache = Cache::new(valkey, Generations::default());
        let progress = Progress::new(self.pool.clone());
        let (store, keys, pool) = (self.store.clone(), self.keys.clone(), self.pool.clone());
        let started = Projector::start(
            store,
            keys,
            pool,
            cache,
            progress,
            options,
            shutdown.clone(),
        )
        .await;
        Running {
            projector: started.unwrap(),
            shutdown,
        }
    }

    pub async fn checkpoint(&self, partition: Partition) -> Position {
        projector::checkpoint::read(&self.pool, partition)
            .await
            .unwrap()
            .position
    }

    /// Waits until the live read models show the whole log.
    pub async fn caught_up(&self) {
        for partition in self.store.partitions().await.unwrap() {
            let head = self.store.head(partition).await.unwrap();
            until("the projection is at the head", async || {
                self.checkpoint(partition).await >= head
            })
            .await;
        }
    }

    pub async fn is_clean(&self) {
        let report =
            projector::check::check(&self.store, &self.keys, &self.pool, &options(), &quiet)
                .await
                .unwrap();
        let lines: Vec<String> = report.differences.iter().map(ToString::to_string).collect();
        assert!(report.is_clean(), "{}", lines.join("\n"));
        assert!(
            report.tables.iter().any(|table| table.live_rows > 0),
            "nothing was compared"
        );
    }

    /// One number out of the database.
    pub async fn number(&self, sql: &str) -> i64 {
        self.client()
            .await
            .query_one(sql, &[])
            .await
            .unwrap()
            .get(0)
    }
}

/// A projector at work.
pub struct Running {
    pub projector: Projector,
    shutdown: Shutdown,
}

impl Running {
    pub async fn stop(self) {
        self.shutdown.request();
        self.projector.stopped().await;
    }
}

async fn make_template(servers: &PrivateServers) {
    let url = servers.create_database(TEMPLATE_NAME).await.unwrap();
    let config = platform::pools::postgres_config(&url).unwrap();
    let (mut client, connection) = config.connect(NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    schema::migrations::run(&mut client).await.unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
}

async fn connect(url: &str) -> Client {
    let config = platform::pools::postgres_config(url).unwrap();
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub fn options() -> Options {
    Options {
        poison_retry: Duration::from_millis(50),
        standby_poll: Duration::from_millis(20),
        takeover_after: Duration::from_millis(200),
        lag_interval: Duration::from_millis(20),
        ..Options::default()
    }
}

pub fn quiet(_: RebuildProgress) {}

/// Waits until the condition holds; fails with its name after the deadline.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// The keys of personal data in the database of `pool`, the same for every server of a test.
pub fn keys(pool: Pool) -> Keyring {
    let master = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    Keyring::new(pool, MasterKeys::parse(master).unwrap())
}
