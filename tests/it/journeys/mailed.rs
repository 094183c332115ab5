//! The ways in that begin with a mail.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::access::{
    PASSWORD, give_password, post, post_as, refresh, sign_in, signed_in, status_of,
};
use crate::harness::{DEADLINE, TestApp, eventually};

fn application(slug: &str, email: &str) -> Value {
    json!({
        "organization_name": "Initech", "organization_slug": slug, "name": "Bill Lumbergh", "email": email,
        "password": PASSWORD,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_up_gets_an_organization_once_their_address_is_shown() {
    let (app, mailbox) = TestApp::with_mail().await;
    let body = application("initech", "bill@initech.example");
    post(&app.client, "/sign_up", body).await.expect(202);
    let token = mailbox.token("bill@initech.example", "idv_").await;
    sign_in(&app.client, "bill@initech.example", PASSWORD)
        .await
        .expect(401);
    let verify = json!({"token": token});
    let made = post(&app.client, "/auth/verify_address", verify.clone()).await;
    let made = made.expect(200);
    let tokens = signed_in(&app.client, "bill@initech.example").await;
    assert_eq!(
        tokens["identity"]["organization_id"],
        made["organization_id"]
    );
    assert_eq!(tokens["identity"]["role"], "admin");
    assert_eq!(tokens["identity"]["user_name"], "Bill Lumbergh");
    post(&app.client, "/auth/verify_address", verify)
        .await
        .expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_signs_up_into_an_organization_that_exists() {
    let (app, mailbox) = TestApp::with_mail().await;
    let body = application("acme", "bill@initech.example");
    let refused = post(&app.client, "/sign_up", body).await.expect(409);
    assert_eq!(refused["errors"][0]["pointer"], "/organization_slug");
    // Taken by somebody else while the link was on its way.
    for email in ["bill@initech.example", "milton@initech.example"] {
        let body = application("initech", email);
        post(&app.client, "/sign_up", body).await.expect(202);
    }
    let first = mailbox.token("bill@initech.example", "idv_").await;
    let second = mailbox.token("milton@initech.example", "idv_").await;
    let verify = async |token| post(&app.client, "/auth/verify_address", token).await;
    verify(json!({"token": second})).await.expect(200);
    verify(json!({"token": first})).await.expect(409);
    sign_in(&app.client, "bill@initech.example", PASSWORD)
        .await
        .expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_with_a_known_address_is_answered_as_any_other_and_told_its_owner() {
    let (app, mailbox) = TestApp::with_mail().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let known = post(&app.client, "/sign_up", application("initech", &email)).await;
    let other = application("initrode", "new@initrode.example");
    let unknown = post(&app.client, "/sign_up", other).await;
    assert_eq!(known.expect(202).body, unknown.expect(202).body);
    mailbox.telling(&email, "has an account already").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_with_an_account_signs_up_for_another_organization_and_keeps_their_password() {
    let (app, mailbox) = TestApp::with_mail().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let mut wish = application("initech", &email);
    wish["password"] = "a bicycle made of old violins".into();
    post(&app.client, "/sign_up", wish).await.expect(202);
    let token = mailbox.token(&email, "idv_").await;
    let verify = json!({"token": token});
    post(&app.client, "/auth/verify_address", verify)
        .await
        .expect(200);
    sign_in(&app.client, &email, "a bicycle made of old violins")
        .await
        .expect(401);
    let choose = sign_in(&app.client, &email, PASSWORD).await.expect(200);
    assert_eq!(choose["status"], "choose_organization");
    let body = json!({"email": email, "password": PASSWORD, "organization": "initech"});
    let chosen = post(&app.client, "/auth/login", body).await.expect(200);
    assert_eq!(chosen["tokens"]["identity"]["role"], "admin");
    let body = json!({"email": email, "password": PASSWORD, "organization": "acme"});
    let chosen = post(&app.client, "/auth/login", body).await.expect(200);
    assert_eq!(chosen["tokens"]["identity"]["role"], "agent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weak_password_or_a_name_that_is_none_is_refused_by_field() {
    let (app, _mailbox) = TestApp::with_mail().await;
    for (field, value) in [
        ("password", "passwordpassword"),
        ("password", "short"),
        ("email", "no address"),
        ("organization_slug", "Not A Slug"),
        ("name", " "),
    ] {
        let mut body = application("initech", "bill@initech.example");
        body[field] = value.into();
        let refused = post(&app.client, "/sign_up", body).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], format!("/{field}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s22_a_reset_link_from_before_another_password_is_dead() {
    let (app, mailbox) = TestApp::with_mail().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let tokens = signed_in(&app.client, &email).await;
    let forgot = json!({"email": email});
    post(&app.client, "/auth/password/forgot", forgot)
        .await
        .expect(202);
    let token = mailbox.token(&email, "idr_").await;
    let fresh = "a bicycle made of old violins";
    let change = json!({"current_password": PASSWORD, "new_password": fresh});
    let access = &tokens["access_token"];
    let changed = post_as(&app.client, access, "/auth/password/change", change).await;
    changed.expect(204);
    let body = json!({"token": token, "password": "eleven purple kettles on a raft"});
    post(&app.client, "/auth/password/reset", body)
        .await
        .expect(401);
    sign_in(&app.client, &email, fresh).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn s22_a_reset_link_is_good_once_for_half_an_hour_and_ends_every_session() {
    let (app, mailbox) = TestApp::with_mail().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let tokens = signed_in(&app.client, &email).await;
    let forgot = async |email: &str| {
        let body = json!({"email": email});
        let request = app
            .client
            .request(hyper::Method::POST, "/api/v1/auth/password/forgot");
        // The base of links is configured: a forged Host changes nothing.
        request
            .json(&body)
            .header("x-forwarded-host", "evil.example")
            .await
            .expect(202)
    };
    let fresh = "a bicycle made of old violins";
    let reset = async |token: &str, password: &str| {
        let body = json!({"token": token, "password": password});
        post(&app.client, "/auth/password/reset", body).await
    };
    forgot(&email).await;
    let late = mailbox.token(&email, "idr_").await;
    app.wait(TimeDelta::minutes(31));
    reset(&late, fresh).await.expect(401);

    forgot(&email).await;
    let former = mailbox.token(&email, "idr_").await;
    forgot(&email).await;
    let token = mailbox.token(&email, "idr_").await;
    reset(&former, fresh).await.expect(401);
    assert!(!mailbox.mail_to(&email).await.contains("evil.example"));
    reset(&token, "too short").await.expect(422);
    assert_eq!(status_of(&app.client, &tokens["access_token"]).await, 200);
    reset(&token, fresh).await.expect(204);
    reset(&token, fresh).await.expect(401);
    assert_eq!(status_of(&app.client, &tokens["access_token"]).await, 401);
    refresh(&app.client, &tokens["refresh_token"])
        .await
        .expect(401);
    sign_in(&app.client, &email, PASSWORD).await.expect(401);
    sign_in(&app.client, &email, fresh).await.expect(200);

    let unknown = forgot("nobody@acme.example").await;
    assert_eq!(unknown.body, forgot(&email).await.body);
    // Mail that was asked for later has come.
    mailbox.token(&email, "idr_").await;
    assert_eq!(mailbox.count_to("nobody@acme.example"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn s30_a_short_name_that_no_organization_can_have_is_one_that_none_has() {
    let app = TestApp::start().await;
    for slug in ["\u{0}", "x\u{89}q\u{0}*", "\u{202e}acme", "acme'--", ""] {
        let provider = format!("/auth/sign_on/providers/{}/start", uuid::Uuid::now_v7());
        let email = "carla@acme.example";
        for (path, body, status) in [
            (provider.as_str(), json!({"organization": slug}), 404),
            (
                "/auth/codes",
                json!({"email": email, "organization": slug}),
                202,
            ),
            (
                "/auth/codes/verify",
                json!({"email": email, "organization": slug, "code": "123456"}),
                401,
            ),
            (
                "/auth/login",
                json!({"email": email, "organization": slug, "password": PASSWORD}),
                401,
            ),
        ] {
            let answer = post(&app.client, path, body).await;
            let expected = [status, 400].contains(&answer.status.as_u16());
            assert!(expected, "{path} {slug:?}: {answer:?}");
        }
    }
    let choices = app
        .client
        .get("/api/v1/auth/sign_on/providers?organization=%00");
    let choices = choices.await;
    assert!([200, 400].contains(&choices.status.as_u16()), "{choices:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_from_a_mail_is_told_to_the_organization() {
    let (app, mailbox) = TestApp::with_mail().await;
    let body = json!({"email": "carla@acme.example", "organization": "acme"});
    post(&app.client, "/auth/codes", body).await.expect(202);
    let code = mailbox.code("carla@acme.example").await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let body = json!({"email": "carla@acme.example", "organization": "acme", "code": wrong});
    post(&app.client, "/auth/codes/verify", body)
        .await
        .expect(401);
    let told = async || {
        let path = "/audit?type=sign_in.failed";
        let told = app.admin().get(path).await.expect(200);
        match told.items() {
            [one] => Ok(one.clone()),
            other => Err(other.len()),
        }
    };
    let told = eventually(told, DEADLINE).await;
    let summary = told["summary"].as_str().unwrap();
    assert!(summary.contains("a mailed code"), "{summary}");
    assert_eq!(told["subject"]["id"], json!(app.customer().id), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_signs_in_by_a_code_from_a_mail_and_staff_do_not() {
    let (app, mailbox) = TestApp::with_mail().await;
    let ask = async |email: &str| {
        let body = json!({"email": email, "organization": "acme"});
        post(&app.client, "/auth/codes", body).await.expect(202)
    };
    let show = async |email: &str, code: &str| {
        let body = json!({"email": email, "organization": "acme", "code": code});
        post(&app.client, "/auth/codes/verify", body).await
    };
    ask("carla@acme.example").await;
    let code = mailbox.code("carla@acme.example").await;
    show("sten@acme.example", &code).await.expect(401);
    let signed_in = show("carla@acme.example", &code).await.expect(200);
    let identity = &signed_in["tokens"]["identity"];
    assert_eq!(identity["user_id"], app.customer().id.to_string());
    show("carla@acme.example", &code).await.expect(401);

    // Five tries, then the right one comes too late.
    ask("carla@acme.example").await;
    let code = mailbox.code("carla@acme.example").await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        show("carla@acme.example", wrong).await.expect(401);
    }
    show("carla@acme.example", &code).await.expect(401);

    ask("carla@acme.example").await;
    let code = mailbox.code("carla@acme.example").await;
    app.wait(TimeDelta::minutes(6));
    show("carla@acme.example", &code).await.expect(401);

    ask("grace@acme.example").await;
    ask("nobody@acme.example").await;
    ask("carla@globex.example").await;
    // Whoever was asked for last has a mail by now.
    ask("sten@acme.example").await;
    mailbox.code("sten@acme.example").await;
    for nobody in ["grace@acme.example", "nobody@acme.example", "carla@globex"] {
        assert_eq!(mailbox.count_to(nobody), 0, "{nobody}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_person_chooses_a_password_once_and_gets_in() {
    let (app, mailbox) = TestApp::with_mail().await;
    let path = format!("/users/{}/invite", app.agent().id);
    app.colleague().act(&path).await.expect(403);
    app.globex.admin.act(&path).await.expect(404);
    app.admin().act(&path).await.expect(202);
    let former = mailbox.token("grace@acme.example", "idi_").await;
    app.admin().act(&path).await.expect(202);
    let token = mailbox.token("grace@acme.example", "idi_").await;
    let accept = async |token: &str, password: Value| {
        let body = json!({"token": token, "password": password});
        post(&app.client, "/auth/invitations/accept", body).await
    };
    accept(&former, PASSWORD.into()).await.expect(401);
    let without = json!({"token": token});
    let refused = post(&app.client, "/auth/invitations/accept", without).await;
    assert_eq!(refused.expect(422)["errors"][0]["pointer"], "/password");
    accept(&token, PASSWORD.into()).await.expect(204);
    accept(&token, PASSWORD.into()).await.expect(401);
    let tokens = signed_in(&app.client, "grace@acme.example").await;
    assert_eq!(tokens["identity"]["user_id"], app.agent().id.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_ends_with_its_week_and_with_the_address_it_went_to() {
    let (app, mailbox) = TestApp::with_mail().await;
    let path = format!("/users/{}", app.agent().id);
    let invite = format!("{path}/invite");
    let accept = async |token: &str| {
        let body = json!({"token": token, "password": PASSWORD});
        post(&app.client, "/auth/invitations/accept", body).await
    };
    app.admin().act(&invite).await.expect(202);
    let late = mailbox.token("grace@acme.example", "idi_").await;
    app.wait(TimeDelta::days(8));
    accept(&late).await.expect(401);
    app.admin().act(&invite).await.expect(202);
    let elsewhere = mailbox.token("grace@acme.example", "idi_").await;
    let change = json!({"email": "hopper@acme.example"});
    app.admin().patch(&path, change).await.expect(200);
    accept(&elsewhere).await.expect(401);

    // The new address is another login of the same person, also where the former one was in use.
    let email = give_password(&app, &app.acme, app.colleague()).await;
    let path = format!("/users/{}", app.colleague().id);
    let change = json!({"email": "turing@acme.example"});
    app.admin().patch(&path, change).await.expect(200);
    app.admin().act(&format!("{path}/invite")).await.expect(202);
    let token = mailbox.token("turing@acme.example", "idi_").await;
    accept(&token).await.expect(204);
    let tokens = signed_in(&app.client, "turing@acme.example").await;
    let alan = app.colleague().id.to_string();
    assert_eq!(tokens["identity"]["user_id"], alan);
    sign_in(&app.client, &email, PASSWORD).await.expect(401);
}
