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
    assert_eq!(time_of(&promised["sla"]["first_reply"]["due_at"]), after(8));
    assert_eq!(time_of(&promised["sla"]["agent_work"]["due_at"]), after(72));
    assert_eq!(time_of(&promised["sla"]["next_deadline_at"]), after(8));

    app.wait(TimeDelta::hours(9));
    let late = breached(&app, ticket, "first_reply").await;
    assert_eq!(
        time_of(&late["sla"]["first_reply"]["breached_at"]),
        after(8)
    );
    assert_eq!(late["sla"]["first_reply"]["state"], "running");
    assert_eq!(time_of(&late["sla"]["next_deadline_at"]), after(72));
    assert_eq!(late["sla"]["agent_work"].get("breached_at"), None);

    app.agent().replies(ticket, "At last.").await.expect(201);
    app.wait(TimeDelta::hours(100));
    breached(&app, ticket, "agent_work").await;
    let expected = [
        ("first_reply".to_owned(), after(8)),
        ("agent_work".to_owned(), after(72)),
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
    assert_eq!(kept["sla"]["first_reply"]["state"], "met");
    assert_eq!(time_of(&kept["sla"]["first_reply"]["ended_at"]), after(8));
    assert_eq!(kept["sla"]["agent_work"]["state"], "met");
    assert_eq!(kept["sla"].get("next_deadline_at"), None);

    // A ticket that nobody answers shows when the timers of that time have fired.
    let witness = app.customer().opens("Another one").await;
    app.wait(TimeDelta::hours(90));
    breached(&app, witness, "agent_work").await;
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
        app.agent().ticket(ticket).await["sla"]["first_reply"]["state"],
        "running"
    );
    app.wait(TimeDelta::hours(9));
    breached(&app, ticket, "first_reply").await;
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
    assert_eq!(time_of(&urgent["sla"]["first_reply"]["due_at"]), after(1));
    assert_eq!(time_of(&urgent["sla"]["agent_work"]["due_at"]), after(8));

    app.agent()
        .patch(&path, json!({"priority": "low"}))
        .await
        .expect(200);
    let low = app.agent().ticket(ticket).await;
    assert_eq!(time_of(&low["sla"]["first_reply"]["due_at"]), after(24));

    // The timers of the deadlines that no longer hold come to nothing.
    let witness = app.customer().opens("Another one").await;
    app.wait(TimeDelta::hours(10));
    breached(&app, witness, "first_reply").await;
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
    assert_eq!(paused["sla"]["agent_work"]["state"], "paused");
    assert_eq!(paused["sla"]["agent_work"].get("due_at"), None);

    app.wait(TimeDelta::hours(500));
    app.customer()
        .replies(ticket, "The red one.")
        .await
        .expect(201);
    let running = app.agent().ticket(ticket).await;
    assert_eq!(
        time_of(&running["sla"]["agent_work"]["due_at"]),
        after(501 + 71)
    );
    assert_eq!(breaches(&app, ticket).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overrun_clock_shows_the_deadline_that_it_missed_after_a_pause_too() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.agent().replies(ticket, "Which one?").await.expect(201);
    app.wait(TimeDelta::hours(80));
    app.agent().sets_status(ticket, "pending").await.expect(200);
    app.wait(TimeDelta::hours(10));
    app.agent().sets_status(ticket, "open").await.expect(200);
    let overrun = app.agent().ticket(ticket).await;
    let work = &overrun["sla"]["agent_work"];
    assert_eq!(time_of(&work["due_at"]), after(72));
    assert_eq!(time_of(&work["breached_at"]), after(72));
    assert_eq!(breaches(&app, ticket).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_see_nothing_of_service_levels() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.wait(TimeDelta::hours(9));
    breached(&app, ticket, "first_reply").await;
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
    let first_response = &late["sla"]["first_reply"];
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

/// A clock of an explanation.
fn explained<'a>(explanation: &'a Answer, metric: &str) -> &'a Value {
    let clocks = explanation["clocks"].as_array().unwrap();
    let found = clocks.iter().find(|clock| clock["metric"] == metric);
    found.unwrap_or_else(|| panic!("no clock {metric}: {}", explanation.body))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_of_every_clock_is_explained_by_its_event() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.wait(TimeDelta::minutes(30));
    app.agent().replies(ticket, "Which one?").await.expect(201);
    app.wait(TimeDelta::minutes(30));
    app.agent().sets_status(ticket, "pending").await.expect(200);
    app.wait(TimeDelta::hours(5));
    app.customer()
        .replies(ticket, "The red one.")
        .await
        .expect(201);
    app.wait(TimeDelta::minutes(15));
    let path = format!("/tickets/{ticket}/sla");
    let explanation = app.agent().get(&path).await.expect(200);

    let first = explained(&explanation, "first_reply");
    assert_eq!(first["state"], "met");
    assert_eq!(first["used_seconds"], 1_800);
    assert_eq!(first["left_seconds"], 8 * 3_600 - 1_800);
    assert_eq!(
        time_of(&first["met_at"]),
        start_of_time() + TimeDelta::minutes(30)
    );

    let work = explained(&explanation, "agent_work");
    assert_eq!(work["state"], "running");
    assert_eq!(work["used_seconds"], 75 * 60);
    assert_eq!(time_of(&work["due_at"]), after(72 + 5));
    let steps: Vec<_> = work["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            (
                step["change"].as_str().unwrap(),
                step["event_type"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("promised", "ticket.opened"),
        ("started", "ticket.opened"),
        ("paused", "ticket.status_changed"),
        ("resumed", "ticket.status_changed"),
    ];
    assert_eq!(steps, expected);
    let resumed = &work["steps"][3];
    assert_eq!(time_of(&resumed["at"]), after(6));
    assert_eq!(resumed["used_seconds"], 3_600);
    let history = app.agent().history(ticket).await;
    assert!(
        history
            .iter()
            .any(|entry| entry["id"] == resumed["event_id"])
    );

    app.wait(TimeDelta::hours(1));
    let later = app.agent().get(&path).await.expect(200);
    let used = &explained(&later, "agent_work")["used_seconds"];
    assert_eq!(
        *used,
        135 * 60,
        "time used is told as of the moment of the question"
    );
    assert_eq!(time_of(&later["as_of"]), app.now());

    app.customer().get(&path).await.expect(403);
    let invented = format!("/tickets/{}/sla", Uuid::now_v7());
    app.agent().get(&invented).await.expect(404);
}
