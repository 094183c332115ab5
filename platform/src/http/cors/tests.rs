//! The origins of the list and their impostors.
#![allow(clippy::unwrap_used)]

use super::*;

const OURS: &str = "https://desk.example.com";

fn cors(origins: &str, credentials: bool) -> Cors {
    Cors {
        origins: origins.parse().unwrap(),
        credentials,
    }
}

fn request(method: Method, headers: &[(&str, &str)]) -> Request {
    let mut request = Request::builder().method(method);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.finish()
}

fn marked(cors: &Cors, origin: &str) -> HeaderMap {
    let request = request(Method::GET, &[("origin", origin)]);
    let mut headers = HeaderMap::new();
    cors.mark(&cors.crossing(&request), &mut headers);
    headers
}

#[test]
fn an_origin_is_granted_only_when_it_is_listed_byte_for_byte() {
    let cors = cors(&format!("{OURS}, http://localhost:5173"), false);
    for origin in [OURS, "http://localhost:5173"] {
        let headers = marked(&cors, origin);
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], origin);
        assert_eq!(headers[header::VARY], "Origin");
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }
    for impostor in [
        "null",
        "",
        "*",
        "http://desk.example.com",
        "https://desk.example.com:8443",
        "https://desk.example.com.evil.example",
        "https://evil-desk.example.com",
        "https://evil.example/https://desk.example.com",
        "https://DESK.example.com",
        "https://desk.example.com/",
        "https://desk.example.com, https://evil.example",
        "http://localhost",
    ] {
        let headers = marked(&cors, impostor);
        assert_eq!(headers.len(), 1, "{impostor}: {headers:?}");
        assert_eq!(headers[header::VARY], "Origin", "{impostor}");
    }
}

#[test]
fn with_no_list_no_answer_speaks_of_origins() {
    assert!(marked(&Cors::default(), OURS).is_empty());
}

#[test]
fn cookies_are_allowed_only_by_configuration() {
    let headers = marked(&cors(OURS, true), OURS);
    assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
    assert!(
        !marked(&cors(OURS, true), "null").contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS)
    );
}

#[test]
fn what_no_browser_sends_is_no_origin_to_list() {
    for text in [
        "",
        "*",
        "null",
        "desk.example.com",
        "https://",
        "https://desk.example.com/",
        "https://*.example.com",
        "https://desk.example.com:443",
        "http://desk.example.com:80",
        "https://Desk.example.com",
        "file://desk",
        "https://a.example https://b.example",
    ] {
        assert!(text.parse::<Origins>().is_err(), "{text}");
    }
}

#[test]
fn a_preflight_of_a_listed_page_is_answered_and_another_refused() {
    let cors = cors(OURS, false);
    let asked = |origin| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "PATCH"),
        ];
        cors.preflight(&request(Method::OPTIONS, &headers), "GET, PATCH")
    };
    let answer = asked(OURS).unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("GET, PATCH")
    );
    assert!(
        answer
            .header("access-control-allow-headers")
            .unwrap()
            .contains("Idempotency-Key")
    );
    assert_eq!(asked("null").err().unwrap().status(), StatusCode::FORBIDDEN);
}

#[test]
fn other_requests_are_no_preflights() {
    let cors = cors(OURS, false);
    for (method, headers) in [
        (Method::OPTIONS, vec![("origin", OURS)]),
        (
            Method::OPTIONS,
            vec![("access-control-request-method", "GET")],
        ),
        (
            Method::GET,
            vec![("origin", OURS), ("access-control-request-method", "GET")],
        ),
    ] {
        let request = request(method, &headers);
        assert!(
            cors.preflight(&request, "GET").unwrap().is_none(),
            "{request:?}"
        );
    }
}

#[test]
fn cookies_count_only_from_the_site_itself() {
    let cookie = ("cookie", "refresh=1");
    let foreign = ("origin", "https://evil.example");
    let host = ("host", "desk.example.com");
    let passes = |cors: &Cors, method: Method, headers: &[(&str, &str)]| {
        cors.check_cookies(&request(method, headers)).is_ok()
    };
    let none = Cors::default();
    for refused in [
        &[cookie, foreign, host][..],
        &[cookie, host, ("origin", "null")],
        &[cookie, host, ("sec-fetch-site", "cross-site")],
        &[cookie, host, ("sec-fetch-site", "same-site")],
        &[
            cookie,
            host,
            ("origin", OURS),
            ("sec-fetch-site", "cross-site"),
        ],
        &[cookie, ("origin", OURS)],
    ] {
        assert!(!passes(&none, Method::POST, refused), "{refused:?}");
        assert!(passes(&none, Method::GET, refused), "{refused:?}");
    }
    for let_through in [
        &[cookie, host][..],
        &[cookie, host, ("origin", OURS)],
        &[cookie, host, ("sec-fetch-site", "same-origin")],
        &[foreign, host],
    ] {
        assert!(passes(&none, Method::POST, let_through), "{let_through:?}");
    }
    let listed = [cookie, ("origin", OURS), ("sec-fetch-site", "cross-site")];
    assert!(!passes(&cors(OURS, false), Method::POST, &listed));
    assert!(passes(&cors(OURS, true), Method::POST, &listed));
}
