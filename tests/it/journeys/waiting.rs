//! How long tickets wait for their requesters: reminders and the close of what is resolved, for the organization and its
//! teams. Time passes by the clock of the test, which begins on a Monday at 09:00 UTC.

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, DEADLINE, TestApp, eventually, time_of};

const HOUR_S: u32 = 3_600;

async fn set(app: &TestApp, settings: Value) -> Answer {
    let body = json!({"settings": settings});
    app.admin().patch("/organization", body).await
}

/// Weekdays from 09:00 to 17:00 UTC.
async fn office(app: &TestApp) -> Uuid {
    let day = |day: &str| json!({"day": day, "start": "09:00", "end": "17:00"});
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday"];
    let calendar = json!({"name": "Office", "zone": "UTC", "weekly": days.map(day)});
    let made = app.admin().post("/calendars", calendar).await;
    made.expect(201).id()
}

/// Waits until so many reminders are in the history of a ticket.
async fn reminded(app: &TestApp, ticket: Uuid, count: usize) {
    let look = async || {
        let types = app.agent().history_types(ticket).await;
        let seen = types.iter().filter(|it| *it == "ticket.reminded").count();
        if seen == count { Ok(()) } else { Err(types) }
    };
    eventually(look, DEADLINE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_is_reminded_by_mail_until_they_answer() {
    let (app, mailbox) = TestApp::with_mail().await;
    let reminders = [HOUR_S, 3 * HOUR_S].map(|seconds| json!({"seconds": seconds}));
    let changed = set(&app, json!({"waiting": {"reminders": reminders}})).await;
    let shown = &changed.expect(200)["settings"]["waiting"];
    assert_eq!(*shown, json!({"reminders": reminders}));
    let (waiting, answered) = (
        app.customer().opens("Printer on fire").await,
        app.customer().opens("Another one").await,
    );
    for ticket in [waiting, answered] {
        app.agent().sets_status(ticket, "pending").await.expect(200);
    }
    app.customer().replies(answered, "Here.").await.expect(201);

    app.wait(TimeDelta::hours(1));
    reminded(&app, waiting, 1).await;
    let address = format!("carla@{}.example", app.acme.slug);
    let mail = mailbox.telling(&address, "waits for your answer").await;
    assert!(mail.contains("Printer on fire"), "{mail}");
    assert!(mail.contains(&format!("/tickets/{waiting}")), "{mail}");
    app.wait(TimeDelta::hours(2));
    reminded(&app, waiting, 2).await;
    mailbox.telling(&address, "waits for your answer").await;
    app.wait(TimeDelta::hours(100));
    let last = app.customer().opens("A third one").await;
    app.agent().sets_status(last, "pending").await.expect(200);
    app.wait(TimeDelta::hours(1));
    reminded(&app, last, 1).await;
    mailbox.telling(&address, "A third one").await;
    assert_eq!(mailbox.count_to(&address), 3);
    reminded(&app, answered, 0).await;
    let seen = app.customer().history_types(waiting).await;
    assert_eq!(seen.iter().filter(|it| *it == "ticket.reminded").count(), 2);
    assert!(!seen.contains(&"ticket.reminders_set".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_closes_after_its_own_working_time() {
    let app = TestApp::start().await;
    let calendar = office(&app).await;
    let rules = json!({"auto_close": {"seconds": 10 * HOUR_S, "calendar_id": calendar}});
    let team = app.acme.team_id.to_string();
    let changed = set(&app, json!({"team_waiting": {&team: rules}})).await;
    assert_eq!(
        changed.expect(200)["settings"]["team_waiting"][&team],
        rules
    );
    let (of_team, of_none) = (
        app.customer().opens("Printer on fire").await,
        app.customer().opens("Another one").await,
    );
    let assignment = json!({"team_id": app.acme.team_id});
    let path = format!("/tickets/{of_team}/assign");
    app.agent().post(&path, assignment).await.expect(200);
    let began = app.now();
    for ticket in [of_team, of_none] {
        app.agent().resolves(ticket).await.expect(200);
    }
    // Eight hours of Monday and two of Tuesday; four days of the clock.
    let closes_at = async |ticket| time_of(&app.agent().ticket(ticket).await["auto_close_at"]);
    assert_eq!(closes_at(of_team).await, began + TimeDelta::hours(26));
    assert_eq!(closes_at(of_none).await, began + TimeDelta::hours(96));
    app.wait(TimeDelta::hours(26));
    let look = async || {
        let seen = app.agent().ticket(of_team).await;
        if seen["status"] == "closed" {
            Ok(())
        } else {
            Err(seen.body)
        }
    };
    eventually(look, DEADLINE).await;
    assert_eq!(app.agent().ticket(of_none).await["status"], "resolved");

    let retire = format!("/calendars/{calendar}/retire");
    app.admin().post(&retire, json!({})).await.expect(409);
    set(&app, json!({"team_waiting": {}})).await.expect(200);
    app.admin().post(&retire, json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_cannot_be_names_its_field() {
    let app = TestApp::start().await;
    let calendar = office(&app).await;
    let day = json!({"day": "monday", "start": "09:00", "end": "17:00"});
    let others = json!({"name": "Theirs", "zone": "UTC", "weekly": [day]});
    let others = app.globex.admin.post("/calendars", others).await;
    let foreign = others.expect(201).id();
    let delay = |seconds: u32, calendar: Uuid| json!({"seconds": seconds, "calendar_id": calendar});
    let team = |id: String, rules: Value| json!({"team_waiting": {id: rules}});
    let cases = [
        (
            json!({"waiting": {"auto_close": delay(60, foreign)}}),
            "/settings/waiting/auto_close/calendar_id".to_owned(),
        ),
        (
            json!({"waiting": {"reminders": [delay(60, calendar), delay(59, calendar)]}}),
            "/settings/waiting/reminders/1/seconds".to_owned(),
        ),
        (
            team(app.globex.team_id.to_string(), json!({})),
            format!("/settings/team_waiting/{}", app.globex.team_id),
        ),
        (
            team("support".to_owned(), json!({})),
            "/settings/team_waiting/support".to_owned(),
        ),
    ];
    for (settings, pointer) in cases {
        let refused = set(&app, settings).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
}
