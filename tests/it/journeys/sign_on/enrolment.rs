//! A second factor that is set up after a sign-on: for coming from there, and for nothing else.

use chrono::TimeDelta;
use hyper::Method;
use serde_json::{Value, json};

use super::{World, oidc, set_up};
use crate::harness::access::{
    PASSWORD, code_of, give_password, post, post_as, refresh, sign_in, status_of, text,
};
use crate::harness::provider::Provider;
use crate::harness::{Answer, DEADLINE, TestApp, eventually};

const GRACE: &str = "grace@acme.example";
const NEW_DEVICE: &str = "Subject: New sign-in to your account";

/// An organization that demands a second factor of its staff; Grace comes by its provider.
async fn demanding() -> World {
    let world = World::start().await;
    let body = json!({"settings": {"second_factor_required_for": "staff"}});
    let demanded = world.app.admin().patch("/organization", body).await;
    demanded.expect(200);
    world.provider.serves_verified("nord-1", GRACE);
    world
}

/// The secret of an app that is set up with an access token, and the recovery codes.
async fn enrol(app: &TestApp, access: &Value) -> (String, Vec<String>) {
    let proposed = post_as(&app.client, access, "/auth/second_factor", Value::Null).await;
    let secret = text(&proposed.expect(200)["secret"]).to_owned();
    let body = json!({"code": code_of(&secret, app.now())});
    let made = post_as(&app.client, access, "/auth/second_factor/confirm", body).await;
    let codes = made.expect(200)["codes"].clone();
    let codes = codes.as_array().unwrap().iter();
    (secret, codes.map(|code| text(code).to_owned()).collect())
}

