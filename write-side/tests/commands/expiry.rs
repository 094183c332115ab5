//! Stored answers are kept as long as they are promised, and not longer.

use crate::support::Server;
use chrono::{TimeDelta, Utc};
use platform::clock::ManualClock;
use platform::shutdown::Shutdown;
use poem::http::Method;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;
use write_side::expiry::{Options, run};

/// Opens a ticket with a key; its id, and whether the answer is that of an earlier request.
async fn open(server: &Server, key: &str) -> (Uuid, bool) {
    let answer = server
        .customer(Method::POST, "/tickets")
        .header("Idempotency-Key", key)
        .json(&json!({"subject": "Printer on fire"}))
        .send()
        .await
        .expect(201);
    let replayed = answer.header("idempotency-replayed") == Some("true");
    (answer.id(), replayed)
}

#[tokio::test]
async fn an_answer_is_repeated_for_48_hours_and_then_the_key_is_a_new_one() {
    let server = Server::start().await;
    let (first, _) = open(&server, "the-key").await;
    let events = server.event_count().await;
    let clock = ManualClock::at(Utc::now() + TimeDelta::hours(47));
    let shutdown = Shutdown::new();
    let job = tokio::spawn(run(
        server.store.clone(),
        Arc::new(clock.clone()),
        Options {
            batch_limit: 1,
            ..Options::default()
        },
        shutdown.clone(),
    ));

    // Looked through at 47 hours, and again every five minutes up to 47 hours and 55 minutes: it stays.
    for _ in 0..11 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        clock.advance(TimeDelta::minutes(5));
    }
    assert_eq!(open(&server, "the-key").await, (first, true));
    assert_eq!(server.event_count().await, events);

    clock.advance(TimeDelta::hours(2));
    let expired = async {
        loop {
            let (id, replayed) = open(&server, "the-key").await;
            if !replayed {
                return id;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let second = timeout(Duration::from_secs(30), expired).await.unwrap();
    assert_ne!(second, first);
    assert_eq!(
        server.event_types(first).await,
        ["ticket.opened"],
        "the events stay"
    );

    shutdown.request();
    timeout(Duration::from_secs(30), job)
        .await
        .unwrap()
        .unwrap();
}
