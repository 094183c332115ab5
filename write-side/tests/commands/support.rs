//! A server of its own for each test: a database, two organizations with people, and the whole HTTP stack in process.

use crate::exchange::Send;
use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use credentials::password::{Argon2Settings, PasswordHasher};
use deadpool_postgres::Pool;
use domain::actor::{Actor, Role};
use domain::ids::{OrganizationId, TicketId, UserId};
use domain::text::{Name, Slug};
use event_store::{EventStore, RecordedEvent};
use platform::auth::{
    ApiKeys, EndedSessions, Grant, Principal, TokenKeys, TokenSigner, TokenVerifier,
};
use platform::clock::SystemClock;
use platform::config::{PoolSettings, Secret};
use platform::consistency::{ConsistencyToken, WaitTimeout};
use platform::http::gate::Gated;
use platform::http::health::{Check, Readiness};
use platform::http::serve::{Completion, HttpSettings, Parts, compose};
use platform::http::views::{TicketView, TicketViews, ViewError};
use platform::mail::PublicUrl;
use platform::pools::{Pools, log_writer_config};
use platform::private::{PrivateServers, patient_log, patient_pools, test_servers};
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{EndpointExt, Request, Response};
use poem_openapi::OpenApiService;
use sealing::{Keyring, MasterKeys};
use serde_json::json;
use sign_on::SignOn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_postgres::NoTls;
use uuid::Uuid;
use write_side::commands::CreateUser;
use write_side::dispatch::{CommandContext, Dispatcher, Options};
use write_side::identity::{Identity, Outward, Remembered};
use write_side::mail::Outbox;

pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// An organization with its people.
#[derive(Debug, Clone, Copy)]
pub struct Org {
    pub id: OrganizationId,
    pub admin: UserId,
    pub agent: UserId,
    pub colleague: UserId,
    pub lead: UserId,
    pub customer: UserId,
    pub stranger: UserId,
}

/// A server under test.
pub struct Server {
    pub url: String,
    pub store: EventStore,
    pub dispatcher: Dispatcher,
    pub org: Org,
    pub other: Org,
    endpoint: Arc<BoxEndpoint<'static, Response>>,
}

/// How long a server waits for its database.
#[derive(Default)]
pub struct Limits {
    pools: PoolSettings,
    log: event_store::Options,
}

impl Limits {
    fn patient() -> Self {
        Self {
            pools: patient_pools(),
            log: patient_log(),
        }
    }
}

impl Server {
    pub async fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let servers = test_servers().await.unwrap();
        TEMPLATE.get_or_init(|| make_template(servers)).await;
        let name = format!("commands_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let url = servers
            .create_database_from_template(&name, TEMPLATE_NAME)
            .await
            .unwrap();
        Self::on(&url, &HttpSettings::default(), Limits::patient()).await
    }

    /// A server on a migrated database.
    pub async fn on(url: &str, settings: &HttpSettings, limits: Limits) -> Self {
        let pools = PoolSettings {
            commands: 4,
            ..limits.pools
        };
        let pools = Pools::new(url, &pools).unwrap();
        let options = event_store::Options {
            writer_count: 1,
            ..limits.log
        };
        let keys = keys(pools.commands.clone());
        let (pool, whole) = (pools.identity.clone(), pools.projector.clone());
        let store = EventStore::start(log_writer_config(url).unwrap(), pools.commands, options)
            .await
            .unwrap();
        let dispatcher = Dispatcher::new(
            store.clone(),
            keys,
            Arc::new(SystemClock),
            Options::default(),
        );
        let org = organization(&dispatcher, "acme").await;
        let other = organization(&dispatcher, "globex").await;
        Self {
            url: url.to_owned(),
            endpoint: endpoint(&dispatcher, pool, settings.clone()),
            store: store.reading_through(whole),
            dispatcher,
            org,
            other,
        }
    }

