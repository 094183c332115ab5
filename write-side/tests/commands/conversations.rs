//! Replies, notes, follow-ups, edits and redactions.

use crate::support::Server;
use poem::http::Method;
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn a_reply_is_one_append_to_the_ticket_and_the_message() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let before = server.event_count().await;
    let path = format!("/tickets/{ticket}/messages");
    let answer = server
        .agent(Method::POST, &path)
        .json(&json!({"body": "Use water."}))
        .send()
        .await
        .expect(201);
    assert_eq!(
        answer.body["ticket_status"], "open",
        "an agent's reply opens a new ticket"
    );
    assert_eq!(answer.body["ticket_id"], ticket.to_string());
    assert_eq!(answer.header("etag"), Some("\"3\""));
    assert_eq!(server.event_count().await, before + 3);
    assert_eq!(
        server.event_types(ticket).await[1..],
        ["ticket.agent_replied", "ticket.status_changed"]
    );
}

#[tokio::test]
async fn a_note_is_internal_and_for_staff_only() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let path = format!("/tickets/{ticket}/messages");
    let note = json!({"body": "Difficult.", "visibility": "internal"});
    let answer = server
        .agent(Method::POST, &path)
        .json(&note)
        .send()
        .await
        .expect(201);
    assert_eq!(answer.body["visibility"], "internal");
    assert_eq!(answer.body["ticket_status"], "new");
    let before = server.event_count().await;
    server
        .customer(Method::POST, &path)
        .json(&note)
        .send()
        .await
        .expect(403);
    assert_eq!(server.event_count().await, before);
}

#[tokio::test]
async fn a_customers_reply_to_a_closed_ticket_opens_a_follow_up() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    server.close(ticket).await;
    let closed_version = server.events(ticket).await.len();
    let path = format!("/tickets/{ticket}/messages");
    let answer = server
        .customer(Method::POST, &path)
        .json(&json!({"body": "Again!"}))
        .send()
        .await
        .expect(201);
    let follow_up = answer.body["ticket_id"].as_str().unwrap().parse().unwrap();
    assert_ne!(follow_up, ticket);
    assert_eq!(answer.body["follow_up_of"], ticket.to_string());
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/v1/tickets/{follow_up}").as_str())
    );
    assert_eq!(server.event_types(follow_up).await, ["ticket.opened"]);
    assert_eq!(
        server.event_types(ticket).await[closed_version..],
        ["ticket.follow_up_opened"]
    );
    assert_eq!(server.event_types(answer.id()).await, ["message.posted"]);
}

#[tokio::test]
async fn a_follow_up_that_is_closed_too_gets_a_follow_up_of_its_own() {
    let server = Server::start().await;
    let first = server.ticket().await;
    server.close(first).await;
    let reply = async || {
        let path = format!("/tickets/{first}/messages");
        let request = server.customer(Method::POST, &path);
        let answer = request.json(&json!({"body": "Again!"})).send().await;
        let answer = answer.expect(201);
        assert_eq!(answer.body["follow_up_of"], first.to_string());
        answer.body["ticket_id"].as_str().unwrap().parse().unwrap()
    };
    let second: Uuid = reply().await;
    assert_eq!(reply().await, second, "it is not closed");
    server.close(second).await;
    let third: Uuid = reply().await;
    assert!(third != second && third != first);
    assert_eq!(
        server.event_types(second).await.last().unwrap(),
        "ticket.follow_up_opened"
    );
    assert_eq!(server.event_types(third).await, ["ticket.opened"]);
}

#[tokio::test]
async fn an_agents_reply_to_a_closed_ticket_is_refused() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    server.close(ticket).await;
    let before = server.event_count().await;
    let path = format!("/tickets/{ticket}/messages");
    server
        .agent(Method::POST, &path)
        .json(&json!({"body": "Late."}))
        .send()
        .await
        .expect(409);
    assert_eq!(server.event_count().await, before);
}

#[tokio::test]
async fn the_author_edits_and_staff_redact() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let message = server.reply(ticket).await;
    let path = format!("/messages/{message}");
    let edited = server
        .customer(Method::PATCH, &path)
        .json(&json!({"body": "Help!"}))
        .send()
        .await
        .expect(200);
    assert_eq!(edited.body["body"], "Help!");
    assert_eq!(edited.header("etag"), Some("\"2\""));
    server
        .agent(Method::PATCH, &path)
        .json(&json!({"body": "Mine"}))
        .send()
        .await
        .expect(403);
    server
        .stranger(Method::PATCH, &path)
        .json(&json!({"body": "Mine"}))
        .send()
        .await
        .expect(404);

    let redacted = server
        .agent(Method::POST, &format!("{path}/redact"))
        .send()
        .await
        .expect(200);
    assert!(redacted.body.get("body").is_none());
    server
        .agent(Method::POST, &format!("{path}/redact"))
        .json(&json!({"reason": "twice"}))
        .send()
        .await
        .expect(200);
    assert_eq!(
        server.event_types(message).await,
        ["message.posted", "message.edited", "message.redacted"]
    );
    server
        .customer(Method::PATCH, &path)
        .json(&json!({"body": "Back"}))
        .send()
        .await
        .expect(409);
}

#[tokio::test]
async fn a_ticket_is_no_message() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    server
        .customer(Method::PATCH, &format!("/messages/{ticket}"))
        .json(&json!({"body": "x"}))
        .send()
        .await
        .expect(404);
    let message = server.reply(ticket).await;
    server
        .agent(Method::POST, &format!("/tickets/{message}/resolve"))
        .send()
        .await
        .expect(404);
}
