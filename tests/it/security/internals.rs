//! S27: what is internal never reaches a customer: notes, who works on it, tags, fields, deadlines, reasons.

use serde_json::json;

use crate::harness::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn s27_nothing_internal_is_in_any_answer_to_a_customer() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.agent().notes(ticket, "SECRET-NOTE").await.expect(201);
    let assign = json!({"agent_id": app.agent().id, "team_id": app.acme.team_id});
    let at = |action: &str| format!("/tickets/{ticket}/{action}");
    app.agent().post(&at("assign"), assign).await.expect(200);
    app.agent().put(&at("tags/secret-tag")).await.expect(200);
    let fields =
        json!({"settings": {"custom_fields": {"secret_field": {"label": "S", "kind": "text"}}}});
    app.admin().patch("/organization", fields).await.expect(200);
    let set = json!({"custom_fields": {"secret_field": "SECRET-VALUE"}});
    app.agent()
        .patch(&format!("/tickets/{ticket}"), set)
        .await
        .expect(200);
    app.agent().resolves(ticket).await.expect(200);
    let reason = json!({"reason": "SECRET-REASON"});
    app.agent().post(&at("reopen"), reason).await.expect(200);
    let paths = [
        "/tickets?include_total=true".to_owned(),
        format!("/tickets/{ticket}"),
        format!("/tickets/{ticket}/messages"),
        format!("/tickets/{ticket}/history?limit=100"),
        "/organization".to_owned(),
        format!("/users/{}", app.customer().id),
    ];
    for path in &paths {
        let told = app.customer().get(path).await.expect(200).body.to_string();
        let team = app.acme.team_id.to_string();
        for secret in [
            "SECRET",
            "secret",
            "Support",
            "first_reply",
            "due_at",
            "next_deadline",
            "note_count",
            team.as_str(),
        ] {
            assert!(!told.contains(secret), "{path} tells {secret}: {told}");
        }
    }
    // The same words reach staff: the test looks for the right ones.
    let told = app
        .agent()
        .get(&paths[1])
        .await
        .expect(200)
        .body
        .to_string();
    assert!(
        told.contains("SECRET-VALUE") && told.contains("secret-tag") && told.contains("Support")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s27_a_customer_cannot_ask_by_what_is_internal() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    for query in [
        "team=none",
        "tag=vip",
        "sort=next_deadline_at",
        "sort=-next_deadline_at",
    ] {
        app.customer()
            .get(&format!("/tickets?{query}"))
            .await
            .expect(403);
    }
}
