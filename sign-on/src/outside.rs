//! Requests to providers: to public addresses by TLS, without redirects, bounded.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use openidconnect::http::StatusCode;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use url::{Host, Url};

use crate::network::is_public;

/// The longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(2_000);
/// The longest wait for an answer. A sign-on makes up to four requests within the deadline of one of ours.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(3_000);
/// The largest answer: documents with keys have some kilobytes.
const ANSWER_BYTES_MAX: usize = 256 * 1_024;
/// Connections that wait for a next request to the same provider.
const IDLE_PER_HOST_MAX: usize = 2;
/// GitHub answers nobody without a name.
const USER_AGENT: &str = concat!("InsightDesk/", env!("CARGO_PKG_VERSION"));

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutsideError {
    #[error(
        "requests may not go there: only by https to public addresses, and to the origins of the setting sign_on_private_issuers"
    )]
    NotPermitted,
    #[error("there is no answer")]
    NoAnswer(#[source] reqwest::Error),
    #[error("the answer is larger than 256 KiB")]
    TooLarge,
    #[error("the provider answered {0}")]
    OutOfOrder(StatusCode),
    #[error("the answer is no HTTP")]
    NoHttp(#[from] openidconnect::http::Error),
}

/// The way out. Clones share connections.
#[derive(Clone)]
pub(crate) struct Outside {
    inner: Arc<Inner>,
}

struct Inner {
    private: BTreeSet<String>,
    /// Made at the first need: each reads the certificates of the machine.
    to_public: OnceLock<Client>,
    to_private: OnceLock<Client>,
}

impl Outside {
    pub(crate) fn new(private: BTreeSet<String>) -> Self {
        Self {
            inner: Arc::new(Inner {
                private,
                to_public: OnceLock::new(),
                to_private: OnceLock::new(),
            }),
        }
    }

    /// Whether the operator named its origin.
    fn is_private(&self, url: &Url) -> bool {
        let origin = url.origin().ascii_serialization();
        self.inner.private.contains(&origin)
    }

    /// Whether requests may go there, as far as its text tells. The addresses of a name are looked at when it is resolved.
    pub(crate) fn permits(&self, url: &Url) -> bool {
        if self.is_private(url) {
            return true;
        }
        let is_public_host = match url.host() {
            Some(Host::Domain(_)) => true,
            Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
            None => false,
        };
        url.scheme() == "https" && is_public_host
    }

    fn client(&self, url: &Url) -> Result<&Client, OutsideError> {
        if !self.permits(url) {
            return Err(OutsideError::NotPermitted);
        }
        if self.is_private(url) {
            return built(&self.inner.to_private, builder());
        }
        let builder = builder()
            .dns_resolver(Arc::new(PublicAddresses))
            .https_only(true);
        built(&self.inner.to_public, builder)
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OutsideError> {
        let request = reqwest::Request::try_from(request).map_err(OutsideError::NoAnswer)?;
        let client = self.client(request.url())?;
        // The address may hold what is secret.
        let no_answer = |error: reqwest::Error| OutsideError::NoAnswer(error.without_url());
        let mut response = client.execute(request).await.map_err(no_answer)?;
        let status = response.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(OutsideError::OutOfOrder(status));
        }
        let mut answer = openidconnect::http::Response::builder().status(status);
        if let Some(headers) = answer.headers_mut() {
            headers.extend(response.headers().clone());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(OutsideError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(answer.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Outside {
    type Error = OutsideError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OutsideError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(USER_AGENT)
        .redirect(Policy::none())
        // A proxy would look names up for us, past the rule on addresses.
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
}

fn built(place: &OnceLock<Client>, builder: ClientBuilder) -> Result<&Client, OutsideError> {
    if let Some(client) = place.get() {
        return Ok(client);
    }
    let client = builder.build().map_err(OutsideError::NoAnswer)?;
    Ok(place.get_or_init(|| client))
}

/// Finds only public addresses. The connection is made to what it finds, so no second look-up can find another.
struct PublicAddresses;

/// The name leads to no public address.
#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
struct NoPublicAddress;

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(NoPublicAddress.into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use openidconnect::http::Request;

    fn get(url: &str) -> HttpRequest {
        Request::get(url).body(Vec::new()).unwrap()
    }

    #[tokio::test]
    async fn requests_go_to_public_addresses_by_tls_alone() {
        let outside = Outside::new(BTreeSet::new());
        for url in [
            "http://accounts.example.com/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/latest/meta-data",
            "https://10.1.2.3/",
            // Other ways to write 127.0.0.1.
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::ffff:127.0.0.1]/",
            "ftp://accounts.example.com/",
        ] {
            let sent = outside.send(get(url)).await;
            assert!(matches!(sent, Err(OutsideError::NotPermitted)), "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_of_a_private_address_leads_nowhere() {
        let outside = Outside::new(BTreeSet::new());
        let sent = outside.send(get("https://localhost/")).await;
        let mut text = String::new();
        let mut cause: Option<&dyn std::error::Error> = None;
        if let Err(error) = &sent {
            cause = Some(error);
        }
        while let Some(error) = cause {
            text.push_str(&error.to_string());
            cause = error.source();
        }
        assert!(text.contains("no public address"), "{text}");
    }
}
