//! What differs between two moments of people, teams, calendars and policies: the fields in which what was answered then
//! differs, and nothing else.

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

use super::people::{Kept, as_of, entries, joined, kept, lived, words};
use crate::harness::{Person, TestApp};

/// Fields that say when and how often something changed, not what.
const OF_VERSIONS: [&str; 4] = ["version", "policy_version", "updated_at", "valid_from"];

/// The fields of an answer, those of a policy's conditions each by itself.
fn fields(answer: &Value) -> Map<String, Value> {
    let mut fields = answer.as_object().unwrap().clone();
    fields.retain(|name, _| !OF_VERSIONS.contains(&name.as_str()));
    if let Some(Value::Object(conditions)) = fields.remove("conditions") {
        for (name, value) in conditions {
            fields.insert(format!("conditions.{name}"), value);
        }
    }
    fields
}

/// The names of the fields in which two answers differ.
fn differing(before: &Value, after: &Value) -> BTreeSet<String> {
    let (before, after) = (fields(before), fields(after));
    let names = before.keys().chain(after.keys());
    let differ = names.filter(|name| before.get(*name) != after.get(*name));
    differ.cloned().collect()
}

/// The differences between every two moments are those of what was answered then.
async fn differ_as_answered(person: &Person, moments: &[Kept]) {
    for before in moments {
        for after in moments {
            let versions = [before, after].map(|it| it.answer.body["version"].as_i64().unwrap());
            let times = [before, after].map(|it| it.at.to_rfc3339().replace('+', "%2B"));
            for [from, to] in [versions.map(|it| it.to_string()), times] {
                let path = format!("{}/diff?from={from}&to={to}", before.path);
                let diff = person.get(&path).await.expect(200).body;
                assert_eq!(
                    [&diff["from_version"], &diff["to_version"]],
                    [&json!(versions[0]), &json!(versions[1])]
                );
                let mut names = BTreeSet::new();
                for change in diff["changes"].as_array().unwrap() {
                    let name = change["field"].as_str().unwrap();
                    let side = |kept: &Kept| {
                        fields(&kept.answer.body)
                            .get(name)
                            .cloned()
                            .unwrap_or_default()
                    };
                    let told = |side: &str| change.get(side).cloned().unwrap_or_default();
                    assert_eq!(
                        (told("from"), told("to")),
                        (side(before), side(after)),
                        "{path}"
                    );
                    names.insert(name.to_owned());
                }
                assert_eq!(
                    names,
                    differing(&before.answer.body, &after.answer.body),
                    "{path}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_of_people_teams_and_calendars_is_that_of_what_was_answered() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let user = format!("/users/{}", joined(&app).await);
    let body = json!({"name": "Nights", "member_ids": [app.agent().id]});
    let team = admin.post("/teams", body).await.expect(201).id();
    let team = format!("/teams/{team}");
    let body = json!({"name": "Office", "zone": "UTC", "weekly": [{"day": "monday", "start": "08:00", "end": "12:00"}]});
    let calendar = admin.post("/calendars", body).await.expect(201).id();
    let calendar = format!("/calendars/{calendar}");
    let of_user = [
        json!({"name": "Nora N.", "email": null}),
        json!({"role": "agent"}),
        json!({"active": false}),
    ];
    let of_team = [
        json!({"name": "Late", "member_ids": []}),
        json!({"private": true}),
    ];
    let of_calendar = [
        json!({"name": "Head office"}),
        json!({"weekly": [{"day": "friday", "start": "08:00", "end": "12:00"}]}),
        json!({"zone": "Europe/Berlin"}),
    ];
    for (path, changes) in [
        (&user, &of_user[..]),
        (&team, &of_team),
        (&calendar, &of_calendar),
    ] {
        let changes = changes
            .iter()
            .map(|change| admin.patch(path, change.clone()));
        let moments = lived(admin, path, changes).await;
        differ_as_answered(admin, &moments).await;
        let whole = admin.get(&format!("{path}/diff")).await.expect(200).body;
        // One command makes a team with its members, which is more than one version.
        let first = moments[0].answer.body["version"].clone();
        let last = moments.last().unwrap().answer.body["version"].clone();
        assert_eq!(
            (&whole["from_version"], &whole["to_version"]),
            (&first, &last)
        );
        for (wrong, status) in [("from=99", 404), ("to=0", 404), ("from=yesterday", 400)] {
            admin
                .get(&format!("{path}/diff?{wrong}"))
                .await
                .expect(status);
        }
    }
    admin.act(&format!("{calendar}/retire")).await.expect(200);
    let retired = admin
        .get(&format!("{calendar}/diff?from=4"))
        .await
        .expect(200);
    assert_eq!(retired["changes"][0]["field"], "retired_at");
    let told = entries(app.agent(), &format!("{calendar}/history")).await;
    assert_eq!(
        words(&told, "summary"),
        [
            "Ada made the calendar Office",
            "Ada changed the calendar Head office",
            "Ada changed the calendar Head office",
            "Ada changed the calendar Head office",
            "Ada retired the calendar Head office",
        ]
    );
    assert_eq!(told[3]["version"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_of_a_policy_is_that_of_what_was_answered_and_stays_once_it_is_deleted() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let list = "/service-levels/policies";
    let private = json!({"name": "Vault", "private": true, "member_ids": [app.agent().id]});
    let vault = admin.post("/teams", private).await.expect(201).id();
    let targets = json!([{"priority": "urgent", "metric": "resolution", "seconds": 3_600}]);
    let body = |name: &str| json!({"name": name, "targets": targets});
    admin.post(list, body("Silver")).await.expect(201);
    let gold = admin.post(list, body("Gold")).await.expect(201).id();
    let path = format!("{list}/{gold}");
    let of_vault = json!({"all": [{"field": "team", "operator": "is_one_of", "values": [vault, app.acme.team_id]}]});
    let later = json!([{"priority": "urgent", "metric": "resolution", "seconds": 7_200}]);
    let changes = [
        json!({"name": "Platinum"}),
        json!({"conditions": of_vault}),
        json!({"targets": later}),
    ];
    let changes = changes.map(|change| admin.patch(&path, change));
    let moments = lived(admin, &path, changes).await;
    differ_as_answered(admin, &moments).await;
    let whole = admin.get(&format!("{path}/diff")).await.expect(200).body;
    assert_eq!(whole["from_version"], moments[0].answer.body["version"]);
    let names: Vec<_> = whole["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["field"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["conditions.all", "name", "targets"]);
    // What a private team has to do with it is for those who know the team.
    for (person, is_told) in [(app.agent(), true), (app.colleague(), false)] {
        let told = person
            .get(&format!("{path}/diff"))
            .await
            .expect(200)
            .body
            .to_string();
        assert_eq!(told.contains(&vault.to_string()), is_told, "{told}");
    }
    // Before it was made it was not there, whatever the list had.
    admin.get(&format!("{path}/diff?from=1")).await.expect(404);
    let last = moments.last().unwrap().answer.body["version"].clone();
    admin.delete(&path).await.expect(200);
    admin.get(&format!("{path}/diff")).await.expect(404);
    let still = admin
        .get(&format!("{path}/diff?to={last}"))
        .await
        .expect(200);
    assert_eq!(still["changes"], whole["changes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_something_today_sees_no_difference_of_it() {
    let app = TestApp::start().await;
    let user = format!("/users/{}", joined(&app).await);
    let renamed = app.admin().patch(&user, json!({"name": "Nora N."}));
    renamed.await.expect(200);
    let private = json!({"name": "Vault", "private": true, "member_ids": [app.agent().id]});
    let vault = app.admin().post("/teams", private).await.expect(201).id();
    let vault = format!("/teams/{vault}/diff");
    app.agent().get(&vault).await.expect(200);
    for outsider in [app.colleague(), app.lead(), &app.globex.admin] {
        outsider.get(&vault).await.expect(404);
    }
    let own = format!("/users/{}/diff", app.customer().id);
    app.customer().get(&own).await.expect(200);
    app.customer()
        .get(&format!("{user}/diff"))
        .await
        .expect(404);
    app.globex
        .admin
        .get(&format!("{user}/diff"))
        .await
        .expect(404);
    let erase = json!({"reason": "Asked by letter"});
    app.admin()
        .post(&format!("{user}/erase"), erase)
        .await
        .expect(200);
    let told = app
        .agent()
        .get(&format!("{user}/diff"))
        .await
        .expect(200)
        .body
        .to_string();
    assert!(!told.contains("Nora") && !told.contains("nora@"), "{told}");
    let then = kept(app.agent(), &user).await;
    let past = as_of(app.agent(), &then.path, "1").await.expect(200);
    assert_eq!(past["name"], "(erased)");
}
