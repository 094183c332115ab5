//! Many commands at once, and states that another process changed.

use crate::support::Server;
use poem::http::Method;
use serde_json::json;
use std::collections::HashSet;

#[tokio::test]
async fn parallel_replies_to_one_ticket_all_succeed_in_some_order() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let path = format!("/tickets/{ticket}/messages");
    let requests = (0..48).map(|number| {
        let body = json!({"body": format!("reply {number}")});
        let request = if number % 2 == 0 {
            server.customer(Method::POST, &path)
        } else {
            server.agent(Method::POST, &path)
        };
        request.json(&body).send()
    });
    let answers = futures::future::join_all(requests).await;
    let versions: HashSet<i64> = answers
        .into_iter()
        .map(|answer| answer.expect(201).body["ticket_version"].as_i64().unwrap())
        .collect();
    assert_eq!(versions.len(), 48, "each saw another version");
    let replies = server
        .event_types(ticket)
        .await
        .into_iter()
        .filter(|name| name.ends_with("replied"))
        .count();
    assert_eq!(replies, 48);
}

#[tokio::test]
async fn a_refusal_is_never_answered_from_a_stale_state() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    server.close(ticket).await;
    let second = server.second().await;
    let path = format!("/tickets/{ticket}/messages");
    // The second process learns that it is closed, then the first reopens it.
    second
        .agent(Method::POST, &path)
        .json(&json!({"body": "x"}))
        .send()
        .await
        .expect(409);
    server
        .agent(Method::POST, &format!("/tickets/{ticket}/reopen"))
        .send()
        .await
        .expect(200);
    second
        .agent(Method::POST, &path)
        .json(&json!({"body": "x"}))
        .send()
        .await
        .expect(201);
}

#[tokio::test]
async fn nothing_changed_is_never_answered_from_a_stale_state() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let second = server.second().await;
    let path = format!("/tickets/{ticket}");
    let low = json!({"priority": "low"});
    second
        .agent(Method::PATCH, &path)
        .json(&low)
        .send()
        .await
        .expect(200);
    server
        .agent(Method::PATCH, &path)
        .json(&json!({"priority": "high"}))
        .send()
        .await
        .expect(200);
    let answer = second
        .agent(Method::PATCH, &path)
        .json(&low)
        .send()
        .await
        .expect(200);
    assert_eq!(answer.header("etag"), Some("\"4\""));
    assert_eq!(server.event_types(ticket).await.len(), 4);
}

#[tokio::test]
async fn a_command_on_a_stale_state_is_decided_anew() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let second = server.second().await;
    let path = format!("/tickets/{ticket}/messages");
    second
        .customer(Method::POST, &path)
        .json(&json!({"body": "1"}))
        .send()
        .await
        .expect(201);
    server.close(ticket).await;
    // The second process still thinks that the ticket is open; its customer's reply must become a follow-up.
    let answer = second
        .customer(Method::POST, &path)
        .json(&json!({"body": "2"}))
        .send()
        .await
        .expect(201);
    assert_eq!(answer.body["follow_up_of"], ticket.to_string());
    assert_eq!(
        server.event_types(ticket).await.last().unwrap(),
        "ticket.follow_up_opened"
    );
}
