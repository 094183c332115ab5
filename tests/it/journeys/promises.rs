//! Policies and calendars from their making to the deadline of a ticket. Time passes by the clock of the test, which begins
//! on a Monday at 09:00 UTC.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, DEADLINE, TestApp, eventually, time_of};

const HOUR_S: i64 = 3_600;

/// Weekdays from 08:00 to 16:00 UTC, for in March Berlin is an hour ahead. Tuesday is a holiday.
async fn office(app: &TestApp) -> Uuid {
    let day = |day: &str| json!({"day": day, "start": "09:00", "end": "17:00"});
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday"];
    let calendar = json!({
        "name": "Office",
        "zone": "Europe/Berlin",
        "weekly": days.map(day),
        "holidays": [{"name": "Founding day", "date": "2026-03-03"}],
    });
    app.admin()
        .post("/calendars", calendar)
        .await
        .expect(201)
        .id()
}

/// Urgent tickets: the first reply within eight working hours, the agents' work within thirty hours of the clock.
async fn gold(app: &TestApp, calendar: Uuid) -> Uuid {
    let policy = json!({
        "name": "Gold",
        "conditions": {"all": [{"field": "priority", "operator": "is_one_of", "values": ["urgent"]}], "any": []},
        "targets": [
            {"priority": "urgent", "metric": "first_reply", "seconds": 8 * HOUR_S, "calendar_id": calendar},
            {"priority": "urgent", "metric": "agent_work", "seconds": 30 * HOUR_S},
        ],
    });
    app.admin()
        .post("/service-levels/policies", policy)
        .await
        .expect(201)
        .id()
}

async fn open(app: &TestApp, priority: &str) -> Uuid {
    let body = json!({"subject": "Printer on fire", "priority": priority});
    app.customer().post("/tickets", body).await.expect(201).id()
}

async fn explanation(app: &TestApp, ticket: Uuid) -> Answer {
    app.agent()
        .get(&format!("/tickets/{ticket}/sla"))
        .await
        .expect(200)
}

fn clock<'a>(explanation: &'a Answer, metric: &str) -> &'a Value {
    let mut clocks = explanation["clocks"].as_array().unwrap().iter();
    clocks.find(|clock| clock["metric"] == metric).unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Waits until the explanation tells a missed deadline.
async fn breached_at(app: &TestApp, ticket: Uuid, metric: &str) -> DateTime<Utc> {
    let look = async || {
        let seen = explanation(app, ticket).await;
        let breached_at = &clock(&seen, metric)["breached_at"];
        if breached_at.is_string() {
            Ok(time_of(breached_at))
        } else {
            Err(seen.body)
        }
    };
    eventually(look, DEADLINE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_counts_by_the_calendar_of_the_policy_that_matches_and_breaches_at_its_deadline() {
    let app = TestApp::start().await;
    let calendar = office(&app).await;
    let gold = gold(&app, calendar).await;
    let (urgent, normal) = (open(&app, "urgent").await, open(&app, "normal").await);

    let promised = explanation(&app, urgent).await;
    assert_eq!(promised["policy"]["id"], json!(gold));
    assert_eq!(promised["policy"]["name"], "Gold");
    let first = clock(&promised, "first_reply");
    assert_eq!(first["calendar"]["id"], json!(calendar));
    assert_eq!(first["calendar"]["version"], 1);
    // Seven hours of Monday, none of the holiday, one of Wednesday.
    let due_at = at("2026-03-04T09:00:00Z");
    assert_eq!(time_of(&first["due_at"]), due_at);
    let work = clock(&promised, "agent_work");
    assert_eq!(work.get("calendar"), None);
    assert_eq!(time_of(&work["due_at"]), at("2026-03-03T15:00:00Z"));
    let listed = app.agent().ticket(urgent).await;
    assert_eq!(time_of(&listed["sla"]["first_reply"]["due_at"]), due_at);
    assert_eq!(explanation(&app, normal).await.body.get("policy"), None);

    app.wait(TimeDelta::hours(48) + TimeDelta::minutes(5));
    assert_eq!(breached_at(&app, urgent, "first_reply").await, due_at);
    let late = explanation(&app, urgent).await;
    assert_eq!(clock(&late, "first_reply")["left_seconds"], -5 * 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_priority_keeps_the_time_used_and_the_new_policy_measures_the_rest() {
    let app = TestApp::start().await;
    let calendar = office(&app).await;
    gold(&app, calendar).await;
    let ticket = open(&app, "normal").await;
    app.wait(TimeDelta::hours(2));
    let path = format!("/tickets/{ticket}");
    app.agent()
        .patch(&path, json!({"priority": "urgent"}))
        .await
        .expect(200);

    let seen = explanation(&app, ticket).await;
    assert_eq!(seen["policy"]["name"], "Gold");
    let first = clock(&seen, "first_reply");
    assert_eq!(first["used_seconds"], 2 * HOUR_S);
    // Six of eight hours are left at 11:00 on Monday: five of them today.
    assert_eq!(time_of(&first["due_at"]), at("2026-03-04T09:00:00Z"));
    let steps = first["steps"].as_array().unwrap();
    let promises: Vec<&Value> = steps
        .iter()
        .filter(|step| step["change"] == "promised")
        .collect();
    assert_eq!(promises.len(), 2);
    assert_eq!(promises[0].get("policy"), None);
    assert_eq!(promises[1]["policy"]["version"], 1);
    assert_eq!(promises[1]["used_seconds"], 2 * HOUR_S);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_calendar_holds_for_new_tickets_at_once_and_for_open_ones_soon() {
    let app = TestApp::start().await;
    let calendar = office(&app).await;
    gold(&app, calendar).await;
    let ticket = open(&app, "urgent").await;
    let change = json!({"holidays": []});
    app.admin()
        .patch(&format!("/calendars/{calendar}"), change)
        .await
        .expect(200);

    let later = open(&app, "urgent").await;
    let seen = explanation(&app, later).await;
    let first = clock(&seen, "first_reply");
    assert_eq!(first["calendar"]["version"], 2);
    assert_eq!(time_of(&first["due_at"]), at("2026-03-03T09:00:00Z"));

    let look = async || {
        let seen = explanation(&app, ticket).await;
        let first = clock(&seen, "first_reply");
        let is_told = first["calendar"]["version"] == 2;
        if is_told {
            Ok(time_of(&first["due_at"]))
        } else {
            Err(seen.body)
        }
    };
    let due_at = eventually(look, DEADLINE).await;
    assert_eq!(due_at, at("2026-03-03T09:00:00Z"));
}
