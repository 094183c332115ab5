//! S40, the part of HTTP: secrets that are sent, in the right place or the wrong one, are in no log, no metric, no error
//! and no row. Each place has a canary of its own, so that a leak names it.

use std::collections::BTreeMap;

use hyper::Method;
use serde_json::{Value, json};

use crate::harness::access::{make_key, post};
use crate::harness::{Answer, Binary, Client, Organization, Person, TestApp};

/// Where a canary is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Token,
    Basic,
    Cookie,
    KeyHeader,
    Query,
    QueryName,
    Subject,
    Message,
    Password,
    WrongType,
    NoJson,
    ClientSecret,
    SignOnCode,
}

const PLACES: [Place; 13] = [
    Place::Token,
    Place::Basic,
    Place::Cookie,
    Place::KeyHeader,
    Place::Query,
    Place::QueryName,
    Place::Subject,
    Place::Message,
    Place::Password,
    Place::WrongType,
    Place::NoJson,
    Place::ClientSecret,
    Place::SignOnCode,
];

/// Birds, and what they were sent with.
struct Canaries(BTreeMap<Place, String>);

impl Canaries {
    fn new() -> Self {
        let canary = |place: Place| (place, format!("canary{}", uuid::Uuid::new_v4().simple()));
        Self(PLACES.into_iter().map(canary).collect())
    }

    fn of(&self, place: Place) -> &str {
        &self.0[&place]
    }

    /// The places whose canaries are in a text.
    fn found_in(&self, text: &str) -> Vec<Place> {
        let found = self.0.iter().filter(|(_, canary)| text.contains(*canary));
        found.map(|(place, _)| *place).collect()
    }
}

#[track_caller]
fn tells_nothing(canaries: &Canaries, answer: &Answer) {
    let told = format!("{:?} {}", answer.headers, answer.body);
    assert_eq!(canaries.found_in(&told), [], "{told}");
}

/// Sends every canary, where it belongs and where it does not.
async fn send_all(canaries: &Canaries, client: &Client, acme: &Organization) {
    let canary = |place| canaries.of(place);
    let agent = &acme.agent;
    let refused = [
        (
            client.get("/api/v1/tickets").token(canary(Place::Token)),
            401,
        ),
        (
            client
                .get("/api/v1/tickets")
                .header("authorization", format!("Basic {}", canary(Place::Basic))),
            401,
        ),
        (
            agent
                .request(Method::POST, "/tickets")
                .header("cookie", format!("refresh={}", canary(Place::Cookie)))
                .header("origin", "https://evil.example"),
            403,
        ),
        (
            client
                .get("/api/v1/nowhere")
                .header("x-api-key", canary(Place::KeyHeader)),
            404,
        ),
        (
            agent.get(&format!("/tickets?access_token={}", canary(Place::Query))),
            400,
        ),
        (
            client.get(&format!("/nowhere?api_key={}", canary(Place::Query))),
            400,
        ),
        (
            agent.get(&format!("/tickets?limit={}", canary(Place::Query))),
            400,
        ),
        (
            agent.get(&format!("/tickets?{}=1", canary(Place::QueryName))),
            400,
        ),
        (
            agent.post(
                "/tickets",
                json!({"subject": "Help", "password": canary(Place::Password)}),
            ),
            400,
        ),
        (
            agent.post("/tickets", json!({"subject": [canary(Place::WrongType)]})),
            400,
        ),
        (
            agent.request(Method::POST, "/tickets").bytes(
                "application/json",
                format!("{{\"a\": {}", canary(Place::NoJson)),
            ),
            400,
        ),
    ];
    for (request, status) in refused {
        tells_nothing(canaries, &request.await.expect(status));
    }
    send_to_a_provider(canaries, client, acme).await;
    let unread = client
        .get(&format!("/nowhere?x={}", canary(Place::Query)))
        .await;
    tells_nothing(canaries, &unread.expect(404));
    // Accepted: whoever wrote it may read it, and nobody else anywhere.
    let open = json!({"subject": canary(Place::Subject), "body": canary(Place::Message)});
    let open = acme.customer.post("/tickets", open);
    let with_key = open.header("x-api-key", canary(Place::KeyHeader));
    let ticket = with_key.await.expect(201).id();
    let read = agent.get(&format!("/tickets/{ticket}")).await.expect(200);
    assert_eq!(read["subject"], canary(Place::Subject));
    tells_nothing(
        canaries,
        &client.get(&format!("/api/v1/tickets/{ticket}")).await,
    );
}

