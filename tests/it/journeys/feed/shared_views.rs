//! Changes of saved views in the feed: told to those who may see the view.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{has, pages};
use crate::harness::{EventStream, Person, TestApp};

async fn told_of_views(person: &Person) -> Vec<Value> {
    pages(person, "types=view.*&limit=2", None).await.0
}

async fn keeps(person: &Person, name: &str, owner: Value) -> Uuid {
    let mut body = json!({"name": name, "query": "status:open"});
    body.as_object_mut()
        .unwrap()
        .extend(owner.as_object().unwrap().clone());
    person.post("/views", body).await.expect(201).id()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_see_a_view_is_told_of_it() {
    let app = TestApp::start().await;
    let members = [app.agent().id];
    let team = json!({"name": "Vault", "private": true, "member_ids": members});
    let team = app.admin().post("/teams", team).await.expect(201).id();
    let of_team = json!({"owner": "team", "team_id": app.acme.team_id});
    let of_vault = json!({"owner": "team", "team_id": team});
    keeps(app.admin(), "ALL", json!({"owner": "organization"})).await;
    keeps(app.lead(), "TEAM", of_team).await;
    keeps(app.admin(), "VAULT", of_vault).await;
    keeps(app.colleague(), "OWN", json!({"owner": "me"})).await;
    for (person, seen) in [
        (app.agent(), ["ALL", "TEAM", "VAULT"].as_slice()),
        (app.colleague(), &["ALL", "TEAM", "OWN"]),
        (app.lead(), &["ALL", "TEAM"]),
        (app.admin(), &["ALL", "TEAM", "VAULT"]),
        (app.customer(), &[]),
        (&app.globex.admin, &[]),
    ] {
        let told = told_of_views(person).await;
        let names: Vec<&str> = told
            .iter()
            .map(|event| event["data"]["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, seen, "{}", person.name);
        assert!(seen.contains(&"VAULT") || !has(&told, &team.to_string()));
        assert!(!has(&told, "view_shelf"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_view_is_told_of_as_it_changes_and_goes() {
    let app = TestApp::start().await;
    let request = app.agent().get("/events?after=latest&types=view.*");
    let mut stream = EventStream::open(request).await.ok().unwrap();
    let own = keeps(app.agent(), "OWN", json!({"owner": "me"})).await;
    let view = keeps(app.admin(), "ALL", json!({"owner": "organization"})).await;
    let path = format!("/views/{view}");
    let change = json!({"name": "EVERYTHING", "query": "priority:urgent"});
    app.admin().patch(&path, change).await.expect(200);
    app.admin().delete(&path).await.expect(200);
    app.agent()
        .delete(&format!("/views/{own}"))
        .await
        .expect(200);
    for (id, event, name) in [
        (own, "view.created", "OWN"),
        (view, "view.created", "ALL"),
        (view, "view.changed", "EVERYTHING"),
        (view, "view.deleted", "EVERYTHING"),
        (own, "view.deleted", "OWN"),
    ] {
        let told = stream.next_event().await.unwrap();
        assert_eq!(told.event.as_deref(), Some(event));
        let told = told.json();
        assert_eq!(told["object"]["id"], json!(id));
        assert_eq!(told["data"]["name"], name);
    }
    // What was somebody's own is theirs alone, also once it is gone.
    assert!(!has(&told_of_views(app.admin()).await, "OWN"));
}
