//! Users, teams and the organization.

use domain::actor::Role;
use serde_json::json;

use crate::harness::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_makes_users_and_nobody_else_does() {
    let app = TestApp::start().await;
    let body = json!({"name": "Nina", "email": "nina@acme.example", "role": "agent"});
    app.agent().post("/users", body.clone()).await.expect(403);
    app.customer()
        .post("/users", body.clone())
        .await
        .expect(403);
    let id = app
        .admin()
        .post("/users", body.clone())
        .await
        .expect(201)
        .id();
    app.admin()
        .post(
            "/users",
            json!({"name": "Other", "email": "NINA@acme.example", "role": "customer"}),
        )
        .await
        .expect(409);
    app.globex.admin.post("/users", body).await.expect(201);

    let nina = app.acme.person(id, "Nina", Role::Agent);
    let ticket = app.customer().opens("Printer on fire").await;
    nina.replies(ticket, "I look after it.").await.expect(201);
    assert_eq!(
        app.customer().messages(ticket).await[1]["author"]["name"],
        "Nina"
    );
    let found = app.agent().get("/users?role=agent&q=nin").await.expect(200);
    assert_eq!(
        (found.items().len(), &found.items()[0]["email"]),
        (1, &json!("nina@acme.example"))
    );
    app.customer().get("/users").await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_is_not_active_may_not_act() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    let path = format!("/users/{}", app.agent().id);
    app.admin()
        .patch(&path, json!({"active": false}))
        .await
        .expect(200);
    let refused = app.agent().replies(ticket, "Still here").await;
    assert!(matches!(refused.status.as_u16(), 401 | 403), "{refused:?}");
    assert_eq!(app.customer().messages(ticket).await.len(), 1);
    app.admin()
        .patch(&path, json!({"active": true}))
        .await
        .expect(200);
    app.agent().replies(ticket, "Back again").await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_name_shows_on_everything_that_is_shown_with_a_name() {
    let app = TestApp::start().await;
    let agent = app.agent();
    let ticket = app.customer().opens("Printer on fire").await;
    agent.replies(ticket, "Which one?").await.expect(201);
    let assignment = json!({"agent_id": agent.id, "team_id": app.acme.team_id});
    agent
        .post(&format!("/tickets/{ticket}/assign"), assignment)
        .await
        .expect(200);

    agent
        .patch(
            &format!("/users/{}", agent.id),
            json!({"name": "Amazing Grace"}),
        )
        .await
        .expect(200);
    app.customer()
        .patch(
            &format!("/users/{}", app.customer().id),
            json!({"name": "Carla C."}),
        )
        .await
        .expect(200);
    app.admin()
        .patch(
            &format!("/teams/{}", app.acme.team_id),
            json!({"name": "First line"}),
        )
        .await
        .expect(200);

    let seen = app.colleague().ticket(ticket).await;
    assert_eq!(
        (&seen["assignee"]["name"], &seen["requester"]["name"]),
        (&json!("Amazing Grace"), &json!("Carla C."))
    );
    assert_eq!(
        (
            &seen["team"]["name"],
            &seen["last_message"]["author"]["name"]
        ),
        (&json!("First line"), &json!("Amazing Grace"))
    );
    let messages = app.customer().messages(ticket).await;
    assert_eq!(
        (
            &messages[0]["author"]["name"],
            &messages[1]["author"]["name"]
        ),
        (&json!("Carla C."), &json!("Amazing Grace"))
    );
    let listed = app.customer().get("/tickets").await.expect(200);
    assert_eq!(listed.items()[0]["assignee"]["name"], "Amazing Grace");
    // History tells the names of its time.
    assert_eq!(
        app.customer().history(ticket).await[0]["actor"]["name"],
        "Carla"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_are_made_of_staff() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let team = json!({"name": "Night shift", "member_ids": [app.agent().id]});
    app.agent().post("/teams", team.clone()).await.expect(403);
    let id = admin.post("/teams", team).await.expect(201).id();
    admin
        .post(
            "/teams",
            json!({"name": "Wrong", "member_ids": [app.customer().id]}),
        )
        .await
        .expect(422);
    admin
        .patch(
            &format!("/teams/{id}"),
            json!({"member_ids": [app.colleague().id]}),
        )
        .await
        .expect(200);
    let teams = app.agent().get("/teams").await.expect(200);
    let names: Vec<_> = teams.items().iter().map(|team| &team["name"]).collect();
    assert_eq!(names, ["Night shift", "Support"]);
    assert_eq!(teams.items()[0]["member_ids"], json!([app.colleague().id]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_holds_from_its_change_on() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let before = app.customer().opens("Before").await;
    let sla =
        |minutes: u32| json!({"first_response_minutes": minutes, "resolution_minutes": minutes});
    let targets = json!({"urgent": sla(1), "high": sla(2), "normal": sla(3), "low": sla(4)});
    admin
        .patch(
            "/organization",
            json!({"name": "Acme & Sons", "settings": {"sla_targets": targets}}),
        )
        .await
        .expect(200);
    let seen = app.agent().get("/organization").await.expect(200);
    assert_eq!(
        (
            &seen["name"],
            &seen["settings"]["sla_targets"]["low"]["resolution_minutes"]
        ),
        (&json!("Acme & Sons"), &json!(4))
    );
    assert_eq!(seen["settings"]["auto_close_after_hours"], 96);
    assert_eq!(
        app.customer()
            .get("/organization")
            .await
            .expect(200)
            .body
            .get("settings"),
        None
    );

    let after = app.customer().opens("After").await;
    let due = async |ticket| {
        crate::harness::time_of(&app.agent().ticket(ticket).await["sla"]["first_reply"]["due_at"])
    };
    assert_eq!(due(after).await, app.now() + chrono::TimeDelta::minutes(3));
    assert_eq!(
        due(before).await,
        app.now() + chrono::TimeDelta::minutes(480)
    );
    let wrong = admin
        .patch(
            "/organization",
            json!({"settings": {"auto_close_after_hours": 8761}}),
        )
        .await
        .expect(422);
    assert!(
        wrong["errors"][0]["pointer"]
            .as_str()
            .unwrap()
            .contains("auto_close_after_hours"),
        "{wrong:?}"
    );
}
