//! A database for each test, and short ways to make requests.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::Utc;
use deadpool_postgres::{Manager, Pool, Runtime, Timeouts};
use event_store::{
    AppendRequest, CommandResult, EventStore, IdempotencyKey, NewEvent, Options, OrgId, Partition,
    Position, RecordedEvent, StreamAppend, StreamId, Version,
};
use platform::pools::log_writer_config;
use platform::private::{PrivateServers, test_servers};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls};
use uuid::Uuid;

/// The longest that a test waits for something that must happen.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A migrated database of its own.
pub struct Database {
    /// As the product connects: as a writer of the log.
    pub config: Config,
    pub url: String,
    owner: Config,
    superuser: Config,
}

impl Database {
    pub async fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let servers = test_servers().await.unwrap();
        TEMPLATE.get_or_init(|| make_template(servers)).await;
        let name = format!("log_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let url = servers
            .create_database_from_template(&name, TEMPLATE_NAME)
            .await
            .unwrap();
        let superuser = servers.superuser_url_of(&name);
        let owner = servers.owner_url_of(&name);
        Self {
            config: log_writer_config(&url).unwrap(),
            url,
            owner: owner.parse().unwrap(),
            superuser: superuser.parse().unwrap(),
        }
    }

    /// A connection as the owner of the tables.
    pub async fn client(&self) -> Client {
        connect(&self.owner).await.0
    }

    /// A connection as a writer has it.
    pub async fn writer(&self) -> Client {
        connect(&self.config).await.0
    }

    /// A connection for what only a superuser can do.
    pub async fn superuser(&self) -> Client {
        connect(&self.superuser).await.0
    }

    /// A store with its own writers and readers.
    pub async fn store(&self) -> EventStore {
        self.store_with(self.config.clone(), options()).await
    }

    pub async fn store_with(&self, writer_config: Config, options: Options) -> EventStore {
        EventStore::start(writer_config, self.pool(), options)
            .await
            .unwrap()
    }

    /// Connections for readers.
    pub fn pool(&self) -> Pool {
        let limit = Some(Duration::from_secs(10));
        Pool::builder(Manager::new(self.owner.clone(), NoTls))
            .max_size(8)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: limit,
                create: limit,
                recycle: limit,
            })
            .build()
            .unwrap()
    }

    /// The whole partition, by a plain query that does not pass through the store.
    pub async fn event_ids(&self, partition: Partition) -> Vec<Uuid> {
        let statement = "SELECT event_id FROM events WHERE partition = $1 ORDER BY position";
        let rows = self
            .client()
            .await
            .query(statement, &[&partition.get()])
            .await
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub async fn count(&self, table: &str) -> i64 {
        let statement = format!("SELECT count(*) FROM {table}");
        self.client()
            .await
            .query_one(&statement, &[])
            .await
            .unwrap()
            .get(0)
    }
}

const TEMPLATE_NAME: &str = "log_template";
static TEMPLATE: OnceCell<()> = OnceCell::const_new();

/// Migrated once; nobody may be connected to it when it is copied.
async fn make_template(servers: &PrivateServers) {
    let url = servers.create_database(TEMPLATE_NAME).await.unwrap();
    let (mut client, driver) = connect(&url.parse().unwrap()).await;
    schema::migrations::run(&mut client).await.unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
}

async fn connect(config: &Config) -> (Client, JoinHandle<Result<(), tokio_postgres::Error>>) {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    (client, tokio::spawn(connection))
}

/// Batches follow each other as soon as anything waits, so that every test meets batches under way at once.
/// For a store that is made to wait for as long as the test needs.
pub fn patient() -> Options {
    let limit = 2 * DEADLINE;
    Options {
        connect_timeout: limit,
        statement_timeout: limit,
        lock_timeout: limit,
        answer_deadline: limit,
        outcome_deadline: limit,
        ..options()
    }
}

pub fn options() -> Options {
    Options {
        follower_min: 1,
        answer_deadline: Duration::from_secs(20),
        outcome_deadline: Duration::from_secs(20),
        ..Options::default()
    }
}

pub fn partition(number: i16) -> Partition {
    Partition::new(number).unwrap()
}

pub fn version(number: i64) -> Version {
    Version::new(number).unwrap()
}

pub fn position(number: i64) -> Position {
    Position::new(number).unwrap()
}

pub fn org() -> OrgId {
    OrgId(Uuid::from_u128(0xA))
}

pub fn event() -> NewEvent {
    event_with(r#"{"n":1}"#)
}

pub fn event_with(data: &str) -> NewEvent {
    NewEvent {
        event_id: Uuid::now_v7(),
        event_type: "thing.happened".into(),
        schema_version: 1,
        data: data.to_owned(),
        metadata: r#"{"actor":"test"}"#.to_owned(),
        occurred_at: Utc::now(),
    }
}

pub fn stream(id: Uuid, expected: i64, events: Vec<NewEvent>) -> StreamAppend {
    let stream = StreamId {
        stream_type: "thing".into(),
        id,
    };
    StreamAppend {
        stream,
        expected: version(expected),
        events,
    }
}

/// To partition 1 of the one organization.
pub fn request(streams: Vec<StreamAppend>) -> AppendRequest {
    AppendRequest {
        partition: partition(1),
        org_id: org(),
        streams,
        result: None,
    }
}

/// One new event on one stream.
pub fn one(id: Uuid, expected: i64) -> AppendRequest {
    request(vec![stream(id, expected, vec![event()])])
}

pub fn result(key: &str, request: u8, answer: &str) -> Option<CommandResult> {
    let key = IdempotencyKey::new(key).unwrap();
    Some(CommandResult {
        key,
        request_hash: [request; 32],
        answer: answer.to_owned(),
    })
}

/// Every event of a partition through the store, page by page.
pub async fn read_all(store: &EventStore, partition: Partition) -> Vec<RecordedEvent> {
    let (mut events, mut after) = (Vec::new(), Position::START);
    loop {
        let page = store.read_partition(partition, after, 500).await.unwrap();
        let Some(last) = page.last() else {
            return events;
        };
        after = last.position;
        events.extend(page);
    }
}
