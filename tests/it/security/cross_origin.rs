//! S39, pages of other origins: who is not listed gets no word from which a browser would conclude that it may read.

use hyper::Method;
use platform::http::cors::Cors;
use serde_json::json;

use crate::harness::{Answer, Database, TestApp};

const LISTED: &str = "https://desk.example.com";
/// Each of which a careless comparison would take for the listed one, or for no origin.
const IMPOSTORS: [&str; 8] = [
    "null",
    "https://evil.example",
    "http://desk.example.com",
    "https://desk.example.com:8443",
    "https://desk.example.com.evil.example",
    "https://evil-desk.example.com",
    "https://eviLdesk.example.com",
    "https://desk.example.com/",
];

async fn app(credentials: bool) -> TestApp {
    let database = Database::create().await;
    let mut config = database.config();
    config.web.cors = Cors {
        origins: LISTED.parse().unwrap(),
        credentials,
    };
    TestApp::on(database, config).await
}

async fn preflight(app: &TestApp, origin: &str, path: &str) -> Answer {
    let request = app.client.request(Method::OPTIONS, path);
    request
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,idempotency-key",
        )
        .await
}

#[track_caller]
fn says_nothing(answer: &Answer, origin: &str) {
    let mut names = answer.headers.keys().map(|name| name.as_str());
    let found = names.find(|name| name.starts_with("access-control-"));
    assert_eq!(found, None, "{origin}: {:?}", answer.headers);
}

#[tokio::test(flavor = "multi_thread")]
async fn s39_a_page_that_is_not_listed_may_read_nothing() {
    let app = app(true).await;
    for origin in IMPOSTORS {
        let read = app.agent().get("/tickets").header("origin", origin).await;
        says_nothing(&read.expect(200), origin);
        let refused = app.client.get("/api/v1/tickets").header("origin", origin);
        says_nothing(&refused.await.expect(401), origin);
        let asked = preflight(&app, origin, "/api/v1/tickets").await.expect(403);
        says_nothing(&asked, origin);
        assert!(!asked.body.to_string().contains(LISTED), "{}", asked.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s39_without_a_list_no_page_is_let_in() {
    let app = TestApp::start().await;
    for origin in IMPOSTORS.into_iter().chain([LISTED]) {
        let read = app.agent().get("/tickets").header("origin", origin).await;
        says_nothing(&read.expect(200), origin);
        let asked = preflight(&app, origin, "/api/v1/tickets").await.expect(403);
        says_nothing(&asked, origin);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s39_a_listed_page_may_read_what_its_own_token_may() {
    let app = app(false).await;
    let read = app
        .agent()
        .get("/tickets")
        .header("origin", LISTED)
        .await
        .expect(200);
    assert_eq!(read.header("access-control-allow-origin"), Some(LISTED));
    assert_eq!(read.header("access-control-allow-credentials"), None);
    assert_eq!(read.header("vary"), Some("Origin"));
    let exposed = read.header("access-control-expose-headers").unwrap();
    for name in [
        "ETag",
        "Consistency-Token",
        "RateLimit",
        "Retry-After",
        "X-Request-Id",
        "Location",
    ] {
        assert!(
            exposed.split(", ").any(|one| one == name),
            "{name}: {exposed}"
        );
    }
    // It reads errors as well, or it could not tell its visitor what is wrong.
    let refused = app.client.get("/api/v1/tickets").header("origin", LISTED);
    let refused = refused.await.expect(401);
    assert_eq!(refused.header("access-control-allow-origin"), Some(LISTED));
}

#[tokio::test(flavor = "multi_thread")]
async fn s39_a_preflight_needs_no_token_and_does_nothing() {
    let app = app(false).await;
    let events = app.log().await.len();
    let asked = preflight(&app, LISTED, "/api/v1/tickets").await;
    assert_eq!(
        (asked.status.as_u16(), asked.body.as_str()),
        (204, Some(""))
    );
    assert_eq!(asked.header("access-control-allow-origin"), Some(LISTED));
    assert_eq!(
        asked.header("access-control-allow-methods"),
        Some("GET, POST, HEAD")
    );
    let headers = asked.header("access-control-allow-headers").unwrap();
    for name in [
        "Authorization",
        "Content-Type",
        "Idempotency-Key",
        "If-Match",
        "Prefer",
        "Consistency-Token",
    ] {
        assert!(
            headers.split(", ").any(|one| one == name),
            "{name}: {headers}"
        );
    }
    preflight(&app, LISTED, "/api/v1/nowhere").await.expect(404);
    assert_eq!(app.log().await.len(), events);
}

#[tokio::test(flavor = "multi_thread")]
async fn s39_cookies_of_a_visitor_carry_no_command_of_a_foreign_page() {
    let app = app(false).await;
    let events = app.log().await.len();
    let body = json!({"subject": "Printer on fire", "body": "Help"});
    let forged = || {
        let post = app.customer().post("/tickets", body.clone());
        post.header("cookie", "refresh=stolen")
    };
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        // Listed, but not with cookies.
        ("origin", LISTED),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let refused = forged().header(name, value).await.expect(403);
        assert_eq!(refused.header("access-control-allow-credentials"), None);
    }
    assert_eq!(app.log().await.len(), events);
    forged()
        .header("sec-fetch-site", "same-origin")
        .await
        .expect(201);
    let own = format!("http://{}", app.client.address);
    forged().header("origin", own).await.expect(201);
}

/// A form or a script without a preflight can send these types alone.
#[tokio::test(flavor = "multi_thread")]
async fn s39_a_simple_request_is_no_way_around_the_preflight() {
    let app = app(false).await;
    let events = app.log().await.len();
    for simple in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let body = json!({"subject": "Printer on fire", "body": "Help"}).to_string();
        let post = app
            .customer()
            .request(Method::POST, "/tickets")
            .bytes(simple, body);
        post.header("origin", "https://evil.example")
            .await
            .expect(415);
    }
    assert_eq!(app.log().await.len(), events);
}
