//! A server process: API, projector and saga, as its roles say, over one log.

mod erasures;
mod mail;
mod readiness;
mod simulations;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use credentials::password::{Argon2Settings, PasswordHasher};
use platform::auth::{ApiKeys, EndedSessions, TokenKeys, TokenSigner, TokenVerifier};
use platform::cache::{Cache, Generations};
use platform::clock::{Clock, SystemClock};
use platform::config::{Config, Role};
use platform::consistency::Progress;
use platform::http::rate_limit::RateLimiter;
use platform::http::serve::{HttpSettings, Parts};
use platform::shutdown::Shutdown;
use platform::telemetry::PrometheusHandle;
use platform::valkey::Valkey;
use projector::{Bar, Ensured, Projector};
use read_side::ReadModels;
use read_side::feed::{Feed, Log, SeatLimits};
use sign_on::SignOn;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use write_side::expiry;
use write_side::identity::{Identity, Outward, Remembered};
use write_side::notices::Notifier;
use write_side::saga::Saga;

use crate::http::{self, Queries};
use crate::node::Node;
use readiness::SharedProjector;

/// How long projector and saga may take to end after the last request, before they are left to the process's end.
const BACKGROUND_GRACE: Duration = Duration::from_millis(1_000);
/// How long the writers may take to end after that.
const WRITERS_GRACE: Duration = Duration::from_millis(500);
/// How long closing the connection to Valkey may take.
const VALKEY_GRACE: Duration = Duration::from_millis(200);
/// What a command with `Prefer: wait` leaves of the request's deadline for everything else.
const WAIT_MARGIN: Duration = Duration::from_millis(500);
/// How often the metrics recorder condenses what it holds.
const METRICS_UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// What tests and `up` set otherwise than a plain `serve`.
pub struct Overrides {
    /// The time of commands and timers.
    pub clock: Arc<dyn Clock>,
    /// A listener that is already bound, instead of the configured address.
    pub listener: Option<TcpListener>,
    /// What `/metrics` renders; nothing when absent.
    pub metrics: Option<PrometheusHandle>,
}

impl Default for Overrides {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            listener: None,
            metrics: None,
        }
    }
}

/// A server that runs. [`RunningServer::shutdown`] ends it in order; dropping it does not.
pub struct RunningServer {
    /// Where it answers HTTP: the API if it has that role, health and metrics in any case.
    pub address: SocketAddr,
    node: Node,
    identity: Identity,
    valkey: Valkey,
    projector: SharedProjector,
    saga: Option<Saga>,
    requests: Shutdown,
    background: Shutdown,
    serving: JoinHandle<std::io::Result<()>>,
}

/// Starts a server. The database must have been migrated.
///
/// # Errors
/// When the database cannot be reached, or the address is taken.
pub async fn start(config: &Config, overrides: Overrides) -> Result<RunningServer> {
    let listener = match overrides.listener {
        Some(listener) => listener,
        None => bind(config.http_addr).await?,
    };
    let address = listener.local_addr()?;
    let node = Node::start(config, overrides.clock.clone()).await?;
    let valkey = match &config.valkey_url {
        Some(url) => Valkey::connect(url.expose(), config.valkey_ca_file.as_deref())?,
        None => Valkey::disabled(),
    };
    let background = Shutdown::new();
    tokio::spawn(erasures::follow(node.clone(), background.clone()));
    let reading = Reading::start(&node, &valkey, &background).await?;
    let projector = if config.roles.has(Role::Projector) {
        Some(start_projector(&node, &reading, &background).await?)
    } else {
        None
    };
    if config.roles.has(Role::Api) {
        mail::start(&config.mail, &node, overrides.clock.clone(), &background)?;
    }
    let saga = if config.roles.has(Role::Saga) {
        let saga = start_saga(&node, overrides.clock.clone(), &background).await?;
        start_notifier(&node, &saga, overrides.clock, &background);
        Some(saga)
    } else {
        None
    };
    let projector: SharedProjector = Arc::new(Mutex::new(projector));
    let readiness = readiness::Parts {
        health: node.pools.health.clone(),
        valkey: valkey.clone(),
        projector: projector.clone(),
        saga: saga.as_ref().map(Saga::statuses),
    };
    if let Some(metrics) = overrides.metrics.clone() {
        tokio::spawn(keep_up(metrics, node.clone(), background.clone()));
    }
    let ended = EndedSessions::default();
    ended.look(&node.pools.health).await?;
    tokio::spawn(
        ended
            .clone()
            .follow(node.pools.health.clone(), background.clone()),
    );
    let api_keys = ApiKeys::new(node.pools.identity.clone(), node.dispatcher.clock().clone());
    let identity = identity(
        config,
        &node,
        Remembered {
            ended: ended.clone(),
            api_keys: api_keys.clone(),
        },
    )?;
    if config.roles.has(Role::Api) {
        start_expiry(config, &node, &background);
        tokio::spawn(identity.clone().keep_house(background.clone()));
        tokio::spawn(simulations::follow(node.clone(), background.clone()));
        tokio::spawn(identity.clone().carry_to_log(background.clone()));
        tokio::spawn(identity.clone().write_key_uses(background.clone()));
    }
    let settings = http_settings(config, &valkey, &background);
    let verifier = Arc::new(TokenVerifier::new(TokenKeys::parse(&config.token_secret)?));
    let parts = Parts {
        verifier,
        ended,
        api_keys,
        roles: Arc::new(identity.clone()),
        readiness: Arc::new(readiness),
        metrics: overrides.metrics,
        settings,
    };
    let requests = Shutdown::new();
    let endpoint = if config.roles.has(Role::Api) {
        let wait_max = config.request_deadline.saturating_sub(WAIT_MARGIN);
        let queries = reading.queries(&node, config.token_wait, wait_max, &requests);
        let dispatcher = node.dispatcher.clone();
        http::with_api(dispatcher, identity.clone(), queries, wait_max, parts)?
    } else {
        http::without_api(parts)?
    };
    let serving = tokio::spawn(platform::http::serve::serve(
        listener,
        endpoint,
        requests.clone(),
    ));
    tracing::info!(%address, roles = ?config.roles, "serving");
    Ok(RunningServer {
        address,
        node,
        identity,
        valkey,
        projector,
        saga,
        requests,
        background,
        serving,
    })
}

