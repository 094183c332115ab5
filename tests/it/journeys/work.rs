//! What agents do with tickets.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{TestApp, uuid_of};

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_opens_a_ticket_for_a_customer() {
    let app = TestApp::start().await;
    let body = json!({
        "subject": "Called about the printer", "body": "He says it burns.", "requester_id": app.customer().id,
        "channel": "phone", "priority": "high", "tags": ["printer"], "agent_id": app.agent().id, "team_id": app.acme.team_id,
    });
    app.agent()
        .post("/tickets", json!({"subject": "For nobody"}))
        .await
        .expect(422);
    app.customer()
        .post("/tickets", body.clone())
        .await
        .expect(403);
    let ticket = app.agent().post("/tickets", body).await.expect(201).id();

    let seen = app.customer().ticket(ticket).await;
    assert_eq!(
        (&seen["channel"], &seen["priority"]),
        (&json!("phone"), &json!("high"))
    );
    assert_eq!(
        (&seen["requester"]["name"], &seen["assignee"]["name"]),
        (&json!("Carla"), &json!("Grace"))
    );
    assert_eq!((seen.body.get("tags"), seen.body.get("team")), (None, None));
    let staff = app.colleague().ticket(ticket).await;
    assert_eq!(
        (&staff["tags"], &staff["team"]["name"]),
        (&json!(["printer"]), &json!("Support"))
    );
    assert_eq!(
        app.customer().messages(ticket).await[0]["author"]["name"],
        "Grace"
    );
    app.stranger()
        .get(&format!("/tickets/{ticket}"))
        .await
        .expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_given_to_an_agent_a_team_both_or_nobody() {
    let app = TestApp::start().await;
    let agent = app.agent();
    let ticket = app.customer().opens("Printer on fire").await;
    let path = format!("/tickets/{ticket}/assign");

    agent
        .post(&path, json!({"team_id": app.acme.team_id}))
        .await
        .expect(200);
    assert_eq!(agent.ticket(ticket).await["status"], "new");
    agent
        .post(&path, json!({"agent_id": app.colleague().id}))
        .await
        .expect(200);
    let both = agent.ticket(ticket).await;
    assert_eq!(
        (&both["assignee"]["name"], &both["team"]["name"]),
        (&json!("Alan"), &json!("Support"))
    );
    assert_eq!(both["status"], "open");

    agent.sets_status(ticket, "on_hold").await.expect(200);
    agent
        .post(&path, json!({"agent_id": null, "team_id": null}))
        .await
        .expect(200);
    let nobody = agent.ticket(ticket).await;
    assert_eq!(
        (nobody.body.get("assignee"), nobody.body.get("team")),
        (None, None)
    );
    assert_eq!(nobody["status"], "on_hold");

    let customer = json!({"agent_id": app.customer().id});
    agent.post(&path, customer).await.expect(422);
    app.customer()
        .post(&path, json!({"agent_id": null}))
        .await
        .expect(403);
    let unassigned = agent
        .get("/tickets?assignee=none&team=none")
        .await
        .expect(200);
    assert_eq!(uuid_of(&unassigned.items()[0]["id"]), ticket);
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_come_and_go_and_find_tickets() {
    let app = TestApp::start().await;
    let agent = app.agent();
    let ticket = app.customer().opens("Printer on fire").await;
    app.customer().opens("Another one").await;
    for tag in ["vip", "hardware"] {
        agent
            .put(&format!("/tickets/{ticket}/tags/{tag}"))
            .await
            .expect(200);
    }
    let again = agent
        .put(&format!("/tickets/{ticket}/tags/vip"))
        .await
        .expect(200);
    assert_eq!(again["tags"], json!(["hardware", "vip"]));
    let found = agent
        .get("/tickets?tag=vip&tag=hardware&include_total=true")
        .await
        .expect(200);
    assert_eq!(
        (found["total"].clone(), uuid_of(&found.items()[0]["id"])),
        (json!(1), ticket)
    );

    agent
        .delete(&format!("/tickets/{ticket}/tags/vip"))
        .await
        .expect(200);
    assert_eq!(
        agent
            .get("/tickets?tag=vip")
            .await
            .expect(200)
            .items()
            .len(),
        0
    );
    let history = agent.history_types(ticket).await;
    assert_eq!(
        history
            .iter()
            .filter(|event| *event == "ticket.tagged")
            .count(),
        2
    );
    app.customer()
        .put(&format!("/tickets/{ticket}/tags/mine"))
        .await
        .expect(403);
    app.customer()
        .get("/tickets?tag=hardware")
        .await
        .expect(403);
}

fn five_kinds() -> Value {
    json!({
        "serial": {"label": "Serial number", "kind": "text"},
        "pages": {"label": "Pages printed", "kind": "number"},
        "leased": {"label": "Leased", "kind": "boolean"},
        "bought_on": {"label": "Bought on", "kind": "date"},
        "floor": {"label": "Floor", "kind": "choice", "options": ["ground", "first"]},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn custom_fields_hold_what_their_kind_admits() {
    let app = TestApp::start().await;
    let agent = app.agent();
    let fields = json!({"settings": {"custom_fields": five_kinds()}});
    agent
        .patch("/organization", fields.clone())
        .await
        .expect(403);
    app.admin().patch("/organization", fields).await.expect(200);
    let ticket = app.customer().opens("Printer on fire").await;
    let path = format!("/tickets/{ticket}");

    let values = json!({"serial": "X-1", "pages": 12.5, "leased": true, "bought_on": "2024-02-29", "floor": "first"});
    agent
        .patch(&path, json!({"custom_fields": values}))
        .await
        .expect(200);
    assert_eq!(agent.ticket(ticket).await["custom_fields"], values);
    assert_eq!(
        app.customer()
            .ticket(ticket)
            .await
            .body
            .get("custom_fields"),
        None
    );

    for (key, wrong) in [
        ("serial", json!(1)),
        ("pages", json!("many")),
        ("leased", json!("yes")),
        ("bought_on", json!("2023-02-29")),
        ("floor", json!("roof")),
        ("unknown", json!("x")),
    ] {
        let refused = agent
            .patch(
                &path,
                json!({"subject": "Changed", "custom_fields": {key: wrong}}),
            )
            .await
            .expect(422);
        assert_eq!(
            refused["errors"][0]["pointer"],
            format!("/custom_fields/{key}")
        );
    }
    let kept = agent.ticket(ticket).await;
    assert_eq!(
        (&kept["custom_fields"], &kept["subject"]),
        (&values, &json!("Printer on fire"))
    );

    agent
        .patch(&path, json!({"clear_custom_fields": ["pages"]}))
        .await
        .expect(200);
    assert_eq!(
        agent.ticket(ticket).await["custom_fields"].get("pages"),
        None
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_numbered_in_each_organization_without_gaps() {
    let app = TestApp::start().await;
    for number in 1..=3 {
        let ticket = app.customer().opens("Printer on fire").await;
        assert_eq!(app.customer().ticket(ticket).await["number"], number);
        app.customer()
            .post("/tickets", json!({"subject": ""}))
            .await
            .expect(400);
    }
    let ticket = app.globex.customer.opens("Another organization").await;
    assert_eq!(app.globex.customer.ticket(ticket).await["number"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_tells_who_did_what_from_where_to_where() {
    let app = TestApp::start().await;
    let agent = app.agent();
    let ticket = app.customer().opens("Printer on fire").await;
    app.wait(TimeDelta::minutes(1));
    agent
        .patch(&format!("/tickets/{ticket}"), json!({"priority": "high"}))
        .await
        .expect(200);
    agent.sets_status(ticket, "pending").await.expect(200);
    agent.resolves(ticket).await.expect(200);
    app.wait(TimeDelta::hours(200));
    let closing = async || {
        let history = app.customer().history(ticket).await;
        history
            .last()
            .filter(|entry| entry["type"] == "ticket.closed")
            .cloned()
            .ok_or(history)
    };
    let closed = crate::harness::eventually(closing, crate::harness::DEADLINE).await;
    assert_eq!(closed["actor"]["kind"], "timer");
    assert_eq!(
        closed["changes"],
        json!([{"field": "status", "from": "resolved", "to": "closed"}])
    );

    let history = agent.history(ticket).await;
    let told: Vec<_> = history
        .iter()
        .map(|entry| entry["summary"].as_str().unwrap())
        .collect();
    assert_eq!(
        told[..3],
        [
            "Carla opened the ticket",
            "Grace changed the priority from normal to high",
            "Grace set the ticket from new to pending",
        ]
    );
    assert_eq!(
        history[1]["changes"],
        json!([{"field": "priority", "from": "normal", "to": "high"}])
    );
    let actor = &history[1]["actor"];
    assert_eq!(
        (uuid_of(&actor["id"]), &actor["role"], &actor["kind"]),
        (agent.id, &json!("agent"), &json!("user"))
    );
    assert!(
        history
            .windows(2)
            .all(|pair| pair[0]["version"].as_i64() < pair[1]["version"].as_i64())
    );
    // One fact, one row; and the customer is not told of the assignment.
    assert_eq!(
        history
            .iter()
            .filter(|entry| entry["type"] == "ticket.assigned")
            .count(),
        1
    );
    assert!(
        !app.customer()
            .history_types(ticket)
            .await
            .contains(&"ticket.assigned".to_owned())
    );
}
