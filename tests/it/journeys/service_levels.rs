//! Promises and what becomes of them. Time passes by the clock of the test.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, DEADLINE, Database, TestApp, eventually, start_of_time, time_of};

fn after(hours: i64) -> DateTime<Utc> {
    start_of_time() + TimeDelta::hours(hours)
}

/// Waits until a deadline of the ticket is told as missed.
async fn breached(app: &TestApp, ticket: Uuid, metric: &str) -> Answer {
    let look = async || {
        let seen = app.agent().ticket(ticket).await;
        if seen["sla"][metric]["breached_at"].is_string() {
            Ok(seen)
        } else {
            Err(seen.body)
        }
    };
    eventually(look, DEADLINE).await
}

/// The missed deadlines that the log of a ticket has: metric and deadline.
async fn breaches(app: &TestApp, ticket: Uuid) -> Vec<(String, DateTime<Utc>)> {
    let events = app.stream(ticket).await;
    let breaches = events
        .iter()
        .filter(|event| event.event_type == "sla.breached");
    breaches
        .map(|event| {
            let data: Value = serde_json::from_str(&event.data).unwrap();
            (
                data["metric"].as_str().unwrap().to_owned(),
                time_of(&data["due_at"]),
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_deadline_is_told_once_with_the_deadline_as_its_time() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    let promised = app.agent().ticket(ticket).await;
    assert_eq!(
        time_of(&promised["sla"]["first_response"]["due_at"]),
        after(8)
    );
    assert_eq!(time_of(&promised["sla"]["resolution"]["due_at"]), after(72));
    assert_eq!(time_of(&promised["sla"]["next_deadline_at"]), after(8));

    app.wait(TimeDelta::hours(9));
    let late = breached(&app, ticket, "first_response").await;
    assert_eq!(
        time_of(&late["sla"]["first_response"]["breached_at"]),
        after(8)
    );
    assert_eq!(late["sla"]["first_response"]["state"], "running");
    assert_eq!(time_of(&late["sla"]["next_deadline_at"]), after(72));
    assert_eq!(late["sla"]["resolution"].get("breached_at"), None);

    app.agent().replies(ticket, "At last.").await.expect(201);
    app.wait(TimeDelta::hours(100));
    breached(&app, ticket, "resolution").await;
    let expected = [
        ("first_response".to_owned(), after(8)),
        ("resolution".to_owned(), after(72)),
    ];
    assert_eq!(breaches(&app, ticket).await, expected);

    let history = app.agent().history(ticket).await;
    let told: Vec<_> = history
        .iter()
        .filter(|entry| entry["type"] == "sla.breached")
        .collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0]["actor"]["kind"], "timer");
    assert_eq!(time_of(&told[0]["changes"][0]["to"]), after(8));
    assert_eq!(time_of(&told[0]["occurred_at"]), after(8));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_time_keeps_the_promise_for_good() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.wait(TimeDelta::hours(8));
    app.agent()
        .replies(ticket, "Just in time.")
        .await
        .expect(201);
    app.agent().resolves(ticket).await.expect(200);
    let kept = app.agent().ticket(ticket).await;
    assert_eq!(kept["sla"]["first_response"]["state"], "met");
    assert_eq!(
        time_of(&kept["sla"]["first_response"]["ended_at"]),
        after(8)
    );
    assert_eq!(kept["sla"]["resolution"]["state"], "met");
    assert_eq!(kept["sla"].get("next_deadline_at"), None);

    // A ticket that nobody answers shows when the timers of that time have fired.
    let witness = app.customer().opens("Another one").await;
    app.wait(TimeDelta::hours(90));
    breached(&app, witness, "resolution").await;
    assert_eq!(breaches(&app, ticket).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_public_reply_of_staff_is_a_first_response() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.customer().replies(ticket, "Hello?").await.expect(201);
    app.agent().notes(ticket, "Not mine.").await.expect(201);
    app.agent().sets_status(ticket, "open").await.expect(200);
    assert_eq!(
        app.agent().ticket(ticket).await["sla"]["first_response"]["state"],
        "running"
    );
    app.wait(TimeDelta::hours(9));
    breached(&app, ticket, "first_response").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_priority_moves_the_deadlines_from_the_opening_on() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.wait(TimeDelta::minutes(30));
    let path = format!("/tickets/{ticket}");
    app.agent()
        .patch(&path, json!({"priority": "urgent"}))
        .await
        .expect(200);
    let urgent = app.agent().ticket(ticket).await;
    assert_eq!(
        time_of(&urgent["sla"]["first_response"]["due_at"]),
        after(1)
    );
    assert_eq!(time_of(&urgent["sla"]["resolution"]["due_at"]), after(8));

    app.agent()
        .patch(&path, json!({"priority": "low"}))
        .await
        .expect(200);
    let low = app.agent().ticket(ticket).await;
    assert_eq!(time_of(&low["sla"]["first_response"]["due_at"]), after(24));

    // The timers of the deadlines that no longer hold come to nothing.
    let witness = app.customer().opens("Another one").await;
    app.wait(TimeDelta::hours(10));
    breached(&app, witness, "first_response").await;
    assert_eq!(breaches(&app, ticket).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_the_customer_pauses_the_resolution() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.agent().replies(ticket, "Which one?").await.expect(201);
    app.wait(TimeDelta::hours(1));
    app.agent().sets_status(ticket, "pending").await.expect(200);
    let paused = app.agent().ticket(ticket).await;
    assert_eq!(paused["sla"]["resolution"]["state"], "paused");
    assert_eq!(paused["sla"]["resolution"].get("due_at"), None);

    app.wait(TimeDelta::hours(500));
    app.customer()
        .replies(ticket, "The red one.")
        .await
        .expect(201);
    let running = app.agent().ticket(ticket).await;
    assert_eq!(
        time_of(&running["sla"]["resolution"]["due_at"]),
        after(501 + 71)
    );
    assert_eq!(breaches(&app, ticket).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_see_nothing_of_service_levels() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.wait(TimeDelta::hours(9));
    breached(&app, ticket, "first_response").await;
    assert_eq!(app.customer().ticket(ticket).await.body.get("sla"), None);
    assert_eq!(
        app.customer().history_types(ticket).await,
        ["ticket.opened"]
    );
    app.customer()
        .get("/tickets?sort=next_deadline_at")
        .await
        .expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_most_pressing_ticket_comes_first() {
    let app = TestApp::start().await;
    let open = async |subject: &str, priority: &str| {
        let body = json!({"subject": subject, "priority": priority});
        app.customer().post("/tickets", body).await.expect(201).id()
    };
    let low = open("Later", "low").await;
    let urgent = open("Now", "urgent").await;
    let normal = open("Soon", "normal").await;
    let page = app
        .agent()
        .get("/tickets?sort=next_deadline_at")
        .await
        .expect(200);
    let order: Vec<_> = page
        .items()
        .iter()
        .map(|ticket| ticket["id"].clone())
        .collect();
    assert_eq!(order, [json!(urgent), json!(normal), json!(low)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_comes_before_a_late_timer_tells_the_missed_deadline_first() {
    let database = Database::create().await;
    let mut config = database.config();
    config.roles = "api,projector".parse().unwrap();
    let app = TestApp::on(database, config).await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.wait(TimeDelta::hours(9));
    app.agent().replies(ticket, "At last.").await.expect(201);
    let late = app.agent().ticket(ticket).await;
    let first_response = &late["sla"]["first_response"];
    assert_eq!(first_response["state"], "met");
    assert_eq!(time_of(&first_response["breached_at"]), after(8));
    let told = app.agent().history_types(ticket).await;
    assert_eq!(
        told[1..],
        [
            "sla.breached",
            "ticket.agent_replied",
            "ticket.status_changed"
        ]
    );
    assert_eq!(
        app.agent().history(ticket).await[1]["actor"]["kind"],
        "timer"
    );
}
