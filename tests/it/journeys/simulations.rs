//! What would have happened under other rules, by the program on the server's machine, over what people did over HTTP.

use chrono::SecondsFormat;
use rand::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;
use uuid::Uuid;

use super::reports::{listed, live, promise_all, report};
use crate::harness::{Binary, DEADLINE, Person, TestApp, eventually};

/// The numbers of a simulation of everything up to now.
async fn simulated(app: &TestApp, dir: &Path, drafts: &[(&str, Value)], more: &[&str]) -> Value {
    let now = app.now().to_rfc3339_opts(SecondsFormat::Micros, true);
    let mut words = vec!["simulate", "--organization", app.acme.slug.as_str()];
    words.extend([
        "--from",
        "2026-01-01T00:00:00Z",
        "--to",
        &now,
        "--format",
        "json",
    ]);
    words.extend(more);
    for (option, draft) in drafts {
        let file = dir.join(option.trim_start_matches('-'));
        std::fs::write(&file, draft.to_string()).unwrap();
        words.extend([*option, option.trim_start_matches('-')]);
    }
    let said = Binary::new(&app.config, dir).succeed(&words).await;
    serde_json::from_str(&said).unwrap()
}

/// Of one side of a simulation: metric, priority, and what had ended.
fn ended(simulation: &Value, side: &str) -> Vec<Value> {
    let rows = simulation["rows"].as_array().unwrap();
    let mut told: Vec<_> = rows
        .iter()
        .map(|row| {
            let numbers = &row[side];
            json!([
                row["metric"],
                row["priority"],
                numbers["met"],
                numbers["breached"],
                numbers["cancelled"],
                numbers["p50_seconds"],
                numbers["p90_seconds"],
                numbers["p99_seconds"],
            ])
        })
        .collect();
    told.sort_by_key(ToString::to_string);
    told
}

/// The same of the report.
async fn reported(app: &TestApp) -> Vec<Value> {
    let now = app.now().to_rfc3339_opts(SecondsFormat::Micros, true);
    let path = format!(
        "/reports/sla?from=2026-01-01T00:00:00Z&to={now}&group_by=metric&group_by=priority"
    );
    let report = app.admin().get(&path).await.expect(200);
    let groups = report["groups"].as_array().unwrap();
    let mut told: Vec<_> = groups
        .iter()
        .map(|group| {
            let counts = &group["counts"];
            let used = &counts["used_seconds"];
            json!([
                group["metric"],
                group["priority"],
                counts["met"],
                counts["breached"],
                counts["cancelled"],
                used["p50"],
                used["p90"],
                used["p99"],
            ])
        })
        .collect();
    told.sort_by_key(ToString::to_string);
    told
}

