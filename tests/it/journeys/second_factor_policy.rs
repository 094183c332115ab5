//! An organization demands a second factor of its people.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::access::{
    PASSWORD, code_of, give_login, give_password, post, post_as, refresh, signed_in, status_of,
    text,
};
use crate::harness::{Answer, TestApp};

const REQUIRED: &str = "urn:insightdesk:problem:second_factor_required";

async fn demand(app: &TestApp, of: &str) {
    let body = json!({"settings": {"second_factor_required_for": of}});
    app.admin().patch("/organization", body).await.expect(200);
}

/// Sets an authenticator app up; its secret.
async fn enrol(app: &TestApp, access: &Value) -> String {
    let proposed = post_as(&app.client, access, "/auth/second_factor", json!({})).await;
    let secret = text(&proposed.expect(200)["secret"]).to_owned();
    let body = json!({"code": code_of(&secret, app.now())});
    post_as(&app.client, access, "/auth/second_factor/confirm", body)
        .await
        .expect(200);
    secret
}

async fn code(app: &TestApp, ticket: &Value, secret: &str) -> Answer {
    let body = json!({"ticket": ticket, "code": code_of(secret, app.now())});
    post(&app.client, "/auth/login/second_factor", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_second_factor_may_set_one_up_and_nothing_else() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    demand(&app, "staff").await;
    let tokens = signed_in(&app.client, &email).await;
    assert_eq!(tokens["must_enrol"], true);
    let access = &tokens["access_token"];
    let request = app.client.get("/api/v1/tickets").token(text(access)).await;
    assert_eq!(request.expect(403)["type"], REQUIRED);
    let body = json!({"current_password": PASSWORD, "new_password": "a bicycle of old violins"});
    let refused = post_as(&app.client, access, "/auth/password/change", body).await;
    assert_eq!(refused.expect(403)["type"], REQUIRED);

    enrol(&app, access).await;
    assert_eq!(
        status_of(&app.client, access).await,
        403,
        "until it is refreshed"
    );
    let fresh = refresh(&app.client, &tokens["refresh_token"]).await;
    let fresh = fresh.expect(200);
    assert_eq!(fresh["must_enrol"], false);
    assert_eq!(status_of(&app.client, &fresh["access_token"]).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_from_before_the_demand_is_held_to_it_when_it_is_refreshed() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.admin()).await;
    let tokens = signed_in(&app.client, &email).await;
    demand(&app, "admins").await;
    let fresh = refresh(&app.client, &tokens["refresh_token"]).await;
    let fresh = fresh.expect(200);
    assert_eq!(fresh["must_enrol"], true);
    assert_eq!(status_of(&app.client, &fresh["access_token"]).await, 403);
    // The only admin is not locked out.
    enrol(&app, &fresh["access_token"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demand_is_held_against_those_alone_whom_it_names() {
    let app = TestApp::start().await;
    let admin = give_password(&app, &app.acme, app.admin()).await;
    let agent = give_password(&app, &app.acme, app.agent()).await;
    let customer = give_password(&app, &app.acme, app.customer()).await;
    for (of, expected) in [
        ("nobody", [false, false, false]),
        ("admins", [true, false, false]),
        ("staff", [true, true, false]),
    ] {
        demand(&app, of).await;
        for (email, must_enrol) in [&admin, &agent, &customer].into_iter().zip(expected) {
            let tokens = signed_in(&app.client, email).await;
            assert_eq!(tokens["must_enrol"], must_enrol, "{of} {email}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_factor_that_is_demanded_is_not_given_up() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let tokens = signed_in(&app.client, &email).await;
    let secret = enrol(&app, &tokens["access_token"]).await;
    demand(&app, "staff").await;
    app.wait(TimeDelta::seconds(30));
    let give_up = async || {
        let body = json!({"password": PASSWORD, "code": code_of(&secret, app.now())});
        let path = "/auth/second_factor/give_up";
        post_as(&app.client, &tokens["access_token"], path, body).await
    };
    give_up().await.expect(409);
    demand(&app, "nobody").await;
    give_up().await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_is_chosen_after_the_code_without_another_one() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let path = format!("/users/{}", app.globex.agent.id);
    let address = json!({"email": email});
    app.globex.admin.patch(&path, address).await.expect(200);
    give_login(&app, &app.globex, &app.globex.agent, &email).await;
    let body = json!({"email": email, "password": PASSWORD, "organization": "acme"});
    let first = post(&app.client, "/auth/login", body).await.expect(200);
    let secret = enrol(&app, &first["tokens"]["access_token"]).await;
    app.wait(TimeDelta::seconds(30));

    let body = json!({"email": email, "password": PASSWORD});
    let half = post(&app.client, "/auth/login", body).await.expect(200);
    let choose = code(&app, &half["ticket"], &secret).await.expect(200);
    assert_eq!(choose["status"], "choose_organization");
    assert_eq!(choose["organizations"].as_array().map(Vec::len), Some(2));
    let ticket = &choose["ticket"];
    assert_ne!(ticket, &half["ticket"]);
    code(&app, &half["ticket"], &secret).await.expect(401);
    let chosen = json!({"ticket": ticket, "organization": "globex"});
    let path = "/auth/login/second_factor";
    let done = post(&app.client, path, chosen.clone()).await.expect(200);
    let identity = &done["tokens"]["identity"];
    assert_eq!(identity["organization_slug"], "globex");
    post(&app.client, path, chosen).await.expect(401);
    let half = json!({"email": email, "password": PASSWORD});
    let half = post(&app.client, "/auth/login", half).await.expect(200);
    let without = json!({"ticket": half["ticket"], "organization": "acme"});
    let refused = post(&app.client, path, without).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/code");
}
