//! An HTTP client that is pleasant to read in a test.

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::ops::Index;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use platform::auth::NotKnown;
use platform::consistency::ConsistencyToken;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::eventually::{DEADLINE, eventually};

const CONSISTENCY_TOKEN: HeaderName = HeaderName::from_static("consistency-token");
/// Longer than any deadline of the server.
const TIMEOUT: Duration = Duration::from_secs(90);
/// How long a server that stood still is given to look again which sessions have ended. Until then it lets nobody in.
const LOOK_LIMIT: Duration = Duration::from_secs(30);
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// Shorter than the server keeps an idle connection: none is used at the moment at which the server closes it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections to one server.
#[derive(Debug, Clone)]
pub struct Client {
    pub address: SocketAddr,
    pool: Pool<HttpConnector, Full<Bytes>>,
}

/// No answer came: the connection was refused, or ended before it.
#[derive(Debug, thiserror::Error)]
#[error("no answer: {0}")]
pub struct TransportError(String);

/// The newest token that the people of an organization were given.
#[derive(Debug, Clone, Default)]
pub struct Seen(Arc<Mutex<Option<ConsistencyToken>>>);

impl Seen {
    pub fn note(&self, token: ConsistencyToken) {
        let mut newest = self.0.lock().unwrap();
        if newest.is_none_or(|known| known.position < token.position) {
            *newest = Some(token);
        }
    }

    fn newest(&self) -> Option<ConsistencyToken> {
        *self.0.lock().unwrap()
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            pool: Pool::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE_TIMEOUT)
                .build_http(),
        }
    }

    /// A request by nobody to a path from the root.
    pub fn request(&self, method: Method, path: &str) -> Request {
        Request {
            client: self.clone(),
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            seen: None,
        }
    }

    /// Waits until the server says that it is ready.
    pub async fn is_ready(&self) {
        let look = async || match self.get("/health/ready").await {
            ready if ready.status == 200 => Ok(()),
            other => Err(other.body),
        };
        eventually(look, DEADLINE).await;
    }

    /// A query by nobody to a path from the root.
    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }
}

/// A request; awaiting it sends it.
#[derive(Debug, Clone)]
#[must_use = "await it to send it"]
pub struct Request {
    client: Client,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    seen: Option<Seen>,
}