/// Who lets people in.
fn identity(config: &Config, node: &Node, remembered: Remembered) -> Result<Identity> {
    let hasher = PasswordHasher::new(Argon2Settings {
        memory_kib: config.password_memory_kib,
        iterations: config.password_iterations,
        ..Argon2Settings::default()
    })
    .context("INSIGHTDESK_PASSWORD_MEMORY_KIB and INSIGHTDESK_PASSWORD_ITERATIONS")?;
    let signer = TokenSigner::new(TokenKeys::parse(&config.token_secret)?);
    let (pool, dispatcher) = (node.pools.identity.clone(), node.dispatcher.clone());
    let private = config.sign_on_private_issuers.iter();
    let private = private.map(str::to_owned).collect();
    Ok(Identity::new(
        pool,
        dispatcher,
        hasher,
        signer,
        remembered,
        node.master.clone(),
        Outward {
            outbox: node.outbox.clone(),
            sign_on: SignOn::new(private),
            public_url: config.mail.public_url.clone(),
        },
    ))
}

/// The bounds of requests, and who may send them.
fn http_settings(config: &Config, valkey: &Valkey, background: &Shutdown) -> HttpSettings {
    let limiter = |budgets| RateLimiter::start(budgets, valkey.clone(), background.clone());
    HttpSettings {
        request_deadline: config.request_deadline,
        body_limit_bytes: config.body_limit_bytes,
        rate_limiter: config.rate_limits.clone().map(limiter),
        clients: config.web.clients.clone(),
        cors: config.web.cors.clone(),
        transport: config.web.transport,
        ..HttpSettings::default()
    }
}

/// Binds the address to serve on.
///
/// # Errors
/// When it is taken or not ours.
async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot serve on {address}: choose another address with INSIGHTDESK_HTTP_ADDR")
    })
}

/// What queries read with, and the projector feeds.
struct Reading {
    cache: Cache,
    progress: Progress,
}

impl Reading {
    /// Starts what keeps the knowledge of a process fresh: wake-ups from other processes, and cache generations.
    async fn start(node: &Node, valkey: &Valkey, background: &Shutdown) -> Result<Self> {
        let partitions = node.store.partitions().await?;
        let wakeups = node.store.wakeups().clone();
        tokio::spawn(platform::wakeups::bridge(
            valkey.clone(),
            wakeups,
            partitions,
            background.clone(),
        ));
        let generations = Generations::default();
        // Not the pool of the queries: were that exhausted, no generation would be known, and every reader would leave the
        // cache for the very same pool.
        let pool = &node.pools.projector;
        tokio::spawn(generations.clone().poll(pool.clone(), background.clone()));
        Ok(Self {
            cache: Cache::new(valkey.clone(), generations),
            progress: Progress::new(pool.clone()),
        })
    }

