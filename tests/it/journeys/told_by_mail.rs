//! What the owner of an account is told by mail.

use chrono::TimeDelta;
use hyper::Method;
use serde_json::{Value, json};

use crate::harness::access::{PASSWORD, code_of, give_password, post, post_as, signed_in, text};
use crate::harness::{Mailbox, TestApp};

const FRESH: &str = "a bicycle made of old violins";
const NEW_DEVICE: &str = "Subject: New sign-in to your account";

async fn sign_in_from(app: &TestApp, email: &str, device: &str) {
    let body = json!({"email": email, "password": PASSWORD});
    let request = app.client.request(Method::POST, "/api/v1/auth/login");
    let request = request.json(&body).header("user-agent", device);
    request.await.expect(200);
}

/// How many mails of new devices there are once one that is sent after them all is there.
async fn new_devices(app: &TestApp, mailbox: &Mailbox, email: &str) -> usize {
    let body = json!({"email": email});
    post(&app.client, "/auth/password/forgot", body)
        .await
        .expect(202);
    mailbox.token(email, "idr_").await;
    mailbox.count_telling(email, NEW_DEVICE)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_from_another_device_is_told_once() {
    let (app, mailbox) = TestApp::with_mail().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    sign_in_from(&app, &email, "Firefox").await;
    let mail = mailbox.telling(&email, NEW_DEVICE).await;
    assert!(mail.contains("Firefox"), "{mail}");
    sign_in_from(&app, &email, "Firefox").await;
    assert_eq!(new_devices(&app, &mailbox, &email).await, 1);
    sign_in_from(&app, &email, "curl").await;
    mailbox.telling(&email, NEW_DEVICE).await;
    app.wait(TimeDelta::days(91));
    sign_in_from(&app, &email, "curl").await;
    mailbox.telling(&email, NEW_DEVICE).await;
    assert_eq!(new_devices(&app, &mailbox, &email).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_is_no_device() {
    let (app, mailbox) = TestApp::with_mail().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let wrong = json!({"email": email, "password": "not the password at all"});
    post(&app.client, "/auth/login", wrong).await.expect(401);
    assert_eq!(new_devices(&app, &mailbox, &email).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_password_is_told() {
    let (app, mailbox) = TestApp::with_mail().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let tokens = signed_in(&app.client, &email).await;
    let change = json!({"current_password": PASSWORD, "new_password": FRESH});
    let path = "/auth/password/change";
    post_as(&app.client, &tokens["access_token"], path, change)
        .await
        .expect(204);
    mailbox.telling(&email, "Your password was changed").await;

    let body = json!({"email": email});
    post(&app.client, "/auth/password/forgot", body)
        .await
        .expect(202);
    let token = mailbox.token(&email, "idr_").await;
    let reset = json!({"token": token, "password": "seven purple umbrellas at the door"});
    post(&app.client, "/auth/password/reset", reset)
        .await
        .expect(204);
    mailbox.telling(&email, "Your password was changed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_the_second_factor_is_told() {
    let (app, mailbox) = TestApp::with_mail().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let tokens = signed_in(&app.client, &email).await;
    let send = async |path: &str, body: Value| {
        let answer = post_as(&app.client, &tokens["access_token"], path, body).await;
        assert!(answer.status.is_success(), "{answer:?}");
        answer.body
    };
    let proposed = send("/auth/second_factor", json!({})).await;
    let code = || code_of(text(&proposed["secret"]), app.now());
    let codes = send("/auth/second_factor/confirm", json!({"code": code()})).await;
    mailbox.telling(&email, "sign-in was turned on").await;

    let body = json!({"email": email, "password": PASSWORD});
    let half = post(&app.client, "/auth/login", body).await.expect(200);
    let body = json!({"ticket": half["ticket"], "code": codes["codes"][0]});
    post(&app.client, "/auth/login/second_factor", body)
        .await
        .expect(200);
    mailbox.telling(&email, "A recovery code was used").await;
    app.wait(TimeDelta::seconds(30));
    let body = json!({"code": code()});
    send("/auth/second_factor/recovery_codes", body).await;
    mailbox
        .telling(&email, "New recovery codes were made")
        .await;
    app.wait(TimeDelta::seconds(30));
    let body = json!({"password": PASSWORD, "code": code()});
    send("/auth/second_factor/give_up", body).await;
    mailbox.telling(&email, "sign-in was turned off").await;
}
