//! Tickets and messages, with the answers that staff and customers get.

use serde_json::json;

use super::answers::Contract;
use crate::harness::TestApp;

pub async fn walk(app: &TestApp, contract: &Contract) {
    let ticket = opened(app, contract).await;
    let ticket = ticket.as_str();
    changed(app, contract, ticket).await;
    talked_about(app, contract, ticket).await;
    ended(app, contract, ticket).await;
    listed(app, contract, ticket).await;
}

/// Opens one as a customer, and one with everything as an agent; gives the latter.
async fn opened(app: &TestApp, contract: &Contract) -> String {
    let open = ("open_ticket", &[][..]);
    let body = json!({"subject": "Printer on fire", "body": "Help!", "priority": "urgent"});
    contract.send(app.customer(), open, body).await.expect(201);
    let body = json!({
        "subject": "No toner",
        "body": "Customer called.",
        "requester_id": app.customer().id,
        "priority": "low",
        "channel": "phone",
        "tags": ["toner", "vip"],
        "custom_fields": {"serial": "X1", "floor": 3.5, "urgent_call": true, "bought_on": "2026-03-01"},
        "agent_id": app.agent().id,
        "team_id": app.acme.team_id,
    });
    let request = contract.request(app.agent(), open).json(&body);
    let request = request.header("Prefer", "wait=10").idempotency_key("k-1");
    let answer = contract
        .answer("open_ticket", request.clone())
        .await
        .expect(201);
    assert_eq!(answer["ticket"]["custom_fields"]["floor"], 3.5);
    let again = contract
        .answer("open_ticket", request.clone())
        .await
        .expect(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.id(), answer.id());
    let other = request.json(&json!({"subject": "Another", "requester_id": app.customer().id}));
    contract.answer("open_ticket", other).await.expect(422);
    contract
        .send(app.agent(), open, json!({"subject": "For whom?"}))
        .await
        .expect(422);
    contract
        .send(app.customer(), open, json!({"subject": "x", "tags": []}))
        .await
        .expect(403);
    answer.id().to_string()
}

async fn changed(app: &TestApp, contract: &Contract, ticket: &str) {
    let path = [("ticket_id", ticket)];
    let target = ("update_ticket", &path[..]);
    let change = json!({
        "subject": "No toner at all",
        "priority": "high",
        "custom_fields": {"model": "A"},
        "clear_custom_fields": ["serial"],
    });
    let request = contract.request(app.agent(), target).json(&change);
    let request = request.header("Prefer", "wait=10");
    contract.answer("update_ticket", request).await.expect(200);
    let stale = contract
        .request(app.agent(), target)
        .if_match(1)
        .json(&change);
    contract.answer("update_ticket", stale).await.expect(412);
    let unknown = json!({"custom_fields": {"model": "C"}});
    contract
        .send(app.agent(), target, unknown)
        .await
        .expect(422);
    contract
        .send(app.customer(), target, change)
        .await
        .expect(403);
    let target = ("assign_ticket", &path[..]);
    let to_nobody = json!({"agent_id": null, "team_id": null});
    contract
        .send(app.agent(), target, to_nobody)
        .await
        .expect(200);
    let to_a_customer = json!({"agent_id": app.customer().id});
    contract
        .send(app.agent(), target, to_a_customer)
        .await
        .expect(422);
    let tag = [("ticket_id", ticket), ("tag", "paper")];
    contract
        .get(app.agent(), ("tag_ticket", &tag))
        .await
        .expect(200);
    contract
        .get(app.agent(), ("untag_ticket", &tag))
        .await
        .expect(200);
    let no_tag = [("ticket_id", ticket), ("tag", "a,b")];
    contract
        .get(app.agent(), ("tag_ticket", &no_tag))
        .await
        .expect(422);
}

