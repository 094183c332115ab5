//! Many commands at once, and states that another process changed.

use crate::support::{Server, keys};
use domain::actor::{Actor, Role};
use domain::ids::{MessageId, TicketId};
use domain::message::state::Visibility;
use domain::text::MessageBody;
use event_store::EventStore;
use platform::clock::SystemClock;
use platform::pools::{Pools, log_writer_config};
use platform::private::{patient_log, patient_pools};
use poem::http::Method;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;
use write_side::commands::PostMessage;
use write_side::dispatch::{CommandContext, Dispatcher, Options};

/// The longest that a test waits for something that must happen.
const DEADLINE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn parallel_replies_to_one_ticket_all_succeed_in_some_order() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let path = format!("/tickets/{ticket}/messages");
    let reply = async |number: usize| {
        let body = json!({"body": format!("reply {number}")});
        let request = if number.is_multiple_of(2) {
            server.customer(Method::POST, &path)
        } else {
            server.agent(Method::POST, &path)
        };
        let key = format!("reply-{number}");
        request
            .header("idempotency-key", &key)
            .json(&body)
            .send()
            .await
    };
    // Who finds too many before them is told to come again, which takes a slow machine longer.
    let begun = Instant::now();
    let recorded = async |number: usize| {
        let mut answer = reply(number).await;
        while answer.status == 503 && begun.elapsed() < DEADLINE {
            answer = reply(number).await;
        }
        answer
    };
    let answers = futures::future::join_all((0..48).map(recorded)).await;
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
async fn parallel_replies_to_a_closed_ticket_meet_in_one_follow_up() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    server.close(ticket).await;
    let path = format!("/tickets/{ticket}/messages");
    let requests = (0..8).map(|number| {
        let body = json!({"body": format!("reply {number}")});
        server.customer(Method::POST, &path).json(&body).send()
    });
    let answers = futures::future::join_all(requests).await;
    let follow_ups: HashSet<String> = answers
        .into_iter()
        .map(|answer| answer.expect(201).body["ticket_id"].to_string())
        .collect();
    assert_eq!(follow_ups.len(), 1, "{follow_ups:?}");
    let opened = server.event_types(ticket).await;
    let opened = opened
        .iter()
        .filter(|name| *name == "ticket.follow_up_opened");
    assert_eq!(opened.count(), 1);
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

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_its_command() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let path = format!("/tickets/{ticket}/messages");
    let mut request = Box::pin(
        server
            .customer(Method::POST, &path)
            .json(&json!({"body": "x"}))
            .send(),
    );
    assert!(futures::poll!(request.as_mut()).is_pending());
    drop(request);
    let done = async {
        while server.event_types(ticket).await.len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, done)
        .await
        .expect("the reply is recorded");
}

#[tokio::test]
async fn a_reply_on_known_states_needs_nothing_but_its_append() {
    let server = Server::start().await;
    let ticket_id = TicketId(server.ticket().await);
    let pools = Pools::new(&server.url, &patient_pools()).unwrap();
    let writer = log_writer_config(&server.url).unwrap();
    let store = EventStore::start(writer, pools.commands.clone(), patient_log())
        .await
        .unwrap();
    let options = Options {
        reference_max_age_ms: u64::MAX,
        ..Options::default()
    };
    let dispatcher = Dispatcher::new(
        store,
        keys(pools.commands.clone()),
        Arc::new(SystemClock),
        options,
    );
    let reply = async || {
        let actor = Actor::User {
            id: server.org.customer,
            role: Role::Customer,
        };
        let command = PostMessage {
            ticket_id,
            message_id: MessageId(Uuid::now_v7()),
            visibility: Visibility::Public,
            body: MessageBody::parse("Hello?").unwrap(),
            follow_up_id: TicketId(Uuid::now_v7()),
        };
        dispatcher
            .dispatch(CommandContext::new(server.org.id, actor), command)
            .await
    };
    reply().await.unwrap();
    // Without readers, whatever asks the database fails.
    pools.commands.close();
    reply().await.unwrap();
    assert_eq!(server.event_types(ticket_id.0).await.len(), 3);
}
