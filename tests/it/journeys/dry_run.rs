//! A policy is tried out before it holds: which open tickets it would be for, and what would become of their deadlines.

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Person, TestApp, time_of, uuid_of};

const PATH: &str = "/service-levels/policies/dry-run";

fn urgent() -> Value {
    json!({"all": [{"field": "priority", "operator": "is_one_of", "values": ["urgent"]}]})
}

fn work_within(hours: i64) -> Value {
    json!([{"priority": "urgent", "metric": "agent_work", "seconds": hours * 3_600},
           {"priority": "normal", "metric": "agent_work", "seconds": hours * 3_600}])
}

async fn make(admin: &Person, name: &str, conditions: Value, hours: i64) -> Uuid {
    let policy = json!({"name": name, "conditions": conditions, "targets": work_within(hours)});
    let made = admin.post("/service-levels/policies", policy).await;
    made.expect(201).id()
}

async fn open(customer: &Person, priority: &str) -> Uuid {
    let body = json!({"subject": "Printer on fire", "priority": priority});
    customer.post("/tickets", body).await.expect(201).id()
}

async fn tried(admin: &Person, draft: &Value) -> Answer {
    admin.post(PATH, draft.clone()).await.expect(200)
}

/// Waits until queries show what was done so far.
async fn is_shown(admin: &Person) {
    admin.get("/service-levels/policies").await.expect(200);
}

fn ids(answer: &Answer) -> Vec<Uuid> {
    let tickets = answer["tickets"].as_array().unwrap().iter();
    tickets.map(|ticket| uuid_of(&ticket["id"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_tells_which_tickets_it_would_be_for_and_touches_nothing() {
    let app = TestApp::start().await;
    let (admin, customer) = (app.admin(), app.customer());
    make(admin, "Everybody", json!({}), 40).await;
    let urgent_ticket = open(customer, "urgent").await;
    let normal = open(customer, "normal").await;
    let done = open(customer, "urgent").await;
    app.agent().resolves(done).await.expect(200);
    open(&app.globex.customer, "urgent").await;
    let opened_at = app.now();
    app.wait(TimeDelta::hours(2));
    is_shown(admin).await;

    // At the end of the list the first policy is before it; at its head it takes the urgent ones.
    let draft = |position: Option<i64>| json!({"conditions": urgent(), "targets": work_within(10), "position": position});
    let last = tried(admin, &draft(None)).await;
    assert_eq!(
        (last["looked_at"].as_i64(), last["matching"].as_i64()),
        (Some(2), Some(0))
    );
    let log = app.log().await.len();
    let first = tried(admin, &draft(Some(1))).await;
    assert_eq!(first["matching"], 1);
    assert_eq!(first["joining"], 1);
    assert_eq!(first["leaving"], 0);
    assert_eq!(first["now_under"][0]["policy"]["name"], "Everybody");
    assert_eq!(first["now_under"][0]["tickets"], 1);
    assert_eq!(ids(&first), [urgent_ticket]);
    let ticket = &first["tickets"][0];
    assert_eq!(ticket["policy"]["name"], "Everybody");
    let deadlines = ticket["deadlines"].as_array().unwrap();
    assert_eq!(deadlines.len(), 1);
    assert_eq!(deadlines[0]["metric"], "agent_work");
    assert_eq!(
        time_of(&deadlines[0]["due_at"]),
        opened_at + TimeDelta::hours(40)
    );
    let then = time_of(&deadlines[0]["would_be_due_at"]);
    assert_eq!(then, opened_at + TimeDelta::hours(10));
    assert_eq!(first["next_cursor"], Value::Null);

    assert_eq!(app.log().await.len(), log);
    let seen = app.agent().get("/service-levels/policies").await;
    assert_eq!(seen.expect(200)["policies"].as_array().unwrap().len(), 1);
    assert_eq!(
        app.agent().history_types(normal).await,
        ["ticket.opened", "ticket.sla_applied"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_form_of_a_policy_tells_who_joins_and_who_leaves_page_by_page() {
    let app = TestApp::start().await;
    let (admin, customer) = (app.admin(), app.customer());
    let gold = make(admin, "Gold", urgent(), 40).await;
    open(customer, "urgent").await;
    let mut normal = Vec::new();
    for _ in 0..3 {
        normal.push(open(customer, "normal").await);
    }
    let conditions =
        json!({"all": [{"field": "priority", "operator": "is_one_of", "values": ["normal"]}]});
    let draft = json!({"policy_id": gold, "conditions": conditions});
    is_shown(admin).await;
    let mut path = format!("{PATH}?limit=2");
    let mut shown = Vec::new();
    loop {
        let page = admin.post(&path, draft.clone()).await.expect(200);
        shown.extend(ids(&page));
        if shown.len() == 2 {
            assert_eq!(
                (page["matching"].as_i64(), page["joining"].as_i64()),
                (Some(3), Some(3))
            );
            assert_eq!(page["leaving"], 1);
            assert_eq!(page["now_under"][0].get("policy"), None);
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("{PATH}?limit=2&cursor={cursor}");
        let other = json!({"policy_id": gold});
        admin.post(&path, other).await.expect(400);
    }
    normal.reverse();
    assert_eq!(shown, normal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_names_what_is_not_there_is_refused_by_its_field() {
    let app = TestApp::start().await;
    let theirs = make(&app.globex.admin, "Theirs", json!({}), 4).await;
    let pointer = async |draft: Value| {
        let refused = app.admin().post(PATH, draft).await.expect(422);
        refused["errors"][0]["pointer"].clone()
    };
    assert_eq!(pointer(json!({"policy_id": theirs})).await, "/policy_id");
    assert_eq!(pointer(json!({"conditions": urgent()})).await, "/targets");
    let unknown = json!([{"priority": "urgent", "metric": "agent_work", "seconds": 60, "calendar_id": Uuid::now_v7()}]);
    let refused = pointer(json!({"targets": unknown})).await;
    assert_eq!(refused, "/targets/0/calendar_id");
    app.agent()
        .post(PATH, json!({"targets": work_within(1)}))
        .await
        .expect(403);
}