async fn talked_about(app: &TestApp, contract: &Contract, ticket: &str) {
    let path = [("ticket_id", ticket)];
    let target = ("post_message", &path[..]);
    let reply = contract
        .send(app.customer(), target, json!({"body": "Any news?"}))
        .await;
    let reply = reply.expect(201).id().to_string();
    let note = json!({"body": "Ask Alan.", "visibility": "internal"});
    contract
        .send(app.agent(), target, note.clone())
        .await
        .expect(201);
    contract
        .send(app.customer(), target, note)
        .await
        .expect(403);
    let message = [("message_id", reply.as_str())];
    let target = ("edit_message", &message[..]);
    let edit = json!({"body": "Any good news?"});
    contract
        .send(app.customer(), target, edit.clone())
        .await
        .expect(200);
    contract
        .send(app.stranger(), target, edit)
        .await
        .expect(404);
    let target = ("redact_message", &message[..]);
    contract
        .send(app.agent(), target, json!({"reason": "A card number"}))
        .await
        .expect(200);
    // Redacting again changes nothing.
    contract.get(app.agent(), target).await.expect(200);
    for person in [app.agent(), app.customer()] {
        let newest = [("ticket_id", ticket), ("order", "desc"), ("limit", "2")];
        contract
            .get(person, ("list_messages", &newest))
            .await
            .expect(200);
    }
}

async fn ended(app: &TestApp, contract: &Contract, ticket: &str) {
    let path = [("ticket_id", ticket)];
    let status = ("set_ticket_status", &path[..]);
    let close = ("close_ticket", &path[..]);
    let reopen = ("reopen_ticket", &path[..]);
    contract
        .send(app.agent(), status, json!({"status": "on_hold"}))
        .await
        .expect(200);
    contract.get(app.agent(), close).await.expect(409);
    contract
        .get(app.agent(), ("resolve_ticket", &path))
        .await
        .expect(200);
    contract
        .send(app.agent(), reopen, json!({"reason": "It stopped again"}))
        .await
        .expect(200);
    contract
        .get(app.agent(), ("resolve_ticket", &path))
        .await
        .expect(200);
    let wait = contract
        .request(app.agent(), close)
        .header("Prefer", "wait=10");
    contract.answer("close_ticket", wait).await.expect(200);
    contract
        .send(app.agent(), status, json!({"status": "open"}))
        .await
        .expect(409);
    contract.get(app.customer(), reopen).await.expect(403);
    let follow_up = json!({"body": "Again!"});
    let answer = contract
        .send(app.customer(), ("post_message", &path), follow_up)
        .await;
    assert_eq!(answer.expect(201)["follow_up_of"], ticket);
}

async fn listed(app: &TestApp, contract: &Contract, ticket: &str) {
    let path = [("ticket_id", ticket)];
    contract
        .get(app.agent(), ("explain_ticket_sla", &path))
        .await
        .expect(200);
    let year = [
        ("from", "2026-01-01T00:00:00Z"),
        ("to", "2026-12-31T00:00:00Z"),
    ];
    let report = [year[0], year[1], ("group_by", "metric")];
    contract
        .get(app.agent(), ("report_attainment", &report))
        .await
        .expect(200);
    contract
        .get(app.customer(), ("report_attainment", &year))
        .await
        .expect(403);
    let first = [year[0], year[1], ("limit", "1"), ("include_total", "true")];
    contract
        .get(app.agent(), ("list_sla_waits", &first))
        .await
        .expect(200);
    for person in [app.admin(), app.customer()] {
        let path = [("ticket_id", ticket)];
        contract
            .get(person, ("get_ticket", &path))
            .await
            .expect(200);
        contract
            .get(person, ("list_history", &path))
            .await
            .expect(200);
        let first = contract
            .get(person, ("list_tickets", &[("limit", "1")]))
            .await;
        let cursor = first.expect(200)["next_cursor"]
            .as_str()
            .unwrap()
            .to_owned();
        let next = [
            ("limit", "1"),
            ("cursor", cursor.as_str()),
            ("include_total", "true"),
        ];
        contract
            .get(person, ("list_tickets", &next))
            .await
            .expect(200);
    }
    let path = [("ticket_id", ticket)];
    contract
        .get(app.stranger(), ("get_ticket", &path))
        .await
        .expect(404);
    let filter = [
        ("status", "closed"),
        ("priority", "high"),
        ("assignee", "none"),
        ("tag", "toner"),
        ("sort", "-priority"),
        ("created_from", "2026-01-01T00:00:00Z"),
    ];
    contract
        .get(app.agent(), ("list_tickets", &filter))
        .await
        .expect(200);
    contract
        .get(app.customer(), ("list_tickets", &[("tag", "toner")]))
        .await
        .expect(403);
}