async fn shows(app: &TestApp, half: &Answer, code: &str) -> Answer {
    let body = json!({"ticket": half["ticket"], "code": code});
    post(&app.client, "/auth/login/second_factor", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_by_a_provider_sets_up_what_the_organization_demands_and_is_asked_for_it_there() {
    let world = demanding().await;
    let app = &world.app;
    let tokens = world.sign_on().await.expect(200)["tokens"].clone();
    assert_eq!(tokens["must_enrol"], true);
    let access = &tokens["access_token"];
    assert_eq!(status_of(&app.client, access).await, 403);
    let (secret, codes) = enrol(app, access).await;
    let fresh = refresh(&app.client, &tokens["refresh_token"]).await;
    let fresh = fresh.expect(200);
    assert_eq!(fresh["must_enrol"], false);
    assert_eq!(status_of(&app.client, &fresh["access_token"]).await, 200);
    let again = post_as(
        &app.client,
        &fresh["access_token"],
        "/auth/second_factor",
        Value::Null,
    );
    again.await.expect(409);

    app.wait(TimeDelta::seconds(30));
    let half = world.sign_on().await.expect(200);
    assert_eq!(half["status"], "second_factor_required");
    shows(app, &half, "000000").await.expect(401);
    let code = code_of(&secret, app.now());
    let whole = shows(app, &half, &code).await.expect(200);
    assert_eq!(whole["tokens"]["must_enrol"], false);
    let half = world.sign_on().await.expect(200);
    shows(app, &half, &code).await.expect(401);
    shows(app, &half, &codes[0]).await.expect(200);
    let half = world.sign_on().await.expect(200);
    shows(app, &half, &codes[0]).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_up_after_a_sign_on_is_not_the_accounts_and_what_is_the_accounts_stays() {
    let world = demanding().await;
    let app = &world.app;
    let email = give_password(app, &app.acme, app.agent()).await;
    assert_eq!(email, GRACE);
    let tokens = world.sign_on().await.expect(200)["tokens"].clone();
    enrol(app, &tokens["access_token"]).await;
    // The account has none: it sets up one of its own.
    let by_password = sign_in(&app.client, GRACE, PASSWORD).await.expect(200);
    assert_eq!(by_password["status"], "signed_in");
    assert_eq!(by_password["tokens"]["must_enrol"], true);
    enrol(app, &by_password["tokens"]["access_token"]).await;
    let asked = sign_in(&app.client, GRACE, PASSWORD).await.expect(200);
    assert_eq!(asked["status"], "second_factor_required");

    // Who has one with the account does not get another by a sign-on.
    let ada = give_password(app, &app.acme, app.admin()).await;
    let by_password = sign_in(&app.client, &ada, PASSWORD).await.expect(200);
    let (secret, _) = enrol(app, &by_password["tokens"]["access_token"]).await;
    app.wait(TimeDelta::seconds(30));
    world.provider.serves_verified("nord-2", &ada);
    let half = world.sign_on().await.expect(200);
    let whole = shows(app, &half, &code_of(&secret, app.now())).await;
    let token = whole.expect(200)["tokens"]["access_token"].clone();
    post_as(&app.client, &token, "/auth/second_factor", Value::Null)
        .await
        .expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_who_unlinks_a_person_lets_them_set_up_another_app() {
    let world = demanding().await;
    let app = &world.app;
    let tokens = world.sign_on().await.expect(200)["tokens"].clone();
    enrol(app, &tokens["access_token"]).await;
    let path = format!("/users/{}/sign_on", app.agent().id);
    app.admin().request(Method::DELETE, &path).await.expect(204);
    let anew = world.sign_on().await.expect(200);
    assert_eq!(anew["tokens"]["must_enrol"], true);
    let (secret, _) = enrol(app, &anew["tokens"]["access_token"]).await;
    assert!(!secret.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_factor_of_an_erased_person_is_gone() {
    let world = demanding().await;
    let app = &world.app;
    let tokens = world.sign_on().await.expect(200)["tokens"].clone();
    enrol(app, &tokens["access_token"]).await;
    let database = app.database.superuser().await;
    let count = async || {
        let rows = "SELECT (SELECT count(*) FROM sign_on_factors) + (SELECT count(*) FROM recovery_codes) \
                    + (SELECT count(*) FROM known_devices)";
        database
            .query_one(rows, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
    };
    assert_eq!(count().await, 12);
    let path = format!("/users/{}/erase", app.agent().id);
    let erased = app.admin().post(&path, json!({"reason": "They asked"}));
    erased.await.expect(200);
    let gone = async || match count().await {
        0 => Ok(()),
        left => Err(left),
    };
    eventually(gone, DEADLINE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_on_from_another_device_is_told_by_mail_once() {
    let provider = Provider::start().await;
    let (app, mailbox) = TestApp::with_mail_and(|config| provider.config(config)).await;
    let id = set_up(app.admin(), &oidc(&provider)).await;
    let world = World { provider, app, id };
    world.provider.serves_verified("nord-1", GRACE);
    world.sign_on().await.expect(200);
    mailbox.telling(GRACE, NEW_DEVICE).await;
    world.sign_on().await.expect(200);
    // A mail that is sent after them all.
    let email = give_password(&world.app, &world.app.acme, world.app.agent()).await;
    let forgot = json!({"email": email});
    post(&world.app.client, "/auth/password/forgot", forgot)
        .await
        .expect(202);
    mailbox.token(GRACE, "idr_").await;
    assert_eq!(mailbox.count_telling(GRACE, NEW_DEVICE), 1);
    // The account does not know the device by what a provider said.
    sign_in(&world.app.client, GRACE, PASSWORD)
        .await
        .expect(200);
    mailbox.telling(GRACE, NEW_DEVICE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_tells_of_strangers_who_were_refused_without_saying_who_they_are() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-7", "mallory@evil.example");
    world.sign_on().await.expect(401);
    world.provider.serves(json!({"sub": "nord-8"}));
    world.sign_on().await.expect(401);
    let told = async || {
        let path = "/audit?type=sign_on.refused";
        let told = world.app.admin().get(path).await.expect(200);
        match told.items() {
            [first, second] => Ok([first.clone(), second.clone()]),
            other => Err(other.len()),
        }
    };
    let told = eventually(told, DEADLINE).await;
    let summaries = told
        .each_ref()
        .map(|entry| text(&entry["summary"]).to_owned());
    assert!(
        summaries.iter().any(|it| it.contains("does not know them")),
        "{summaries:?}"
    );
    assert!(
        summaries.iter().any(|it| it.contains("says no address")),
        "{summaries:?}"
    );
    for entry in told {
        assert_eq!(entry["resource"]["id"], json!(world.id), "{entry}");
        assert!(entry["subject"].is_null(), "{entry}");
        assert!(!entry.to_string().contains("evil"), "{entry}");
    }
    let elsewhere = world
        .app
        .globex
        .admin
        .get("/audit?type=sign_on.refused")
        .await;
    assert!(elsewhere.expect(200).items().is_empty());
}