    /// What queries are answered from; what follows the feed ends when `requests` do.
    fn queries(
        &self,
        node: &Node,
        token_wait: Duration,
        wait_max: Duration,
        requests: &Shutdown,
    ) -> Queries {
        let pool = &node.pools.queries;
        let log = Log {
            store: node.store.reading_through(pool.clone()),
            keys: node.keys.clone(),
        };
        let models = ReadModels::new(
            node.store.clone(),
            &node.pools,
            self.progress.clone(),
            self.cache.clone(),
            node.dispatcher.clock().clone(),
            read_side::Options {
                wait_timeout: token_wait,
            },
        );
        let limits = SeatLimits::default();
        let feed = Feed::new(
            models.clone(),
            log.clone(),
            limits,
            requests.clone(),
            wait_max,
        );
        Queries { models, log, feed }
    }
}

async fn start_projector(node: &Node, reading: &Reading, shutdown: &Shutdown) -> Result<Projector> {
    let options = projector::Options::default();
    let pool = node.pools.projector.clone();
    let bar = Bar::default();
    // Pages of thousands of events must not keep commands waiting for a connection.
    let store = node.store.reading_through(pool.clone());
    let owner = &node.pools.owner;
    let ensured = projector::ensure_core(&store, &node.keys, owner, &options, &|progress| {
        bar.show(progress)
    })
    .await;
    bar.finish();
    // From here on this process changes no tables.
    owner.retain(|_, _| false);
    if ensured.context("the read models could not be made ready")? == Ensured::Rebuilt {
        tracing::info!("the read models of another version were rebuilt");
    }
    let (cache, progress) = (reading.cache.clone(), reading.progress.clone());
    let keys = node.keys.clone();
    Ok(Projector::start(
        store,
        keys,
        pool,
        cache,
        progress,
        options,
        shutdown.clone(),
    )
    .await?)
}

async fn start_saga(node: &Node, clock: Arc<dyn Clock>, shutdown: &Shutdown) -> Result<Saga> {
    let commands = Arc::new(node.dispatcher.clone());
    let pool = node.pools.saga.clone();
    let options = write_side::saga::Options::default();
    let store = node.store.reading_through(pool.clone());
    Ok(Saga::start(commands, store, pool, clock, options, shutdown.clone()).await?)
}

/// What the saga finds to tell people goes into the outbox.
fn start_notifier(node: &Node, saga: &Saga, clock: Arc<dyn Clock>, shutdown: &Shutdown) {
    let notifier = Notifier {
        dispatcher: node.dispatcher.clone(),
        outbox: node.outbox.clone(),
        notices: node.pools.saga.clone(),
        letters: node.pools.identity.clone(),
        clock,
    };
    tokio::spawn(notifier.run(saga.statuses(), shutdown.clone()));
}

/// The answers that the API stores do not stay for ever.
fn start_expiry(config: &Config, node: &Node, shutdown: &Shutdown) {
    let options = expiry::Options {
        keep: config.answers_kept,
        ..expiry::Options::default()
    };
    let store = node.log();
    let clock = node.dispatcher.clock().clone();
    tokio::spawn(expiry::run(store, clock, options, shutdown.clone()));
}

async fn keep_up(metrics: PrometheusHandle, node: Node, shutdown: Shutdown) {
    while tokio::time::timeout(METRICS_UPKEEP_INTERVAL, shutdown.requested())
        .await
        .is_err()
    {
        metrics.run_upkeep();
        node.pools.measure();
        node.dispatcher.measure();
        node.store.measure();
    }
}

impl RunningServer {
    /// Who lets people in.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The log and the dispatcher that it works with.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Waits until the server stops serving by itself, which it only does when it fails.
    ///
    /// # Errors
    /// Always: the cause.
    pub async fn failed(&mut self) -> Result<()> {
        (&mut self.serving)
            .await
            .context("the server ended by a panic")?
            .context("the server ended")
    }

    /// Stops accepting, finishes the requests in flight, ends saga and projector (leases are given back), drains the
    /// writers. At most ten seconds: eight for requests, the rest for everything else.
    ///
    /// # Errors
    /// When serving had failed before.
    pub async fn shutdown(self) -> Result<()> {
        self.requests.request();
        let served = self.serving.await;
        self.background.request();
        let projector = self
            .projector
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let background = async {
            if let Some(saga) = self.saga {
                saga.stopped().await;
            }
            if let Some(projector) = projector {
                projector.stopped().await;
            }
        };
        bounded("projector and saga", BACKGROUND_GRACE, background).await;
        bounded("the writers", WRITERS_GRACE, self.node.stop()).await;
        bounded(
            "the connection to Valkey",
            VALKEY_GRACE,
            self.valkey.close(),
        )
        .await;
        Ok(served??)
    }
}

async fn bounded(what: &str, grace: Duration, ending: impl Future<Output = ()>) {
    if tokio::time::timeout(grace, ending).await.is_err() {
        tracing::warn!(
            what,
            grace_ms = grace.as_millis() as u64,
            "did not end in time; going on without"
        );
    }
}
