//! What the export of a person holds of their ways in.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::access::{PASSWORD, give_login, give_password, make_key, post, sign_in};
use crate::harness::{DEADLINE, Person, TestApp, eventually};

/// The first part of an export.
async fn exported(by: &Person, whom: Uuid) -> Value {
    let path = format!("/users/{whom}/export?limit=100");
    by.get(&path).await.expect(200).body
}

/// What it says of ways in, once this many mails wait.
async fn access(app: &TestApp, whom: Uuid, mails: usize) -> Value {
    let look = async || {
        let access = exported(app.admin(), whom).await["access"].clone();
        let waiting = access["mails"].as_array().unwrap().len();
        if waiting == mails {
            Ok(access)
        } else {
            Err(access)
        }
    };
    eventually(look, DEADLINE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_the_login_its_sessions_and_what_is_on_its_way_and_no_secrets() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.customer()).await;
    sign_in(&app.client, &email, PASSWORD).await.expect(200);
    let reset = json!({"email": email});
    let asked = post(&app.client, "/auth/password/forgot", reset).await;
    asked.expect(202);
    // Of the sign-in from a device that was not known, and the link.
    let held = access(&app, app.customer().id, 2).await;
    assert_eq!(held["account"]["email"], email.as_str());
    assert!(held["account"]["password_changed_at"].is_string());
    assert_eq!(held["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(held["sessions"][0]["methods"], json!(["password"]));
    assert_eq!(held["devices_seen_at"].as_array().unwrap().len(), 1);
    assert_eq!(held["links"][0]["purpose"], "reset_password");
    let mut kinds: Vec<_> = held["mails"].as_array().unwrap().iter().collect();
    kinds.sort_by_key(|mail| mail["kind"].to_string());
    assert_eq!(kinds[0]["kind"], "new_device");
    assert_eq!(kinds[1]["kind"], "password_reset");
    assert!(kinds.iter().all(|mail| mail["to"] == email.as_str()));
    let told = held.to_string();
    for secret in ["argon2", "idr_", "hash", "token"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
    let nobodys = access(&app, app.stranger().id, 0).await;
    let nothing = json!({
        "identities": [], "sessions": [], "devices_seen_at": [], "links": [], "api_keys": [], "mails": [],
    });
    assert_eq!(nobodys, nothing);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_the_invitation_of_the_invited_and_the_keys_of_who_made_them() {
    let app = TestApp::start().await;
    let nina = json!({"email": "nina@acme.example", "role": "agent"});
    let invited = app.admin().post("/invitations", nina).await.expect(201);
    let whom = invited["user_id"].as_str().unwrap().parse().unwrap();
    app.at_rest().await;
    let held = access(&app, whom, 1).await;
    assert_eq!(held["links"][0]["id"], invited["id"]);
    assert_eq!(held["links"][0]["purpose"], "invitation");
    assert_eq!(held["links"][0]["email"], "nina@acme.example");
    assert_eq!(held["mails"][0]["kind"], "invitation");

    let key = make_key(app.admin(), &["tickets:read"]).await;
    app.at_rest().await;
    // It waits with their name in it.
    let held = access(&app, app.admin().id, 1).await;
    assert_eq!(held["api_keys"][0]["name"], "Robot");
    assert_eq!(held["api_keys"][0]["scopes"], json!(["tickets:read"]));
    let machine = access(&app, key.id, 0).await;
    assert_eq!(machine["api_keys"][0]["id"], json!(key.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn ways_in_are_in_the_first_part_alone_and_neither_they_nor_the_audit_are_shown_to_leads() {
    let app = TestApp::start().await;
    let carla = app.customer().id;
    app.customer().opens("Printer on fire").await;
    app.at_rest().await;
    let path = format!("/users/{carla}/export?limit=1");
    let first = app.admin().get(&path).await.expect(200);
    assert!(first["access"].is_object());
    let next = first["next_cursor"].as_str().unwrap();
    let path = format!("{path}&cursor={next}");
    let second = app.admin().get(&path).await.expect(200);
    assert_eq!(second.body.get("access"), None);

    let whole = exported(app.admin(), carla).await;
    assert!(!whole["audit"].as_array().unwrap().is_empty());
    let to_lead = exported(app.lead(), carla).await;
    assert_eq!(to_lead.get("access"), None);
    assert_eq!(to_lead["audit"], json!([]));
    assert_eq!(to_lead["tickets"], whole["tickets"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_tells_nothing_of_what_its_person_does_in_another_organization() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.customer()).await;
    sign_in(&app.client, &email, PASSWORD).await.expect(200);
    let alone = access(&app, app.customer().id, 1).await;
    assert_eq!(alone["devices_seen_at"].as_array().unwrap().len(), 1);
    // The same login is somebody else's employee elsewhere: who signs in there is seen by the account alone.
    give_login(&app, &app.globex, &app.globex.agent, &email).await;
    let reset = json!({"email": email});
    post(&app.client, "/auth/password/forgot", reset)
        .await
        .expect(202);
    let held = exported(app.admin(), app.customer().id).await["access"].clone();
    assert_eq!(held["account"]["email"], email.as_str());
    assert_eq!(held["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(held["devices_seen_at"], json!([]));
    assert_eq!(held["links"], json!([]));
    let mails = held["mails"].as_array().unwrap();
    assert!(
        mails.iter().all(|mail| mail["kind"] == "new_device"),
        "{held}"
    );
}
