//! Which pages of other origins may use the API from a browser (CORS, the Fetch standard, section 3.3).
//!
//! Only origins of the configured list are ever named in an answer, compared byte for byte; all others get no
//! `Access-Control-*` header at all. Anything but a browser works without: the walls are the tokens, this is the one
//! that keeps a foreign page from using those of its visitor.

use std::str::FromStr;

use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use poem::{Request, Response};

use super::problem::Problem;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// How long a browser may remember the answer to a preflight.
const MAX_AGE_S: u32 = 600;
/// What pages may send.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer, Consistency-Token, \
     Refresh-Token-In, X-Request-Id",
);
/// What pages may read.
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "ETag, Consistency-Token, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id",
);

/// An origin as browsers write it: `https://desk.example.com`, with the port unless it is the usual one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin(HeaderValue);

/// The origins whose pages may use the API. Default: none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origins(Vec<Origin>);

impl FromStr for Origins {
    type Err = ();

    /// Reads a list such as `https://desk.example.com, http://localhost:5173`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let origins = text.split(',').map(|item| item.trim().parse());
        origins.collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Origin {
    type Err = ();

    /// What no browser would send could never be equal: a path, capitals, the usual port, `*`, `null`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (scheme, authority) = text.split_once("://").ok_or(())?;
        let usual_port = match scheme {
            "https" => ":443",
            "http" => ":80",
            _ => return Err(()),
        };
        let is_host_byte = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:[]".contains(&byte)
        };
        let is_sent = !authority.is_empty()
            && authority.bytes().all(is_host_byte)
            && !authority.ends_with(usual_port);
        let value = HeaderValue::from_str(text).map_err(drop)?;
        is_sent.then_some(Self(value)).ok_or(())
    }
}

/// What pages of other origins may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cors {
    /// Whose pages.
    pub origins: Origins,
    /// Whether their requests may carry cookies. Tokens in `Authorization` need no such permission.
    pub credentials: bool,
}

/// What a request is, seen from the origin of the page that sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Crossing {
    /// No page of another origin is known to have sent it, or not one of the list.
    None,
    /// A page of this origin, which is in the list.
    Granted(HeaderValue),
}

impl Cors {
    /// Looks at the `Origin` of a request.
    pub(super) fn crossing(&self, request: &Request) -> Crossing {
        let origin = request.headers().get(header::ORIGIN);
        match origin.filter(|origin| self.lists(origin)) {
            Some(origin) => Crossing::Granted(origin.clone()),
            None => Crossing::None,
        }
    }

    fn lists(&self, origin: &HeaderValue) -> bool {
        self.origins.0.iter().any(|listed| listed.0 == origin)
    }

    /// The answer to a preflight, which asks whether a request of `methods` may be sent; none when it is none.
    ///
    /// # Errors
    /// 403 for a page that is not of the list.
    pub(super) fn preflight(
        &self,
        request: &Request,
        methods: &str,
    ) -> Result<Option<Response>, Problem> {
        let has = |name| request.headers().contains_key(name);
        let asks = has(header::ORIGIN) && has(header::ACCESS_CONTROL_REQUEST_METHOD);
        if request.method() != Method::OPTIONS || !asks {
            return Ok(None);
        }
        if self.crossing(request) == Crossing::None {
            return Err(Problem::forbidden(
                "pages of this origin may not use the API from a browser",
            ));
        }
        let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
        let headers = response.headers_mut();
        if let Ok(methods) = HeaderValue::from_str(methods) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_S.into());
        Ok(Some(response))
    }

    /// A browser sends cookies along with what a foreign page makes it send. Such a request must not change anything:
    /// nobody but the site itself, and listed origins when they may send cookies, is let through with them.
    ///
    /// # Errors
    /// 403 for such a request.
    pub(super) fn check_cookies(&self, request: &Request) -> Result<(), Problem> {
        let is_safe = matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS
        );
        if is_safe || !request.headers().contains_key(header::COOKIE) {
            return Ok(());
        }
        let granted = self.credentials && self.crossing(request) != Crossing::None;
        if granted || is_of_same_site(request.headers()) {
            return Ok(());
        }
        Err(Problem::forbidden(
            "a request with cookies must come from the site itself",
        ))
    }

    /// Writes into an answer who may read it.
    pub(super) fn mark(&self, crossing: &Crossing, headers: &mut HeaderMap) {
        if self.origins.0.is_empty() {
            return;
        }
        // Whatever is kept of an answer must not be given to a page of another origin.
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        let Crossing::Granted(origin) = crossing else {
            return;
        };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
        if self.credentials {
            let yes = HeaderValue::from_static("true");
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
    }
}

/// Whether a browser says that its own page of the same origin sent the request, or no browser did.
fn is_of_same_site(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.contains_key(SEC_FETCH_SITE) {
        return matches!(text(SEC_FETCH_SITE), Some("same-origin" | "none"));
    }
    // Older browsers: they send `Origin` with everything that is not safe.
    if !headers.contains_key(header::ORIGIN) {
        return true;
    }
    let authority = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
    authority.is_some_and(|(_, authority)| text(header::HOST) == Some(authority))
}

#[cfg(test)]
mod tests;
