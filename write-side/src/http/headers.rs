//! The headers that every command understands.

use crate::dispatch::IfMatch;
use event_store::{IdempotencyKey, Version};
use platform::http::entity_tag;
use platform::http::problem::Problem;
use std::time::Duration;

/// The longest that a client may ask to wait.
const WAIT_MAX_S: u64 = 10;

/// `Idempotency-Key`: 1 to 255 visible ASCII characters.
pub(super) fn idempotency_key(header: Option<&str>) -> Result<Option<IdempotencyKey>, Problem> {
    let key = header.map(IdempotencyKey::new).transpose();
    key.map_err(|error| {
        Problem::bad_request(format!("the header Idempotency-Key is not valid: {error}"))
    })
}

/// `If-Match`: one strong entity tag as an answer's `ETag` gave it, or `*` (RFC 9110, section 13.1.1).
pub(super) fn if_match(header: Option<&str>) -> Result<Option<IfMatch>, Problem> {
    let Some(text) = header.map(str::trim) else {
        return Ok(None);
    };
    if text == "*" {
        return Ok(Some(IfMatch::Any));
    }
    let version = entity_tag::version_in(text).and_then(|number| Version::new(number).ok());
    match version {
        Some(version) => Ok(Some(IfMatch::Version(version))),
        None => Err(Problem::bad_request(
            "the header If-Match must be one ETag of this resource, such as \"3\", or *",
        )),
    }
}

/// The `wait` preference of `Prefer` (RFC 7240, section 4.3) in whole seconds, at most ten. Other preferences, and those
/// that cannot be read, are ignored, as the standard wants it.
pub(super) fn wait(header: Option<&str>) -> Option<Duration> {
    let preferences = header?.split([',', ';']);
    let values = preferences.filter_map(|preference| preference.trim().split_once('='));
    let mut waits = values.filter(|(name, _)| name.trim().eq_ignore_ascii_case("wait"));
    let seconds: u64 = waits.next()?.1.trim().trim_matches('"').parse().ok()?;
    (seconds > 0).then(|| Duration::from_secs(seconds.min(WAIT_MAX_S)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn if_match_is_a_strong_version_or_any() {
        let version = |number| Some(IfMatch::Version(Version::new(number).unwrap()));
        assert_eq!(if_match(Some("\"12\"")).unwrap(), version(12));
        assert_eq!(if_match(Some(" * ")).unwrap(), Some(IfMatch::Any));
        assert_eq!(if_match(None).unwrap(), None);
        for text in [
            "",
            "12",
            "W/\"12\"",
            "\"\"",
            "\"a\"",
            "\"-1\"",
            "\"+1\"",
            "\"1\", \"2\"",
            "\"99999999999999999999\"",
        ] {
            assert!(if_match(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn wait_is_bounded_and_what_cannot_be_read_is_ignored() {
        assert_eq!(wait(Some("wait=5")), Some(Duration::from_secs(5)));
        assert_eq!(
            wait(Some("respond-async, Wait=7; x=y")),
            Some(Duration::from_secs(7))
        );
        assert_eq!(wait(Some("wait=3600")), Some(Duration::from_secs(10)));
        for text in [
            "wait",
            "wait=",
            "wait=x",
            "wait=-1",
            "wait=0",
            "return=minimal",
            "",
        ] {
            assert_eq!(wait(Some(text)), None, "{text}");
        }
    }

    #[test]
    fn an_idempotency_key_is_visible_ascii() {
        assert!(idempotency_key(Some("a-1")).unwrap().is_some());
        assert!(idempotency_key(None).unwrap().is_none());
        assert!(idempotency_key(Some("a b")).is_err());
        assert!(idempotency_key(Some("")).is_err());
    }
}