    /// Another server process on the same log: nothing in memory is shared.
    pub async fn second(&self) -> Self {
        let pools = Pools::new(&self.url, &patient_pools()).unwrap();
        let dispatcher = Dispatcher::new(
            self.store.clone(),
            keys(pools.commands),
            Arc::new(SystemClock),
            Options::default(),
        );
        let endpoint = endpoint(&dispatcher, pools.identity, HttpSettings::default());
        Self {
            url: self.url.clone(),
            store: self.store.clone(),
            endpoint,
            dispatcher,
            org: self.org,
            other: self.other,
        }
    }

    pub fn request(&self, method: Method, path: &str) -> Send<'_> {
        let request = Request::builder().method(method).uri_str(path);
        Send {
            endpoint: &self.endpoint,
            request,
            body: None,
        }
    }

    pub fn as_user(
        &self,
        org: &Org,
        user: UserId,
        role: Role,
        method: Method,
        path: &str,
    ) -> Send<'_> {
        self.request(method, &format!("/api/v1{path}"))
            .token(&token(org.id, user, role))
    }

    pub fn admin(&self, method: Method, path: &str) -> Send<'_> {
        self.as_user(&self.org, self.org.admin, Role::Admin, method, path)
    }

    pub fn agent(&self, method: Method, path: &str) -> Send<'_> {
        self.as_user(&self.org, self.org.agent, Role::Agent, method, path)
    }

    pub fn customer(&self, method: Method, path: &str) -> Send<'_> {
        self.as_user(&self.org, self.org.customer, Role::Customer, method, path)
    }

    pub fn stranger(&self, method: Method, path: &str) -> Send<'_> {
        self.as_user(&self.org, self.org.stranger, Role::Customer, method, path)
    }

    /// A ticket of the customer.
    pub async fn ticket(&self) -> Uuid {
        let body = json!({"subject": "Printer on fire", "body": "It burns."});
        self.customer(Method::POST, "/tickets")
            .json(&body)
            .send()
            .await
            .expect(201)
            .id()
    }

    /// A reply of the customer; gives the message's id.
    pub async fn reply(&self, ticket: Uuid) -> Uuid {
        let path = format!("/tickets/{ticket}/messages");
        self.customer(Method::POST, &path)
            .json(&json!({"body": "Hello?"}))
            .send()
            .await
            .expect(201)
            .id()
    }

    /// Resolves and closes a ticket.
    pub async fn close(&self, ticket: Uuid) {
        self.agent(Method::POST, &format!("/tickets/{ticket}/resolve"))
            .send()
            .await
            .expect(200);
        self.agent(Method::POST, &format!("/tickets/{ticket}/close"))
            .send()
            .await
            .expect(200);
    }

    /// Every event of a stream of the organization.
    pub async fn events(&self, id: Uuid) -> Vec<RecordedEvent> {
        let partition = self.dispatcher.partition(self.org.id).await.unwrap();
        let org_id = event_store::OrgId(self.org.id.0);
        self.store
            .read_stream(partition, org_id, id, event_store::Version::NONE, 1_000)
            .await
            .unwrap()
    }

    /// The names of a stream's events.
    pub async fn event_types(&self, id: Uuid) -> Vec<String> {
        self.events(id)
            .await
            .into_iter()
            .map(|event| event.event_type)
            .collect()
    }

    /// How many events the organization's partition has.
    pub async fn event_count(&self) -> i64 {
        let partition = self.dispatcher.partition(self.org.id).await.unwrap();
        self.store.head(partition).await.unwrap().get()
    }
}

/// The keys of all tokens.
pub fn token_keys() -> TokenKeys {
    TokenKeys::parse(&Secret::new(SECRET)).unwrap()
}

/// A token that is valid for an hour.
pub fn token(organization: OrganizationId, user: UserId, role: Role) -> String {
    let signer = TokenSigner::new(token_keys());
    signer
        .sign(
            &Grant::alone(organization, user, role),
            Utc::now(),
            TimeDelta::hours(1),
        )
        .unwrap()
}

