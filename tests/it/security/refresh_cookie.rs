//! S39, the refresh token in a cookie: out of reach of scripts, and of no use to foreign pages.

use hyper::Method;
use serde_json::{Value, json};

use crate::harness::access::{PASSWORD, give_password, status_of, text};
use crate::harness::{Answer, Client, Request, TestApp};

/// A sign-in of an agent that asks for the cookie: the answer, and the cookie as a browser sends it back.
async fn in_a_browser(app: &TestApp) -> (Answer, String) {
    let email = give_password(app, &app.acme, app.agent()).await;
    let body = json!({"email": email, "password": PASSWORD});
    let login = app
        .client
        .request(Method::POST, "/api/v1/auth/login")
        .json(&body);
    let answer = login.header("refresh-token-in", "cookie").await.expect(200);
    let cookie = cookie_of(&answer);
    (answer, cookie)
}

#[track_caller]
fn cookie_of(answer: &Answer) -> String {
    let header = answer.header("set-cookie").expect("a cookie");
    header.split(';').next().unwrap_or_default().to_owned()
}

async fn refresh(client: &Client, cookie: &str, headers: &[(&str, &str)]) -> Answer {
    let request = client
        .request(Method::POST, "/api/v1/auth/refresh")
        .json(&json!({}));
    let with = |request: Request, (name, value): &(&str, &str)| request.header(name, value);
    headers
        .iter()
        .fold(request.header("cookie", cookie), with)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn s39_a_refresh_token_in_a_cookie_is_in_no_body() {
    let app = TestApp::start().await;
    let (answer, cookie) = in_a_browser(&app).await;
    let tokens: &Value = &answer["tokens"];
    assert_eq!(tokens.get("refresh_token"), None);
    let header = answer.header("set-cookie").unwrap();
    for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
        assert!(header.split("; ").any(|one| one == attribute), "{header}");
    }
    assert_eq!(answer.header("cache-control"), Some("no-store"));

    let renewed = refresh(&app.client, &cookie, &[]).await.expect(200);
    let newer = cookie_of(&renewed);
    assert_ne!(newer, cookie);
    assert_eq!(renewed.body.get("refresh_token"), None);
    assert_eq!(status_of(&app.client, &renewed["access_token"]).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn s39_a_foreign_page_cannot_spend_the_cookie_of_its_visitor() {
    let app = TestApp::start().await;
    let (_, cookie) = in_a_browser(&app).await;
    for foreign in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let refused = refresh(&app.client, &cookie, &[foreign]).await.expect(403);
        assert_eq!(refused.header("set-cookie"), None);
    }
    // It was not spent: its first use is still good.
    refresh(&app.client, &cookie, &[("sec-fetch-site", "same-origin")])
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_removes_the_cookie_and_ends_what_it_held() {
    let app = TestApp::start().await;
    let (answer, cookie) = in_a_browser(&app).await;
    let out = app
        .client
        .request(Method::POST, "/api/v1/auth/logout")
        .token(text(&answer["tokens"]["access_token"]));
    let out = out.header("cookie", &cookie).await.expect(204);
    let removed = out.header("set-cookie").unwrap();
    assert!(
        removed.starts_with("__Host-insightdesk_refresh=; Max-Age=0;"),
        "{removed}"
    );
    refresh(&app.client, &cookie, &[]).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_no_cookie_gets_none() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let login = |carrier: &'static str| {
        let body = json!({"email": email, "password": PASSWORD});
        let login = app
            .client
            .request(Method::POST, "/api/v1/auth/login")
            .json(&body);
        login.header("refresh-token-in", carrier)
    };
    let answer = login("body").await.expect(200);
    assert_eq!(answer.header("set-cookie"), None);
    assert!(answer["tokens"]["refresh_token"].is_string());
    login("nowhere").await.expect(400);

    let nothing = app.client.request(Method::POST, "/api/v1/auth/refresh");
    let refused = nothing.json(&json!({})).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/refresh_token");
}
