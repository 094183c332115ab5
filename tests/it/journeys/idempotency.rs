//! The same request again.

use serde_json::json;

use crate::harness::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_again_gets_the_same_answer_and_does_nothing() {
    let app = TestApp::start().await;
    let open = || {
        let body = json!({"subject": "Printer on fire", "body": "It burns."});
        app.customer()
            .post("/tickets", body)
            .idempotency_key("open-1")
    };
    let first = open().await.expect(201);
    let events = app.log().await.len();
    app.agent().resolves(first.id()).await.expect(200);
    let again = open().await.expect(201);
    assert_eq!(
        (&again.body, again.header("consistency-token")),
        (&first.body, first.header("consistency-token"))
    );
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(
        (
            first.header("idempotency-replayed"),
            again.header("idempotency-replayed")
        ),
        (None, Some("true"))
    );
    let since: Vec<_> = app
        .log()
        .await
        .drain(events..)
        .map(|event| event.event_type)
        .collect();
    assert_eq!(since, ["ticket.assigned", "ticket.resolved"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_bound_to_its_request() {
    let app = TestApp::start().await;
    let (customer, key) = (app.customer(), "one-key");
    let opened = customer
        .post("/tickets", json!({"subject": "One"}))
        .idempotency_key(key)
        .await
        .expect(201);
    let events = app.log().await.len();
    customer
        .post("/tickets", json!({"subject": "Two"}))
        .idempotency_key(key)
        .await
        .expect(422);
    customer
        .replies(opened.id(), "Hello?")
        .idempotency_key(key)
        .await
        .expect(422);
    app.stranger()
        .post("/tickets", json!({"subject": "One"}))
        .idempotency_key(key)
        .await
        .expect(422);
    assert_eq!(app.log().await.len(), events);
    // Keys of one organization are none of another's business.
    app.globex
        .customer
        .post("/tickets", json!({"subject": "One"}))
        .idempotency_key(key)
        .await
        .expect(201);
    customer
        .post("/tickets", json!({"subject": "One"}))
        .idempotency_key("")
        .await
        .expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_in_parallel_has_one_effect_and_one_answer() {
    let app = TestApp::start().await;
    let (second, client) = app.second().await;
    let send = |number: usize| {
        let body = json!({"subject": "Printer on fire"});
        let request = app
            .customer()
            .post("/tickets", body)
            .idempotency_key("parallel");
        if number.is_multiple_of(2) {
            request.send()
        } else {
            request.to(&client).send()
        }
    };
    let answers = futures::future::try_join_all((0..16).map(send))
        .await
        .unwrap();
    for answer in &answers {
        assert_eq!(
            (answer.status.as_u16(), &answer.body),
            (201, &answers[0].body)
        );
    }
    let fresh = answers
        .iter()
        .filter(|answer| answer.header("idempotency-replayed").is_none());
    assert_eq!(fresh.count(), 1);
    let opened = app
        .log()
        .await
        .into_iter()
        .filter(|event| event.event_type == "ticket.opened");
    assert_eq!(opened.count(), 1);
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_does_not_use_its_key_up() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    let close = || app.agent().closes(ticket).idempotency_key("close-it");
    close().await.expect(409);
    app.agent().resolves(ticket).await.expect(200);
    close().await.expect(200);
    assert_eq!(app.agent().ticket(ticket).await["status"], "closed");
}
