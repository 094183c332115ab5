//! Calendars of working time: made, changed and retired by admins, and known as they were on any past day.

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::TestApp;

fn office() -> Value {
    json!({
        "name": "Office",
        "zone": "Europe/Berlin",
        "weekly": [
            {"day": "monday", "start": "08:00", "end": "12:00"},
            {"day": "monday", "start": "13:00", "end": "17:00:30"},
            {"day": "friday", "start": "22:00", "end": "06:00"},
        ],
        "holidays": [{"name": "Unity Day", "month": 10, "day": 3}],
    })
}

async fn make(app: &TestApp) -> Uuid {
    let made = app.admin().post("/calendars", office()).await;
    made.expect(201).id()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_reads_back_as_it_was_made() {
    let app = TestApp::start().await;
    let calendar = make(&app).await;
    let read = app.agent().get(&format!("/calendars/{calendar}")).await;
    let read = read.expect(200);
    for field in ["name", "zone", "weekly", "holidays"] {
        assert_eq!(read[field], office()[field], "{field}");
    }
    let list = app.agent().get("/calendars").await.expect(200);
    assert_eq!(list.items().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_calendar_said_stays_known_by_version_and_by_instant() {
    let app = TestApp::start().await;
    let calendar = make(&app).await;
    let path = format!("/calendars/{calendar}");
    let before = app.now();
    app.wait(TimeDelta::days(30));
    let change = json!({"zone": "America/New_York"});
    let changed = app.admin().patch(&path, change).await.expect(200);
    assert_eq!(changed.version(), 2);
    let zone = async |query: &str| {
        let read = app.agent().get(&format!("{path}{query}")).await;
        read.expect(200)["zone"].clone()
    };
    assert_eq!(zone("").await, "America/New_York");
    assert_eq!(zone("?version=1").await, "Europe/Berlin");
    assert_eq!(zone("?version=2").await, "America/New_York");
    let instant =
        |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let as_of = |at| format!("?as_of={}", instant(at));
    assert_eq!(zone(&as_of(before)).await, "Europe/Berlin");
    assert_eq!(zone(&as_of(app.now())).await, "America/New_York");
    let none = ["?version=3".to_owned(), as_of(before - TimeDelta::days(1))];
    for query in none {
        app.agent().get(&format!("{path}{query}")).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_at_fault_is_named_and_nothing_is_recorded() {
    let app = TestApp::start().await;
    let events = app.log().await.len();
    let wrong = [
        (json!({"zone": "Europe/Nowhere"}), "/zone"),
        (
            json!({"weekly": [{"day": "monday", "start": "8:00", "end": "12:00"}]}),
            "/weekly/0/start",
        ),
        (
            json!({"holidays": [{"name": "None", "month": 2, "day": 30}]}),
            "/holidays/0",
        ),
    ];
    for (change, pointer) in wrong {
        let mut body = office();
        let change = change.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(change);
        let refused = app.admin().post("/calendars", body).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
    assert_eq!(app.log().await.len(), events);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_is_retired_once_no_policy_counts_by_it() {
    let app = TestApp::start().await;
    let calendar = make(&app).await;
    let target = |calendar_id: Option<Uuid>| json!([{"priority": "urgent", "metric": "resolution", "seconds": 3_600, "calendar_id": calendar_id}]);
    let policy = json!({"name": "Gold", "targets": target(Some(calendar))});
    let path = "/service-levels/policies";
    let policy = app.admin().post(path, policy).await.expect(201).id();
    let retire = format!("/calendars/{calendar}/retire");
    let refused = app.admin().act(&retire).await.expect(409);
    let detail = refused["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("Gold"), "{detail}");
    let freed = json!({"targets": target(None)});
    let policy_path = format!("{path}/{policy}");
    app.admin().patch(&policy_path, freed).await.expect(200);
    let retired = app.admin().act(&retire).await.expect(200);
    assert_eq!(retired["retired"], true);
    let again = json!({"targets": target(Some(calendar))});
    let refused = app.admin().patch(&policy_path, again).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/targets/0/calendar_id");
    let change = json!({"name": "Old office"});
    let change = app.admin().patch(&format!("/calendars/{calendar}"), change);
    change.await.expect(409);
    let read = app.agent().get(&format!("/calendars/{calendar}")).await;
    assert!(read.expect(200)["retired_at"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn holidays_of_a_file_come_to_those_there_are_and_none_twice() {
    let app = TestApp::start().await;
    let calendar = make(&app).await;
    let path = format!("/calendars/{calendar}/holidays");
    let file = |event: &str| {
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        json!({"icalendar": text})
    };
    let unity_day = "SUMMARY:Unity Day\r\nDTSTART;VALUE=DATE:20261003\r\nRRULE:FREQ=YEARLY";
    let same = app.admin().post(&path, file(unity_day)).await.expect(200);
    assert_eq!(same.version(), 1, "it was there");
    let easter = file("SUMMARY:Easter Monday\r\nDTSTART;VALUE=DATE:20260406");
    let more = app.admin().post(&path, easter).await.expect(200);
    assert_eq!(
        more["holidays"],
        json!([
            {"name": "Unity Day", "month": 10, "day": 3},
            {"name": "Easter Monday", "date": "2026-04-06"},
        ])
    );
    let thanksgiving = file(
        "SUMMARY:Thanksgiving\r\nDTSTART;VALUE=DATE:20201126\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
    );
    let named = app.admin().post(&path, thanksgiving).await.expect(200);
    let days = named["holidays"].as_array().unwrap();
    // From the year before to ten years on.
    assert_eq!(days.len(), 2 + 12);
    let of_year = app.now().format("%Y-11-").to_string();
    let is_of_year = |it: &&Value| {
        it["date"]
            .as_str()
            .is_some_and(|it| it.starts_with(&of_year))
    };
    assert_eq!(days.iter().filter(is_of_year).count(), 1);
    let timed = file("SUMMARY:Meeting\r\nDTSTART:20260406T090000Z");
    let refused = app.admin().post(&path, timed).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/icalendar/0");
    assert_eq!(app.stream(calendar).await.len(), 3);
}
