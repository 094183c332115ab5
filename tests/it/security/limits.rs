//! Limits over HTTP: whom they stop, whom they do not, and what they tell.

use domain::actor::Role;
use hyper::Method;
use platform::config::Config;
use platform::http::client_address::ClientAddresses;
use platform::http::rate_limit::BudgetName;
use platform::private::{Durability, PrivateServers, test_dir};
use serde_json::json;
use uuid::Uuid;

use crate::harness::access::{PASSWORD, give_login, make_key};
use crate::harness::{Answer, Client, DEADLINE, Database, Person, TestApp, eventually};

/// Few enough to be spent, slow enough that none flows in.
const BUDGET: &str = "1/h burst 20";
const BURST: usize = 20;
/// A twentieth of it.
const LEASE: usize = 1;

fn config(database: &Database, limited: &[BudgetName]) -> Config {
    let mut config = database.config();
    let unlimited = config.rate_limits.take().unwrap_or_default();
    let budgets = limited.iter().fold(unlimited, |budgets, name| {
        budgets.with(*name, BUDGET.parse().unwrap())
    });
    config.rate_limits = Some(budgets);
    // All tests share an address and a Valkey: each gives its clients addresses of their own.
    config.web.clients = ClientAddresses {
        trusted: "127.0.0.1".parse().unwrap(),
        ..ClientAddresses::default()
    };
    config
}

async fn app(limited: &[BudgetName]) -> TestApp {
    let database = Database::create().await;
    let config = config(&database, limited);
    TestApp::on(database, config).await
}

/// An address that nobody else has.
fn address() -> String {
    let [a, b, c, d, ..] = *Uuid::new_v4().as_bytes();
    format!("2001:db8:{a:x}{b:02x}:{c:x}{d:02x}::1")
}

/// Lets Grace sign in by an address that nobody else has.
async fn login_of_its_own(app: &TestApp) -> String {
    let email = format!("grace-{}@acme.example", Uuid::new_v4());
    let path = format!("/users/{}", app.agent().id);
    let changed = app.admin().patch(&path, json!({"email": email}));
    changed.await.expect(200);
    give_login(app, &app.acme, app.agent(), &email).await;
    email
}

async fn asks(person: &Person) -> Answer {
    person.get("/organization").await
}

/// How many of twice the burst are let in.
async fn let_in(person: &Person) -> usize {
    let mut let_in = 0;
    for _ in 0..2 * BURST {
        let_in += usize::from(asks(person).await.status == 200);
    }
    let_in
}

