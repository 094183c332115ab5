//! A request that is put together, and what came back.

use poem::endpoint::BoxEndpoint;
use poem::http::{HeaderMap, StatusCode};
use poem::{Endpoint, Request, Response};
use serde_json::Value;
use uuid::Uuid;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// Fails with the whole answer when the status is another one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{:?} {}",
            self.headers,
            self.body
        );
        if !self.status.is_success() {
            assert_eq!(
                self.header("content-type"),
                Some("application/problem+json")
            );
            assert_eq!(self.body["status"], status);
            assert!(
                self.body["request_id"].is_string() && self.body["detail"].is_string(),
                "{}",
                self.body
            );
        }
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn id(&self) -> Uuid {
        self.body["id"].as_str().unwrap().parse().unwrap()
    }

    /// The pointers of the fields at fault.
    pub fn pointers(&self) -> Vec<&str> {
        let errors = self.body["errors"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        errors
            .iter()
            .map(|error| error["pointer"].as_str().unwrap())
            .collect()
    }
}

/// A request that is being put together.
pub struct Send<'a> {
    pub endpoint: &'a BoxEndpoint<'static, Response>,
    pub request: poem::RequestBuilder,
    pub body: Option<String>,
}

impl Send<'_> {
    pub fn header(self, name: &str, value: &str) -> Self {
        Self {
            request: self.request.header(name, value),
            ..self
        }
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn json(self, body: &Value) -> Self {
        self.raw("application/json", &body.to_string())
    }

    pub fn raw(self, content_type: &str, body: &str) -> Self {
        let sent = self.header("content-type", content_type);
        Self {
            body: Some(body.to_owned()),
            ..sent
        }
    }

    pub async fn send(self) -> Answer {
        let request: Request = self.request.body(self.body.unwrap_or_default());
        let response = self.endpoint.get_response(request).await;
        let (parts, body) = response.into_parts();
        let bytes = body.into_bytes().await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}
