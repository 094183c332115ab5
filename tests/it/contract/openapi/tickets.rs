//! Tickets and messages, with the answers that staff and customers get.

use serde_json::json;
use uuid::Uuid;

use super::answers::Contract;
use crate::harness::{Answer, DEADLINE, Person, TestApp, eventually};

pub async fn walk(app: &TestApp, contract: &Contract) {
    let ticket = opened(app, contract).await;
    let ticket = ticket.as_str();
    changed(app, contract, ticket).await;
    talked_about(app, contract, ticket).await;
    ended(app, contract, ticket).await;
    listed(app, contract, ticket).await;
    viewed(app, contract).await;
    searched(app, contract).await;
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
    let waited = async || {
        let key = Uuid::new_v4().to_string();
        let request = request.clone().header("Prefer", "wait=10");
        let request = request.idempotency_key(key);
        let answer = contract.answer("open_ticket", request.clone()).await;
        // A slow machine may not have carried it to the read models in time.
        if answer.status == 201 && answer.body.get("ticket").is_none() {
            Err(answer.body)
        } else {
            Ok((request, answer))
        }
    };
    let (request, answer) = eventually(waited, DEADLINE).await;
    let answer = answer.expect(201);
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
    let report = [
        year[0],
        year[1],
        ("group_by", "week"),
        ("group_by", "channel"),
        ("group_by", "tag"),
        ("channel", "api"),
        ("query", "-status:new"),
    ];
    contract
        .get(app.agent(), ("report_attainment", &report))
        .await
        .expect(200);
    contract
        .get(app.customer(), ("report_attainment", &year))
        .await
        .expect(403);
    let days = [
        ("figure", "resolution"),
        ("from", "2026-01-01"),
        ("to", "2026-12-31"),
    ];
    let split = [
        days[0],
        days[1],
        days[2],
        ("group", "week"),
        ("split", "agent"),
    ];
    let counted = [
        days[0],
        days[1],
        days[2],
        ("weekday", "1"),
        ("hour", "9"),
        ("include_total", "true"),
    ];
    let messages = [days[1], days[2], ("group", "month"), ("split", "agent")];
    let written = [
        days[1],
        days[2],
        ("kind", "public_reply"),
        ("query", "-status:open"),
    ];
    let work = [days[1], days[2], ("by", "team")];
    for operation in [
        ("report_tickets", &split[..]),
        ("report_ticket_hours", &days[..]),
        ("download_ticket_report", &split[..]),
        ("download_ticket_parquet", &split[..]),
        ("list_counted_tickets", &counted[..]),
        ("report_messages", &messages[..]),
        ("list_counted_messages", &written[..]),
        ("report_workload", &work[..]),
    ] {
        contract.get(app.agent(), operation).await.expect(200);
        contract.get(app.customer(), operation).await.expect(403);
    }
    for (id, parameters) in [
        ("download_message_report", &messages[..]),
        ("download_attainment", &report[..]),
        ("download_workload", &work[..]),
    ] {
        for format in ["csv", "parquet"] {
            let parameters = [parameters, &[("format", format)]].concat();
            let file = contract.get(app.agent(), (id, &parameters)).await;
            file.expect(200);
            let file = contract.get(app.customer(), (id, &parameters)).await;
            file.expect(403);
        }
        let unknown = [parameters, &[("format", "pdf")]].concat();
        contract.get(app.agent(), (id, &unknown)).await.expect(400);
    }
    let first = [
        year[0],
        year[1],
        ("query", "-status:new"),
        ("channel", "api"),
        ("limit", "1"),
        ("include_total", "true"),
    ];
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
        let opening = [("ticket_id", ticket), ("as_of", "1")];
        contract
            .get(person, ("get_ticket", &opening))
            .await
            .expect(200);
        contract
            .get(person, ("diff_ticket", &path))
            .await
            .expect(200);
        let events = [("ticket", ticket), ("types", "ticket.*"), ("limit", "2")];
        let page = contract.get(person, ("list_events", &events)).await;
        assert_eq!(page.expect(200).items().len(), 2);
        contract
            .get(person, ("list_events", &[("limit", "100")]))
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

async fn viewed(app: &TestApp, contract: &Contract) {
    let body = json!({
        "name": "Burning", "owner": "organization", "query": "status:open priority:>=high", "sort": "-priority",
        "columns": ["number", "subject"],
    });
    let create = ("create_view", &[][..]);
    let made = contract.send(app.admin(), create, body.clone()).await;
    let view = made.expect(201).id().to_string();
    contract.send(app.agent(), create, body).await.expect(403);
    let wrong = json!({"name": "X", "query": "status:lost"});
    contract.send(app.agent(), create, wrong).await.expect(422);
    let one = [("view_id", view.as_str())];
    let target = ("update_view", &one[..]);
    let change =
        json!({"name": "Hot", "query": "-status:closed", "sort": "created_at", "columns": []});
    contract.send(app.admin(), target, change).await.expect(200);
    contract
        .get(app.agent(), ("get_view", &one))
        .await
        .expect(200);
    contract
        .get(app.agent(), ("list_views", &[("limit", "1")]))
        .await
        .expect(200);
    let team = app.acme.team_id.to_string();
    let of_team = [("team", team.as_str())];
    contract
        .get(app.agent(), ("list_views", &of_team))
        .await
        .expect(200);
    let by_view = [
        ("view", view.as_str()),
        ("query", "created:today"),
        ("time_zone", "Europe/Berlin"),
    ];
    contract
        .get(app.agent(), ("list_tickets", &by_view))
        .await
        .expect(200);
    let wrong = [("query", "prio:high")];
    contract
        .get(app.agent(), ("list_tickets", &wrong))
        .await
        .expect(400);
    let counted = [("view", view.as_str()), ("time_zone", "Europe/Berlin")];
    contract
        .get(app.agent(), ("count_view_tickets", &counted))
        .await
        .expect(200);
    contract
        .get(app.customer(), ("count_view_tickets", &[]))
        .await
        .expect(403);
    let target = ("delete_view", &one[..]);
    let deleted = contract.request(app.admin(), target);
    contract.answer("delete_view", deleted).await.expect(200);
}

/// What a search answers, as soon as it is not one too many at this moment.
async fn found(contract: &Contract, person: &Person, query: &[(&str, &str)]) -> Answer {
    let ask = async || match contract.get(person, ("search_tickets", query)).await {
        busy if busy.status == 503 => Err(busy.body),
        answer => Ok(answer),
    };
    eventually(ask, DEADLINE).await
}

async fn searched(app: &TestApp, contract: &Contract) {
    let words = [
        ("query", "toner+-status:new"),
        ("time_zone", "Europe/Berlin"),
        ("limit", "2"),
    ];
    for person in [app.agent(), app.customer()] {
        found(contract, person, &words).await.expect(200);
    }
    let called = [("query", "Carla")];
    found(contract, app.agent(), &called).await.expect(200);
    let none = [("query", "status:open")];
    found(contract, app.agent(), &none).await.expect(400);
    let internal = [("query", "toner+tag:vip")];
    found(contract, app.customer(), &internal).await.expect(403);
}
