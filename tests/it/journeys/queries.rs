//! What the language of queries knows beside ids: channels, names of people and teams, custom fields and missed promises. Lists,
//! views, their counts and reports mean the same by them, and nobody learns by them what they may not know.

use chrono::TimeDelta;
use rand::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

use super::reports::{listed, live, promise_all, report};
use crate::harness::access::{holder, make_key};
use crate::harness::{Person, TestApp, encoded, uuid_of};

/// The subjects of the tickets that fit: of the list, and as many by its total, by a view and by both kinds of counts.
async fn found(person: &Person, query: &str) -> Vec<String> {
    let of_query = format!("query={}", encoded(query));
    let view = json!({"name": "View", "query": query});
    let view = person.post("/views", view).await.expect(201).id();
    let mut lists = Vec::new();
    for conditions in [of_query.clone(), format!("view={view}")] {
        let path = format!("/tickets?limit=100&include_total=true&{conditions}");
        let page = person.get(&path).await.expect(200);
        let subject = |ticket: &Value| ticket["subject"].as_str().unwrap().to_owned();
        let mut subjects: Vec<String> = page.items().iter().map(subject).collect();
        subjects.sort();
        assert_eq!(page["total"], subjects.len(), "{query}");
        lists.push(subjects);
    }
    assert_eq!(lists[0], lists[1], "{query}");
    let path = format!("/view-counts?view={view}&queries={}", encoded(query));
    let counts = person.get(&path).await.expect(200);
    for (kind, of) in [("counts", 0), ("queries", 0)] {
        assert_eq!(counts[kind][of]["tickets"], lists[0].len(), "{query}");
    }
    person.delete(&format!("/views/{view}")).await.expect(200);
    lists.remove(0)
}

async fn opened(person: &Person, body: Value) -> Uuid {
    person.post("/tickets", body).await.expect(201).id()
}

/// What is said of a query that does not fit.
async fn refused(person: &Person, query: &str) -> String {
    let path = format!("/tickets?query={}", encoded(query));
    let refused = person.get(&path).await.expect(400);
    assert_eq!(refused["errors"][0]["pointer"], "/query");
    refused["errors"][0]["detail"].as_str().unwrap().to_owned()
}

