//! What the console shows to whom the API shows a part alone, and of what is too much for a page.

use std::collections::BTreeSet;

use hyper::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::{Browser, cookies, followed, form, text};
use crate::harness::access::{give_password, make_role, signed_in, text as text_of};
use crate::harness::{Answer, Person, TestApp};

const ACCESS: &str = "__Host-insightdesk_console";
const ON_TICKETS: [&str; 4] = [
    "read_tickets",
    "work_on_tickets",
    "reply_to_tickets",
    "assign_tickets",
];

async fn give(app: &TestApp, person: &Person, role: Uuid) {
    let path = format!("/users/{}", person.id);
    let given = app.admin().patch(&path, json!({"role_id": role}));
    given.await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_shown_to_who_may_read_it_but_not_those_whom_it_may_be_given_to() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("No ink").await;
    app.agent().ticket(ticket).await.expect(200);
    let role = make_role(app.admin(), "agent", &ON_TICKETS).await;
    give(&app, app.colleague(), role).await;
    let with_teams = [ON_TICKETS.as_slice(), &["read_teams"]].concat();
    let body = json!({"name": "With teams", "base": "agent", "permissions": with_teams});
    let with_teams = app.admin().post("/roles", body).await.expect(201).id();
    give(&app, app.agent(), with_teams).await;
    app.admin().get("/roles").await.expect(200);
    let path = format!("/tickets/{ticket}");

    let browser = Browser::of(&app, &app.acme, app.colleague()).await;
    assert_eq!(browser.get("/tickets").await.status, StatusCode::OK);
    let page = browser.get(&path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(!text(&page).contains("/assign\""), "{}", page.body);
    let reply = browser.send(&format!("{path}/reply"), "key=k1&body=Which+one%3F");
    assert!(followed(&browser, reply).await.contains("Which one?"));

    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let page = text(&browser.get(&path).await);
    assert!(
        page.contains("/assign\"") && page.contains(">Support</option>"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_may_be_given_to_more_people_and_teams_than_one_page_of_them_has() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("No ink").await;
    for number in 0..105 {
        let body = json!({"name": format!("Agent {number}"), "role": "agent"});
        app.admin().post("/users", body).await.expect(201);
        let body = json!({"name": format!("Team {number}")});
        app.admin().post("/teams", body).await.expect(201);
    }
    app.agent().get("/teams").await.expect(200);
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let page = text(&browser.get(&format!("/tickets/{ticket}")).await);
    for number in 0..105 {
        for name in ["Agent", "Team"] {
            let option = format!(">{name} {number}</option>");
            assert!(page.contains(&option), "{option}");
        }
    }
}

async fn demand_second_factor(app: &TestApp) {
    let body = json!({"settings": {"second_factor_required_for": "staff"}});
    app.admin().patch("/organization", body).await.expect(200);
}

#[track_caller]
fn forgets_the_session(answer: &Answer) {
    let names: BTreeSet<String> = cookies(answer).into_iter().collect();
    let forgotten = [format!("{ACCESS}="), format!("{ACCESS}_refresh=")];
    assert_eq!(names, BTreeSet::from(forgotten), "{:?}", answer.headers);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_held_to_a_second_factor_ends_where_signing_in_would() {
    let app = TestApp::start().await;
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    demand_second_factor(&app).await;
    let (_, refresh) = browser.cookies.split_once("; ").unwrap();
    let request = app.client.get("/console/tickets");
    let renewed = request.header("cookie", refresh).await;
    assert_eq!(renewed.status, StatusCode::FORBIDDEN);
    let page = text(&renewed);
    assert!(page.contains("demands a second factor") && page.contains("name=\"password\""));
    forgets_the_session(&renewed);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_every_page_can_sign_out() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    demand_second_factor(&app).await;
    let tokens = signed_in(&app.client, &email).await;
    let cookies = format!("{ACCESS}={}", text_of(&tokens["access_token"]));
    let browser = Browser { app: &app, cookies };
    for path in ["/tickets", "/analytics"] {
        let refused = browser.get(path).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        let page = text(&refused);
        assert!(page.contains("action=\"/console/sign-out\""), "{page}");
    }
    let out = browser.send("/sign-out", "").await;
    assert_eq!(out.header("location"), Some("/console/sign-in"));
    forgets_the_session(&out);
    // Who has no session has nothing to sign out of.
    let unknown = text(&app.client.get("/console/nowhere").await);
    assert!(!unknown.contains("sign-out"), "{unknown}");
    let from_elsewhere = form(&app, "/sign-out", "").header("sec-fetch-site", "none");
    assert_eq!(from_elsewhere.await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_no_address_can_hold_is_a_mistake_of_whoever_sends_it() {
    let app = TestApp::start().await;
    let browser = Browser::of(&app, &app.acme, app.agent()).await;
    let query = "!".repeat(25_000);
    let refused = browser.get(&format!("/tickets?query={query}")).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(text(&refused).contains(r#"role="alert""#));
}
