//! People, teams and policies as they were, and what happened to them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Person, Request, TestApp};

/// What was answered at a moment, and when that was by the log's clock.
pub struct Kept {
    pub path: String,
    pub answer: Answer,
    pub at: DateTime<Utc>,
}

/// The thing as it is answered now. Two moments are a millisecond apart at least.
pub async fn kept(person: &Person, path: &str) -> Kept {
    let answer = person.get(path).await.expect(200);
    let at = Utc::now();
    while Utc::now() < at + TimeDelta::milliseconds(2) {
        tokio::task::yield_now().await;
    }
    let path = path.to_owned();
    Kept { path, answer, at }
}

pub async fn as_of(person: &Person, path: &str, moment: &str) -> Answer {
    let moment = moment.replace('+', "%2B");
    person.get(&format!("{path}?as_of={moment}")).await
}

/// Carries out one change after the other; what is answered before the first and after each.
pub async fn lived(
    person: &Person,
    path: &str,
    changes: impl IntoIterator<Item = Request>,
) -> Vec<Kept> {
    let mut moments = vec![kept(person, path).await];
    for change in changes {
        change.await.expect(200);
        moments.push(kept(person, path).await);
    }
    moments
}

async fn are_answered_again(person: &Person, moments: &[Kept]) {
    for kept in moments {
        let version = kept.answer.version().to_string();
        for moment in [kept.at.to_rfc3339(), version] {
            let then = as_of(person, &kept.path, &moment).await.expect(200);
            assert_eq!(then.body, kept.answer.body, "{} at {moment}", kept.path);
        }
    }
}

pub async fn joined(app: &TestApp) -> Uuid {
    let body = json!({"name": "Nora", "email": "nora@acme.example", "role": "customer"});
    app.admin().post("/users", body).await.expect(201).id()
}

pub async fn entries(person: &Person, path: &str) -> Vec<Value> {
    person.get(path).await.expect(200).items().to_vec()
}

