//! The two cookies of a signed in browser: to this host alone, over TLS alone (or to one's own machine), read by no script,
//! sent along with no request of a foreign site. The API takes neither of them.

use chrono::Utc;
use poem::Request;
use poem::http::header::COOKIE;

use crate::shown::Tokens;

const ACCESS: &str = "__Host-insightdesk_console";
const REFRESH: &str = "__Host-insightdesk_console_refresh";
const ATTRIBUTES: &str = "Path=/; HttpOnly; Secure; SameSite=Strict";
/// A token that ends while a page is being made would sign its person out.
const MARGIN_S: i64 = 30;

/// The headers that keep tokens.
pub(super) fn keep(tokens: &Tokens) -> Vec<String> {
    let seconds = (tokens.expires_in - MARGIN_S).max(1);
    let mut headers = vec![format!(
        "{ACCESS}={}; Max-Age={seconds}; {ATTRIBUTES}",
        tokens.access_token
    )];
    if let Some(refresh) = &tokens.refresh_token {
        let seconds = (tokens.refresh_until - Utc::now()).num_seconds().max(1);
        headers.push(format!(
            "{REFRESH}={refresh}; Max-Age={seconds}; {ATTRIBUTES}"
        ));
    }
    headers
}

/// The headers that forget them.
pub(super) fn forget() -> Vec<String> {
    [ACCESS, REFRESH]
        .map(|name| format!("{name}=; Max-Age=0; {ATTRIBUTES}"))
        .to_vec()
}

/// The access token of a browser.
pub(super) fn access(request: &Request) -> Option<&str> {
    read(request, ACCESS)
}

/// Its refresh token.
pub(super) fn refresh(request: &Request) -> Option<&str> {
    read(request, REFRESH)
}

fn read<'a>(request: &'a Request, wanted: &str) -> Option<&'a str> {
    let headers = request.headers().get_all(COOKIE).into_iter();
    let texts = headers.filter_map(|value| value.to_str().ok());
    let mut pairs = texts
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == wanted && !value.is_empty()).then_some(value))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_lie_where_no_script_and_no_foreign_page_reaches_them() {
        let tokens: Tokens = serde_json::from_value(json!({
            "access_token": "eyJ.a.b", "refresh_token": "idr_x", "expires_in": 900, "must_enrol": false,
            "refresh_until": "2100-01-01T00:00:00Z",
        }))
        .unwrap();
        let kept = keep(&tokens);
        assert_eq!(kept.len(), 2);
        for header in kept.iter().chain(&forget()) {
            assert!(header.starts_with("__Host-"), "{header}");
            for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
                assert!(header.split("; ").any(|one| one == attribute), "{header}");
            }
        }
        assert!(kept[0].contains("Max-Age=870;"));
    }

    #[test]
    fn each_cookie_is_found_under_its_own_name() {
        let cookies = "__Host-insightdesk_console_refresh=r; __Host-insightdesk_console=a; x=y";
        let request = Request::builder().header(COOKIE, cookies).finish();
        assert_eq!(
            (access(&request), refresh(&request)),
            (Some("a"), Some("r"))
        );
        let request = Request::builder()
            .header(COOKIE, "__Host-insightdesk_console=")
            .finish();
        assert_eq!(access(&request), None);
    }
}
