//! The whole server over HTTP: the API under its base path, its documentation, health and metrics, and the listener.

mod impatient;

use super::client_address::ClientAddresses;
use super::cors::Cors;
use super::health::{self, Readiness};
use super::rate_limit::RateLimiter;
use super::routes::Routes;
use super::security_headers::TransportSecurity;
use super::shell::Shell;
use super::spec::amendment::Amendment;
use super::spec::{self, SpecError};
use super::within::Within;
use crate::auth::{ApiKeys, EndedSessions, TokenVerifier};
use crate::permission::CustomRoles;
use crate::shutdown::Shutdown;
use crate::telemetry::PrometheusHandle;
use impatient::Impatient;
use poem::endpoint::{BoxEndpoint, make_sync};
use poem::http::Method;
use poem::http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, EndpointExt, IntoEndpoint, Response, Route, get};
use poem_openapi::{OpenApi, OpenApiService};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Where the API begins.
pub const BASE_PATH: &str = "/api/v1";
/// Where people read its documentation.
pub const DOCS_PATH: &str = "/docs";
/// Where people work with it in a browser.
pub const CONSOLE_PATH: &str = "/console";
/// Every path below it: one series of metrics.
const CONSOLE_PATHS: &str = "/console/{*page}";
const SPEC_PATH: &str = "/openapi.json";
const LIVE_PATH: &str = "/health";
const READY_PATH: &str = "/health/ready";
const DETAILED_PATH: &str = "/health/detailed";
const METRICS_PATH: &str = "/metrics";
/// The public keys of access tokens (RFC 8615, RFC 7517).
const KEYS_PATH: &str = "/.well-known/jwks.json";

/// A connection that is silent for so long is closed, also one that never finishes its headers.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// A connection that takes nothing of what is written to it for so long is closed: longer than a stream of events waits
/// for its reader.
const STALLED_TIMEOUT: Duration = Duration::from_secs(15);
/// How long requests in flight may go on after a shutdown was requested.
const GRACE: Duration = Duration::from_secs(8);
/// How long to wait when no connection can be accepted, for example because the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The bounds of a request, and who may send it.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// How long it may take.
    pub request_deadline: Duration,
    /// How long its body may be.
    pub body_limit_bytes: usize,
    /// How many may be in flight; more are answered 503.
    pub requests_max: usize,
    /// How often who may ask; without limits when absent.
    pub rate_limiter: Option<Arc<RateLimiter>>,
    /// Finds out where requests come from.
    pub clients: ClientAddresses,
    /// Which pages of other origins may use the API.
    pub cors: Cors,
    /// Whether browsers are held to TLS.
    pub transport: TransportSecurity,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            request_deadline: Duration::from_secs(10),
            body_limit_bytes: 1 << 20,
            requests_max: 1_024,
            rate_limiter: None,
            clients: ClientAddresses::default(),
            cors: Cors::default(),
            transport: TransportSecurity::default(),
        }
    }
}

/// What the endpoints need beside the API itself.
pub struct Parts {
    /// Accepts the tokens of requests.
    pub verifier: Arc<TokenVerifier>,
    /// Sessions whose tokens are not accepted any more.
    pub ended: EndedSessions,
    /// Accepts the API keys of requests.
    pub api_keys: ApiKeys,
    /// What roles of the organizations' own may do.
    pub roles: Arc<dyn CustomRoles>,
    /// Asked by the health endpoints.
    pub readiness: Arc<dyn Readiness>,
    /// Rendered by `/metrics`.
    pub metrics: Option<PrometheusHandle>,
    /// The bounds of a request, and who may send it.
    pub settings: HttpSettings,
}

/// Makes the pages of the console, which stand on the API.
pub type MakePages = fn(Within) -> BoxEndpoint<'static, Response>;

/// What the description says beside what the framework says.
pub struct Completion {
    /// Limits and forms of fields.
    pub amendments: Vec<Amendment>,
    /// Requests and answers by operation, JSON.
    pub examples: &'static str,
}

impl Completion {
    /// Nothing beside it.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            amendments: Vec::new(),
            examples: "{}",
        }
    }
}

/// Whether it is a path that balancers and monitors ask.
pub(super) fn is_probe(path: &str) -> bool {
    matches!(path, LIVE_PATH | READY_PATH | DETAILED_PATH | METRICS_PATH)
}

