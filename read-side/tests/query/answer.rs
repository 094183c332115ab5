//! An answer, read whole.

use poem::Response;
use poem::http::{HeaderMap, StatusCode};
use serde_json::Value;

/// Status, headers and JSON body (null when there is none).
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub async fn read(mut response: Response) -> Self {
        let bytes = response.take_body().into_bytes().await.unwrap();
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap()
        };
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            body,
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The body of a 200.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.body
    }

    /// Refused with this status, as problem+json.
    #[track_caller]
    pub fn refused(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(self.body["status"], status);
        self
    }

    /// Refused with 400 that names what is wrong.
    #[track_caller]
    pub fn bad(&self, parameter: &str) {
        self.refused(400);
        let detail = self.body.to_string();
        assert!(
            detail.contains(parameter),
            "{detail} does not name {parameter}"
        );
    }

    /// The ids of a page.
    #[track_caller]
    pub fn ids(self) -> Vec<String> {
        let body = self.ok();
        let items = body["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    }

    pub fn next_cursor(&self) -> Option<String> {
        self.body["next_cursor"].as_str().map(str::to_owned)
    }
}
