//! The language of queries and saved views, over HTTP.

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::traces::assert_nowhere;
use crate::harness::{Answer, Person, TestApp, encoded};

/// The subjects of the tickets that fit, in alphabetical order.
async fn found(person: &Person, query: &str) -> Vec<String> {
    let path = format!("/tickets?limit=100&query={}", encoded(query));
    let page = person.get(&path).await.expect(200);
    let subject = |ticket: &Value| ticket["subject"].as_str().unwrap().to_owned();
    let mut subjects: Vec<String> = page.items().iter().map(subject).collect();
    subjects.sort();
    subjects
}

async fn opened(person: &Person, body: Value) -> Uuid {
    person.post("/tickets", body).await.expect(201).id()
}

/// A: urgent, Grace's, tagged vip. B: low, nobody's, Sten's. C: of the team, pending.
async fn three_tickets(app: &TestApp) {
    let (grace, carla, sten) = (app.agent(), app.customer().id, app.stranger().id);
    let a = json!({
        "subject": "A", "requester_id": carla, "priority": "urgent", "tags": ["vip"], "agent_id": grace.id,
    });
    opened(grace, a).await;
    let b = json!({"subject": "B", "requester_id": sten, "priority": "low"});
    opened(grace, b).await;
    let c = json!({
        "subject": "C", "requester_id": carla, "team_id": app.acme.team_id, "tags": ["gold", "slow"],
    });
    let c = opened(grace, c).await;
    grace.sets_status(c, "pending").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_narrowed_by_the_language_of_queries() {
    let app = TestApp::start().await;
    three_tickets(&app).await;
    let (team, sten) = (app.acme.team_id, app.stranger().id);
    for (query, expected) in [
        ("", "ABC"),
        ("assignee:me", "A"),
        ("-assignee:me", "BC"),
        ("assignee:none", "BC"),
        ("-assignee:none", "A"),
        ("assignee:me,none priority:low", "B"),
        ("priority:>=high", "A"),
        ("priority:<high", "BC"),
        ("-priority:>=high status:pending", "C"),
        ("status:new,pending", "BC"),
        ("status:open -status:open", ""),
        ("tag:vip", "A"),
        ("tag:vip,gold", "AC"),
        ("tag:gold tag:slow", "C"),
        ("-tag:vip,slow", "B"),
        ("team:none", "AB"),
        (&format!("team:{team}"), "C"),
        (&format!("-team:{team}"), "AB"),
        (&format!("requester:{sten}"), "B"),
        (&format!("-requester:{sten}"), "AC"),
        ("#2", "B"),
        ("-number:1,3", "B"),
        ("created:<1h updated:<1h", "ABC"),
        ("created:>1h", ""),
        ("created:today,", "!"),
        ("created:>=2020-01-01 -created:2020-01-01", "ABC"),
        ("due:<9999d", "ABC"),
        ("due:none", ""),
        ("-due:<9999d", ""),
    ] {
        if expected == "!" {
            let path = format!("/tickets?query={}", encoded(query));
            app.agent().get(&path).await.expect(400);
            continue;
        }
        let expected: Vec<String> = expected.chars().map(String::from).collect();
        assert_eq!(found(app.agent(), query).await, expected, "{query}");
    }
    // Beside the other parameters, and page by page although ages move on.
    let path = "/tickets?status=pending&query=updated:%3C1h";
    assert_eq!(app.agent().get(path).await.expect(200).items().len(), 1);
    let first = app
        .agent()
        .get("/tickets?limit=2&query=updated:%3C1h")
        .await;
    let cursor = first.expect(200)["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/tickets?limit=2&query=updated:%3C1h&cursor={cursor}");
    assert_eq!(app.agent().get(&path).await.expect(200).items().len(), 1);
    let other = format!("/tickets?limit=2&query=updated:%3C2h&cursor={cursor}");
    app.agent().get(&other).await.expect(400);
}

/// Nothing happens, and still the answer is another: it must not be taken for unchanged.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_new_grows_old_for_who_asks_by_condition_as_well() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    let path = "/tickets?query=updated:%3C1h";
    let first = app.agent().get(path).await.expect(200);
    assert_eq!(first.items().len(), 1);
    let tag = first.header("etag").unwrap().to_owned();
    for _ in 0..2 {
        app.agent()
            .get(path)
            .header("if-none-match", &tag)
            .await
            .expect(304);
    }
    app.wait(TimeDelta::hours(2));
    let later = app.agent().get(path).header("if-none-match", &tag).await;
    assert!(later.expect(200).items().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_does_not_fit_is_pointed_at() {
    let app = TestApp::start().await;
    for (query, says) in [
        ("status:open prio:high", "column 13: "),
        ("updated:2d", "column 9: "),
        ("open \"printer", "column 6: "),
    ] {
        let path = format!("/tickets?query={}", encoded(query));
        let refused = app.agent().get(&path).await.expect(400);
        assert_eq!(refused["errors"][0]["pointer"], "/query");
        let detail = refused["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{detail}");
        assert!(refused["detail"].as_str().unwrap().contains(detail));
    }
    app.agent()
        .get("/tickets?query=created:today&time_zone=Mars")
        .await
        .expect(400);
}

/// On Monday at nine in London it is still Sunday in Pago Pago.
#[tokio::test(flavor = "multi_thread")]
async fn a_bare_day_is_one_of_the_organization_unless_another_zone_is_named() {
    let app = TestApp::start().await;
    let zone = json!({"settings": {"time_zone": "Pacific/Pago_Pago"}});
    app.admin().patch("/organization", zone).await.expect(200);
    let ticket = app.customer().opens("Printer on fire").await;
    app.agent().ticket(ticket).await;
    let listed = async |rest: &str| {
        let path = format!("/tickets?query=created:2026-03-01{rest}");
        app.agent().get(&path).await.expect(200).items().len()
    };
    assert_eq!(listed("").await, 1);
    assert_eq!(listed("&time_zone=Pacific/Pago_Pago").await, 1);
    assert_eq!(listed("&time_zone=Europe/London").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_ask_about_what_they_see() {
    let app = TestApp::start().await;
    three_tickets(&app).await;
    assert_eq!(found(app.customer(), "requester:me").await, ["A", "C"]);
    assert_eq!(found(app.stranger(), "-requester:me").await, [""; 0]);
    for internal in ["tag:vip", "-team:none", "due:none"] {
        let path = format!("/tickets?query={}", encoded(internal));
        app.customer().get(&path).await.expect(403);
    }
    for path in ["/views", "/view-counts"] {
        app.customer().get(path).await.expect(403);
    }
    let refused = app.customer().post("/views", json!({"name": "Mine"})).await;
    refused.expect(403);
}

async fn make(person: &Person, body: Value) -> Answer {
    person.post("/views", body).await
}

async fn names(person: &Person, path: &str) -> Vec<String> {
    let page = person.get(path).await.expect(200);
    let name = |view: &Value| view["name"].as_str().unwrap().to_owned();
    page.items().iter().map(name).collect()
}

/// One of the organization, one of Support, one of Grace.
async fn three_views(app: &TestApp) -> [Uuid; 3] {
    let of_all = json!({"name": "All open", "owner": "organization", "query": "status:open"});
    let of_team = json!({
        "name": "Burning", "owner": "team", "team_id": app.acme.team_id, "query": "priority:>=high",
        "sort": "next_deadline_at", "columns": ["number", "subject", "next_deadline_at"],
    });
    let own = json!({"name": "Mine", "query": "assignee:me"});
    [
        make(app.admin(), of_all).await.expect(201).id(),
        make(app.lead(), of_team).await.expect(201).id(),
        make(app.agent(), own).await.expect(201).id(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_seen_and_set_by_those_whose_they_are() {
    let app = TestApp::start().await;
    let [of_all, of_team, own] = three_views(&app).await;
    assert_eq!(
        names(app.agent(), "/views").await,
        ["All open", "Burning", "Mine"]
    );
    assert_eq!(
        names(app.colleague(), "/views").await,
        ["All open", "Burning"]
    );
    assert_eq!(names(app.admin(), "/views").await, ["All open"]);
    let of_support = format!("/views?team={}", app.acme.team_id);
    assert_eq!(names(app.admin(), &of_support).await, ["Burning"]);
    let page = app.agent().get("/views?limit=2").await.expect(200);
    let next = format!(
        "/views?limit=2&cursor={}",
        page["next_cursor"].as_str().unwrap()
    );
    assert_eq!(names(app.agent(), &next).await, ["Mine"]);

    let view = app
        .agent()
        .get(&format!("/views/{of_team}"))
        .await
        .expect(200);
    assert_eq!(
        view["columns"],
        json!(["number", "subject", "next_deadline_at"])
    );
    assert_eq!(
        (&view["owner"], &view["sort"]),
        (&json!("team"), &json!("next_deadline_at"))
    );
    app.admin().get(&format!("/views/{own}")).await.expect(404);

    let rename = || json!({"name": "Hot"});
    for (id, person, status) in [
        (of_all, app.lead(), 403),
        (of_all, app.agent(), 403),
        (of_team, app.agent(), 403),
        (own, app.colleague(), 404),
        (own, app.admin(), 404),
        (of_all, app.admin(), 200),
        (of_team, app.lead(), 200),
        (own, app.agent(), 200),
    ] {
        let path = format!("/views/{id}");
        person.patch(&path, rename()).await.expect(status);
    }
    let stale = app.agent().patch(&format!("/views/{own}"), rename());
    stale.if_match(1).await.expect(412);
    app.agent()
        .delete(&format!("/views/{own}"))
        .await
        .expect(200);
    app.agent().get(&format!("/views/{own}")).await.expect(404);
    app.agent()
        .delete(&format!("/views/{own}"))
        .await
        .expect(404);
    app.is_as_the_log_says().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_in_the_query_of_a_view_is_told_by_its_column_in_what_was_sent() {
    let app = TestApp::start().await;
    let kept = json!({"name": "X", "query": " \u{2003} status:open "});
    let kept = make(app.agent(), kept).await.expect(201);
    assert_eq!(kept["query"], "status:open");
    for (query, column) in [
        ("status:lost", "column 8: "),
        ("   status:lost", "column 11: "),
        ("\u{2003}\n status:open tag:", "column 20: "),
    ] {
        let path = format!("/views/{}", kept.id());
        let changed = app.agent().patch(&path, json!({"query": query}));
        let made = make(app.agent(), json!({"name": "Y", "query": query}));
        for refused in [made.await, changed.await] {
            let refused = refused.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], "/query");
            let detail = refused["errors"][0]["detail"].as_str().unwrap();
            assert!(detail.starts_with(column), "{detail}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_cannot_be_carried_out_is_not_kept() {
    let app = TestApp::start().await;
    for (body, pointer) in [
        (json!({"name": "X", "query": "status:lost"}), "/query"),
        (json!({"name": "X", "query": "printer"}), "/query"),
        (json!({"name": " ", "query": ""}), "/name"),
        (
            json!({"name": "X", "columns": ["tags", "tags"]}),
            "/columns",
        ),
        (json!({"name": "X", "owner": "team"}), "/team_id"),
        (
            json!({"name": "X", "team_id": app.acme.team_id}),
            "/team_id",
        ),
        (
            json!({"name": "X", "owner": "team", "team_id": Uuid::now_v7()}),
            "/team_id",
        ),
    ] {
        let refused = make(app.admin(), body).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
    for _ in 0..50 {
        make(app.agent(), json!({"name": "One more"}))
            .await
            .expect(201);
    }
    make(app.agent(), json!({"name": "Too many"}))
        .await
        .expect(409);
    let ids = names(app.agent(), "/views?limit=100").await;
    assert_eq!(ids.len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_asked_for_by_a_view() {
    let app = TestApp::start().await;
    three_tickets(&app).await;
    let query = json!({"name": "Quiet", "query": "-priority:>=high", "sort": "priority"});
    let view = make(app.agent(), query).await.expect(201).id();
    let path = format!("/tickets?view={view}");
    let page = app.agent().get(&path).await.expect(200);
    let subjects: Vec<&str> = page
        .items()
        .iter()
        .map(|it| it["subject"].as_str().unwrap())
        .collect();
    assert_eq!(subjects, ["B", "C"]);
    let narrower = app
        .agent()
        .get(&format!("{path}&query=status:pending"))
        .await;
    assert_eq!(narrower.expect(200).items().len(), 1);
    app.colleague().get(&path).await.expect(404);
    app.globex.agent.get(&path).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_shared_views_are_audited_and_those_of_ones_own_are_not() {
    let app = TestApp::start().await;
    let [of_all, ..] = three_views(&app).await;
    let deleted = app.admin().delete(&format!("/views/{of_all}")).await;
    deleted.expect(200);
    let told = app
        .admin()
        .get("/audit?type=view.&order=asc")
        .await
        .expect(200);
    let summaries: Vec<&str> = told
        .items()
        .iter()
        .map(|it| it["summary"].as_str().unwrap())
        .collect();
    assert_eq!(
        summaries,
        [
            "Ada made the view All open",
            "Lea made the view Burning",
            "Ada deleted the view All open",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_persons_own_views_are_forgotten() {
    let app = TestApp::start().await;
    let own = json!({"name": "Hugo Zeppelin again", "query": "assignee:me"});
    let made = app.agent().post("/views", own).idempotency_key("hugo's");
    made.await.expect(201);
    let path = format!("/users/{}/erase", app.agent().id);
    app.admin()
        .post(&path, json!({"reason": "Left"}))
        .await
        .expect(200);
    // Whoever reads after the erasure waits for the projection of it.
    let path = format!("/users/{}", app.agent().id);
    app.admin().get(&path).await.expect(200);
    assert_nowhere(&app, "Zeppelin").await;
    app.is_as_the_log_says().await;
}
