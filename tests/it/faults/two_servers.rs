//! Two servers on one log.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::json;

use crate::harness::{DEADLINE, TestApp, eventually, time_of};

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_did_the_other_shows_and_goes_on_from() {
    let app = TestApp::start().await;
    let (second, client) = app.second().await;
    let there = app.acme.at(&client);
    let ticket = app.customer().opens("Printer on fire").await;
    assert_eq!(there.customer.ticket(ticket).await["status"], "new");
    for round in 0..5 {
        there.agent.replies(ticket, "Which one?").await.expect(201);
        app.agent().sets_status(ticket, "pending").await.expect(200);
        there
            .customer
            .replies(ticket, "The red one.")
            .await
            .expect(201);
        let seen = app.agent().ticket(ticket).await;
        assert_eq!(
            (&seen["status"], &seen["public_message_count"]),
            (&json!("open"), &json!(3 + 2 * round))
        );
        assert_eq!(there.agent.ticket(ticket).await.body, seen.body);
    }
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_to_one_ticket_through_both_are_all_carried_out() {
    let app = TestApp::start().await;
    let (second, client) = app.second().await;
    let there = app.acme.at(&client);
    let ticket = app.customer().opens("Printer on fire").await;
    let replies = (0..40).map(|number| {
        let customer = if number % 2 == 0 {
            app.customer()
        } else {
            &there.customer
        };
        // Who finds too many before them is told to come again, which takes a slow machine longer.
        let reply = customer.replies(ticket, &format!("Reply {number}"));
        let reply = reply.idempotency_key(format!("reply-{number}"));
        reply.when_available()
    });
    let answers = join_all(replies).await;
    assert!(
        answers.iter().all(|answer| answer.status == 201),
        "{answers:?}"
    );
    let mut versions: Vec<_> = answers
        .iter()
        .map(|answer| answer["ticket_version"].as_i64().unwrap())
        .collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..=41).collect::<Vec<_>>());
    assert_eq!(
        app.customer().ticket(ticket).await["public_message_count"],
        41
    );
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_fires_once_and_also_when_its_server_has_gone() {
    let app = TestApp::start().await;
    let (second, client) = app.second().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.wait(TimeDelta::hours(9));
    let breached = async || {
        let seen = app.agent().ticket(ticket).await;
        if seen["sla"]["first_reply"]["breached_at"].is_string() {
            Ok(())
        } else {
            Err(seen.body)
        }
    };
    eventually(breached, DEADLINE).await;
    app.agent().resolves(ticket).await.expect(200);

    let agent = app.acme.agent.at(&client);
    let resolved_at = app.now();
    app.server.shutdown().await.unwrap();
    app.clock.advance(TimeDelta::hours(96));
    let path = format!("/tickets/{ticket}");
    let closed = async || {
        // Until the second server's projector has taken over, queries with a token are told to come again.
        let seen = agent.get(&path).await;
        if seen["status"] == "closed" {
            Ok(seen)
        } else {
            Err(seen.body)
        }
    };
    let closed = eventually(closed, DEADLINE).await;
    assert_eq!(
        time_of(&closed["closed_at"]),
        resolved_at + TimeDelta::hours(96)
    );
    let types = agent.history_types(ticket).await;
    let count = |event: &str| types.iter().filter(|one| *one == event).count();
    assert_eq!((count("sla.breached"), count("ticket.closed")), (1, 1));
    second.shutdown().await.unwrap();
}
