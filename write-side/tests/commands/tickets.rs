//! What can be done with a ticket, each endpoint once as it is meant.

use crate::support::Server;
use poem::http::Method;
use serde_json::json;

#[tokio::test]
async fn a_customer_opens_a_ticket_and_its_first_message_in_one_append() {
    let server = Server::start().await;
    let before = server.event_count().await;
    let body = json!({"subject": " Printer on fire ", "body": "It burns.", "priority": "high"});
    let answer = server
        .customer(Method::POST, "/tickets")
        .json(&body)
        .send()
        .await
        .expect(201);
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/v1/tickets/{}", answer.id()).as_str())
    );
    assert_eq!(answer.header("etag"), Some("\"1\""));
    let partition = server.dispatcher.partition(server.org.id).await.unwrap();
    assert_eq!(
        answer.header("consistency-token"),
        Some(format!("{partition}-{}", before + 2).as_str())
    );
    assert_eq!(answer.body["subject"], "Printer on fire");
    assert_eq!(answer.body["status"], "new");
    assert_eq!(answer.body["priority"], "high");
    assert_eq!(answer.body["requester_id"], server.org.customer.to_string());
    assert!(answer.body.get("tags").is_none(), "customers see no tags");
    let message = answer.body["message_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(server.event_types(answer.id()).await, ["ticket.opened"]);
    assert_eq!(server.event_types(message).await, ["message.posted"]);
}

#[tokio::test]
async fn an_agent_opens_a_ticket_for_a_customer_with_everything() {
    let server = Server::start().await;
    let fields = json!({"settings": {"custom_fields": {
        "serial": {"label": "Serial", "kind": "text"},
        "bought_on": {"label": "Bought", "kind": "date"},
        "colour": {"label": "Colour", "kind": "choice", "options": ["red", "blue"]},
    }}});
    server
        .admin(Method::PATCH, "/organization")
        .json(&fields)
        .send()
        .await
        .expect(200);
    let team = server
        .admin(Method::POST, "/teams")
        .json(&json!({"name": "Hardware", "member_ids": [server.org.agent.0]}))
        .send()
        .await
        .expect(201)
        .id();
    let body = json!({
        "subject": "Broken", "requester_id": server.org.customer.0, "channel": "phone",
        "tags": ["VIP", "printer"], "agent_id": server.org.colleague.0, "team_id": team,
        "custom_fields": {"serial": "X-1", "bought_on": "2026-02-01", "colour": "red"},
    });
    let answer = server
        .agent(Method::POST, "/tickets")
        .json(&body)
        .send()
        .await
        .expect(201);
    assert_eq!(answer.body["status"], "open", "an assigned agent opens it");
    assert_eq!(answer.body["tags"], json!(["printer", "vip"]));
    assert_eq!(answer.body["team_id"], team.to_string());
    assert_eq!(answer.body["custom_fields"], body["custom_fields"]);
}

#[tokio::test]
async fn several_changes_of_a_ticket_are_one_append_or_none() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let path = format!("/tickets/{ticket}");
    let before = server.event_count().await;
    let wrong = json!({"subject": "New", "priority": "urgent", "custom_fields": {"nope": 1}});
    let refused = server
        .agent(Method::PATCH, &path)
        .json(&wrong)
        .send()
        .await
        .expect(422);
    assert_eq!(refused.pointers(), ["/custom_fields/nope"]);
    assert_eq!(server.event_count().await, before);

    let right = json!({"subject": "New", "priority": "urgent"});
    let answer = server
        .agent(Method::PATCH, &path)
        .json(&right)
        .send()
        .await
        .expect(200);
    assert_eq!(answer.header("etag"), Some("\"3\""));
    assert_eq!(
        server.event_types(ticket).await[1..],
        ["ticket.subject_changed", "ticket.priority_changed"]
    );
}

#[tokio::test]
async fn a_change_to_what_it_is_already_appends_nothing() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let before = server.event_count().await;
    let path = format!("/tickets/{ticket}");
    let answer = server
        .agent(Method::PATCH, &path)
        .json(&json!({"priority": "normal"}))
        .send()
        .await
        .expect(200);
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(server.event_count().await, before);
}

#[tokio::test]
async fn a_ticket_goes_through_its_whole_life() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let send = async |verb: &str, body: Option<serde_json::Value>| {
        let request = server.agent(Method::POST, &format!("/tickets/{ticket}/{verb}"));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.expect(200).body["status"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        send("assign", Some(json!({"agent_id": server.org.agent.0}))).await,
        "open"
    );
    assert_eq!(
        send("status", Some(json!({"status": "pending"}))).await,
        "pending"
    );
    assert_eq!(
        send("status", Some(json!({"status": "on_hold"}))).await,
        "on_hold"
    );
    assert_eq!(send("resolve", None).await, "resolved");
    assert_eq!(
        send("reopen", Some(json!({"reason": "It burns again."}))).await,
        "open"
    );
    assert_eq!(send("resolve", None).await, "resolved");
    assert_eq!(send("close", None).await, "closed");
    assert_eq!(send("reopen", None).await, "open");
}

