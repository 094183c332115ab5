//! Single requests to the product.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(15);

fn client() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(Client::new)
}

/// The API as one person.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    token: String,
}

impl Api {
    /// At this server, with this person's token.
    pub fn new(url: &str, token: &str) -> Self {
        Self {
            base: format!("{url}/api/v1"),
            token: token.to_owned(),
        }
    }

    /// Whether a plain GET is answered with success.
    pub async fn is_ok(url: &str) -> bool {
        let answer = client().get(url).timeout(TIMEOUT).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Sends a body.
    ///
    /// # Errors
    /// When the answer is no success.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Changes what a body gives.
    ///
    /// # Errors
    /// When the answer is no success.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// Asks.
    ///
    /// # Errors
    /// When the answer is no success.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.send(Method::GET, path, None).await
    }

    /// Sends a body; the status of the answer, whatever it is.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn post_for_status(&self, path: &str, body: &Value) -> Result<u16> {
        let request = self.request(Method::POST, path, Some(body))?;
        Ok(request.send().await?.status().as_u16())
    }

    /// Asks; the status of the answer, whatever it is, once it has come whole.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn get_for_status(&self, path: &str) -> Result<u16> {
        let answer = self.request(Method::GET, path, None)?.send().await?;
        let status = answer.status().as_u16();
        answer.bytes().await?;
        Ok(status)
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        read(path, self.request(method, path, body)?.send().await?).await
    }

    fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<RequestBuilder> {
        let request = client()
            .request(method, format!("{}{path}", self.base))
            .timeout(TIMEOUT)
            .bearer_auth(&self.token);
        Ok(match body {
            Some(body) => request
                .header("Content-Type", "application/json")
                .body(serde_json::to_vec(body)?),
            None => request,
        })
    }
}

async fn read(path: &str, answer: Response) -> Result<Value> {
    let status = answer.status();
    let body = answer.bytes().await?;
    ensure!(
        status.is_success(),
        "{path}: {status}: {}",
        String::from_utf8_lossy(&body)
    );
    serde_json::from_slice(&body).with_context(|| format!("{path}: the answer is not JSON"))
}
