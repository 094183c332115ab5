//! The audit over HTTP: what it shows, to whom, in which order, and what it forgets.

use domain::actor::Actor;
use domain::ids::{SessionId, UserId};
use domain::security::event::{SecurityEvent, SessionStarted, SignInFailed};
use domain::security::words::{SignInFailure, SignInMethod};
use domain::text::Device;
use serde_json::{Value, json};
use uuid::Uuid;
use write_side::commands::RecordSecurity;
use write_side::dispatch::CommandContext;

use crate::harness::access::holder;
use crate::harness::{DEADLINE, Person, TestApp, eventually};

const ADDRESS: &str = "203.0.113.7";

fn failed(user_id: Uuid) -> SecurityEvent {
    SignInFailed {
        user_id: UserId(user_id),
        method: SignInMethod::Password,
        reason: SignInFailure::WrongPassword,
    }
    .into()
}

fn started(user_id: Uuid) -> SecurityEvent {
    SessionStarted {
        user_id: UserId(user_id),
        session_id: SessionId(Uuid::now_v7()),
        methods: vec![SignInMethod::Password],
        device: Device::parse("Lynx on OpenBSD").unwrap(),
    }
    .into()
}

/// Records an occurrence as the sign-in does, and gives the token of what shows it.
async fn record(app: &TestApp, event: SecurityEvent) -> String {
    let context = CommandContext {
        source_address: Some(ADDRESS.to_owned()),
        ..CommandContext::new(app.acme.id, Actor::Identity)
    };
    let command = RecordSecurity {
        occurrence_id: Uuid::now_v7(),
        event,
    };
    let dispatcher = &app.server.node().dispatcher;
    let done = dispatcher.dispatch(context, command).await.unwrap();
    format!("{}-{}", done.partition, done.position)
}