/// Of what runs the program tells otherwise: its clock is not the one of the test.
fn without_running(told: Vec<Value>) -> Vec<Value> {
    let has_ended = |row: &Value| (2..5).any(|index| row[index] != 0);
    told.into_iter().filter(has_ended).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_in_force_gives_the_report_and_a_draft_gives_the_tickets_that_differ() {
    let dir = TempDir::new().unwrap();
    let app = TestApp::start().await;
    promise_all(&app).await;
    live(&app, &mut StdRng::seed_from_u64(5), 100).await;
    app.at_rest().await;

    let simulation = simulated(&app, dir.path(), &[("--calendars", json!([]))], &[]).await;
    let before = without_running(ended(&simulation, "before"));
    assert_eq!(before, without_running(reported(&app).await));
    assert_eq!(ended(&simulation, "before"), ended(&simulation, "after"));
    assert_eq!(simulation["difference_count"], 0);
    assert!(!ended(&simulation, "before").is_empty());

    let log = app.log().await.len();
    let report_before = report(app.admin(), "&group_by=metric").await;
    let target = json!({"priority": "normal", "metric": "first_reply", "seconds": 15});
    let strict = json!({"policies": [{"name": "Strict", "targets": [target]}]});
    let drafts = [("--policies", strict)];
    let simulation = simulated(&app, dir.path(), &drafts, &[]).await;
    let after = ended(&simulation, "after");
    let first = |row: &&Value| row[0] == "first_reply" && row[1] == "normal";
    let strict = after.iter().find(first).unwrap();
    assert!(
        strict[2] == 0 && strict[3].as_u64().unwrap() > 0,
        "{strict}"
    );
    let differences = simulation["differences"].as_array().unwrap();
    assert_eq!(simulation["difference_count"], differences.len());
    let waits = listed(app.admin(), "&metric=first_reply").await;
    let outcome = |ticket: &Value| {
        let mut waits = waits.iter();
        waits.find(|wait| wait["ticket_id"] == *ticket).unwrap()["outcome"].clone()
    };
    let met = |it: &&Value| it["metric"] == "first_reply" && it["before"] == "met";
    let mut differing = 0;
    for difference in differences.iter().filter(met) {
        assert_eq!(outcome(&difference["ticket_id"]), "met");
        assert_ne!(difference["after"], "met");
        differing += 1;
    }
    assert!(differing > 0);

    // Nothing live was touched.
    assert_eq!(app.log().await.len(), log);
    assert_eq!(report(app.admin(), "&group_by=metric").await, report_before);
    app.is_as_the_log_says().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_simulated_is_said() {
    let dir = TempDir::new().unwrap();
    let app = TestApp::start().await;
    let binary = Binary::new(&app.config, dir.path());
    let range = [
        "--from",
        "2026-01-01T00:00:00Z",
        "--to",
        "2026-02-01T00:00:00Z",
    ];
    let words = |organization: &'static str, file: &'static str| {
        let mut words = vec![
            "simulate",
            "--organization",
            organization,
            "--policies",
            file,
        ];
        words.extend(range);
        words
    };
    std::fs::write(dir.path().join("good"), "[]").unwrap();
    std::fs::write(
        dir.path().join("wrong"),
        json!([{"name": "", "targets": []}]).to_string(),
    )
    .unwrap();
    let said = binary.fail(&words("nowhere", "good")).await;
    assert!(said.contains("there is no organization nowhere"), "{said}");
    let said = binary.fail(&words("acme", "wrong")).await;
    assert!(said.contains("/policies/0"), "{said}");
    let said = binary.fail(&words("acme", "missing")).await;
    assert!(said.contains("cannot be read"), "{said}");
    let said = binary.succeed(&words("acme", "good")).await;
    assert!(said.contains("0 tickets replayed"), "{said}");
}

/// Asks for a simulation of everything up to now.
async fn asked(app: &TestApp, drafts: Value) -> Uuid {
    let mut body = drafts;
    body["from"] = json!("2026-01-01T00:00:00Z");
    body["to"] = json!(app.now());
    let made = app.admin().post("/sla/simulations", body).await.expect(202);
    assert_eq!(made["state"], "queued");
    made.id()
}

/// The simulation once it has ended.
async fn finished(app: &TestApp, id: Uuid) -> Value {
    let look = async || {
        let seen = app.admin().get(&format!("/sla/simulations/{id}")).await;
        match seen.expect(200).body {
            seen if seen["ended_at"].is_string() => Ok(seen),
            seen => Err(seen),
        }
    };
    eventually(look, DEADLINE).await
}

/// Every page of what differs.
async fn differing(app: &TestApp, id: Uuid) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/sla/simulations/{id}/differences?limit=3{cursor}");
        let page = app.admin().get(&path).await.expect(200);
        items.extend(page.items().to_vec());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulation_over_http_tells_what_the_report_tells_and_what_would_have_been() {
    let app = TestApp::start().await;
    promise_all(&app).await;
    live(&app, &mut StdRng::seed_from_u64(6), 80).await;
    app.at_rest().await;

    let simulation = finished(&app, asked(&app, json!({"calendars": []})).await).await;
    let before = without_running(ended(&simulation, "before"));
    assert_eq!(before, without_running(reported(&app).await));
    assert_eq!(simulation["state"], "completed", "{simulation}");
    assert_eq!(
        simulation["rows"][0]["before"],
        simulation["rows"][0]["after"]
    );
    assert_eq!(simulation["difference_count"], 0);
    assert_eq!(simulation["tickets_done"], simulation["tickets_total"]);
    assert_eq!(simulation["events_done"], simulation["events_total"]);
    assert!(simulation["events_total"].is_number(), "{simulation}");

    let log = app.log().await.len();
    let target = json!({"priority": "normal", "metric": "first_reply", "seconds": 15});
    let strict = json!({"policies": [{"name": "Strict", "targets": [target]}]});
    let id = asked(&app, strict).await;
    let simulation = finished(&app, id).await;
    let draft = &simulation["policies"][0];
    assert_eq!(draft["name"], "Strict");
    assert_eq!(draft["targets"][0]["seconds"], 15);
    let listed = app.admin().get("/sla/simulations").await.expect(200);
    let is_short = |it: &Value| it["policies"].is_null() && it["policy_count"].is_number();
    assert!(is_short(&listed.items()[0]), "{listed:?}");
    let differences = differing(&app, id).await;
    for difference in &differences {
        let link = difference["links"]["sla"].as_str().unwrap();
        let path = link.strip_prefix("/api/v1").unwrap();
        let clocks = app.admin().get(path).await.expect(200);
        assert_eq!(clocks["ticket_id"], difference["ticket_id"]);
    }
    assert_eq!(simulation["difference_count"], differences.len());
    let is_missed = |it: &&Value| it["metric"] == "first_reply" && it["after"] == "breached";
    assert!(
        differences.iter().any(|it| is_missed(&it)),
        "{differences:?}"
    );
    assert_eq!(
        app.log().await.len(),
        log + 1,
        "nothing live was touched: only that it was asked for is recorded"
    );

    let path = format!("/sla/simulations/{id}");
    for (person, status) in [
        (app.agent(), 403),
        (app.lead(), 403),
        (app.customer(), 403),
        (&app.globex.admin, 404),
    ] {
        person.get(&path).await.expect(status);
        person.delete(&path).await.expect(status);
    }
    app.admin().delete(&path).await.expect(204);
    app.admin().get(&path).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulation_whose_server_went_away_is_begun_again_and_fails_after_some_times() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    let id = asked(&app, json!({"policies": []})).await;
    finished(&app, id).await;
    let superuser = app.database.superuser().await;
    let lose = async |attempts: i32| {
        let lost = "UPDATE sla_simulations SET state = 'running', ended_at = NULL, result = NULL, attempts = $2, \
                    seen_at = now() - interval '2 minutes' WHERE simulation_id = $1";
        superuser.execute(lost, &[&id, &attempts]).await.unwrap();
    };
    lose(1).await;
    assert_eq!(finished(&app, id).await["state"], "completed");
    lose(3).await;
    let failed = finished(&app, id).await;
    assert_eq!(failed["state"], "failed");
    let why = failed["failure"].as_str().unwrap();
    assert!(why.contains("ask for it again"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_runs_one_simulation_and_lets_a_few_wait() {
    let app = TestApp::start().await;
    let first = asked(&app, json!({"policies": []})).await;
    finished(&app, first).await;
    // Another server is at it.
    let held = "UPDATE sla_simulations SET state = 'running', ended_at = NULL, seen_at = now() + interval '1 hour', \
                events_done = 500, events_total = 900 WHERE simulation_id = $1";
    let superuser = app.database.superuser().await;
    superuser.execute(held, &[&first]).await.unwrap();
    let running = app.admin().get(&format!("/sla/simulations/{first}")).await;
    let running = running.expect(200);
    assert_eq!(running["events_done"], 500);
    assert_eq!(running["events_total"], 900);
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(asked(&app, json!({"policies": []})).await);
    }
    let body =
        json!({"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "policies": []});
    let path = "/sla/simulations";
    app.admin().post(path, body.clone()).await.expect(409);
    // That is no other organization's trouble.
    let theirs = app.globex.admin.post(path, body).await.expect(202).id();
    let look = async || {
        let seen = app.globex.admin.get(&format!("{path}/{theirs}")).await;
        match seen.expect(200).body {
            seen if seen["state"] == "completed" => Ok(()),
            seen => Err(seen),
        }
    };
    eventually(look, DEADLINE).await;
    let kept = app.admin().get(path).await.expect(200);
    let states: Vec<_> = kept.items().iter().map(|it| it["state"].clone()).collect();
    assert_eq!(states, ["queued", "queued", "queued", "running"]);
    // Without the one that holds them up they go on.
    app.admin()
        .delete(&format!("{path}/{first}"))
        .await
        .expect(204);
    for id in waiting {
        assert_eq!(finished(&app, id).await["state"], "completed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulation_is_asked_for_once_by_a_key_however_often_it_is_sent() {
    let app = TestApp::start().await;
    let body = |to: &str| json!({"from": "2026-01-01T00:00:00Z", "to": to, "policies": []});
    let ask = async |person: &Person, to: &str| {
        let request = person.post("/sla/simulations", body(to));
        request.idempotency_key("what-if-1").await
    };
    let (month, year) = ("2026-02-01T00:00:00Z", "2026-12-31T00:00:00Z");
    let both = tokio::join!(ask(app.admin(), month), ask(app.admin(), month));
    let first = both.0.expect(202).id();
    assert_eq!(both.1.expect(202).id(), first);
    assert_eq!(ask(app.admin(), month).await.expect(202).id(), first);
    ask(app.admin(), year).await.expect(422);
    let theirs = ask(&app.globex.admin, year).await.expect(202).id();
    assert_ne!(theirs, first, "a key is its person's own");
    let kept = app.admin().get("/sla/simulations").await.expect(200);
    assert_eq!(kept.items().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_a_simulation_and_who_deletes_it_is_in_the_audit_of_the_organization_alone() {
    let app = TestApp::start().await;
    let path = "/sla/simulations";
    let body =
        json!({"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "policies": []});
    let ask = || app.admin().post(path, body.clone()).idempotency_key("once");
    let id = ask().await.expect(202).id();
    assert_eq!(ask().await.expect(202).id(), id);
    let of_it = format!("{path}/{id}");
    // What is refused is not told.
    let without_drafts = json!({"from": body["from"], "to": body["to"]});
    app.admin().post(path, without_drafts).await.expect(422);
    app.lead().post(path, body.clone()).await.expect(403);
    app.globex.admin.delete(&of_it).await.expect(404);
    app.admin().delete(&of_it).await.expect(204);
    app.admin().delete(&of_it).await.expect(404);

    let look = async || {
        let told = app.admin().get("/audit?type=simulation.").await.expect(200);
        match told.items() {
            [_, _, ..] => Ok(told.items().to_vec()),
            _ => Err(told.body.clone()),
        }
    };
    let told = eventually(look, DEADLINE).await;
    let summaries: Vec<_> = told.iter().map(|it| it["summary"].clone()).collect();
    assert_eq!(
        summaries,
        [
            "Ada deleted a simulation of service levels",
            "Ada asked for a simulation of service levels"
        ]
    );
    for entry in &told {
        assert_eq!(entry["actor"]["id"], json!(app.admin().id));
        assert_eq!(entry["resource"], json!({"type": "simulation", "id": id}));
        assert!(entry["source_address"].is_string());
    }
    let from = &told[1]["changes"][0];
    assert_eq!(
        from,
        &json!({"field": "conditions.from", "to": "2026-01-01T00:00:00.000000Z"})
    );
    let theirs = app.globex.admin.get("/audit?type=simulation.").await;
    assert!(theirs.expect(200).items().is_empty());
    let fed = app.globex.admin.get("/events?types=simulation.*").await;
    assert!(fed.expect(200).items().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_draft_is_told_by_its_field() {
    let app = TestApp::start().await;
    let range = json!({"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"});
    let target = json!({"priority": "urgent", "metric": "patience", "seconds": 60});
    let calendar = json!({"id": Uuid::nil(), "zone": "Berlin", "weekly": []});
    for (drafts, pointer) in [
        (json!({}), "/policies"),
        (json!({"policies": [], "to": "2025-01-01T00:00:00Z"}), "/to"),
        (
            json!({"policies": [{"name": "Gold", "targets": [target]}]}),
            "/policies/0/targets/0/metric",
        ),
        (json!({"calendars": [calendar]}), "/calendars/0/zone"),
    ] {
        let mut body = range.clone();
        for (name, value) in drafts.as_object().unwrap() {
            body[name] = value.clone();
        }
        let refused = app.admin().post("/sla/simulations", body).await.expect(422);
        let told = refused["errors"].to_string();
        assert!(told.contains(pointer), "{told}");
    }
}
