//! The machine that acts with an API key: what it is called, what it sees, and that it is no person.

use serde_json::json;

use super::api_keys::told_in_audit;
use crate::harness::access::make_key;
use crate::harness::{DEADLINE, TestApp, eventually, time_of};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_key_does_bears_its_name() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    let key = make_key(app.admin(), &["tickets:write"]).await;
    key.person.replies(ticket, "Which one?").await.expect(201);
    let messages = app.customer().messages(ticket).await;
    assert_eq!(messages.last().unwrap()["author"]["name"], "Robot");
    let history = app.agent().history(ticket).await;
    let reply = history
        .iter()
        .find(|entry| entry["type"] == "ticket.agent_replied" && entry["actor"]["name"] == "Robot")
        .unwrap_or_else(|| panic!("{history:?}"));
    assert_eq!(reply["actor"]["kind"], "machine");
    assert_eq!(reply["actor"]["id"], json!(key.id));
    assert_eq!(app.customer().ticket(ticket).await["status"], "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_use_of_a_key_is_told_once_a_day_and_kept_with_it() {
    let app = TestApp::start().await;
    let key = make_key(app.admin(), &["tickets:read"]).await;
    for _ in 0..3 {
        key.person.get("/tickets").await.expect(200);
    }
    let used = told_in_audit(&app, "api_key.used").await;
    assert_eq!(used.len(), 1, "{used:?}");
    assert_eq!(used[0]["actor"]["kind"], "machine");
    assert_eq!(used[0]["subject"]["name"], "Robot");
    let made = told_in_audit(&app, "api_key.created").await;
    assert_eq!(made[0]["actor"]["name"], "Ada");
    let path = format!("/api_keys/{}", key.id);
    let kept = app.admin().get(&path).await.expect(200);
    assert_eq!(time_of(&kept["last_used_at"]), app.now());
    assert_eq!(kept["last_used_address"], "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_not_see_a_private_team_before_it_is_a_member() {
    let app = TestApp::start().await;
    let key = make_key(app.admin(), &["tickets:read", "teams:read"]).await;
    let body = json!({"name": "Payroll", "private": true, "member_ids": [app.agent().id]});
    let team = app.admin().post("/teams", body).await.expect(201).id();
    let ticket = app.customer().opens("My pay").await;
    let assign = json!({"team_id": team});
    let assign = app
        .admin()
        .post(&format!("/tickets/{ticket}/assign"), assign);
    assign.await.expect(200);
    let path = format!("/tickets/{ticket}");
    key.person.get(&path).await.expect(404);
    let member = json!({"member_ids": [app.agent().id, key.id]});
    let answer = app.admin().patch(&format!("/teams/{team}"), member).await;
    answer.expect(200);
    key.person.get(&path).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_outlives_whoever_made_it() {
    let app = TestApp::start().await;
    let body = json!({"name": "Nora", "role": "admin"});
    let nora = app.admin().post("/users", body).await.expect(201).id();
    let role = domain::actor::Role::Admin;
    let key = make_key(&app.acme.person(nora, "Nora", role), &["tickets:write"]).await;
    let gone = json!({"role": "agent", "active": false});
    let gone = app.admin().patch(&format!("/users/{nora}"), gone);
    gone.await.expect(200);
    let ticket = app.customer().opens("Printer on fire").await;
    key.person.replies(ticket, "Which one?").await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_machine_of_a_key_is_no_person_that_could_be_changed() {
    let app = TestApp::start().await;
    let key = make_key(app.admin(), &["people:read"]).await;
    let path = format!("/users/{}", key.id);
    // The read models show it a moment after the key was made.
    let shown = async || match app.admin().get(&path).await {
        answer if answer.status == 200 => Ok(answer),
        answer => Err(answer.status),
    };
    let shown = eventually(shown, DEADLINE).await;
    assert_eq!(
        (&shown["kind"], &shown["role"]),
        (&json!("machine"), &json!("agent"))
    );
    assert_eq!(
        app.admin().get(&format!("/users/{}", app.agent().id)).await["kind"],
        "person"
    );
    for change in [
        json!({"role": "admin"}),
        json!({"name": "Ada"}),
        json!({"active": false}),
    ] {
        app.admin().patch(&path, change).await.expect(409);
    }
    // Nor does the key change itself.
    let rename = key.person.patch(&path, json!({"name": "Ada"}));
    rename.await.expect(409);
    let erase = app
        .admin()
        .post(&format!("{path}/erase"), json!({"reason": "None"}));
    erase.await.expect(409);
    key.person.get("/users").await.expect(200);
    app.admin()
        .delete(&format!("/api_keys/{}", key.id))
        .await
        .expect(204);
    let retired = async || match app.admin().get(&path).await["active"].as_bool() {
        Some(false) => Ok(()),
        other => Err(other),
    };
    eventually(retired, DEADLINE).await;
}
