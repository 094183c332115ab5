//! `Idempotency-Key` and `If-Match`.

use crate::support::Server;
use poem::http::Method;
use serde_json::json;

#[tokio::test]
async fn the_same_key_again_gives_the_same_answer_and_no_second_effect() {
    let server = Server::start().await;
    let body = json!({"subject": "Once", "body": "x"});
    let send = async || {
        server
            .customer(Method::POST, "/tickets")
            .header("idempotency-key", "k1")
            .json(&body)
            .send()
            .await
    };
    let first = send().await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), None);
    let after = server.event_count().await;
    let again = send().await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.body, first.body);
    for header in ["etag", "location", "consistency-token"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_eq!(server.event_count().await, after);
}

#[tokio::test]
async fn a_key_is_bound_to_body_path_and_person() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let path = format!("/tickets/{ticket}/messages");
    let body = json!({"body": "one"});
    server
        .customer(Method::POST, &path)
        .header("idempotency-key", "k")
        .json(&body)
        .send()
        .await
        .expect(201);
    let before = server.event_count().await;
    let other_body = server
        .customer(Method::POST, &path)
        .header("idempotency-key", "k")
        .json(&json!({"body": "two"}));
    other_body.send().await.expect(422);
    let other_person = server
        .agent(Method::POST, &path)
        .header("idempotency-key", "k")
        .json(&body);
    other_person.send().await.expect(422);
    let other_path = server
        .customer(Method::POST, "/tickets")
        .header("idempotency-key", "k");
    other_path
        .json(&json!({"subject": "x"}))
        .send()
        .await
        .expect(422);
    assert_eq!(server.event_count().await, before);
}

#[tokio::test]
async fn a_repeated_command_is_answered_even_when_it_would_be_refused_by_now() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let path = format!("/tickets/{ticket}/status");
    let pending = async |server: &Server| {
        let request = server
            .agent(Method::POST, &path)
            .header("idempotency-key", "p")
            .header("if-match", "\"1\"");
        request.json(&json!({"status": "pending"})).send().await
    };
    let first = pending(&server).await.expect(200);
    server.close(ticket).await;
    for server in [&server, &server.second().await] {
        let again = pending(server).await.expect(200);
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
    }
}

#[tokio::test]
async fn a_command_that_changes_nothing_keeps_its_answer_under_its_key() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let path = format!("/tickets/{ticket}");
    let send = async || {
        let request = server
            .agent(Method::PATCH, &path)
            .header("idempotency-key", "n");
        request
            .json(&json!({"priority": "normal"}))
            .send()
            .await
            .expect(200)
    };
    let first = send().await;
    server
        .agent(Method::PATCH, &path)
        .json(&json!({"priority": "low"}))
        .send()
        .await
        .expect(200);
    let again = send().await;
    assert_eq!(again.body, first.body);
    assert_eq!(server.event_types(ticket).await.len(), 2);
}

#[tokio::test]
async fn the_same_key_in_parallel_gives_one_effect_and_one_answer() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let path = format!("/tickets/{ticket}/messages");
    let body = json!({"body": "once"});
    let requests = (0..16).map(|_| {
        server
            .customer(Method::POST, &path)
            .header("idempotency-key", "same")
            .json(&body)
            .send()
    });
    let answers = futures::future::join_all(requests).await;
    for answer in &answers {
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.body, answers[0].body);
    }
    let fresh = answers
        .iter()
        .filter(|answer| answer.header("idempotency-replayed").is_none())
        .count();
    assert_eq!(fresh, 1);
    assert_eq!(
        server.event_types(ticket).await,
        ["ticket.opened", "ticket.customer_replied"]
    );
}

#[tokio::test]
async fn a_version_that_moved_on_is_refused_and_never_retried() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let path = format!("/tickets/{ticket}");
    let change = async |if_match: &str, priority: &str, status| {
        let request = server
            .agent(Method::PATCH, &path)
            .header("if-match", if_match);
        request
            .json(&json!({"priority": priority}))
            .send()
            .await
            .expect(status)
    };
    change("\"1\"", "high", 200).await;
    change("\"1\"", "low", 412).await;
    change("\"9\"", "low", 412).await;
    change("*", "urgent", 200).await;
    change("W/\"3\"", "low", 400).await;
    change("3", "low", 400).await;
    assert_eq!(server.event_types(ticket).await.len(), 3);
}

#[tokio::test]
async fn of_many_with_the_same_version_one_wins() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let path = format!("/tickets/{ticket}/messages");
    let requests = (0..8).map(|number| {
        let body = json!({"body": format!("reply {number}")});
        server
            .agent(Method::POST, &path)
            .header("if-match", "\"1\"")
            .json(&body)
            .send()
    });
    let answers = futures::future::join_all(requests).await;
    let won = answers.iter().filter(|answer| answer.status == 201).count();
    let lost = answers.iter().filter(|answer| answer.status == 412).count();
    assert_eq!((won, lost), (1, 7), "{answers:?}");
}

#[tokio::test]
async fn a_key_that_is_not_visible_ascii_is_refused() {
    let server = Server::start().await;
    let long = "x".repeat(256);
    for key in ["a b", "", long.as_str()] {
        let request = server
            .customer(Method::POST, "/tickets")
            .header("idempotency-key", key);
        request
            .json(&json!({"subject": "x"}))
            .send()
            .await
            .expect(400);
    }
}
