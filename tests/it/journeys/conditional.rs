//! Who has an answer already is told so, and nothing else.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::json;

use crate::harness::{Answer, DEADLINE, Database, Person, TestApp, eventually};

async fn again(person: &Person, path: &str, tag: &str) -> Answer {
    person.get(path).header("if-none-match", tag).await
}

fn tag(answer: &Answer) -> String {
    answer.header("etag").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_answers_304_to_who_has_its_answer() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.agent().ticket(ticket).await;
    for path in [
        "/tickets".to_owned(),
        format!("/tickets/{ticket}"),
        format!("/tickets/{ticket}/messages"),
        format!("/tickets/{ticket}/history"),
        format!("/tickets/{ticket}/sla"),
        "/users".to_owned(),
        "/teams".to_owned(),
        "/calendars".to_owned(),
        "/service-levels/policies".to_owned(),
        "/organization".to_owned(),
        "/audit".to_owned(),
        "/api_keys".to_owned(),
        "/auth/sessions".to_owned(),
    ] {
        let whole = app.admin().get(&path).await.expect(200);
        let same = again(app.admin(), &path, &tag(&whole)).await.expect(304);
        assert_eq!(same.header("etag"), whole.header("etag"), "{path}");
        assert_eq!(same.header("content-type"), None, "{path}");
        let other = again(app.admin(), &path, "\"something-else\"").await;
        assert_eq!(other.expect(200).body, whole.body, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_changed_comes_whole_also_when_no_version_did() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    let path = format!("/tickets/{ticket}");
    app.agent().ticket(ticket).await;
    let whole = app.agent().get(&path).await.expect(200);
    again(app.agent(), &path, &tag(&whole)).await.expect(304);

    let carla = format!("/users/{}", app.customer().id);
    let renamed = app.admin().patch(&carla, json!({"name": "Charlotte"}));
    let token = renamed.await.expect(200);
    let token = token.header("consistency-token").unwrap();
    let request = app.agent().get(&path).header("if-none-match", tag(&whole));
    let changed = request.header("consistency-token", token).await.expect(200);
    assert_eq!(changed["requester"]["name"], "Charlotte");
    assert_eq!(changed["version"], whole["version"]);
    assert_ne!(tag(&changed), tag(&whole));
    // Either tag is good for a change of the version that it names.
    let change = json!({"subject": "Never mind"});
    let request = app.agent().patch(&path, change.clone());
    request.header("if-match", tag(&whole)).await.expect(200);
    let request = app.agent().patch(&path, change);
    request.header("if-match", tag(&whole)).await.expect(412);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tag_of_one_viewer_is_not_that_of_another_who_sees_less() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.agent().ticket(ticket).await;
    for path in ["/tickets".to_owned(), format!("/tickets/{ticket}")] {
        let seen = app.agent().get(&path).await.expect(200);
        again(app.agent(), &path, &tag(&seen)).await.expect(304);
        again(app.customer(), &path, &tag(&seen)).await.expect(200);
    }
    let path = format!("/tickets/{ticket}");
    let seen = app.agent().get(&path).await.expect(200);
    again(&app.globex.admin, &path, &tag(&seen))
        .await
        .expect(404);
    let nobody = app.client.get(&format!("/api/v1{path}"));
    nobody.header("if-none-match", "*").await.expect(401);
}

/// Which teams are private is known for a moment longer than the read models rest: an answer of that moment must not be
/// remembered.
#[tokio::test(flavor = "multi_thread")]
async fn who_loses_sight_of_a_ticket_is_not_told_that_nothing_changed() {
    let app = TestApp::start().await;
    let team = json!({"name": "Vault", "member_ids": [app.lead().id]});
    let team = app.admin().post("/teams", team).await.expect(201);
    let team = format!("/teams/{}", team["id"].as_str().unwrap());
    let ticket = app.customer().opens("Printer on fire").await;
    let path = format!("/tickets/{ticket}");
    let assign = json!({"team_id": team.rsplit('/').next()});
    let assigned = app.admin().post(&format!("{path}/assign"), assign).await;
    assigned.expect(200);
    app.agent().ticket(ticket).await;
    let seen = tag(&app.agent().get(&path).await.expect(200));
    let private = app.admin().patch(&team, json!({"private": true}));
    private.await.expect(200);
    let hidden = async || {
        let answer = app.agent().get(&path).without_token();
        let answer = answer.header("if-none-match", &seen).await;
        if answer.status == 404 {
            Ok(())
        } else {
            Err(answer.status)
        }
    };
    eventually(hidden, DEADLINE).await;
}

/// Whoever waits for a lock soon gives up, so that there are many tries.
async fn impatient_app() -> TestApp {
    let database = Database::create().await;
    let mut config = database.config();
    config.pools.lock_timeout = Duration::from_millis(300);
    TestApp::on(database, config).await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nothing_moves_who_asks_by_condition_costs_no_query() {
    let app = impatient_app().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.agent().ticket(ticket).await;
    let paths = ["/tickets", "/tickets?query=-status:closed+printer"];
    let mut tags = Vec::new();
    let superuser = app.database.superuser().await;
    // A query would wait for the lock until it is given up.
    let without_the_table = async |path: &str, tag: &str| {
        again(app.agent(), path, tag).await.expect(304);
        let lock = "BEGIN; LOCK TABLE core.tickets IN ACCESS EXCLUSIVE MODE";
        superuser.batch_execute(lock).await.unwrap();
        let answer = again(app.agent(), path, tag).await;
        superuser.batch_execute("ROLLBACK").await.unwrap();
        if answer.status == 304 {
            Ok(())
        } else {
            Err(answer.status)
        }
    };
    for path in paths {
        let tag = tag(&app.agent().get(path).await.expect(200));
        eventually(async || without_the_table(path, &tag).await, DEADLINE).await;
        tags.push(tag);
    }
    // What is two days old is so for a moment: it is looked up each time.
    let of_the_moment = "/tickets?query=updated:%3C2d";
    let whole = app.agent().get(of_the_moment).await.expect(200);
    let looked_up = without_the_table(of_the_moment, &tag(&whole)).await;
    assert_eq!(looked_up, Err(StatusCode::SERVICE_UNAVAILABLE));
    app.agent().replies(ticket, "Here.").await.expect(201);
    app.agent().ticket(ticket).await;
    for (path, tag) in paths.iter().zip(&tags) {
        again(app.agent(), path, tag).await.expect(200);
    }
}

/// Who asks without a tag is answered from memory, too, where many rows had to be read for it; who may see less is not.
#[tokio::test(flavor = "multi_thread")]
async fn while_nothing_moves_a_report_and_the_counts_of_views_are_made_once() {
    let app = impatient_app().await;
    let private = json!({"name": "Vault", "private": true, "member_ids": [app.agent().id]});
    let private = app.admin().post("/teams", private).await.expect(201).id();
    let hidden = app.customer().opens("Salaries").await;
    let path = format!("/tickets/{hidden}/assign");
    let assigned = app.agent().post(&path, json!({"team_id": private}));
    assigned.await.expect(200);
    let view = json!({"name": "All", "owner": "organization", "query": ""});
    let view = app.admin().post("/views", view).await.expect(201).id();
    let days = "from=2026-03-01&to=2026-04-01";
    let requester = app.customer().id;
    let report = format!("/reports/tickets?figure=opened&{days}&requester={requester}");
    let counts = format!("/view-counts?view={view}");
    let superuser = app.database.superuser().await;
    // A query would wait for the lock until it is given up.
    let lock = "BEGIN; LOCK TABLE core.ticket_facts, core.ticket_counts IN ACCESS EXCLUSIVE MODE";
    for (path, pointer) in [(&report, "/total/count"), (&counts, "/counts/0/tickets")] {
        let shown = |answer: &Answer| answer.body.pointer(pointer).cloned();
        let without_the_tables = async || {
            let known = app.agent().get(path).await.expect(200);
            superuser.batch_execute(lock).await.unwrap();
            let again = app.agent().get(path).await;
            superuser.batch_execute("ROLLBACK").await.unwrap();
            match again.status.as_u16() {
                200 => Ok((shown(&known), shown(&again))),
                status => Err(status),
            }
        };
        let (known, again) = eventually(without_the_tables, DEADLINE).await;
        assert_eq!(
            (&known, &again),
            (&Some(json!(1)), &Some(json!(1))),
            "{path}"
        );
        for (person, count) in [(app.colleague(), 0), (app.admin(), 1)] {
            let told = person.get(path).await.expect(200);
            assert_eq!(shown(&told), Some(json!(count)), "{} {path}", person.name);
        }
    }
    // The client sends the token of what it did: it is never shown what was before.
    app.customer().opens("Printer on fire").await;
    for (path, pointer) in [(&report, "/total/count"), (&counts, "/counts/0/tickets")] {
        let told = app.agent().get(path).await.expect(200);
        assert_eq!(told.body.pointer(pointer), Some(&json!(2)), "{path}");
    }
}