/// Everything that fits, page by page.
async fn listed(by: &Person, filter: &str, token: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/audit?limit=3{filter}{cursor}");
        let request = by.get(&path).header("Consistency-Token", token);
        let page = request.await.expect(200);
        assert!(page.items().len() <= 3);
        all.extend(page.items().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

fn types(entries: &[Value]) -> Vec<&str> {
    entries
        .iter()
        .map(|entry| entry["type"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_reads_who_did_what_to_whom_and_from_where() {
    let app = TestApp::start().await;
    let carla = app.customer().id;
    record(&app, failed(carla)).await;
    let token = record(&app, started(carla)).await;
    let newest = listed(app.admin(), "", &token).await;
    assert_eq!(types(&newest[..2]), ["session.started", "sign_in.failed"]);
    let mut oldest = listed(app.admin(), "&order=asc", &token).await;
    oldest.reverse();
    assert_eq!(oldest, newest);
    let entry = &newest[0];
    assert_eq!(entry["summary"], "Carla signed in with a password");
    assert_eq!(entry["subject"], json!({"id": carla, "name": "Carla"}));
    assert_eq!(entry["actor"]["kind"], "identity");
    assert_eq!(entry["source_address"], ADDRESS);
    assert_eq!(entry["changes"][0]["to"], "Lynx on OpenBSD");

    let sign_ins = listed(app.admin(), "&type=session.,sign_in.failed", &token).await;
    assert_eq!(types(&sign_ins), ["session.started", "sign_in.failed"]);
    let repeated = "&type=session.&type=sign_in.failed";
    assert_eq!(listed(app.admin(), repeated, &token).await, sign_ins);
    let hers = listed(app.admin(), &format!("&subject_id={carla}"), &token).await;
    assert_eq!(
        types(&hers),
        ["session.started", "sign_in.failed", "user.created"]
    );
    let nobodys = format!("&actor_id={}", Uuid::now_v7());
    assert!(listed(app.admin(), &nobodys, &token).await.is_empty());
    let before = "&to=2026-01-01T00:00:00Z";
    assert!(listed(app.admin(), before, &token).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_reads_it_and_another_organization_sees_nothing_of_it() {
    let app = TestApp::start().await;
    record(&app, started(app.customer().id)).await;
    app.at_rest().await;
    for person in [app.lead(), app.agent(), app.customer()] {
        person.get("/audit").await.expect(403);
    }
    let theirs = app.globex.admin.get("/audit?limit=100").await.expect(200);
    assert!(!theirs.items().is_empty());
    let told = theirs.body.to_string();
    assert!(!told.contains("session.started") && !told.contains(&app.customer().id.to_string()));
    let subject = format!("/audit?subject_id={}", app.customer().id);
    let none = app.globex.admin.get(&subject).await.expect(200);
    assert!(none.items().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_belongs_to_its_filter_and_order() {
    let app = TestApp::start().await;
    let page = app.admin().get("/audit?limit=1").await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    for other in ["type=user.", "order=asc", "from=2026-01-01T00:00:00Z"] {
        let path = format!("/audit?{other}&cursor={cursor}");
        app.admin().get(&path).await.expect(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_is_in_it_without_name_device_and_address() {
    let app = TestApp::start().await;
    let carla = app.customer().id;
    record(&app, started(carla)).await;
    let path = format!("/users/{carla}/erase");
    let reason = json!({"reason": "Asked for it"});
    let erased = app.admin().post(&path, reason).await.expect(200);
    let token = erased.header("Consistency-Token").unwrap().to_owned();
    let hers = listed(app.admin(), &format!("&subject_id={carla}"), &token).await;
    assert_eq!(
        types(&hers),
        ["subject.erased", "session.started", "user.created"]
    );
    let told = format!("{hers:?}");
    for gone in ["Carla", "Lynx", ADDRESS] {
        assert!(!told.contains(gone), "{gone} in {told}");
    }
    assert_eq!(hers[1]["summary"], "(erased) signed in with a password");
}

/// What the parts of an export hold of the audit.
async fn exported(app: &TestApp, whom: Uuid) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/users/{whom}/export?limit=1{cursor}");
        let part = app.admin().get(&path).await.expect(200);
        all.extend(part["audit"].as_array().unwrap().iter().cloned());
        match part["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

async fn exports(app: &TestApp) -> usize {
    let log = app.log().await;
    let exports = log
        .iter()
        .filter(|event| event.event_type == "person.exported");
    exports.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_tells_what_the_audit_holds_and_is_in_it_once_however_many_parts_it_has() {
    let app = TestApp::start().await;
    let carla = app.customer().id;
    record(&app, started(carla)).await;
    let whole = || async {
        let held = exported(&app, carla).await;
        let begins = types(&held).starts_with(&["user.created", "session.started"]);
        if begins { Ok(()) } else { Err(held) }
    };
    eventually(whole, DEADLINE).await;
    assert_eq!(exports(&app).await, 1);
    let path = format!("/audit?type=person.exported&subject_id={carla}");
    // No answer carries the token of the event that a query makes.
    let shown = || async {
        let told = app.admin().get(&path).await.expect(200);
        match told.items() {
            [export] => Ok(export.clone()),
            other => Err(other.to_vec()),
        }
    };
    let export = eventually(shown, DEADLINE).await;
    assert_eq!(export["actor"]["id"], json!(app.admin().id));
    assert_eq!(export["summary"], "Ada exported what is held about Carla");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_export_is_not_recorded() {
    let app = TestApp::start().await;
    let path = format!("/users/{}/export", app.customer().id);
    app.agent().get(&path).await.expect(403);
    app.globex.admin.get(&path).await.expect(404);
    assert_eq!(exports(&app).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_made_of_lead_reads_it_without_private_teams_that_its_holder_is_not_in() {
    let app = TestApp::start().await;
    let (_, auditor) = holder(&app, "lead", &["read_audit"]).await;
    for (name, private) in [("Whisperers", true), ("Open house", false)] {
        let team = json!({"name": name, "private": private});
        app.admin().post("/teams", team).await.expect(201);
    }
    let path = "/audit?type=team.&limit=100";
    let told = auditor.get(path).await.expect(200).body.to_string();
    assert!(
        told.contains("Open house") && !told.contains("Whisperers"),
        "{told}"
    );
    let all = app.admin().get(path).await.expect(200).body.to_string();
    assert!(all.contains("Whisperers"));
}

const DAYS: &str = "from=2026-03-01&to=2026-04-01";
const RANGE: &str = "from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z";

/// Every download of a report, with the report and the kind of file that the audit tells of it.
fn downloads() -> [(String, &'static str, &'static str); 5] {
    let of_days = |path: &str| format!("/reports/{path}{DAYS}");
    [
        (
            of_days("tickets/csv?figure=opened&query=tag:printer&tag=fire&"),
            "tickets",
            "csv",
        ),
        (
            of_days("tickets/parquet?figure=opened&"),
            "tickets",
            "parquet",
        ),
        (of_days("messages/download?format=csv&"), "messages", "csv"),
        (
            of_days("workload/download?format=parquet&by=team&"),
            "workload",
            "parquet",
        ),
        (
            format!("/reports/sla/download?format=csv&{RANGE}"),
            "attainment",
            "csv",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_download_of_a_report_is_in_it() {
    let app = TestApp::start().await;
    for (path, report, format) in downloads() {
        app.agent().get(&path).await.expect(200);
        let look = async || {
            let told = app.admin().get("/audit?type=report.downloaded").await;
            let told = told.expect(200);
            let newest = told.items().first().cloned().unwrap_or_default();
            let summary = format!("Grace downloaded a report of {report}");
            let is_it = newest["summary"] == summary.as_str()
                && newest["changes"][0] == json!({"field": "format", "to": format});
            if is_it {
                Ok(newest)
            } else {
                Err(told.body.clone())
            }
        };
        let entry = eventually(look, DEADLINE).await;
        assert_eq!(entry["actor"]["id"], json!(app.agent().id));
        assert!(entry["source_address"].is_string());
        let conditions = entry["changes"].as_array().unwrap();
        let from = conditions
            .iter()
            .find(|it| it["field"] == "conditions.from");
        let from = from.unwrap()["to"][0].as_str().unwrap();
        assert!(from.starts_with("2026-03-01"), "{from}");
        assert!(!entry.to_string().contains("printer") && !entry.to_string().contains("fire"));
    }
    app.at_rest().await;
    let log = app.log().await;
    let told = log
        .iter()
        .filter(|event| event.event_type == "report.downloaded");
    assert_eq!(told.count(), downloads().len(), "each once");
    let theirs = app.globex.admin.get("/audit?type=report.downloaded").await;
    assert!(theirs.expect(200).items().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_download_is_not_in_it() {
    let app = TestApp::start().await;
    for (path, ..) in downloads() {
        app.customer().get(&path).await.expect(403);
        let backwards = path.replace("to=2026-04-01", "to=2026-02-01");
        app.agent().get(&backwards).await.expect(400);
    }
    let nowhere = format!(
        "/reports/tickets/csv?figure=opened&view={}&{DAYS}",
        Uuid::now_v7()
    );
    app.agent().get(&nowhere).await.expect(404);
    app.at_rest().await;
    let log = app.log().await;
    assert!(
        log.iter()
            .all(|event| event.event_type != "report.downloaded")
    );
}