#[track_caller]
fn is_refusal(answer: &Answer, kind: &str) {
    let problem = format!("urn:insightdesk:problem:rate_limited_{kind}");
    assert_eq!(answer["type"], problem, "{}", answer.body);
    let retry_after_s: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(retry_after_s > 0);
    let told = answer.header("ratelimit").unwrap();
    assert_eq!(told, format!("\"{kind}\";r=0;t={retry_after_s}"));
    let policy = answer.header("ratelimit-policy").unwrap();
    assert!(policy.starts_with(&format!("\"{kind}\";q=")), "{policy}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_asks_too_often_is_refused_and_nobody_else_is() {
    let app = app(&[BudgetName::DefaultPerson]).await;
    assert_eq!(let_in(app.agent()).await, BURST);
    is_refusal(&asks(app.agent()).await.expect(429), "person");
    asks(app.colleague()).await.expect(200);
    asks(&app.globex.agent).await.expect(200);
    // A key has one of its own.
    let key = make_key(app.admin(), &["organization:read"]).await.person;
    assert_eq!(let_in(&key).await, BURST);
    is_refusal(&asks(&key).await.expect(429), "api_key");
    asks(app.admin()).await.expect(200);
    // Commands have a budget of their own.
    app.agent()
        .post(
            "/tickets",
            json!({"subject": "Printer", "requester_id": app.customer().id}),
        )
        .await
        .expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_that_asks_too_often_stops_no_other() {
    let app = app(&[BudgetName::DefaultOrganization]).await;
    assert_eq!(let_in(app.agent()).await, BURST);
    is_refusal(&asks(app.colleague()).await.expect(429), "organization");
    assert_eq!(let_in(&app.globex.agent).await, BURST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_command_does_nothing_and_leaves_its_key_unused() {
    let app = app(&[BudgetName::CommandsPerson]).await;
    let body = json!({"subject": "Printer on fire", "body": "Help"});
    for _ in 0..BURST {
        app.customer()
            .post("/tickets", body.clone())
            .await
            .expect(201);
    }
    let events = app.log().await.len();
    let again = app.customer().post("/tickets", body.clone());
    let refused = again.idempotency_key("refused-once").await.expect(429);
    is_refusal(&refused, "person");
    assert_eq!(app.log().await.len(), events);
    let another = json!({"subject": "Another", "body": "Help"});
    let stranger = app.stranger().post("/tickets", another);
    stranger.idempotency_key("refused-once").await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_tell_the_limit_of_whoever_asks_and_not_that_of_others() {
    let app = app(&[BudgetName::DefaultPerson]).await;
    let first = asks(app.agent()).await.expect(200);
    assert_eq!(
        first.header("ratelimit-policy"),
        Some("\"person\";q=20;w=72000")
    );
    let told = first.header("ratelimit").unwrap();
    assert!(told.starts_with("\"person\";r=19;t="), "{told}");
    asks(app.colleague()).await.expect(200);
    let second = asks(app.agent()).await.expect(200);
    assert!(
        second
            .header("ratelimit")
            .unwrap()
            .starts_with("\"person\";r=18;")
    );
    let anonymous = app.client.get("/openapi.json").await;
    assert!(
        anonymous
            .header("ratelimit")
            .unwrap()
            .starts_with("\"address\";")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_who_tries_credentials_too_often_is_stopped_while_others_at_the_address_work_on() {
    let app = app(&[BudgetName::CredentialsAddress]).await;
    let address = address();
    let tries = async |path: &str| {
        let body = json!({"email": "nobody@nowhere.example", "password": "a guess of the day"});
        let request = app.client.request(Method::POST, path).json(&body);
        request.header("x-forwarded-for", &address).await
    };
    for _ in 0..BURST {
        let answer = tries("/api/v1/auth/login").await;
        assert_ne!(answer.status, 429, "{}", answer.body);
    }
    let refused = tries("/api/v1/auth/login").await.expect(429);
    is_refusal(&refused, "address");
    // Whatever way in it tries.
    tries("/api/v1/sign_up").await.expect(429);
    let agent = app.agent().get("/organization");
    agent.header("x-forwarded-for", &address).await.expect(200);
    let customer = app
        .customer()
        .post("/tickets", json!({"subject": "Help", "body": "Help"}));
    customer
        .header("x-forwarded-for", &address)
        .await
        .expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_who_spends_an_accounts_tries_elsewhere_does_not_lock_its_owners_known_device_out() {
    let app = app(&[BudgetName::CredentialsAccount]).await;
    let email = login_of_its_own(&app).await;
    let (home, abroad, elsewhere) = (address(), address(), address());
    let tries = async |from: &str, program: &str, email: &str, password: &str| {
        let request = app.client.request(Method::POST, "/api/v1/auth/login");
        let request = request.json(&json!({"email": email, "password": password}));
        let request = request.header("x-forwarded-for", from);
        request.header("user-agent", program).await
    };
    let wrong = "a guess of the day";
    // The device is known from now on.
    tries(&home, "Firefox", &email, PASSWORD).await.expect(200);
    for _ in 1..BURST {
        tries(&elsewhere, "Firefox", &email, wrong)
            .await
            .expect(401);
    }
    let refused = tries(&elsewhere, "Firefox", &email, wrong).await;
    is_refusal(&refused.expect(429), "account");

    tries(&home, "Firefox", &email, PASSWORD).await.expect(200);
    // Nobody else has these tries: no other program there, and not the same one elsewhere.
    tries(&home, "curl", &email, PASSWORD).await.expect(429);
    tries(&abroad, "Firefox", &email, PASSWORD)
        .await
        .expect(429);
    // They end as well.
    for _ in 1..BURST {
        tries(&home, "Firefox", &email, wrong).await.expect(401);
    }
    let refused = tries(&home, "Firefox", &email, PASSWORD).await;
    is_refusal(&refused.expect(429), "account");
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_a_device_that_is_known_to_no_account_learns_nothing_by_its_limit() {
    let app = app(&[BudgetName::CredentialsAccount]).await;
    let home = address();
    let tries = async |email: &str| {
        let request = app.client.request(Method::POST, "/api/v1/auth/login");
        let body = json!({"email": email, "password": "a guess of the day"});
        request.json(&body).header("x-forwarded-for", &home).await
    };
    let known = login_of_its_own(&app).await;
    let unknown = format!("{}@nowhere.example", Uuid::new_v4());
    let no_address = format!("\u{0}{}", Uuid::new_v4());
    for email in [known, unknown, no_address] {
        for _ in 0..BURST {
            tries(&email).await.expect(401);
        }
        is_refusal(&tries(&email).await.expect(429), "account");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_not_valid_are_counted_by_address() {
    let app = app(&[BudgetName::DefaultAddress]).await;
    let address = address();
    let guess = async || {
        let request = app.client.get("/api/v1/tickets").token("x.y.z");
        request.header("x-forwarded-for", &address).await
    };
    for _ in 0..BURST {
        guess().await.expect(401);
    }
    is_refusal(&guess().await.expect(429), "address");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_answers_an_address_that_may_ask_nothing_else() {
    let app = app(&[BudgetName::DefaultAddress]).await;
    let address = address();
    let get = async |path: &str| {
        let request = app.client.get(path);
        request.header("x-forwarded-for", &address).await
    };
    for _ in 0..BURST {
        get("/docs").await;
    }
    get("/docs").await.expect(429);
    for path in ["/health", "/health/ready", "/health/detailed", "/metrics"] {
        // A machine that stands still is not ready; it is not limited.
        assert_ne!(get(path).await.status, 429, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_stay_on_while_valkey_is_away_and_are_shared_again_when_it_is_back() {
    let servers = PrivateServers::start(&test_dir(), Durability::Test)
        .await
        .unwrap();
    let database = Database::on(&servers).await;
    let config = config(&database, &[BudgetName::DefaultPerson]);
    let app = TestApp::on(database, config).await;
    let (second, client) = app.second().await;
    let elsewhere = app.acme.at(&client);
    assert_eq!(let_in(app.agent()).await, BURST);
    shared(&app, &client).await;

    servers.kill_valkey().await.unwrap();
    assert_eq!(let_in(app.agent()).await, 0);
    assert_eq!(let_in(app.colleague()).await, BURST);
    assert!(let_in(&elsewhere.colleague).await <= BURST);

    servers.start_valkey().await.unwrap();
    for server in [&app.client, &client] {
        connected(server).await;
    }
    assert_eq!(let_in(app.agent()).await, 0);
    shared(&app, &client).await;
    second.shutdown().await.unwrap();
}

async fn connected(server: &Client) {
    let look = async || {
        let health = server.get("/health/detailed").await;
        let checks = health["checks"].as_array().unwrap();
        let is_ok = checks
            .iter()
            .any(|check| check["name"] == "valkey" && check["state"] == "ok");
        if is_ok { Ok(()) } else { Err(health.body) }
    };
    eventually(look, DEADLINE).await;
}

/// Somebody who has asked nothing yet.
async fn newcomer(app: &TestApp) -> Person {
    let body = json!({"name": "Nina", "email": format!("{}@acme.example", Uuid::new_v4()), "role": "agent"});
    let made = app.admin().post("/users", body).await.expect(201);
    app.acme.person(made.id(), "Nina", Role::Agent)
}

/// People who have not asked before get one budget for both servers. The servers settle some moments after they are
/// connected, and on a machine that stands still each limits alone for a while, so several people may have to try.
async fn shared(app: &TestApp, there: &Client) {
    let together = async || {
        let person = newcomer(app).await;
        let here = let_in(&person).await;
        assert_eq!(here, BURST);
        match here + let_in(&person.at(there)).await {
            both if both <= BURST + 2 * LEASE => Ok(()),
            both => Err(both),
        }
    };
    eventually(together, DEADLINE).await;
}
