//! A database for each test, with two organizations, and the HTTP stack over it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use domain::actor::Role;
use domain::ids::{OrganizationId, UserId};
use domain::security::words::{Report, ReportFormat};
use event_store::{EventStore, OrgId, Partition, Position};
use platform::auth::{
    ApiKeys, EndedSessions, Grant, Principal, TokenKeys, TokenSigner, TokenVerifier,
};
use platform::cache::{Cache, Generations};
use platform::clock::SystemClock;
use platform::config::Secret;
use platform::consistency::Progress;
use platform::http::exports::ExportRecords;
use platform::http::gate::Gated;
use platform::http::health::{Check, Readiness};
use platform::http::problem::Problem;
use platform::http::serve::{Completion, HttpSettings, Parts, compose};
use platform::http::views::PersonAccessView;
use platform::permission::PermissionSet;
use platform::pools::{Pools, log_writer_config};
use platform::private::{patient_log, patient_pools, test_servers};
use platform::rows::Row;
use platform::shutdown::Shutdown;
use platform::valkey::Valkey;
use poem::Response;
use poem::endpoint::{BoxEndpoint, EndpointExt};
use poem::test::TestClient;
use poem_openapi::OpenApiService;
use read_side::feed::{Feed, Log, SeatLimits};
use read_side::{Options, ReadModels};
use schema::projection::{CORE, create_indexes, create_tables};
use sealing::{Keyring, MasterKeys};
use tokio::sync::OnceCell;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::answer::Answer;

const TEMPLATE: &str = "query_template";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A person of an organization with a token.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: UserId,
    pub token: String,
}

/// An organization and where it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Org {
    pub id: OrganizationId,
    pub partition: Partition,
}

/// The read side over a database of its own.
pub struct Desk {
    pub client: Client,
    pub database: String,
    pub models: ReadModels,
    pub progress: Progress,
    pub cache: Cache,
    pub ours: Org,
    pub theirs: Org,
    http: TestClient<BoxEndpoint<'static, Response>>,
    signer: TokenSigner,
}

struct Ready;

#[async_trait]
impl Readiness for Ready {
    async fn checks(&self) -> Vec<Check> {
        Vec::new()
    }
}

/// The log as queries read it.
fn log_of(store: &EventStore, pools: &Pools) -> Log {
    let master = MasterKeys::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    Log {
        store: store.reading_through(pools.queries.clone()),
        keys: Keyring::new(pools.commands.clone(), master),
    }
}

impl Desk {
    /// With Valkey off.
    pub async fn open() -> Self {
        Self::open_with(Valkey::disabled(), Options::default()).await
    }

    pub async fn open_with(valkey: Valkey, options: Options) -> Self {
        Self::on(new_database().await, None, valkey, options).await
    }

    /// Another process over the same read models.
    pub async fn beside(&self, valkey: Valkey) -> Self {
        let orgs = Some((self.ours, self.theirs));
        Self::on(self.database.clone(), orgs, valkey, Options::default()).await
    }

    async fn on(
        database: String,
        orgs: Option<(Org, Org)>,
        valkey: Valkey,
        options: Options,
    ) -> Self {
        let url = test_servers().await.unwrap().database_url_of(&database);
        let config = log_writer_config(&url).unwrap();
        let owner = test_servers().await.unwrap().owner_url_of(&database);
        let client = connect(&owner).await;
        let pools = Pools::new(&url, &patient_pools()).unwrap();
        let store = EventStore::start(config, pools.commands.clone(), patient_log())
            .await
            .unwrap();
        let (ours, theirs) = match orgs {
            Some(orgs) => orgs,
            None => (place(&store, "ours").await, place(&store, "theirs").await),
        };
        let progress = Progress::new(pools.queries.clone());
        let cache = Cache::new(valkey, Generations::default());
        let log = log_of(&store, &pools);
        let models = ReadModels::new(
            store,
            &pools,
            progress.clone(),
            cache.clone(),
            Arc::new(SystemClock),
            options,
        );
        let keys = TokenKeys::parse(&Secret::new(SECRET)).unwrap();
        let parts = Parts {
            verifier: Arc::new(TokenVerifier::new(keys.clone())),
            ended: EndedSessions::default(),
            api_keys: ApiKeys::new(pools.identity.clone(), Arc::new(SystemClock)),
            roles: Arc::new(NoRoles),
            readiness: Arc::new(Ready),
            metrics: None,
            settings: HttpSettings::default(),
        };
        let limits = SeatLimits::default();
        let shutdown = Shutdown::new();
        let feed = Feed::new(
            models.clone(),
            log.clone(),
            limits,
            shutdown,
            Duration::ZERO,
        );
        let api = read_side::http::api(models.clone(), log, feed, Arc::new(Unrecorded));
        let api = Gated::new(api).unwrap();
        let service = OpenApiService::new(api, "InsightDesk", "test");
        let http = TestClient::new(
            compose(service, &Completion::nothing(), None, parts)
                .unwrap()
                .boxed(),
        );
        let signer = TokenSigner::new(keys);
        Self {
            client,
            database,
            models,
            progress,
            cache,
            ours,
            theirs,
            http,
            signer,
        }
    }