fn endpoint(
    dispatcher: &Dispatcher,
    pool: Pool,
    settings: HttpSettings,
) -> Arc<BoxEndpoint<'static, Response>> {
    let api_keys = ApiKeys::new(pool.clone(), dispatcher.clock().clone());
    let identity = Identity::new(
        pool,
        dispatcher.clone(),
        PasswordHasher::new(Argon2Settings::default()).unwrap(),
        TokenSigner::new(token_keys()),
        Remembered {
            ended: EndedSessions::default(),
            api_keys: api_keys.clone(),
        },
        master_keys(),
        Outward {
            outbox: Outbox::new(master_keys()),
            sign_on: SignOn::new([].into()),
            public_url: PublicUrl::default(),
        },
    );
    let wait_max = Duration::from_secs(5);
    let api = write_side::http::api(
        dispatcher.clone(),
        identity.clone(),
        Arc::new(Views),
        wait_max,
    );
    let api = Gated::new(api).unwrap();
    let parts = Parts {
        verifier: Arc::new(TokenVerifier::new(token_keys())),
        ended: EndedSessions::default(),
        api_keys,
        roles: Arc::new(identity.clone()),
        readiness: Arc::new(Healthy),
        metrics: None,
        settings,
    };
    Arc::new(
        compose(
            OpenApiService::new(api, "InsightDesk", "1"),
            &Completion::nothing(),
            None,
            parts,
        )
        .unwrap()
        .boxed(),
    )
}

async fn organization(dispatcher: &Dispatcher, slug: &str) -> Org {
    let name = Name::parse(slug).unwrap();
    let id = dispatcher
        .create_organization(name, Slug::parse(slug).unwrap())
        .await
        .unwrap();
    let user = async |name: &str, role| {
        let user_id = UserId(Uuid::now_v7());
        let command = CreateUser {
            user_id,
            name: Name::parse(name).unwrap(),
            email: None,
            role,
        };
        dispatcher
            .dispatch(CommandContext::new(id, Actor::Operator), command)
            .await
            .unwrap();
        user_id
    };
    Org {
        id,
        admin: user("Ada", Role::Admin).await,
        agent: user("Grace", Role::Agent).await,
        colleague: user("Alan", Role::Agent).await,
        lead: user("Lea", Role::Lead).await,
        customer: user("Carla", Role::Customer).await,
        stranger: user("Sten", Role::Customer).await,
    }
}

const TEMPLATE_NAME: &str = "commands_template";
static TEMPLATE: OnceCell<()> = OnceCell::const_new();

/// Migrated once; nobody may be connected to it when it is copied.
async fn make_template(servers: &PrivateServers) {
    migrate(&servers.create_database(TEMPLATE_NAME).await.unwrap()).await;
}

pub async fn migrate(url: &str) {
    let config: tokio_postgres::Config = url.parse().unwrap();
    let (mut client, connection) = config.connect(NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    schema::migrations::run(&mut client).await.unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
}

/// Read models that never get anywhere.
struct Views;

#[async_trait]
impl TicketViews for Views {
    async fn ticket(
        &self,
        _viewer: &Principal,
        _id: TicketId,
        at_least: ConsistencyToken,
        _deadline: Instant,
    ) -> Result<Option<TicketView>, ViewError> {
        Err(WaitTimeout {
            token: at_least,
            timeout: Duration::ZERO,
        }
        .into())
    }
}

struct Healthy;

#[async_trait]
impl Readiness for Healthy {
    async fn checks(&self) -> Vec<Check> {
        Vec::new()
    }
}

/// The keys of personal data in the database of `pool`, the same for every server of a test.
pub fn keys(pool: Pool) -> Keyring {
    Keyring::new(pool, master_keys())
}

fn master_keys() -> MasterKeys {
    MasterKeys::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap()
}