#[tokio::test]
async fn assigning_leaves_what_is_left_out_and_null_means_nobody() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let team = server
        .admin(Method::POST, "/teams")
        .json(&json!({"name": "A"}))
        .send()
        .await
        .expect(201)
        .id();
    let path = format!("/tickets/{ticket}/assign");
    let assign = async |body| {
        server
            .agent(Method::POST, &path)
            .json(&body)
            .send()
            .await
            .expect(200)
            .body
    };
    let both = assign(json!({"agent_id": server.org.agent.0, "team_id": team})).await;
    assert_eq!(both["agent_id"], server.org.agent.to_string());
    let kept = assign(json!({"team_id": null})).await;
    assert_eq!(kept["agent_id"], server.org.agent.to_string());
    assert!(kept.get("team_id").is_none());
    assert!(
        assign(json!({"agent_id": null}))
            .await
            .get("agent_id")
            .is_none()
    );
}

#[tokio::test]
async fn a_ticket_is_assigned_to_active_staff_of_the_organization_only() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let path = format!("/tickets/{ticket}/assign");
    for wrong in [
        server.org.customer,
        server.other.agent,
        domain::ids::UserId(uuid::Uuid::now_v7()),
    ] {
        let refused = server
            .agent(Method::POST, &path)
            .json(&json!({"agent_id": wrong.0}))
            .send()
            .await
            .expect(422);
        assert_eq!(refused.pointers(), ["/agent_id"]);
    }
    let refused = server
        .agent(Method::POST, &path)
        .json(&json!({"team_id": server.org.agent.0}))
        .send()
        .await;
    assert_eq!(refused.expect(422).pointers(), ["/team_id"]);
    assert_eq!(server.event_types(ticket).await, ["ticket.opened"]);
}

#[tokio::test]
async fn tags_come_and_go() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let tags = async |method, tag: &str, status| {
        let path = format!("/tickets/{ticket}/tags/{tag}");
        server.agent(method, &path).send().await.expect(status).body["tags"].clone()
    };
    assert_eq!(tags(Method::PUT, "VIP", 200).await, json!(["vip"]));
    assert_eq!(tags(Method::PUT, "vip", 200).await, json!(["vip"]));
    assert_eq!(
        tags(Method::PUT, "gr%C3%BC%C3%9Fe", 200).await,
        json!(["grüße", "vip"])
    );
    assert_eq!(tags(Method::DELETE, "vip", 200).await, json!(["grüße"]));
    assert_eq!(tags(Method::DELETE, "vip", 200).await, json!(["grüße"]));
    tags(Method::PUT, "a%20b", 422).await;
}

#[tokio::test]
async fn events_carry_who_why_and_through_which_request() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let path = format!("/tickets/{ticket}/resolve");
    let request = server
        .agent(Method::POST, &path)
        .header("x-request-id", "trace-7")
        .header("idempotency-key", "k7");
    let answer = request.send().await.expect(200);
    assert_eq!(answer.header("x-request-id"), Some("trace-7"));
    let events = server.events(ticket).await;
    let metadata: Vec<serde_json::Value> = events[1..]
        .iter()
        .map(|event| serde_json::from_str(&event.metadata).unwrap())
        .collect();
    assert_eq!(metadata.len(), 2, "assigned to the resolver, then resolved");
    for metadata in &metadata {
        assert_eq!(
            metadata["actor"],
            json!({"kind": "user", "id": server.org.agent.0, "role": "agent"})
        );
        assert_eq!(metadata["request_id"], "trace-7");
        assert_eq!(metadata["idempotency_key"], "k7");
        assert_eq!(metadata["correlation_id"], metadata["correlation_id"]);
    }
    assert_eq!(metadata[0]["correlation_id"], metadata[1]["correlation_id"]);
}

#[tokio::test]
async fn a_preference_to_wait_that_cannot_be_met_is_not_said_to_be_applied() {
    let server = Server::start().await;
    let body = json!({"subject": "Slow"});
    let answer = server
        .customer(Method::POST, "/tickets")
        .header("prefer", "wait=1")
        .json(&body)
        .send()
        .await;
    let answer = answer.expect(201);
    assert_eq!(answer.header("preference-applied"), None);
    assert!(answer.body.get("ticket").is_none());
}
