//! Rules that an admin changes while tickets are open, and what tickets show that nobody touches.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, DEADLINE, Person, TestApp, eventually, time_of};

fn gold(hours: i64) -> Value {
    json!({
        "name": "Gold",
        "conditions": {"all": [{"field": "priority", "operator": "is_one_of", "values": ["urgent"]}], "any": []},
        "targets": [{"priority": "urgent", "metric": "agent_work", "seconds": hours * 3_600}],
    })
}

async fn make(admin: &Person, policy: Value) -> Uuid {
    let made = admin.post("/service-levels/policies", policy).await;
    made.expect(201).id()
}

async fn open(customer: &Person, priority: &str) -> Uuid {
    let body = json!({"subject": "Printer on fire", "priority": priority});
    customer.post("/tickets", body).await.expect(201).id()
}

async fn explanation(agent: &Person, ticket: Uuid) -> Answer {
    agent
        .get(&format!("/tickets/{ticket}/sla"))
        .await
        .expect(200)
}

async fn due_at(agent: &Person, ticket: Uuid) -> DateTime<Utc> {
    let seen = explanation(agent, ticket).await;
    let mut clocks = seen["clocks"].as_array().unwrap().iter();
    let clock = clocks.find(|clock| clock["metric"] == "agent_work");
    time_of(&clock.unwrap()["due_at"])
}

async fn is_due_at(agent: &Person, ticket: Uuid, wanted: DateTime<Utc>) {
    let look = async || {
        let due_at = due_at(agent, ticket).await;
        if due_at == wanted {
            Ok(())
        } else {
            Err(due_at)
        }
    };
    eventually(look, DEADLINE).await;
}

async fn progress(person: &Person) -> Value {
    let seen = person.get("/service-levels/recompute").await;
    seen.expect(200).body
}

/// Waits until every open ticket has heard of the changes from an instant on.
async fn carried(person: &Person, since: DateTime<Utc>) -> Value {
    let look = async || {
        let seen = progress(person).await;
        let is_of_now = seen["since"].is_string() && time_of(&seen["since"]) >= since;
        if seen["state"] == "done" && is_of_now {
            Ok(seen)
        } else {
            Err(seen)
        }
    };
    eventually(look, DEADLINE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_policy_reaches_a_ticket_that_nobody_touches() {
    let app = TestApp::start().await;
    let (admin, agent) = (app.admin(), app.agent());
    assert_eq!(progress(agent).await["state"], "idle");
    let policy = make(admin, gold(30)).await;
    carried(agent, app.now()).await;
    let (urgent, normal) = (
        open(app.customer(), "urgent").await,
        open(app.customer(), "normal").await,
    );
    let opened_at = app.now();
    let of_settings = due_at(agent, normal).await;
    app.wait(TimeDelta::hours(2));

    let change =
        json!({"targets": [{"priority": "urgent", "metric": "agent_work", "seconds": 5 * 3_600}]});
    let path = format!("/service-levels/policies/{policy}");
    admin.patch(&path, change).await.expect(200);
    is_due_at(agent, urgent, opened_at + TimeDelta::hours(5)).await;
    let seen = explanation(agent, urgent).await;
    assert_eq!(seen["policy"]["version"], 2);
    let clock = &seen["clocks"][0];
    assert_eq!(clock["used_seconds"], 2 * 3_600);
    let done = carried(agent, app.now()).await;
    assert_eq!(done["tickets_total"], 2);
    assert_eq!(done["tickets_done"], 2);
    assert_eq!(done["tickets_changed"], 1);
    assert_eq!(done["requesters_pending"], 0);
    assert_eq!(due_at(agent, normal).await, of_settings);
    let types = agent.history_types(normal).await;
    assert_eq!(types, ["ticket.opened"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_settings_reach_the_tickets_that_are_under_no_policy() {
    let app = TestApp::start().await;
    let (admin, agent) = (app.admin(), app.agent());
    make(admin, gold(30)).await;
    carried(agent, app.now()).await;
    let (urgent, normal) = (
        open(app.customer(), "urgent").await,
        open(app.customer(), "normal").await,
    );
    let by_policy = due_at(agent, urgent).await;
    let seen = agent.get("/organization").await.expect(200);
    let mut targets = seen["settings"]["sla_targets"].clone();
    for priority in ["urgent", "normal"] {
        targets[priority]["resolution_minutes"] = json!(90);
    }
    let change = json!({"settings": {"sla_targets": targets}});
    admin.patch("/organization", change).await.expect(200);
    is_due_at(agent, normal, app.now() + TimeDelta::minutes(90)).await;
    app.at_rest().await;
    assert_eq!(due_at(agent, urgent).await, by_policy);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_organization_changes_neither_shows_nor_counts_in_another() {
    let app = TestApp::start().await;
    let other = &app.globex;
    let theirs = open(&other.customer, "urgent").await;
    let before = due_at(&other.agent, theirs).await;
    make(app.admin(), gold(1)).await;
    open(app.customer(), "urgent").await;
    carried(app.agent(), app.now()).await;
    assert_eq!(progress(&other.agent).await["state"], "idle");
    assert_eq!(due_at(&other.agent, theirs).await, before);
}