pub fn words(entries: &[Value], field: &str) -> Vec<String> {
    let word = |entry: &Value| entry[field].as_str().unwrap().to_owned();
    entries.iter().map(word).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_as_of_each_moment_is_what_was_answered_then_and_the_history_tells_why() {
    let app = TestApp::start().await;
    let company = json!({"name": "Initech"});
    let company = app
        .admin()
        .post("/companies", company)
        .await
        .expect(201)
        .id();
    let before = Utc::now() - TimeDelta::minutes(1);
    let path = format!("/users/{}", joined(&app).await);
    let to_company = json!({"company_id": company});
    let changes = [
        app.admin()
            .put(&format!("{path}/company"))
            .json(&to_company),
        app.admin().patch(&path, json!({"name": "Nora N."})),
        app.admin()
            .patch(&path, json!({"email": "nn@acme.example"})),
        app.admin().patch(&path, json!({"role": "agent"})),
        app.admin().patch(&path, json!({"active": false})),
        app.admin().patch(&path, json!({"active": true})),
    ];
    let moments = lived(app.agent(), &path, changes).await;
    are_answered_again(app.agent(), &moments).await;
    for never in [&before.to_rfc3339(), "0", "99"] {
        as_of(app.agent(), &path, never).await.expect(404);
    }
    as_of(app.agent(), &path, "yesterday").await.expect(400);

    let history = format!("{path}/history");
    let told = entries(app.agent(), &history).await;
    assert_eq!(
        words(&told, "summary"),
        [
            "Ada added Nora",
            "Ada put Nora into the company Initech",
            "Ada renamed “Nora” to “Nora N.”",
            "Ada changed the e-mail address of Nora N.",
            "Ada changed the role of Nora N. from customer to agent",
            "Ada deactivated Nora N.",
            "Ada reactivated Nora N.",
        ]
    );
    let versions: Vec<_> = told.iter().map(|entry| &entry["version"]).collect();
    let answered = moments.iter().map(|kept| &kept.answer["version"]);
    assert_eq!(versions, answered.collect::<Vec<_>>());
    assert_eq!(
        told[2]["changes"],
        json!([{"field": "name", "from": "Nora", "to": "Nora N."}])
    );
    // The other way round, in pages.
    let mut last_first = Vec::new();
    let mut next = format!("{history}?order=desc&limit=3");
    loop {
        let page = app.agent().get(&next).await.expect(200);
        last_first.extend(page.items().to_vec());
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        next = format!("{history}?order=desc&limit=3&cursor={cursor}");
    }
    last_first.reverse();
    assert_eq!(last_first, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_erased_is_nobody_at_any_moment() {
    let app = TestApp::start().await;
    let path = format!("/users/{}", joined(&app).await);
    let then = kept(app.agent(), &path).await;
    let erase = json!({"reason": "Asked by letter"});
    app.admin()
        .post(&format!("{path}/erase"), erase)
        .await
        .expect(200);
    let past = as_of(app.agent(), &path, &then.at.to_rfc3339())
        .await
        .expect(200);
    assert_eq!(
        (&past["name"], &past["email"]),
        (&json!("(erased)"), &Value::Null)
    );
    assert_eq!(
        past["active"], true,
        "that they could act tells nothing of them"
    );
    let history = format!("{path}/history");
    let told = entries(app.agent(), &history).await;
    let text = json!(told).to_string();
    assert!(
        !text.contains("Nora") && !text.contains("nora@") && !text.contains("letter"),
        "{text}"
    );
    assert_eq!(words(&told, "type"), ["user.created", "subject.erased"]);
    let told = entries(app.admin(), &history).await;
    assert_eq!(told[1]["reason"], "Asked by letter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_sees_their_own_past_alone() {
    let app = TestApp::start().await;
    let own = format!("/users/{}", app.customer().id);
    let then = as_of(app.customer(), &own, "1").await.expect(200);
    assert_eq!(then["name"], "Carla");
    as_of(app.stranger(), &own, "1").await.expect(404);
    as_of(&app.globex.admin, &own, "1").await.expect(404);
    app.customer()
        .get(&format!("{own}/history"))
        .await
        .expect(403);
    let foreign = app.globex.admin.get(&format!("{own}/history"));
    foreign.await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_as_of_each_moment_is_what_was_answered_then_to_those_who_may_see_it_now() {
    let app = TestApp::start().await;
    let body = json!({"name": "Nights", "member_ids": [app.agent().id]});
    let team = app.admin().post("/teams", body).await.expect(201).id();
    let path = format!("/teams/{team}");
    let members = json!({"member_ids": [app.agent().id, app.colleague().id]});
    let changes = [
        app.admin().patch(&path, json!({"name": "Late nights"})),
        app.admin().patch(&path, members),
        app.admin()
            .patch(&path, json!({"member_ids": [app.agent().id]})),
    ];
    let moments = lived(app.colleague(), &path, changes).await;
    are_answered_again(app.colleague(), &moments).await;
    let told = entries(app.colleague(), &format!("{path}/history")).await;
    assert_eq!(
        words(&told, "summary"),
        [
            "Ada made the team Nights",
            "Ada added Grace to the team Nights",
            "Ada renamed the team “Nights” to “Late nights”",
            "Ada added Alan to the team Late nights",
            "Ada removed Alan from the team Late nights",
        ]
    );
    assert_eq!(told[3]["subject"]["id"], json!(app.colleague().id));
    // Hidden today, hidden in the past, when it was not.
    let hide = app.admin().patch(&path, json!({"private": true}));
    hide.await.expect(200);
    for outsider in [app.colleague(), app.lead(), &app.globex.admin] {
        as_of(outsider, &path, "1").await.expect(404);
        outsider.get(&format!("{path}/history")).await.expect(404);
    }
    are_answered_again(app.agent(), &moments).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_as_of_a_moment_are_those_of_then_in_the_order_of_then() {
    let app = TestApp::start().await;
    let list = "/service-levels/policies";
    let body = |name: &str| {
        json!({
            "name": name,
            "targets": [{"priority": "urgent", "metric": "resolution", "seconds": 3_600}],
        })
    };
    let before = Utc::now() - TimeDelta::minutes(1);
    let gold = app.admin().post(list, body("Gold")).await.expect(201).id();
    let silver = app
        .admin()
        .post(list, body("Silver"))
        .await
        .expect(201)
        .id();
    let path = format!("{list}/{gold}");
    let one = kept(app.agent(), &path).await;
    let order = json!({"order": [silver, gold]});
    let changes = [
        app.admin().put("/service-levels/policy-order").json(&order),
        app.admin().patch(&path, json!({"name": "Platinum"})),
        app.admin().delete(&path),
    ];
    let moments = lived(app.agent(), list, changes).await;
    are_answered_again(app.agent(), &moments).await;
    are_answered_again(app.agent(), &[one]).await;
    as_of(app.agent(), &path, &Utc::now().to_rfc3339())
        .await
        .expect(404);
    let none = as_of(app.agent(), list, &before.to_rfc3339())
        .await
        .expect(200);
    assert_eq!(
        (&none["policies"], &none["version"]),
        (&json!([]), &json!(0))
    );
    as_of(app.agent(), list, "99").await.expect(404);
    let both = app.agent().get(&format!("{path}?policy_version=1&as_of=1"));
    both.await.expect(400);

    let told = entries(app.agent(), &format!("{path}/history")).await;
    assert_eq!(
        words(&told, "summary"),
        [
            "Ada made the policy Gold",
            "Ada changed the policy Platinum",
            "Ada deleted the policy Platinum",
        ]
    );
    app.customer()
        .get(&format!("{path}/history"))
        .await
        .expect(403);
    let foreign = app.globex.admin.get(&format!("{path}/history"));
    foreign.await.expect(404);
}
