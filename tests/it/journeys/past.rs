//! Tickets as they were: what was answered then is answered again, to those who may see it today.

mod diffs;
mod long;
mod people;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Person, TestApp};

/// What was answered at a moment, and when that was by the log's clock.
struct Kept {
    answer: Answer,
    at: DateTime<Utc>,
}

/// The ticket as it is answered now. The log's clock is that of the machine: two moments are a millisecond apart at least.
async fn kept(person: &Person, ticket: Uuid) -> Kept {
    let answer = person.ticket(ticket).await;
    let at = Utc::now();
    while Utc::now() < at + TimeDelta::milliseconds(2) {
        tokio::task::yield_now().await;
    }
    Kept { answer, at }
}

async fn as_of(person: &Person, ticket: Uuid, moment: &str) -> Answer {
    let moment = moment.replace('+', "%2B");
    person
        .get(&format!("/tickets/{ticket}?as_of={moment}"))
        .await
}

/// A ticket that lived, with what staff and the customer were answered at three moments.
async fn lived(app: &TestApp) -> (Uuid, Vec<[Kept; 2]>) {
    let ticket = app.customer().opens("Printer").await;
    let mut moments = Vec::new();
    let both = async || {
        [
            kept(app.agent(), ticket).await,
            kept(app.customer(), ticket).await,
        ]
    };
    app.agent()
        .put(&format!("/tickets/{ticket}/tags/vip"))
        .await
        .expect(200);
    moments.push(both().await);
    app.wait(TimeDelta::minutes(5));
    let to = json!({"agent_id": app.agent().id, "team_id": app.acme.team_id});
    app.agent()
        .post(&format!("/tickets/{ticket}/assign"), to)
        .await
        .expect(200);
    app.agent()
        .replies(ticket, "Which printer is it?")
        .await
        .expect(201);
    app.agent().notes(ticket, "Again").await.expect(201);
    let change = json!({"subject": "The printer in the hall", "priority": "urgent"});
    app.agent()
        .patch(&format!("/tickets/{ticket}"), change)
        .await
        .expect(200);
    app.agent().sets_status(ticket, "pending").await.expect(200);
    moments.push(both().await);
    app.wait(TimeDelta::hours(3));
    app.customer()
        .replies(ticket, "The one in the hall.")
        .await
        .expect(201);
    app.agent().resolves(ticket).await.expect(200);
    moments.push(both().await);
    app.agent()
        .act(&format!("/tickets/{ticket}/reopen"))
        .await
        .expect(200);
    app.agent()
        .request(
            hyper::Method::DELETE,
            &format!("/tickets/{ticket}/tags/vip"),
        )
        .await
        .expect(200);
    let to = json!({"agent_id": app.colleague().id});
    app.agent()
        .post(&format!("/tickets/{ticket}/assign"), to)
        .await
        .expect(200);
    for person in [app.customer(), app.agent()] {
        let path = format!("/users/{}", person.id);
        app.admin()
            .patch(&path, json!({"name": "Renamed"}))
            .await
            .expect(200);
    }
    (ticket, moments)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_as_of_three_moments_is_what_was_answered_then() {
    let app = TestApp::start().await;
    let (ticket, moments) = lived(&app).await;
    for moment in &moments {
        for (person, kept) in [app.agent(), app.customer()].into_iter().zip(moment) {
            let then = as_of(person, ticket, &kept.at.to_rfc3339())
                .await
                .expect(200);
            assert_eq!(
                then.body, kept.answer.body,
                "{} at {}",
                person.name, kept.at
            );
            let version = kept.answer.version().to_string();
            let then = as_of(person, ticket, &version).await.expect(200);
            assert_eq!(
                then.body, kept.answer.body,
                "{} at version {version}",
                person.name
            );
            assert_eq!(then.header("etag"), kept.answer.header("etag"));
        }
    }
    // As of now it is as it is.
    for person in [app.agent(), app.customer()] {
        let now = person.ticket(ticket).await;
        let then = as_of(person, ticket, &Utc::now().to_rfc3339())
            .await
            .expect(200);
        assert_eq!(then.body, now.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn moments_that_never_were_are_404_and_words_that_are_none_400() {
    let app = TestApp::start().await;
    let before = Utc::now() - TimeDelta::minutes(1);
    let ticket = app.customer().opens("Printer").await;
    for moment in [&before.to_rfc3339(), "0", "99"] {
        as_of(app.agent(), ticket, moment).await.expect(404);
    }
    for wrong in ["yesterday", "-1", "2026-03-02"] {
        as_of(app.agent(), ticket, wrong).await.expect(400);
    }
    let future = "2999-01-01T00:00:00Z";
    let refused = as_of(app.agent(), ticket, future).await.expect(400);
    let detail = refused["detail"].as_str().unwrap();
    assert_eq!(detail, "as_of: must not be in the future");
    for parameter in ["from", "to"] {
        let diff = format!("/tickets/{ticket}/diff?{parameter}={future}");
        let refused = app.agent().get(&diff).await.expect(400);
        assert!(refused["detail"].as_str().unwrap().starts_with(parameter));
    }
    for stranger in [app.stranger(), &app.globex.admin] {
        as_of(stranger, ticket, "1").await.expect(404);
        let diff = stranger.get(&format!("/tickets/{ticket}/diff")).await;
        diff.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_of_today_and_what_was_taken_out_apply_to_the_past() {
    let app = TestApp::start().await;
    let body = json!({"name": "Vault", "private": true, "member_ids": [app.agent().id]});
    let vault = app.admin().post("/teams", body).await.expect(201).id();
    let ticket = app.customer().opens("Printer").await;
    let assign = async |team: Uuid| {
        let path = format!("/tickets/{ticket}/assign");
        app.agent()
            .post(&path, json!({"team_id": team}))
            .await
            .expect(200);
    };
    let message = app
        .agent()
        .replies(ticket, "SECRET words")
        .await
        .expect(201)
        .id();
    let open = kept(app.agent(), ticket).await;
    assert!(open.answer.body.to_string().contains("SECRET"));
    assign(vault).await;
    let hidden = kept(app.agent(), ticket).await;
    // Hidden today, hidden in the past, when it was not.
    as_of(app.colleague(), ticket, &open.at.to_rfc3339())
        .await
        .expect(404);
    assign(app.acme.team_id).await;
    // Shown today, but not where it was.
    let then = as_of(app.colleague(), ticket, &hidden.at.to_rfc3339())
        .await
        .expect(200);
    assert!(!then.body.to_string().contains("Vault"), "{:?}", then.body);
    let then = as_of(app.agent(), ticket, &hidden.at.to_rfc3339())
        .await
        .expect(200);
    assert_eq!(then.body, hidden.answer.body);
    for (person, is_shown) in [
        (app.agent(), true),
        (app.admin(), true),
        (app.colleague(), false),
        (app.lead(), false),
    ] {
        for path in ["history", "diff"] {
            let told = person.get(&format!("/tickets/{ticket}/{path}")).await;
            let told = told.expect(200).body.to_string();
            let is_told = told.contains("Vault");
            assert_eq!(is_told, is_shown && path == "history", "{told}");
        }
    }

    let redact = app
        .admin()
        .post(&format!("/messages/{message}/redact"), json!({}));
    redact.await.expect(200);
    let then = as_of(app.agent(), ticket, &open.at.to_rfc3339())
        .await
        .expect(200);
    assert!(!then.body.to_string().contains("SECRET"), "{:?}", then.body);
    let erase = json!({"reason": "Asked"});
    let path = format!("/users/{}/erase", app.customer().id);
    app.admin().post(&path, erase).await.expect(200);
    let then = as_of(app.agent(), ticket, &open.at.to_rfc3339())
        .await
        .expect(200);
    assert_eq!(then["subject"], "(erased)");
    assert_eq!(then["requester"]["name"], "(erased)");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_moments_are_told_apart_field_by_field() {
    let app = TestApp::start().await;
    let (ticket, moments) = lived(&app).await;
    let [first, second, _] = [0, 1, 2].map(|moment| moments[moment][0].answer.version());
    let path = format!("/tickets/{ticket}/diff?from={first}&to={second}");
    let changed = |answer: &Answer| -> Vec<(String, Value, Value)> {
        let changes = answer["changes"].as_array().unwrap().iter();
        let side = |change: &Value, side: &str| change.get(side).cloned().unwrap_or_default();
        changes
            .map(|it| {
                (
                    it["field"].as_str().unwrap().to_owned(),
                    side(it, "from"),
                    side(it, "to"),
                )
            })
            .collect()
    };
    let diff = app.agent().get(&path).await.expect(200);
    let changes = changed(&diff);
    let has = |field: &str, from: Value, to: Value| {
        let change = (field.to_owned(), from, to);
        assert!(
            changes.contains(&change),
            "{change:?} is not among {changes:?}"
        );
    };
    has(
        "subject",
        json!("Printer"),
        json!("The printer in the hall"),
    );
    has("priority", json!("normal"), json!("urgent"));
    has("status", json!("new"), json!("pending"));
    has("note_count", json!(0), json!(1));
    assert!(
        !changes
            .iter()
            .any(|(field, ..)| field == "tags" || field == "channel")
    );
    assert_eq!(
        (&diff["from_version"], &diff["to_version"]),
        (&json!(first), &json!(second))
    );
    // A customer is told what they see, and the same moment twice is no difference.
    let mine = app.customer().get(&path).await.expect(200);
    let fields: Vec<String> = changed(&mine)
        .into_iter()
        .map(|(field, ..)| field)
        .collect();
    assert!(fields.contains(&"subject".to_owned()));
    assert!(
        !fields
            .iter()
            .any(|field| field.starts_with("sla") || field == "note_count" || field == "team")
    );
    let same = app
        .agent()
        .get(&format!("/tickets/{ticket}/diff?from={first}&to={first}"));
    assert_eq!(same.await.expect(200)["changes"], json!([]));
}

/// Nobody ever saw a ticket between the events of one command: what it was opened with is its opening.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_within_a_command_is_the_ticket_as_the_command_left_it() {
    let app = TestApp::start().await;
    let target = json!({"priority": "high", "metric": "first_reply", "seconds": 3_600});
    let policy = json!({"name": "Gold", "targets": [target]});
    let made = app.admin().post("/service-levels/policies", policy);
    made.await.expect(201);
    let body = json!({
        "subject": "Printer", "body": "On fire", "requester_id": app.customer().id, "priority": "high",
        "tags": ["printer", "vip"], "agent_id": app.agent().id, "team_id": app.acme.team_id,
    });
    let opening = app.agent().post("/tickets", body).await.expect(201);
    let ticket = opening.id();
    let path = format!("/tickets/{ticket}/diff");
    let mut left = vec![app.agent().ticket(ticket).await];
    assert_eq!(left[0]["public_message_count"], 1);
    assert_ne!(left[0]["sla"]["first_reply"], Value::Null);
    assert!(left[0].version() > 3, "{:?}", left[0].body);
    let since = app.agent().get(&path).await.expect(200);
    let opened = left[0].version();
    assert_eq!(since["changes"], json!([]), "{:?}", since.body);
    assert_eq!(
        (&since["from_version"], &since["to_version"]),
        (&json!(opened), &json!(opened))
    );

    let change = json!({"subject": "The printer in the hall", "priority": "urgent"});
    for command in [
        app.agent().replies(ticket, "Which printer is it?"),
        app.agent().patch(&format!("/tickets/{ticket}"), change),
        app.colleague().replies(ticket, "The one in the hall."),
    ] {
        let answer = command.await;
        assert!(answer.status.is_success(), "{:?}", answer.body);
        left.push(app.agent().ticket(ticket).await);
    }
    let mut version = 1;
    for then in left {
        while version <= then.version() {
            let told = as_of(app.agent(), ticket, &version.to_string()).await;
            assert_eq!(told.expect(200).body, then.body, "at version {version}");
            version += 1;
        }
    }
    let since = app.agent().get(&path).await.expect(200);
    assert_eq!(since["from_version"], opened);
    let changed = since["changes"].as_array().unwrap().iter();
    let fields: Vec<_> = changed.map(|it| it["field"].as_str().unwrap()).collect();
    assert!(fields.contains(&"subject") && !fields.contains(&"tags"));
}
