//! A server in this process.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use event_store::{EventStore, OrgId, Partition, Position, RecordedEvent, Version};
use insightdesk::server::{self, Overrides, RunningServer};
use platform::clock::{Clock, ManualClock};
use platform::config::Config;
use uuid::Uuid;

use super::client::Client;
use super::database::Database;
use super::eventually::{DEADLINE, eventually};
use super::people::{Organization, Person};

/// Signs the tokens of all tests.
pub const SECRET: &str = "a-secret-of-the-tests-of-thirty-two-bytes";
/// Wraps the keys of personal data in all tests.
pub const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const PAGE_EVENTS: u32 = 1_000;
const LEFT_TO_DO: &str = "SELECT \
    (SELECT count(*) FROM timers WHERE due_at <= $1), \
    (SELECT count(*) FROM sla_recomputes WHERE finished_at IS NULL), \
    (SELECT count(*) FROM notices), \
    (SELECT count(*) FROM security_outbox), \
    (SELECT count(*) FROM log_heads h LEFT JOIN saga_checkpoints s USING (partition) WHERE h.position > coalesce(s.position, 0)), \
    (SELECT count(*) FROM log_heads h LEFT JOIN core.checkpoints c USING (partition) WHERE h.position > coalesce(c.position, 0))";

/// When the clock of every test begins: a Monday.
pub fn start_of_time() -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

/// A server with all roles on a database of its own, and two organizations. It ends with the test's runtime.
pub struct TestApp {
    /// The time of commands and timers. It stands still until it is moved.
    pub clock: ManualClock,
    pub config: Config,
    pub client: Client,
    pub server: RunningServer,
    /// Where the test takes place.
    pub acme: Organization,
    /// Which must not see any of it.
    pub globex: Organization,
    /// Last, so that it is dropped last.
    pub database: Database,
}

impl TestApp {
    /// Starts it.
    pub async fn start() -> Self {
        let database = Database::create().await;
        let config = database.config();
        Self::on(database, config).await
    }

    /// Starts it with a configuration of its own.
    pub async fn on(database: Database, config: Config) -> Self {
        let clock = ManualClock::at(start_of_time());
        let (server, client) = serve(&config, &clock).await;
        let dispatcher = &server.node().dispatcher;
        let acme = Organization::create(dispatcher, &client, "acme").await;
        let globex = Organization::create(dispatcher, &client, "globex").await;
        Self {
            clock,
            config,
            client,
            server,
            acme,
            globex,
            database,
        }
    }

    /// Another server on the same log, by the same clock.
    pub async fn second(&self) -> (RunningServer, Client) {
        serve(&self.config, &self.clock).await
    }

    /// Another server on the same log, by the same clock, that does this alone.
    pub async fn second_as(&self, roles: &str) -> (RunningServer, Client) {
        let config = Config {
            roles: roles.parse().unwrap(),
            ..self.config.clone()
        };
        serve(&config, &self.clock).await
    }

    pub fn admin(&self) -> &Person {
        &self.acme.admin
    }

    pub fn lead(&self) -> &Person {
        &self.acme.lead
    }

    pub fn agent(&self) -> &Person {
        &self.acme.agent
    }

    pub fn colleague(&self) -> &Person {
        &self.acme.colleague
    }

    pub fn customer(&self) -> &Person {
        &self.acme.customer
    }

    pub fn stranger(&self) -> &Person {
        &self.acme.stranger
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Lets time pass.
    pub fn wait(&self, time: TimeDelta) {
        self.clock.advance(time);
    }

    /// The partition of acme.
    pub async fn partition(&self) -> Partition {
        self.server
            .node()
            .dispatcher
            .partition(self.acme.id)
            .await
            .unwrap()
    }

    /// Waits until all that follows from what was done has happened by the clock of the test, and is shown: no timer is
    /// due, no changed rule, no notice and nothing about credentials is on its way, saga and read models are where the log ends.
    pub async fn at_rest(&self) {
        let superuser = self.database.superuser().await;
        let look = async || {
            let left = superuser.query_one(LEFT_TO_DO, &[&self.now()]).await;
            let left = left.unwrap();
            let left: Vec<i64> = (0..left.len()).map(|column| left.get(column)).collect();
            if left.iter().all(|count| *count == 0) {
                Ok(())
            } else {
                Err(format!(
                    "timers, walks, notices, security outbox, saga, read models: {left:?}"
                ))
            }
        };
        eventually(look, DEADLINE).await;
    }

    /// Compares the read models with a rebuild from the log.
    ///
    /// # Panics
    /// When they differ.
    pub async fn is_as_the_log_says(&self) {
        let node = self.server.node();
        let options = projector::Options::default();
        let (log, pool) = (node.log(), &node.pools.owner);
        let found = projector::check::check(&log, &node.keys, pool, &options, &|_| {}).await;
        let found = found.unwrap();
        let told: Vec<String> = found.differences.iter().map(ToString::to_string).collect();
        assert!(found.is_clean(), "{}", told.join("\n"));
    }

    /// Every event of acme's partition.
    pub async fn log(&self) -> Vec<RecordedEvent> {
        whole_log(&self.server.node().log(), self.partition().await).await
    }

    /// Every event of a stream of acme.
    pub async fn stream(&self, id: Uuid) -> Vec<RecordedEvent> {
        let (store, partition) = (&self.server.node().store, self.partition().await);
        store
            .read_stream(
                partition,
                OrgId(self.acme.id.0),
                id,
                Version::NONE,
                PAGE_EVENTS,
            )
            .await
            .unwrap()
    }
}

/// A server by a clock, and the way to it.
pub async fn serve(config: &Config, clock: &ManualClock) -> (RunningServer, Client) {
    let overrides = Overrides {
        clock: Arc::new(clock.clone()),
        ..Overrides::default()
    };
    let server = server::start(config, overrides).await.unwrap();
    let client = Client::new(server.address);
    (server, client)
}

/// Every event of a partition.
pub async fn whole_log(store: &EventStore, partition: Partition) -> Vec<RecordedEvent> {
    let mut events: Vec<RecordedEvent> = Vec::new();
    loop {
        let after = events
            .last()
            .map_or(Position::START, |event| event.position);
        let page = store
            .read_partition(partition, after, PAGE_EVENTS)
            .await
            .unwrap();
        if page.is_empty() {
            return events;
        }
        events.extend(page);
    }
}
