//! A database for each test, and short ways to make requests.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::Utc;
use deadpool_postgres::{Manager, Pool, Runtime, Timeouts};
use event_store::{
    AppendRequest, CommandResult, EventStore, IdempotencyKey, NewEvent, Options, OrgId, Partition,
    Position, RecordedEvent, StreamAppend, StreamId, Version,
};
use tokio_postgres::{Client, Config, NoTls};
use uuid::Uuid;

/// The longest that a test waits for something that must happen.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A migrated database of its own.
pub struct Database {
    pub config: Config,
}

impl Database {
    pub async fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server: Config = server_url().await.parse().unwrap();
        let name = format!(
            "log_{}_{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        connect(&server)
            .await
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        let mut config = server;
        config.dbname(&name);
        schema::migrations::run(&mut connect(&config).await)
            .await
            .unwrap();
        Self { config }
    }

    /// A superuser's own connection, for what only a superuser can do.
    pub async fn client(&self) -> Client {
        connect(&self.config).await
    }

    /// A store with its own writers and readers.
    pub async fn store(&self) -> EventStore {
        self.store_with(self.config.clone(), options()).await
    }

    pub async fn store_with(&self, writer_config: Config, options: Options) -> EventStore {
        let limit = Some(Duration::from_secs(10));
        let pool = Pool::builder(Manager::new(self.config.clone(), NoTls))
            .max_size(8)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: limit,
                create: limit,
                recycle: limit,
            })
            .build()
            .unwrap();
        EventStore::start(writer_config, pool, options)
            .await
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

async fn server_url() -> String {
    std::env::var("TEST_DATABASE_URL").unwrap()
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub fn options() -> Options {
    Options {
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