/// The description of an API, as it is served and committed. `title` and version are the service's.
///
/// # Errors
/// When the framework's document or an example is not JSON, or an amendment has no place in it.
pub fn description<A: OpenApi + 'static>(
    service: &OpenApiService<A, ()>,
    completion: &Completion,
) -> Result<String, SpecError> {
    let spec = spec::document(&service.spec(), &completion.amendments, completion.examples)?;
    let mut text = serde_json::to_string_pretty(&spec)?;
    text.push('\n');
    Ok(text)
}

/// Everything that the server answers, as one endpoint that never fails.
///
/// # Errors
/// When the API's description cannot be made.
pub fn compose<A: OpenApi + 'static>(
    service: OpenApiService<A, ()>,
    completion: &Completion,
    console: Option<MakePages>,
    parts: Parts,
) -> Result<impl Endpoint<Output = Response> + 'static, SpecError> {
    let description = description(&service, completion)?;
    let mut routes = routes(&description)?;
    let docs = service.swagger_ui();
    let keys = parts.verifier.jwks().to_string();
    let api = service
        .into_endpoint()
        .data(parts.verifier)
        .data(parts.ended)
        .data(parts.api_keys)
        .data(parts.roles)
        .map_to_response()
        .boxed();
    let api = Arc::new(api);
    let mut route = beside_the_api(description, keys, parts.metrics)
        .nest(DOCS_PATH, docs)
        .nest(BASE_PATH, api.clone());
    if let Some(pages) = console {
        for path in [CONSOLE_PATH, CONSOLE_PATHS] {
            routes = routes.with(path, &[Method::GET, Method::POST])?;
        }
        route = route.nest(CONSOLE_PATH, pages(Within::new(api)));
    }
    Ok(Shell::new(
        route.data(parts.readiness),
        routes,
        parts.settings,
    ))
}

/// Every path but those of the console.
fn routes(description: &str) -> Result<Routes, SpecError> {
    let paths = [
        DOCS_PATH,
        SPEC_PATH,
        LIVE_PATH,
        READY_PATH,
        DETAILED_PATH,
        METRICS_PATH,
        KEYS_PATH,
    ];
    let of_api = Routes::of_spec(&serde_json::from_str(description)?, BASE_PATH)?;
    Ok(paths.into_iter().try_fold(of_api, Routes::with_get)?)
}

/// What programs ask for that are no clients of the API.
fn beside_the_api(description: String, keys: String, metrics: Option<PrometheusHandle>) -> Route {
    let rendered = move || {
        let metrics = metrics.as_ref();
        metrics.map(PrometheusHandle::render).unwrap_or_default()
    };
    Route::new()
        .at(
            SPEC_PATH,
            get(make_sync(move |_| json(description.clone()))),
        )
        .at(KEYS_PATH, get(make_sync(move |_| json(keys.clone()))))
        .at(LIVE_PATH, get(health::live))
        .at(READY_PATH, get(health::ready))
        .at(DETAILED_PATH, get(health::detailed))
        .at(METRICS_PATH, get(make_sync(move |_| rendered())))
}

fn json(text: String) -> Response {
    Response::builder()
        .content_type("application/json")
        .body(text)
}

/// Serves until a shutdown is requested, then lets requests in flight finish for at most eight seconds.
///
/// # Errors
/// When the listener has no local address.
pub async fn serve(
    listener: TcpListener,
    endpoint: impl Endpoint<Output = Response> + 'static,
    shutdown: Shutdown,
) -> io::Result<()> {
    let acceptor = TcpAcceptor {
        local_addr: LocalAddr(listener.local_addr()?.into()),
        listener,
    };
    poem::Server::new_with_acceptor(acceptor)
        .idle_timeout(IDLE_TIMEOUT)
        .run_with_graceful_shutdown(
            endpoint,
            async move { shutdown.requested().await },
            Some(GRACE),
        )
        .await
}

/// Accepts TCP connections that send small answers at once (the framework leaves Nagle's algorithm on), and that do not wait
/// for ever for who takes nothing.
struct TcpAcceptor {
    local_addr: LocalAddr,
    listener: TcpListener,
}

impl Acceptor for TcpAcceptor {
    type Io = Impatient;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![self.local_addr.clone()]
    }

    async fn accept(&mut self) -> io::Result<(Impatient, LocalAddr, RemoteAddr, Scheme)> {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    // A connection that is gone already fails at its first read.
                    let _ = stream.set_nodelay(true);
                    return Ok((
                        Impatient::new(stream, STALLED_TIMEOUT),
                        self.local_addr.clone(),
                        RemoteAddr(address.into()),
                        Scheme::HTTP,
                    ));
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a connection could not be accepted"
                    );
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
