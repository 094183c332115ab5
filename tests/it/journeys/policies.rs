//! Service level policies: an ordered list that admins keep, whose versions stay known.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, TestApp};

const POLICIES: &str = "/service-levels/policies";

fn policy(name: &str) -> Value {
    json!({
        "name": name,
        "conditions": {"all": [{"field": "tag", "operator": "is_one_of", "values": ["vip"]}], "any": []},
        "targets": [{"priority": "urgent", "metric": "resolution", "seconds": 3_600}],
    })
}

async fn make(app: &TestApp, name: &str) -> Uuid {
    let made = app.admin().post(POLICIES, policy(name)).await;
    made.expect(201).id()
}

async fn names(app: &TestApp) -> Vec<String> {
    let list = app.agent().get(POLICIES).await.expect(200);
    let policies = list["policies"].as_array().unwrap().iter();
    let name = |policy: &Value| policy["name"].as_str().unwrap().to_owned();
    policies.map(name).collect()
}

async fn read(app: &TestApp, path: &str) -> Answer {
    app.agent().get(&format!("{POLICIES}/{path}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_stand_in_the_order_that_an_admin_gave_them() {
    let app = TestApp::start().await;
    assert!(names(&app).await.is_empty());
    let (gold, silver) = (make(&app, "Gold").await, make(&app, "Silver").await);
    assert_eq!(names(&app).await, ["Gold", "Silver"]);
    let order = |order: &[Uuid]| {
        let body = json!({"order": order});
        app.admin().put("/service-levels/policy-order").json(&body)
    };
    order(&[silver, gold]).await.expect(200);
    assert_eq!(names(&app).await, ["Silver", "Gold"]);
    let refused = order(&[silver]).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/order");
    app.admin()
        .delete(&format!("{POLICIES}/{silver}"))
        .await
        .expect(200);
    assert_eq!(names(&app).await, ["Gold"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_is_a_version_that_stays_also_once_the_policy_is_gone() {
    let app = TestApp::start().await;
    let gold = make(&app, "Gold").await;
    let path = format!("{POLICIES}/{gold}");
    let change = json!({"name": "Platinum"});
    let changed = app.admin().patch(&path, change.clone()).await.expect(200);
    assert_eq!(changed["policy_version"], 2);
    assert_eq!(changed["conditions"], policy("Gold")["conditions"]);
    let same = app.admin().patch(&path, change).await.expect(200);
    assert_eq!(same["policy_version"], 2, "the same again is no change");
    let stale = app.admin().patch(&path, json!({"name": "Iron"}));
    stale.if_match(1).await.expect(412);
    app.admin().delete(&path).await.expect(200);
    read(&app, &gold.to_string()).await.expect(404);
    let first = read(&app, &format!("{gold}?policy_version=1")).await;
    assert_eq!(first.expect(200)["name"], "Gold");
    let versions = read(&app, &format!("{gold}/versions")).await.expect(200);
    let said: Vec<_> = versions.items().iter().map(|it| &it["name"]).collect();
    assert_eq!(said, ["Platinum", "Gold"]);
    let page = read(&app, &format!("{gold}/versions?limit=1")).await;
    let page = page.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = read(&app, &format!("{gold}/versions?limit=1&cursor={cursor}")).await;
    assert_eq!(next.expect(200).items()[0]["name"], "Gold");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_names_what_the_organization_has() {
    let app = TestApp::start().await;
    let events = app.log().await.len();
    let nobody = Uuid::now_v7();
    let wrong = [
        (
            json!({"field": "team", "operator": "is_one_of", "values": [app.globex.team_id]}),
            "/values/0",
        ),
        (
            json!({"field": "company", "operator": "is_none_of", "values": [nobody]}),
            "/values/0",
        ),
        (
            json!({"field": "custom_field", "key": "floor", "operator": "is_set"}),
            "/key",
        ),
        (
            json!({"field": "tag", "operator": "is_one_of", "values": []}),
            "/values",
        ),
    ];
    for (condition, field) in wrong {
        let mut body = policy("Gold");
        body["conditions"] = json!({"all": [condition], "any": []});
        let refused = app.admin().post(POLICIES, body).await.expect(422);
        let pointer = format!("/conditions/all/0{field}");
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
    let mut body = policy("Gold");
    body["targets"][0]["seconds"] = json!(14);
    let refused = app.admin().post(POLICIES, body).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/targets/0/seconds");
    assert_eq!(app.log().await.len(), events);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_tells_who_changed_which_policy() {
    let app = TestApp::start().await;
    make(&app, "Gold").await;
    let audit = app.admin().get("/audit?type=sla_policy.").await.expect(200);
    let told = &audit.items()[0];
    let summary = told["summary"].as_str().unwrap();
    assert!(summary.ends_with("made the policy Gold"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_shows_the_same_calendars_and_policies() {
    let app = TestApp::start().await;
    let gold = make(&app, "Gold").await;
    let change = json!({"name": "Platinum"});
    let change = app.admin().patch(&format!("{POLICIES}/{gold}"), change);
    change.await.expect(200);
    let office = json!({
        "name": "Office", "zone": "Europe/Berlin",
        "weekly": [{"day": "monday", "start": "09:00", "end": "17:00"}],
    });
    let office = app.admin().post("/calendars", office).await.expect(201);
    let path = format!("/calendars/{}/retire", office.id());
    app.admin().act(&path).await.expect(200);
    names(&app).await;
    app.is_as_the_log_says().await;
}