/// The secret part of an API key that was made, used where it belongs and where it does not.
async fn used_key(admin: &Person) -> String {
    let key = make_key(admin, &["tickets:read"]).await.person;
    key.get("/tickets").await.expect(200);
    for parameter in ["api_key", "key"] {
        let path = format!("/tickets?{parameter}={}", key.token());
        key.get(&path).await.expect(400);
    }
    let secret = key.token().rsplit_once('_').unwrap().1;
    secret.to_owned()
}

/// To one that does not answer: what is wrong is logged.
async fn send_to_a_provider(canaries: &Canaries, client: &Client, acme: &Organization) {
    let new = json!({
        "kind": "oidc", "name": "Nobody", "issuer": "https://localhost:9", "client_id": "id",
        "client_secret": canaries.of(Place::ClientSecret),
    });
    let made = acme.admin.post("/sign_on/providers", new).await.expect(201);
    tells_nothing(canaries, &made);
    let path = format!("/auth/sign_on/providers/{}", made.id());
    let start = json!({"organization": acme.slug});
    let started = post(client, &format!("{path}/start"), start).await;
    tells_nothing(canaries, &started.expect(503));
    let code = canaries.of(Place::SignOnCode);
    let finish = json!({"flow": format!("ido_{code}"), "state": code, "code": code});
    let finished = post(client, &format!("{path}/finish"), finish).await;
    tells_nothing(canaries, &finished.expect(401));
}

/// Everything that is kept for good.
async fn stored(app: &TestApp) -> String {
    let client = app.database.superuser().await;
    let mut stored = String::new();
    for statement in [
        "SELECT data::text || metadata::text FROM events",
        "SELECT row_to_json(r)::text FROM command_results r",
        "SELECT row_to_json(p)::text FROM sign_on_providers p",
        "SELECT row_to_json(o)::text FROM security_outbox o",
    ] {
        for row in client.query(statement, &[]).await.unwrap() {
            stored.push_str(row.get(0));
        }
    }
    stored
}

async fn no_canary_is_seen(format: &str, filter: &str) {
    let app = TestApp::start().await;
    let dir = tempfile::tempdir().unwrap();
    let server = Binary::new(&app.config, dir.path())
        .with("INSIGHTDESK_RATE_LIMITS", "on")
        .with("INSIGHTDESK_RATE_LIMIT_DEFAULT_ADDRESS", "1000000/s")
        .with("INSIGHTDESK_RATE_LIMIT_COMMANDS_ADDRESS", "1000000/s")
        .serve_logging(format, filter)
        .await;
    let client = Client::new(server.address);
    let canaries = Canaries::new();
    let last = format!("last-{format}");
    send_all(&canaries, &client, &app.acme.at(&client)).await;
    let secret = used_key(&app.acme.admin.at(&client)).await;
    let metrics = client.get("/metrics").header("x-request-id", &last).await;
    // The line of the last request is written before its answer, and read a moment later.
    let logged = async || {
        let said = server.said();
        if said.contains(&last) {
            Ok(said)
        } else {
            Err("the last request is not logged yet")
        }
    };
    let said = crate::harness::eventually(logged, crate::harness::DEADLINE).await;
    assert!(
        said.contains("/api/v1/tickets"),
        "nothing was logged: {said}"
    );
    assert_eq!(canaries.found_in(&said), [], "{said}");
    assert!(!said.contains(&secret), "{said}");
    assert_eq!(
        canaries.found_in(metrics.body.as_str().unwrap_or_default()),
        []
    );
    assert!(metrics.body.to_string().contains("http_requests_total"));
    let stored = stored(&app).await;
    assert_eq!(canaries.found_in(&stored), []);
    assert!(!stored.contains(&secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn s40_no_secret_is_in_a_log_of_text_a_metric_an_error_or_a_row() {
    no_canary_is_seen(
        "text",
        "info,platform=debug,write_side=debug,read_side=debug,insightdesk=debug",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s40_no_secret_is_in_a_log_of_json_a_metric_an_error_or_a_row() {
    no_canary_is_seen("json", "info").await;
}

#[test]
fn a_canary_that_sings_is_heard() {
    let canaries = Canaries::new();
    let told = Value::from(format!("token {} refused", canaries.of(Place::Token))).to_string();
    assert_eq!(canaries.found_in(&told), [Place::Token]);
}