    /// A person with this role. They need no row to have a token.
    pub fn person(&self, org: Org, role: Role) -> Person {
        self.person_with_id(org, role, UserId(Uuid::now_v7()))
    }

    pub fn person_with_id(&self, org: Org, role: Role, id: UserId) -> Person {
        let token = self
            .signer
            .sign(
                &Grant::alone(org.id, id, role),
                Utc::now(),
                TimeDelta::hours(1),
            )
            .unwrap();
        Person { id, token }
    }

    pub fn agent(&self) -> Person {
        self.person(self.ours, Role::Agent)
    }

    pub async fn get(&self, person: &Person, path: &str) -> Answer {
        self.get_with(person, path, &[]).await
    }

    pub async fn get_with(&self, person: &Person, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = self
            .http
            .get(format!("/api/v1{path}"))
            .header("Authorization", format!("Bearer {}", person.token));
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        Answer::read(request.send().await.0).await
    }

    pub async fn get_without_token(&self, path: &str) -> Answer {
        Answer::read(self.http.get(format!("/api/v1{path}")).send().await.0).await
    }

    /// Writes rows as the projector does.
    pub async fn insert<R: Row>(&self, partition: Partition, rows: &[R]) {
        let columns = R::INFO
            .iter()
            .map(|column| column.name)
            .collect::<Vec<_>>()
            .join(", ");
        let values: Vec<String> = R::INFO
            .iter()
            .map(|column| format!("x.{}{}", column.name, column.cast))
            .collect();
        let arrays = R::INFO.iter().enumerate();
        let arrays: Vec<String> = arrays
            .map(|(i, column)| format!("${}::{}[]", i + 2, column.element_type))
            .collect();
        let statement = format!(
            "INSERT INTO {CORE}.{} (partition, {columns}) SELECT $1, {} FROM unnest({}) AS x({columns})",
            R::TABLE,
            values.join(", "),
            arrays.join(", ")
        );
        let parameters = R::parameters(&rows.iter().collect::<Vec<_>>());
        let number = partition.get();
        let mut all: Vec<&(dyn ToSql + Sync)> = vec![&number];
        all.extend(
            parameters
                .iter()
                .map(|parameter| &**parameter as &(dyn ToSql + Sync)),
        );
        self.client.execute(&statement, &all).await.unwrap();
    }

    /// Moves the checkpoint, as the projector does in the transaction of the rows.
    pub async fn reach(&self, partition: Partition, position: Position) {
        let statement = format!("UPDATE {CORE}.checkpoints SET position = $2 WHERE partition = $1");
        self.client
            .execute(&statement, &[&partition.get(), &position.get()])
            .await
            .unwrap();
    }
}

async fn place(store: &EventStore, slug: &str) -> Org {
    let id = OrganizationId(Uuid::now_v7());
    let placement = store.place_organization(OrgId(id.0), slug).await.unwrap();
    Org {
        id,
        partition: placement.partition,
    }
}

/// The name of a copy of a database that was migrated once.
async fn new_database() -> String {
    static MIGRATED: OnceCell<()> = OnceCell::const_new();
    let servers = test_servers().await.unwrap();
    MIGRATED.get_or_init(migrate_template).await;
    let name = format!("query_{}", Uuid::now_v7().simple());
    servers
        .create_database_from_template(&name, TEMPLATE)
        .await
        .unwrap();
    name
}

async fn migrate_template() {
    let servers = test_servers().await.unwrap();
    let url = servers.create_database(TEMPLATE).await.unwrap();
    let (mut client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    schema::migrations::run(&mut client).await.unwrap();
    let transaction = client.transaction().await.unwrap();
    transaction
        .batch_execute(&create_tables(CORE))
        .await
        .unwrap();
    transaction
        .batch_execute(&create_indexes(CORE))
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    drop(client);
    // Nobody may be connected to a template.
    connection.await.unwrap().unwrap();
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Takes every export as recorded: there is no log here.
struct Unrecorded;

#[async_trait]
impl ExportRecords for Unrecorded {
    async fn record(
        &self,
        _reader: &Principal,
        _subject: UserId,
        _request: &poem::Request,
    ) -> Result<(), Problem> {
        Ok(())
    }

    async fn access_of(
        &self,
        _reader: &Principal,
        _subject: UserId,
    ) -> Result<PersonAccessView, Problem> {
        Ok(PersonAccessView::default())
    }

    async fn record_download(
        &self,
        _reader: &Principal,
        _report: Report,
        _format: ReportFormat,
        _request: &poem::Request,
    ) -> Result<(), Problem> {
        Ok(())
    }
}

/// Organizations without roles of their own.
struct NoRoles;

#[async_trait::async_trait]
impl platform::permission::CustomRoles for NoRoles {
    async fn permissions(
        &self,
        _organization: OrganizationId,
        _role: domain::ids::RoleId,
    ) -> Result<Option<PermissionSet>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(None)
    }
}
