//! The HTTP client of the load: keep-alive connections, no retries of its own.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{HeaderMap, HeaderValue};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Longer than the deadline of the server, so that it has the word first.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Connections to one server.
#[derive(Debug, Clone)]
pub struct Http {
    address: SocketAddr,
    pool: Pool<HttpConnector, Full<Bytes>>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; null when that is no JSON.
    pub body: Value,
}

impl Answer {
    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Why nothing came back.
#[derive(Debug)]
pub enum NoAnswer {
    /// The connection was refused: nothing was sent.
    Refused,
    /// It broke, or the time was up: anything may have happened.
    Lost(String),
}

impl Http {
    /// To a server.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        let mut builder = Pool::builder(TokioExecutor::new());
        builder.retry_canceled_requests(false);
        Self {
            address,
            pool: builder.build_http(),
        }
    }

    /// Sends a request once.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, String)],
        body: Option<Value>,
    ) -> Result<Answer, NoAnswer> {
        let lost = |error: &dyn std::fmt::Display| NoAnswer::Lost(error.to_string());
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|error| lost(&error))?;
            request = request.header(*name, value);
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| lost(&error))?;
        match tokio::time::timeout(TIMEOUT, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(lost(&elapsed)),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, NoAnswer> {
        let response = self.pool.request(request).await.map_err(|error| {
            if error.is_connect() {
                NoAnswer::Refused
            } else {
                NoAnswer::Lost(format!("{error:?}"))
            }
        })?;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await;
        let bytes = bytes.map_err(|error| NoAnswer::Lost(error.to_string()))?;
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&bytes.to_bytes()).unwrap_or_default(),
        })
    }
}
