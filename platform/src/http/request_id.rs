//! The id of a request: the client's if it is sane, else a new one; in every answer and on every log line.

use poem::Request;
use poem::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header, in and out.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longer ids are replaced.
const LENGTH_MAX: usize = 128;

/// The id of a request. Handlers read it from the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The client's id: letters, digits, `-`, `_`, `.`, `:`, at most 128. Another one is replaced by a new one, so that a
    /// client cannot write into our logs.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let given = request
            .headers()
            .get(HEADER)
            .and_then(|value| value.to_str().ok());
        match given.filter(|text| is_sane(text)) {
            Some(text) => Self(text.to_owned()),
            None => Self(Uuid::now_v7().to_string()),
        }
    }

    /// Writes it into an answer.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.0) {
            headers.insert(HEADER, value);
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_sane(text: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    (1..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(given: &str) -> RequestId {
        RequestId::of(&Request::builder().header(HEADER, given).finish())
    }

    #[test]
    fn a_sane_id_is_kept_and_another_replaced() {
        assert_eq!(id_for("trace-1.a:b_c").as_str(), "trace-1.a:b_c");
        for given in ["", "a b", "a\"b", "{}", &"x".repeat(129)] {
            assert_ne!(id_for(given).as_str(), given);
        }
        assert!(RequestId::of(&Request::default()).as_str().len() == 36);
    }
}
