//! People who are no users yet are invited, come, or are not let in after all.

use chrono::TimeDelta;
use hyper::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::access::{PASSWORD, post, sign_in, signed_in};
use crate::harness::{TestApp, uuid_of};

const NINA: &str = "nina@acme.example";

fn nina(app: &TestApp) -> Value {
    json!({"email": NINA, "name": "Nina", "role": "agent", "team_ids": [app.acme.team_id]})
}

/// The ids of the invitation and of the invited.
async fn invite(app: &TestApp) -> (Uuid, Uuid) {
    let invited = app.admin().post("/invitations", nina(app)).await;
    let invited = invited.expect(201);
    (invited.id(), uuid_of(&invited["user_id"]))
}

async fn accept(app: &TestApp, token: &str) -> u16 {
    let body = json!({"token": token, "password": PASSWORD});
    let answer = post(&app.client, "/auth/invitations/accept", body).await;
    answer.status.as_u16()
}

async fn open(app: &TestApp) -> Vec<Value> {
    let open = app.admin().get("/invitations").await.expect(200);
    open.items().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_person_comes_with_the_role_and_teams_that_the_admin_chose() {
    let (app, mailbox) = TestApp::with_mail().await;
    let (id, user) = invite(&app).await;
    let waiting = open(&app).await;
    assert_eq!(
        (&waiting[0]["id"], &waiting[0]["email"]),
        (&json!(id), &json!(NINA))
    );
    sign_in(&app.client, NINA, PASSWORD).await.expect(401);

    let token = mailbox.token(NINA, "idi_").await;
    assert_eq!(accept(&app, &token).await, 204);
    assert_eq!(accept(&app, &token).await, 401, "it is good once");
    let tokens = signed_in(&app.client, NINA).await;
    assert_eq!(tokens["identity"]["user_id"], json!(user));
    assert_eq!(tokens["identity"]["role"], "agent");
    let team = format!("/teams/{}", app.acme.team_id);
    let team = app.agent().get(&team).await.expect(200);
    assert!(
        team["member_ids"]
            .as_array()
            .unwrap()
            .contains(&json!(user))
    );
    assert!(open(&app).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_invitation_lets_nobody_in_and_frees_the_address() {
    let (app, mailbox) = TestApp::with_mail().await;
    let (id, user) = invite(&app).await;
    let token = mailbox.token(NINA, "idi_").await;
    let path = format!("/invitations/{id}");
    app.globex.admin.delete(&path).await.expect(404);
    app.admin().delete(&path).await.expect(204);
    app.admin().delete(&path).await.expect(404);
    assert_eq!(accept(&app, &token).await, 401);
    assert!(open(&app).await.is_empty());
    app.at_rest().await;
    let person = format!("/users/{user}");
    let person = app.admin().get(&person).await.expect(200);
    assert_eq!(person["active"], false);
    // The same address may be invited anew.
    let (_, other) = invite(&app).await;
    assert_ne!(other, user);
}

#[tokio::test(flavor = "multi_thread")]
async fn open_invitations_are_read_page_by_page_the_newest_first() {
    let app = TestApp::start().await;
    let mut sent = Vec::new();
    for number in 0..5 {
        let body = json!({"email": format!("n{number}@acme.example"), "role": "agent"});
        let invited = app.admin().post("/invitations", body).await.expect(201);
        sent.insert(0, invited["id"].clone());
    }
    let elsewhere = json!({"email": NINA, "role": "agent"});
    let foreign = app.globex.admin.post("/invitations", elsewhere).await;
    foreign.expect(201);
    let (mut seen, mut path) = (Vec::new(), "/invitations?limit=2".to_owned());
    loop {
        let page = app.admin().get(&path).await.expect(200);
        assert!(page.items().len() <= 2);
        seen.extend(page.items().iter().map(|item| item["id"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert_eq!(page.header("link"), None);
            break;
        };
        assert!(page.header("link").unwrap().contains(cursor));
        path = format!("/invitations?limit=2&cursor={cursor}");
        // Who has left the list meanwhile moves nobody else.
        let gone = format!("/invitations/{}", seen[0].as_str().unwrap());
        app.admin().request(Method::DELETE, &gone).await;
    }
    assert_eq!(seen, sent);
    let users = app.admin().get("/users?limit=1").await.expect(200);
    let of_another_list = users["next_cursor"].as_str().unwrap();
    for wrong in [
        "limit=0",
        "limit=101",
        "cursor=x",
        &format!("cursor={of_another_list}"),
    ] {
        let refused = app.admin().get(&format!("/invitations?{wrong}")).await;
        refused.expect(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_is_sent_again_has_another_link_alone() {
    let (app, mailbox) = TestApp::with_mail().await;
    let (id, user) = invite(&app).await;
    let first = mailbox.token(NINA, "idi_").await;
    let path = format!("/invitations/{id}/resend");
    app.globex.admin.act(&path).await.expect(404);
    let again = app.admin().act(&path).await.expect(201);
    assert_eq!(again["user_id"], json!(user));
    let second = mailbox.token(NINA, "idi_").await;
    assert_eq!(accept(&app, &first).await, 401);
    assert_eq!(accept(&app, &second).await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_ends_after_a_week() {
    let (app, mailbox) = TestApp::with_mail().await;
    invite(&app).await;
    let token = mailbox.token(NINA, "idi_").await;
    app.wait(TimeDelta::days(7));
    assert!(open(&app).await.is_empty());
    assert_eq!(accept(&app, &token).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_cannot_be_makes_no_user() {
    let app = TestApp::start().await;
    app.at_rest().await;
    let events = app.log().await.len();
    for (body, status) in [
        (json!({"email": "carla@acme.example", "role": "agent"}), 409),
        (
            json!({"email": NINA, "role": "agent", "team_ids": [Uuid::now_v7()]}),
            422,
        ),
        (
            json!({"email": NINA, "role": "agent", "team_ids": [app.globex.team_id]}),
            422,
        ),
        (
            json!({"email": NINA, "role": "customer", "team_ids": [app.acme.team_id]}),
            422,
        ),
        (json!({"email": NINA, "role": "owner"}), 400),
    ] {
        let refused = app.admin().post("/invitations", body.clone()).await;
        assert_eq!(refused.status.as_u16(), status, "{body}: {refused:?}");
    }
    let request = app.lead().request(Method::GET, "/invitations");
    request.await.expect(403);
    app.lead()
        .post("/invitations", nina(&app))
        .await
        .expect(403);
    assert_eq!(app.log().await.len(), events);
}
