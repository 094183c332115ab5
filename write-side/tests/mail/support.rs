//! A database with an outbox for each test, and a mailer that does as it is told.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::Pool;
use platform::clock::ManualClock;
use platform::mail::{Address, Letter, Mail, MailError, Mailer, PublicUrl, Templates};
use platform::pools::Pools;
use platform::private::{patient_pools, test_servers};
use sealing::MasterKeys;
use tokio::sync::{OnceCell, watch};
use tokio_postgres::{NoTls, Row};
use uuid::Uuid;
use write_side::mail::{Delivery, Options, Outbox, Outgoing};

pub const SECRET: &str = "idr_a-secret-that-nobody-may-see";
pub const ADDRESS: &str = "anna@nordlicht.example";

const TEMPLATE_NAME: &str = "mail_template";
static TEMPLATE: OnceCell<()> = OnceCell::const_new();

/// An outbox in a database of its own, at noon.
pub struct Desk {
    pub pool: Pool,
    pub clock: ManualClock,
    pub outbox: Outbox,
    pub mailer: Arc<Recorder>,
}

impl Desk {
    pub async fn new() -> Self {
        Self::with_keys(&MasterKeys::generate().unwrap()).await
    }

    pub async fn with_keys(keys: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let servers = test_servers().await.unwrap();
        TEMPLATE
            .get_or_init(async || {
                let url = servers.create_database(TEMPLATE_NAME).await.unwrap();
                let config: tokio_postgres::Config = url.parse().unwrap();
                let (mut client, connection) = config.connect(NoTls).await.unwrap();
                let driver = tokio::spawn(connection);
                schema::migrations::run(&mut client).await.unwrap();
                drop(client);
                driver.await.unwrap().unwrap();
            })
            .await;
        let name = format!("mail_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let url = servers
            .create_database_from_template(&name, TEMPLATE_NAME)
            .await
            .unwrap();
        Self {
            pool: Pools::new(&url, &patient_pools()).unwrap().identity,
            clock: ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap()),
            outbox: Outbox::new(MasterKeys::parse(keys).unwrap()),
            mailer: Arc::default(),
        }
    }

    pub fn delivery(&self) -> Delivery {
        self.delivery_with(Options::default())
    }

    pub fn delivery_with(&self, options: Options) -> Delivery {
        Delivery {
            outbox: self.outbox.clone(),
            pool: self.pool.clone(),
            mailer: self.mailer.clone(),
            templates: Arc::new(Templates::new(PublicUrl::default()).unwrap()),
            clock: Arc::new(self.clock.clone()),
            options,
        }
    }

    /// Another server on the same outbox, with a mailer of its own.
    pub fn other(&self, keys: Option<&str>) -> Self {
        Self {
            pool: self.pool.clone(),
            clock: self.clock.clone(),
            outbox: match keys {
                Some(keys) => Outbox::new(MasterKeys::parse(keys).unwrap()),
                None => self.outbox.clone(),
            },
            mailer: Arc::default(),
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        platform::clock::Clock::now(&self.clock)
    }

    pub fn advance(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    /// A letter that is committed.
    pub async fn letter(&self) -> Uuid {
        let client = self.pool.get().await.unwrap();
        let outbox = &self.outbox;
        outbox
            .enqueue(&**client, self.now(), outgoing())
            .await
            .unwrap()
    }

    pub async fn row(&self, id: Uuid) -> Stored {
        let client = self.pool.get().await.unwrap();
        let statement = "SELECT sealed, next_attempt_at, attempts, sent_at, failed_at, failure \
            FROM mail_outbox WHERE id = $1";
        Stored::from(&client.query_one(statement, &[&id]).await.unwrap())
    }

    pub async fn count(&self) -> i64 {
        let client = self.pool.get().await.unwrap();
        let statement = "SELECT count(*) FROM mail_outbox";
        client.query_one(statement, &[]).await.unwrap().get(0)
    }

    pub async fn execute(&self, statement: &str) -> u64 {
        let client = self.pool.get().await.unwrap();
        client.execute(statement, &[]).await.unwrap()
    }
}

/// A row of the outbox.
#[derive(Debug)]
pub struct Stored {
    pub sealed: Vec<u8>,
    pub next_attempt_at: DateTime<Utc>,
    pub attempts: i32,
    pub sent_at: Option<DateTime<Utc>>,
    pub failed_at: Option<DateTime<Utc>>,
    pub failure: Option<String>,
}

impl From<&Row> for Stored {
    fn from(row: &Row) -> Self {
        Self {
            sealed: row.get(0),
            next_attempt_at: row.get(1),
            attempts: row.get(2),
            sent_at: row.get(3),
            failed_at: row.get(4),
            failure: row.get(5),
        }
    }
}

impl Stored {
    pub fn waits(&self) -> bool {
        self.sent_at.is_none() && self.failed_at.is_none() && !self.sealed.is_empty()
    }
}

pub fn address() -> Address {
    ADDRESS.parse().unwrap()
}

pub fn outgoing() -> Outgoing {
    Outgoing {
        to: address(),
        letter: letter(),
        about: Vec::new(),
    }
}

pub fn letter() -> Letter {
    Letter::PasswordReset {
        token: SECRET.to_owned(),
        valid_minutes: 30,
    }
}

/// What a mailer does with a mail.
#[derive(Debug, Clone, Copy, Default)]
pub enum Does {
    #[default]
    Takes,
    /// Takes it, and never says so.
    TakesAndHangs,
    RefusesForNow,
    RefusesForGood,
}

/// Keeps what it takes.
#[derive(Debug)]
pub struct Recorder {
    does: Mutex<Does>,
    taken: Mutex<Vec<Mail>>,
    /// What hangs, hangs until this is set.
    released: watch::Sender<Option<Does>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            does: Mutex::default(),
            taken: Mutex::default(),
            released: watch::Sender::new(None),
        }
    }
}

impl Recorder {
    pub fn set(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }

    pub fn release(&self, does: Does) {
        self.released.send_replace(Some(does));
    }

    pub fn taken(&self) -> Vec<Mail> {
        self.taken.lock().unwrap().clone()
    }

    pub fn ids(&self) -> Vec<Uuid> {
        self.taken().iter().map(|mail| mail.id).collect()
    }
}

#[async_trait]
impl Mailer for Recorder {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let mut does = *self.does.lock().unwrap();
        if matches!(does, Does::Takes | Does::TakesAndHangs) {
            self.taken.lock().unwrap().push(mail.clone());
        }
        if matches!(does, Does::TakesAndHangs) {
            let mut released = self.released.subscribe();
            does = released.wait_for(Option::is_some).await.unwrap().unwrap();
        }
        let reason = "450".to_owned();
        match does {
            Does::Takes | Does::TakesAndHangs => Ok(()),
            Does::RefusesForNow => Err(MailError::Unavailable {
                reason,
                source: None,
            }),
            Does::RefusesForGood => Err(MailError::Refused {
                reason: "550".to_owned(),
                source: Some(format!("550 {ADDRESS} is unknown").into()),
            }),
        }
    }
}

/// Waits until something is so.
pub async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition().await {
        assert!(Instant::now() < deadline, "it never became so");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