/// A: by mail, Grace's. B: by phone, of Support. C: Sten's, nobody's.
async fn three_tickets(app: &TestApp) {
    let (carla, sten) = (app.customer().id, app.stranger().id);
    for (subject, requester, rest) in [
        (
            "A",
            carla,
            json!({"channel": "email", "agent_id": app.agent().id}),
        ),
        (
            "B",
            carla,
            json!({"channel": "phone", "team_id": app.acme.team_id}),
        ),
        ("C", sten, json!({})),
    ] {
        let mut body = rest;
        body["subject"] = json!(subject);
        body["requester_id"] = json!(requester);
        opened(app.agent(), body).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_addresses_mean_the_same_as_ids() {
    let app = TestApp::start().await;
    three_tickets(&app).await;
    for (query, expected) in [
        ("channel:email", "A"),
        ("channel:email,phone", "AB"),
        ("-channel:email,phone", "C"),
        ("-channel:email channel:email", ""),
        ("team:Support", "B"),
        ("team:\"sUPPORT\",none -assignee:grace", "BC"),
        ("-team:support", "AC"),
        ("assignee:GRACE", "A"),
        ("assignee:\"Grace@acme.example\",none", "ABC"),
        ("-assignee:grace@acme.example", "BC"),
        ("requester:carla", "AB"),
        ("requester:sten@acme.example,\"Carla\"", "ABC"),
        ("-requester:Sten assignee:me,none", "AB"),
    ] {
        let expected: Vec<String> = expected.chars().map(String::from).collect();
        assert_eq!(found(app.agent(), query).await, expected, "{query}");
    }
    let by_words = "/search?query=a%20channel:email%20assignee:Grace";
    assert_eq!(app.agent().get(by_words).await.expect(200).items().len(), 1);
    assert!(found(&app.globex.agent, "channel:email").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_nobody_or_of_several_is_pointed_at() {
    let app = TestApp::start().await;
    three_tickets(&app).await;
    for (name, role) in [
        ("Twin", "agent"),
        ("twin", "agent"),
        ("Single", "agent"),
        ("Single", "customer"),
    ] {
        let body = json!({"name": name, "role": role});
        app.admin().post("/users", body).await.expect(201);
    }
    app.admin()
        .post("/teams", json!({"name": "SUPPORT"}))
        .await
        .expect(201);
    for (query, says) in [
        (
            "status:open assignee:me,\"Nobody Here\"",
            "column 25: nobody is called so",
        ),
        (
            "assignee:ada@globex.example",
            "column 10: nobody is called so",
        ),
        ("assignee:Gra", "column 10: nobody is called so"),
        ("assignee:Carla", "column 10: nobody is called so"),
        ("requester:none", "column 11: nobody is called so"),
        ("team:me", "column 6: no team is called so"),
        ("team:Support", "column 6: several are called so"),
        ("assignee:TWIN", "column 10: several are called so"),
        ("requester:single", "column 11: several are called so"),
    ] {
        let detail = refused(app.agent(), query).await;
        assert!(detail.starts_with(says), "{query}: {detail}");
    }
    // Of those who work on tickets there is one of this name.
    assert!(found(app.agent(), "assignee:single").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_know_somebody_does_not_learn_their_name() {
    let app = TestApp::start().await;
    three_tickets(&app).await;
    for query in [
        "assignee:Grace",
        "requester:\"Carla\"",
        "requester:nobody",
        "team:Support",
    ] {
        for path in ["/tickets?query=", "/search?query=printer%20"] {
            let path = format!("{path}{}", encoded(query));
            app.customer().get(&path).await.expect(403);
        }
    }
    let private = json!({"name": "Vault", "private": true, "member_ids": [app.agent().id]});
    app.admin().post("/teams", private).await.expect(201);
    for person in [app.agent(), app.admin()] {
        assert!(found(person, "team:vault").await.is_empty());
    }
    for person in [app.colleague(), app.lead(), &app.globex.admin] {
        let detail = refused(person, "team:vault").await;
        assert_eq!(detail, refused(person, "team:nowhere").await);
    }
    let (_, person) = holder(&app, "agent", &["read_tickets", "work_on_tickets"]).await;
    let detail = refused(&person, "assignee:grace").await;
    assert!(detail.contains("nobody is called so"), "{detail}");
    let detail = refused(&person, "team:support").await;
    assert!(detail.contains("no team is called so"), "{detail}");
    let key = make_key(app.admin(), &["tickets:read"]).await;
    let detail = refused(&key.person, "assignee:grace").await;
    assert!(detail.contains("nobody is called so"), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_keeps_its_names_and_says_when_one_is_gone() {
    let app = TestApp::start().await;
    three_tickets(&app).await;
    let query = "status:new,open team:Support";
    let body = json!({"name": "Ours", "owner": "organization", "query": query});
    let view = app.admin().post("/views", body).await.expect(201).id();
    let counted = async || {
        let path = format!("/view-counts?view={view}");
        app.agent().get(&path).await.expect(200)["counts"][0].clone()
    };
    assert_eq!(counted().await["tickets"], 1);
    let path = format!("/teams/{}", app.acme.team_id);
    let renamed = app.admin().patch(&path, json!({"name": "First level"}));
    renamed.await.expect(200);
    let count = counted().await;
    assert_eq!(count.get("tickets"), None);
    let problem = count["problem"].as_str().unwrap();
    assert!(
        problem.contains("column 22: no team is called so"),
        "{problem}"
    );
    let listed = app.agent().get(&format!("/tickets?view={view}")).await;
    let detail = listed.expect(400)["detail"].to_string();
    assert!(detail.contains("view: its query: column 22"), "{detail}");
    let kept = app.agent().get(&format!("/views/{view}")).await.expect(200);
    assert_eq!(kept["query"], query);
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_found_by_what_their_custom_fields_hold() {
    let app = TestApp::start().await;
    let fields = json!({"settings": {"custom_fields": {
        "serial": {"label": "Serial number", "kind": "text"},
        "pages": {"label": "Pages printed", "kind": "number"},
        "leased": {"label": "Leased", "kind": "boolean"},
        "bought_on": {"label": "Bought on", "kind": "date"},
        "floor": {"label": "Floor", "kind": "choice", "options": ["ground floor", "first"]},
    }}});
    app.admin().patch("/organization", fields).await.expect(200);
    for (subject, held) in [
        (
            "A",
            json!({"serial": "12", "pages": 12, "leased": true, "floor": "first"}),
        ),
        (
            "B",
            json!({"serial": "x \"y\", z", "bought_on": "2024-02-29", "floor": "ground floor"}),
        ),
        ("C", json!({})),
    ] {
        let body =
            json!({"subject": subject, "requester_id": app.customer().id, "custom_fields": held});
        opened(app.agent(), body).await;
    }
    for (query, expected) in [
        ("field.serial:12", "A"),
        ("field.pages:12", "A"),
        ("field.pages:12.0", "A"),
        ("field.leased:true", "A"),
        ("field.leased:false", ""),
        ("field.bought_on:2024-02-29", "B"),
        ("field.floor:first,\"ground floor\"", "AB"),
        ("field.floor:First", ""),
        (r#"field.serial:"x \"y\", z""#, "B"),
        ("field.floor:none", "C"),
        ("field.floor:none,first", "AC"),
        ("-field.floor:first", "BC"),
        ("-field.floor:none,first", "B"),
        ("field.floor:first field.serial:13", ""),
        ("field.unknown:12", ""),
        ("-field.unknown:12 channel:api", "ABC"),
    ] {
        let expected: Vec<String> = expected.chars().map(String::from).collect();
        assert_eq!(found(app.agent(), query).await, expected, "{query}");
    }
    app.customer()
        .get("/tickets?query=field.floor:first")
        .await
        .expect(403);
    assert!(
        found(&app.globex.agent, "field.floor:first")
            .await
            .is_empty()
    );
    let report =
        "/reports/tickets?figure=opened&from=2026-03-01&to=2026-03-05&query=field.floor:first";
    assert_eq!(
        app.agent().get(report).await.expect(200)["total"]["count"],
        1
    );
    let past = format!("{report}&as_of=2026-03-02T09:00:00Z");
    app.agent().get(&past).await.expect(400);
}

/// The tickets that the list of waits names as breached.
async fn breached(person: &Person, conditions: &str) -> BTreeSet<Uuid> {
    let waits = listed(person, &format!("&outcome=breached{conditions}")).await;
    waits
        .iter()
        .map(|wait| uuid_of(&wait["ticket_id"]))
        .collect()
}

async fn tickets_of(person: &Person, query: &str) -> BTreeSet<Uuid> {
    let path = format!("/tickets?limit=100&query={}", encoded(query));
    let page = person.get(&path).await.expect(200);
    page.items()
        .iter()
        .map(|ticket| uuid_of(&ticket["id"]))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_promises_are_those_that_the_reports_count_as_breached() {
    let app = TestApp::start().await;
    promise_all(&app).await;
    let private = json!({"name": "Vault", "private": true, "member_ids": [app.agent().id]});
    let vault = app.admin().post("/teams", private).await.expect(201).id();
    live(&app, &mut StdRng::seed_from_u64(5), 110).await;
    let hidden = app.customer().opens("Hidden").await;
    let to = json!({"team_id": vault});
    let path = format!("/tickets/{hidden}/assign");
    app.agent().post(&path, to).await.expect(200);
    app.wait(TimeDelta::days(20));
    app.at_rest().await;
    let metrics = ["first_reply", "next_reply", "agent_work"];
    for person in [app.admin(), app.agent(), app.colleague()] {
        let all = tickets_of(person, "").await;
        let any = breached(person, "").await;
        assert_eq!(tickets_of(person, "missed:any").await, any);
        let rest: BTreeSet<_> = all.difference(&any).copied().collect();
        assert_eq!(tickets_of(person, "-missed:any").await, rest);
        for metric in metrics {
            let missed = breached(person, &format!("&metric={metric}")).await;
            assert!(!missed.is_empty(), "{metric}");
            assert_eq!(
                tickets_of(person, &format!("missed:{metric}")).await,
                missed
            );
        }
        let both = breached(person, "&metric=first_reply&metric=next_reply").await;
        assert_eq!(
            tickets_of(person, "missed:first_reply,next_reply").await,
            both
        );
        assert_eq!(
            tickets_of(person, "missed:resolution").await,
            BTreeSet::new()
        );
        assert_eq!(found(person, "missed:any").await.len(), any.len());
        let narrowed = report(person, "&query=missed:any").await;
        assert_eq!(
            narrowed["total"]["breached"],
            report(person, "").await["total"]["breached"]
        );
        assert_eq!(any.contains(&hidden), person.id != app.colleague().id);
    }
    app.customer()
        .get("/tickets?query=missed:any")
        .await
        .expect(403);
    assert!(tickets_of(&app.globex.admin, "missed:any").await.is_empty());
}
