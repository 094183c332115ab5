//! The refresh token in a cookie, where a page in a browser asks for it: no script can read it there.
//!
//! The cookie goes to this host alone, over TLS alone (`__Host-`, RFC 6265bis section 4.1.3.2), and along with no request
//! of a foreign site (`SameSite=Strict`). A foreign page cannot spend it either: no request with cookies that changes
//! something is let in from one (see [`platform::http::cors`]).

use const_format::formatcp;
use poem::Request;
use poem::http::header::COOKIE;
use poem_openapi::Enum;

use crate::identity::REFRESH_LIFETIME;

const NAME: &str = "__Host-insightdesk_refresh";
const ATTRIBUTES: &str = "Path=/; HttpOnly; Secure; SameSite=Strict";
/// Makes a browser forget the cookie.
const FORGET: &str = formatcp!("{NAME}=; Max-Age=0; {ATTRIBUTES}");

/// Where a client wants to have its refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Enum)]
#[oai(rename = "RefreshTokenCarrier", rename_all = "snake_case")]
pub(super) enum Carrier {
    /// In the answer.
    #[default]
    Body,
    /// In a cookie that no script can read.
    Cookie,
}

/// The header that sets the cookie.
pub(super) fn set(refresh_token: &str) -> String {
    let seconds = REFRESH_LIFETIME.num_seconds();
    format!("{NAME}={refresh_token}; Max-Age={seconds}; {ATTRIBUTES}")
}

/// The header that removes the cookie, if the request has it.
pub(super) fn forget(request: &Request) -> Option<String> {
    read(request).map(|_| FORGET.to_owned())
}

/// The refresh token in the cookie of a request.
pub(super) fn read(request: &Request) -> Option<&str> {
    let headers = request.headers().get_all(COOKIE).into_iter();
    let texts = headers.filter_map(|value| value.to_str().ok());
    let pairs = texts.flat_map(|text| text.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == NAME).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_cookies(headers: &[&str]) -> Request {
        let request = headers.iter().fold(Request::builder(), |request, cookies| {
            request.header(COOKIE, *cookies)
        });
        request.finish()
    }

    #[test]
    fn the_cookie_is_found_among_others_and_under_its_own_name_alone() {
        let request = with_cookies(&["theme=dark; __Host-insightdesk_refresh=idf_a; x=y"]);
        assert_eq!(read(&request), Some("idf_a"));
        let request = with_cookies(&["theme=dark", "__Host-insightdesk_refresh=idf_b"]);
        assert_eq!(read(&request), Some("idf_b"));
        for other in [
            "insightdesk_refresh=idf_c",
            "x__Host-insightdesk_refresh=idf_c",
            "__Host-insightdesk_refresh",
            "",
        ] {
            assert_eq!(read(&with_cookies(&[other])), None, "{other}");
        }
    }

    #[test]
    fn what_is_set_can_be_forgotten() {
        assert!(set("idf_a").starts_with("__Host-insightdesk_refresh=idf_a; Max-Age=604800; "));
        for header in [set("idf_a"), FORGET.to_owned()] {
            for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
                assert!(header.split("; ").any(|one| one == attribute), "{header}");
            }
            assert!(!header.contains("Domain"));
        }
    }
}
