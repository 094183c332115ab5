//! What every answer tells browsers and caches, on all routes and with every status.

use std::collections::BTreeSet;

use hyper::Method;
use platform::http::rate_limit::{BudgetName, Budgets};
use platform::http::security_headers::TransportSecurity;
use serde_json::json;
use uuid::Uuid;

use crate::contract::openapi::refusals::least_body;
use crate::contract::openapi::spec::Spec;
use crate::harness::{Answer, Database, TestApp};

const SERVED_BESIDE_THE_API: [&str; 8] = [
    "/docs",
    "/openapi.json",
    "/health",
    "/health/ready",
    "/health/detailed",
    "/metrics",
    "/.well-known/jwks.json",
    "/nowhere",
];

async fn app() -> TestApp {
    let database = Database::create().await;
    let mut config = database.config();
    config.web.transport = TransportSecurity::Strict;
    let budgets = config.rate_limits.take().unwrap_or_default();
    config.rate_limits = Some(person_asks_little(budgets));
    TestApp::on(database, config).await
}

/// So that the last of the requests is refused.
fn person_asks_little(budgets: Budgets) -> Budgets {
    budgets.with(BudgetName::DefaultPerson, "1/h burst 100".parse().unwrap())
}

#[track_caller]
fn is_complete(asked: &str, method: &Method, answer: &Answer) {
    let shown = || format!("{method} {asked}: {} {:?}", answer.status, answer.headers);
    for (name, value) in [
        (
            "strict-transport-security",
            "max-age=63072000; includeSubDomains",
        ),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-permitted-cross-domain-policies", "none"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}: {}", shown());
    }
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("frame-ancestors 'none'"), "{}", shown());
    assert!(answer.header("permissions-policy").is_some(), "{}", shown());
    assert!(answer.header("x-request-id").is_some(), "{}", shown());
    let kept = answer.header("cache-control").unwrap_or_default();
    let is_query = *method == Method::GET;
    let is_secret = asked.starts_with("/api/v1/auth/");
    // Queries about ways in are kept by nobody, either.
    let is_right = kept == "no-store" || is_query && !is_secret && kept == "private, no-cache";
    assert!(is_right, "{kept}: {}", shown());
    // Which software answers is nobody's business.
    assert!(answer.header("server").is_none(), "{}", shown());
    assert!(answer.header("x-powered-by").is_none(), "{}", shown());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_every_route_carries_the_security_headers() {
    let app = app().await;
    let mut statuses = BTreeSet::new();
    let mut look = |asked: &str, method: Method, answer: Answer| {
        is_complete(asked, &method, &answer);
        statuses.insert(answer.status.as_u16());
    };
    for path in SERVED_BESIDE_THE_API {
        look(path, Method::GET, app.client.get(path).await);
        for method in [Method::POST, Method::DELETE, Method::OPTIONS] {
            let answer = app.client.request(method.clone(), path).await;
            look(path, method, answer);
        }
    }
    let secret = "/api/v1/auth/nowhere";
    look(secret, Method::GET, app.client.get(secret).await);
    let spec = Spec::committed();
    for operation in spec.operations() {
        let id = Uuid::now_v7().to_string();
        let segments = operation.path.split('/');
        let path: Vec<&str> = segments
            .map(|segment| {
                if segment.starts_with('{') {
                    &id
                } else {
                    segment
                }
            })
            .collect();
        let path = path.join("/");
        let asked = format!("/api/v1{path}");
        let method: Method = operation.method.to_uppercase().parse().unwrap();
        let anonymous = app.client.request(method.clone(), &asked).await;
        look(&asked, method.clone(), anonymous);
        for person in [app.admin(), app.customer()] {
            let request = person.request(method.clone(), &path);
            let request = if operation.has_body() {
                request.json(&least_body(operation.id()))
            } else {
                request
            };
            look(&asked, method.clone(), request.await);
        }
        let other = app.client.request(Method::TRACE, &asked).await;
        look(&asked, Method::TRACE, other);
    }
    let tickets = "/api/v1/tickets";
    let opened = app
        .customer()
        .post("/tickets", json!({"subject": "Help", "body": "Help"}));
    look(tickets, Method::POST, opened.await);
    let long = app.customer().request(Method::POST, "/tickets");
    let long = long.bytes("application/json", vec![b' '; (1 << 20) + 1]);
    look(tickets, Method::POST, long.await);
    let leak = app.agent().get("/tickets?access_token=1").await;
    look(tickets, Method::GET, leak);
    let ahead = app
        .agent()
        .get("/tickets")
        .header("consistency-token", "0-999999999");
    let ahead = ahead.await;
    look(tickets, Method::GET, ahead);
    loop {
        let answer = app.agent().get("/tickets").await;
        let is_refused = answer.status == 429;
        look(tickets, Method::GET, answer);
        if is_refused {
            break;
        }
    }
    for status in [200, 201, 400, 401, 403, 404, 405, 413, 429, 503] {
        assert!(
            statuses.contains(&status),
            "{status} is not among {statuses:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_of_tls_unless_it_is_there() {
    let app = TestApp::start().await;
    let answer = app.client.get("/health").await;
    assert_eq!(answer.header("strict-transport-security"), None);
}