impl Request {
    /// Sets a header, in place of an earlier value.
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers
            .insert(name, HeaderValue::from_str(value.as_ref()).unwrap());
        self
    }

    pub fn idempotency_key(self, key: impl AsRef<str>) -> Self {
        self.header("idempotency-key", key)
    }

    pub fn if_match(self, version: i64) -> Self {
        self.header("if-match", format!("\"{version}\""))
    }

    pub fn json(self, body: &Value) -> Self {
        let sent = self.header(CONTENT_TYPE.as_str(), "application/json");
        Self {
            body: body.to_string().into(),
            ..sent
        }
    }

    /// Any bytes as the body.
    pub fn bytes(self, content_type: &str, body: impl Into<Bytes>) -> Self {
        let sent = self.header(CONTENT_TYPE.as_str(), content_type);
        Self {
            body: body.into(),
            ..sent
        }
    }

    /// What it sends, where that is JSON.
    pub fn sent(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub fn token(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), format!("Bearer {token}"))
    }

    /// Asks for what the server shows at the moment, however old.
    pub fn without_token(self) -> Self {
        Self { seen: None, ..self }
    }

    /// Sends to another server of the same log.
    pub fn to(self, client: &Client) -> Self {
        Self {
            client: client.clone(),
            ..self
        }
    }

    pub(super) fn seeing(self, seen: Seen) -> Self {
        Self {
            seen: Some(seen),
            ..self
        }
    }

    /// Sends it. An answer of any status is an answer.
    pub async fn send(mut self) -> Result<Answer, TransportError> {
        let seen = self.seen.take();
        let newest = seen.as_ref().and_then(Seen::newest);
        if let (&Method::GET, Some(token)) = (&self.method, newest)
            && !self.headers.contains_key(CONSISTENCY_TOKEN)
        {
            self = self.header(CONSISTENCY_TOKEN.as_str(), token.to_string());
        }
        let answer = self.judged().await?;
        if let (Some(seen), Some(token)) = (seen, answer.token()) {
            seen.note(token);
        }
        Ok(answer)
    }

    /// The answer, as soon as the server is not too busy for one.
    pub async fn when_available(self) -> Answer {
        let ask = async || match self.clone().send().await {
            Ok(busy) if busy.status == StatusCode::SERVICE_UNAVAILABLE => {
                Err(busy.body.to_string())
            }
            Ok(answer) => Ok(answer),
            Err(error) => Err(error.to_string()),
        };
        eventually(ask, DEADLINE).await
    }

    /// Sends it until the server knows who may come in: nothing was done before.
    async fn judged(self) -> Result<Answer, TransportError> {
        let deadline = Instant::now() + LOOK_LIMIT;
        loop {
            let answer = tokio::time::timeout(TIMEOUT, self.clone().exchange()).await;
            let answer =
                answer.map_err(|_| TransportError(format!("none within {TIMEOUT:?}")))??;
            if !answer.is_unjudged() || Instant::now() >= deadline {
                return Ok(answer);
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Sends it and gives the answer as soon as it begins: a stream has no end to be waited for.
    pub async fn open(self) -> Result<hyper::Response<Incoming>, TransportError> {
        let uri = format!("http://{}{}", self.client.address, self.path);
        let asked = format!("{} {}", self.method, self.path);
        let mut request = hyper::Request::builder()
            .method(self.method)
            .uri(uri)
            .body(Full::new(self.body))
            .unwrap();
        *request.headers_mut() = self.headers;
        let response = self.client.pool.request(request).await;
        response.map_err(|error| TransportError(format!("{asked}: {error:?}")))
    }

    async fn exchange(self) -> Result<Answer, TransportError> {
        let asked = format!("{} {}", self.method, self.path);
        let (parts, body) = self.open().await?.into_parts();
        let bytes = body
            .collect()
            .await
            .map_err(|error| TransportError(format!("{asked}: {error:?}")))?
            .to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // Bodies that are not JSON (metrics, documentation, files) are kept as text.
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Answer {
            asked,
            status: parts.status,
            headers: parts.headers,
            body,
        })
    }
}

impl IntoFuture for Request {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    /// The answer; a test that expects none uses [`Request::send`].
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { self.send().await.unwrap() })
    }
}

/// What came back. Indexing it looks into the body.
#[derive(Debug, Clone)]
pub struct Answer {
    asked: String,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        &self.body[field]
    }
}

impl Answer {
    /// Fails with the whole answer unless it has this status; a refusal must also be a problem document.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{}: {:?} {}",
            self.asked,
            self.headers,
            self.body
        );
        if self.status.is_client_error() || self.status.is_server_error() {
            self.is_problem();
        }
        self
    }

    /// Whether the server could not say whether the session of whoever asked has ended, so that it did nothing.
    fn is_unjudged(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE && self["detail"] == NotKnown.to_string()
    }

    #[track_caller]
    fn is_problem(&self) {
        let shown = || format!("{}: {:?} {}", self.asked, self.headers, self.body);
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}",
            shown()
        );
        assert_eq!(self["status"], self.status.as_u16(), "{}", shown());
        assert!(
            self["detail"].is_string() && self["request_id"].is_string(),
            "{}",
            shown()
        );
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn token(&self) -> Option<ConsistencyToken> {
        self.header(CONSISTENCY_TOKEN.as_str())?.parse().ok()
    }

    #[track_caller]
    pub fn id(&self) -> Uuid {
        uuid_of(&self["id"])
    }

    #[track_caller]
    pub fn version(&self) -> i64 {
        self["version"].as_i64().unwrap()
    }

    /// The items of a page.
    #[track_caller]
    pub fn items(&self) -> &[Value] {
        self["items"]
            .as_array()
            .unwrap_or_else(|| panic!("{}: {}", self.asked, self.body))
    }
}

/// The id in a value.
#[track_caller]
pub fn uuid_of(value: &Value) -> Uuid {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("{value} is no id"))
}

/// The time in a value.
#[track_caller]
pub fn time_of(value: &Value) -> DateTime<Utc> {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("{value} is no time"))
}

/// A text as a value of a query string.
pub fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
