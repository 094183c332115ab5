//! The API asked from within the process, by pages that the server makes: through the gate before each operation, the checks
//! of bodies and the limits of whoever asks, as from outside. There is no other way.

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::header::{CONTENT_TYPE, USER_AGENT};
use poem::http::{self, HeaderName, HeaderValue, Method, Uri};
use poem::{Body, Endpoint, Request, RequestParts, Response};
use serde_json::Value;

use super::body::RawBody;
use super::client_address::ClientAddress;
use super::problem::Problem;
use super::rate_limit::Meter;
use super::serve::BASE_PATH;

/// One request to the API on behalf of a request to a page.
#[derive(Debug)]
pub struct Ask {
    method: Method,
    path_and_query: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Value>,
}

impl Ask {
    /// A query, or a command without a body. The path is below the API's base path.
    #[must_use]
    pub fn new(method: Method, path_and_query: impl Into<String>) -> Self {
        Self {
            method,
            path_and_query: path_and_query.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// With a JSON body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// With a header; a value that no header can have is left out.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// With an access token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        let value = format!("Bearer {token}");
        self.header("authorization", &value)
    }
}

/// The API of this process. Cloning is cheap.
#[derive(Clone)]
pub struct Within(Arc<BoxEndpoint<'static, Response>>);

impl Within {
    pub(super) fn new(api: Arc<BoxEndpoint<'static, Response>>) -> Self {
        Self(api)
    }

    /// Asks on behalf of `page`: with its client, its limits and its id.
    ///
    /// # Errors
    /// The problem that a client of the API would get.
    pub async fn ask(&self, page: &Request, ask: Ask) -> Result<Response, Problem> {
        let request = request(page, ask).await?;
        self.0.call(request).await.map_err(problem)
    }
}

async fn request(page: &Request, ask: Ask) -> Result<Request, Problem> {
    let mut request = addressed(page, &ask)?;
    *request.extensions_mut() = page.extensions().clone();
    if let Some(meter) = page.data::<Arc<Meter>>() {
        let meter = meter.of_inner(&ask.method, &format!("{BASE_PATH}{}", request.uri().path()));
        if let (true, Some(client)) = (meter.is_of_credentials(), ClientAddress::of(page)) {
            meter.check_address(client).await?;
        }
        request.extensions_mut().insert(Arc::new(meter));
    }
    let headers = request.headers_mut();
    if let Some(program) = page.headers().get(USER_AGENT) {
        headers.insert(USER_AGENT, program.clone());
    }
    headers.extend(ask.headers);
    let bytes = ask
        .body
        .map_or_else(Vec::new, |body| body.to_string().into_bytes());
    if !bytes.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    request
        .extensions_mut()
        .insert(RawBody(bytes.clone().into()));
    request.set_body(Body::from(bytes));
    Ok(request)
}

/// An empty request with its address as the listener and the router would give it: the original one has the base path, which
/// is cut off the other. Pages make addresses of what people entered, which may be too much for one.
fn addressed(page: &Request, ask: &Ask) -> Result<Request, Problem> {
    let target = &ask.path_and_query;
    let too_long = |_| Problem::bad_request("this is more than an address can hold: ask for less");
    let below: Uri = target.parse().map_err(too_long)?;
    let whole = format!("{BASE_PATH}{target}");
    let whole: Uri = whole.parse().map_err(too_long)?;
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts.method = ask.method.clone();
    parts.uri = whole;
    let from = (page.local_addr().clone(), page.remote_addr().clone());
    let parts = RequestParts::from((parts, from.0, from.1, page.scheme().clone()));
    let mut request = Request::from_parts(parts, Body::empty());
    *request.uri_mut() = below;
    Ok(request)
}

fn problem(error: poem::Error) -> Problem {
    let status = error.status();
    error
        .downcast::<Problem>()
        .unwrap_or_else(|_| Problem::of_status(status))
}
