//! Whatever changes something has to come from a page of the console itself, signing in included: a foreign page could
//! otherwise sign somebody in as somebody else.

use std::sync::Arc;

use platform::http::problem::Problem;
use poem::http::header::{HOST, ORIGIN};
use poem::http::{HeaderMap, Method};
use poem::{Endpoint, IntoResponse, Request, Response, Result};

pub(super) async fn check<E: Endpoint>(next: Arc<E>, request: Request) -> Result<Response> {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_safe && !is_of_this_site(request.headers()) {
        return Err(Problem::forbidden(
            "a form of the console must be sent from the console itself",
        )
        .into());
    }
    next.call(request).await.map(IntoResponse::into_response)
}

/// Stricter than the API, which also serves programs: every browser says where a form was sent from.
fn is_of_this_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = text(ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
    origin.is_some_and(|(_, authority)| text(HOST.as_str()) == Some(authority))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn from(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        is_of_this_site(&headers)
    }

    #[test]
    fn a_form_of_the_console_itself_is_taken() {
        assert!(from(&[
            ("sec-fetch-site", "same-origin"),
            ("host", "desk.example")
        ]));
        assert!(from(&[
            ("origin", "https://desk.example"),
            ("host", "desk.example")
        ]));
    }

    #[test]
    fn a_form_of_anybody_else_is_refused() {
        for site in ["cross-site", "same-site", "none"] {
            assert!(!from(&[
                ("sec-fetch-site", site),
                ("origin", "https://desk.example"),
                ("host", "desk.example")
            ]));
        }
        assert!(!from(&[
            ("origin", "https://evil.example"),
            ("host", "desk.example")
        ]));
        assert!(!from(&[("origin", "null"), ("host", "desk.example")]));
        assert!(!from(&[("host", "desk.example")]));
    }
}
