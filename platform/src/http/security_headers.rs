//! What every answer tells browsers and caches, whatever its status.

use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::serve::{BASE_PATH, CONSOLE_PATH, DOCS_PATH};

/// API answers are for programs: nothing in them may run, be framed, embedded or guessed at.
const ALWAYS: [(HeaderName, HeaderValue); 7] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    // Pages of listed origins read answers by CORS, which this does not concern.
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), publickey-credentials-get=(), usb=()",
        ),
    ),
    (
        HeaderName::from_static("x-permitted-cross-domain-policies"),
        HeaderValue::from_static("none"),
    ),
];

const API_CONTENT_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
/// The documentation page carries its scripts and styles within it.
const DOCS_CONTENT_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The console has its scripts, styles and pictures in files of its own, sends forms to itself, and asks nobody else.
const CONSOLE_CONTENT_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'",
);

/// Two years, which is what browsers ask for.
const TRANSPORT_SECURITY: HeaderValue =
    HeaderValue::from_static("max-age=63072000; includeSubDomains");

/// May be kept by the client itself, and must be asked for again before it is used.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// Under these the answers hold credentials.
const CREDENTIAL_PATHS: [&str; 2] = ["/auth/", "/sign_up"];

/// Whether clients reach the server by TLS alone (`Strict-Transport-Security`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TransportSecurity {
    /// Nothing is said: plain HTTP goes on working, as on one's own machine.
    #[default]
    Unknown,
    /// Browsers are told to use nothing but TLS for two years, for subdomains as well.
    Strict,
}

/// Sets them on an answer.
pub(super) fn set(
    headers: &mut HeaderMap,
    method: &Method,
    path: &str,
    transport: TransportSecurity,
) {
    for (name, value) in ALWAYS {
        headers.insert(name, value);
    }
    let is_below = |base| {
        path.strip_prefix(base)
            .is_some_and(|rest| matches!(rest.as_bytes(), [] | [b'/', ..]))
    };
    let policy = if is_below(DOCS_PATH) {
        DOCS_CONTENT_POLICY
    } else if is_below(CONSOLE_PATH) {
        CONSOLE_CONTENT_POLICY
    } else {
        API_CONTENT_POLICY
    };
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    if transport == TransportSecurity::Strict {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TRANSPORT_SECURITY);
    }
    if is_never_kept(method, path) {
        headers.insert(header::CACHE_CONTROL, NO_STORE);
    } else {
        headers.entry(header::CACHE_CONTROL).or_insert(PRIVATE);
    }
}

/// Answers to commands are of no use later, and some hold what is shown once only.
fn is_never_kept(method: &Method, path: &str) -> bool {
    let is_query = matches!(*method, Method::GET | Method::HEAD);
    !is_query || holds_credentials(path)
}

/// Whether the API's path is one of signing up and in.
pub(super) fn holds_credentials(path: &str) -> bool {
    path.strip_prefix(BASE_PATH).is_some_and(|rest| {
        CREDENTIAL_PATHS
            .iter()
            .any(|prefix| rest.starts_with(prefix))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache_control(method: Method, path: &str) -> HeaderValue {
        let mut headers = HeaderMap::new();
        set(&mut headers, &method, path, TransportSecurity::Unknown);
        headers[header::CACHE_CONTROL].clone()
    }

    #[test]
    fn answers_to_commands_and_about_credentials_are_never_kept() {
        assert_eq!(cache_control(Method::GET, "/api/v1/tickets"), PRIVATE);
        assert_eq!(cache_control(Method::POST, "/api/v1/tickets"), NO_STORE);
        assert_eq!(
            cache_control(Method::GET, "/api/v1/auth/sessions"),
            NO_STORE
        );
        assert_eq!(cache_control(Method::GET, "/api/v1/authors"), PRIVATE);
    }

    #[test]
    fn browsers_are_held_to_tls_only_when_it_is_there() {
        let has = |transport| {
            let mut headers = HeaderMap::new();
            set(&mut headers, &Method::GET, "/", transport);
            headers.contains_key(header::STRICT_TRANSPORT_SECURITY)
        };
        assert!(has(TransportSecurity::Strict) && !has(TransportSecurity::Unknown));
    }
}
