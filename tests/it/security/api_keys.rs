//! S23, API keys: what is kept of them, what they reach, and when they end.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use credentials::api_key::ApiKey;
use hyper::Method;
use platform::http::serve::BASE_PATH;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::contract::openapi::refusals::{least_body, unknown};
use crate::contract::openapi::spec::Spec;
use crate::harness::access::{make_key, text};
use crate::harness::{Answer, DEADLINE, TestApp, eventually};

const SCOPES: &str = include_str!("scopes.txt");

/// What is written down that a key with each scope may call.
fn expected() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut expected: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut last: (&str, BTreeSet<&str>) = ("", BTreeSet::new());
    for line in SCOPES.lines() {
        let mut words = line.split_whitespace();
        let Some(scope) = words.next().filter(|word| *word != "#") else {
            continue;
        };
        let area = scope.split_once(':').unwrap().0;
        if last.0 != area {
            last = (area, BTreeSet::new());
        }
        last.1.extend(words);
        expected.insert(scope, last.1.clone());
    }
    expected
}

/// Every row of every table, but the hashes of keys.
async fn everything_stored(app: &TestApp) -> String {
    let client = app.database.superuser().await;
    let tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
                   WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    let mut stored = String::new();
    for table in client.query(tables, &[]).await.unwrap() {
        let table: &str = table.get(0);
        let rows = format!("SELECT row_to_json(r)::text FROM {table} r");
        for row in client.query(&rows, &[]).await.unwrap() {
            stored.push_str(row.get(0));
        }
    }
    stored
}

#[tokio::test(flavor = "multi_thread")]
async fn s23_a_key_is_shown_once_and_only_its_hash_is_kept() {
    let app = TestApp::start().await;
    let key = make_key(app.admin(), &["tickets:read"]).await;
    let secret = key.person.token().rsplit_once('_').unwrap().1.to_owned();
    key.person.get("/tickets").await.expect(200);
    let path = format!("/api_keys/{}", key.id);
    for path in ["/api_keys", &path, "/users?limit=100"] {
        // Its machine is shown once it is projected.
        let told = async || {
            let told = app.admin().get(path).await.expect(200).body.to_string();
            told.contains("Robot").then(|| told.clone()).ok_or(told)
        };
        let told = eventually(told, DEADLINE).await;
        assert!(!told.contains(&secret), "{path}: {told}");
    }
    told_in_audit(&app, "api_key.used").await;
    let stored = everything_stored(&app).await;
    assert!(
        stored.contains("tickets:read"),
        "the key's row was not seen"
    );
    assert!(!stored.contains(&secret));
    let kept = app.database.superuser().await;
    let kept = kept.query_one("SELECT k.hash FROM api_keys k", &[]).await;
    let hash: Vec<u8> = kept.unwrap().get(0);
    let right = ApiKey::parse(key.person.token()).unwrap().hash();
    assert_eq!(hash, right.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn s23_a_revoked_key_is_refused_at_once_and_soon_by_every_other_server() {
    let app = TestApp::start().await;
    let (_other, client) = app.second().await;
    let key = make_key(app.admin(), &["tickets:read"]).await;
    let there = key.person.at(&client);
    key.person.get("/tickets").await.expect(200);
    there.get("/tickets").await.expect(200);
    let path = format!("/api_keys/{}", key.id);
    app.admin().delete(&path).await.expect(204);
    key.person.get("/tickets").await.expect(401);
    let refused = async || match there.get("/tickets").await.status.as_u16() {
        401 => Ok(()),
        status => Err(status),
    };
    eventually(refused, DEADLINE).await;
    // Again changes nothing, and it is still there to be read.
    app.admin().delete(&path).await.expect(204);
    let kept = app.admin().get(&path).await.expect(200);
    assert!(kept["revoked_at"].is_string(), "{kept:?}");
    let revoked = told_in_audit(&app, "api_key.revoked").await;
    assert_eq!(revoked.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn s23_a_key_reaches_nothing_of_another_organization() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    let ours = make_key(app.admin(), &["tickets:write", "people:read"]).await;
    let theirs = make_key(
        &app.globex.admin,
        &["tickets:write", "people:read", "people:write"],
    )
    .await;
    let path = format!("/tickets/{ticket}");
    ours.person.get(&path).await.expect(200);
    theirs.person.get(&path).await.expect(404);
    theirs
        .person
        .patch(&path, json!({"subject": "Taken over"}))
        .await
        .expect(404);
    for user in [app.customer().id, ours.id] {
        let user = format!("/users/{user}");
        theirs.person.get(&user).await.expect(404);
        let change = theirs.person.patch(&user, json!({"name": "Taken over"}));
        change.await.expect(404);
    }
    let list = theirs.person.get("/tickets").await.expect(200);
    assert_eq!(list.items().len(), 0);
    let foreign = format!("/api_keys/{}", ours.id);
    app.globex.admin.get(&foreign).await.expect(404);
    app.globex.admin.delete(&foreign).await.expect(404);
    ours.person.get(&path).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn s23_a_key_calls_what_its_scope_gives_and_nothing_wider() {
    let app = TestApp::start().await;
    let (spec, mut wrong) = (Spec::committed(), Vec::new());
    let known: BTreeSet<&str> = spec.operations().map(|operation| operation.id()).collect();
    for (scope, allowed) in expected() {
        assert!(allowed.is_subset(&known), "{scope}: {allowed:?}");
        let key = make_key(app.admin(), &[scope]).await;
        for operation in spec.operations().filter(|operation| !operation.is_public()) {
            let parameters = unknown(&operation);
            let parameters: Vec<(&str, &str)> = parameters
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let method: Method = operation.method.to_uppercase().parse().unwrap();
            let mut request = key.person.request(method, &operation.address(&parameters));
            if operation.has_body() {
                request = request.json(&least_body(operation.id()));
            }
            let answer = request.await;
            let scopes = "the scopes of this API key do not cover this";
            let own_account = "an API key may not do this: sign in as a person";
            let own_name = "only an admin may set users; you may change your own name";
            let refusals = [scopes, own_account, own_name];
            let is_refused = refusals.iter().any(|refusal| answer["detail"] == *refusal);
            assert!(!is_refused || answer.status == 403, "{answer:?}");
            assert_ne!(answer.status, 401, "{answer:?}");
            if is_refused == allowed.contains(operation.id()) {
                wrong.push(format!("{scope} {}: {answer:?}", operation.id()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_scope_has_a_line_in_the_expectation() {
    let written: BTreeSet<&str> = expected().into_keys().collect();
    let known = platform::permission::SCOPES.iter().map(|scope| scope.name);
    assert_eq!(written, known.collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn s23_a_key_in_the_query_string_is_refused() {
    let app = TestApp::start().await;
    let key = make_key(app.admin(), &["tickets:read"]).await;
    let token = key.person.token();
    for parameter in ["api_key", "access_token", "token", "key", "authorization"] {
        let path = format!("{BASE_PATH}/tickets?{parameter}={token}");
        let refused = app.client.get(&path).await;
        assert!(matches!(refused.status.as_u16(), 400 | 401), "{refused:?}");
        assert!(!refused.body.to_string().contains(token), "{refused:?}");
    }
    for header in ["x-api-key", "cookie"] {
        let elsewhere = app.client.get("/api/v1/tickets").header(header, token);
        elsewhere.await.expect(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_key_is_refused_whatever_it_looks_like() {
    let app = TestApp::start().await;
    let key = make_key(app.admin(), &["tickets:read"]).await;
    let token = key.person.token();
    let of_the_same_row = ApiKey::generate(key.id).unwrap();
    let of_no_row = ApiKey::generate(Uuid::now_v7()).unwrap();
    for wrong in [
        "idk_",
        &token[..token.len() - 1],
        &format!("{token}0"),
        &token.to_uppercase(),
        of_the_same_row.as_str(),
        of_no_row.as_str(),
    ] {
        let refused = app.client.get("/api/v1/tickets").token(wrong).await;
        let refused = refused.expect(401);
        assert!(refused.header("www-authenticate").is_some());
        assert_eq!(refused["type"], "urn:insightdesk:problem:unauthorized");
    }
    key.person.get("/tickets").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ends_when_its_time_is_over() {
    let app = TestApp::start().await;
    let late = app.now() + TimeDelta::days(10);
    let body = json!({"name": "Robot", "scopes": ["tickets:read"], "expires_at": late});
    let made = app.admin().post("/api_keys", body).await.expect(201);
    let key = app.admin().with_token(text(&made["key"]));
    app.wait(TimeDelta::days(10) - TimeDelta::seconds(1));
    key.get("/tickets").await.expect(200);
    app.wait(TimeDelta::seconds(1));
    key.get("/tickets").await.expect(401);
    for wrong in [app.now(), app.now() + TimeDelta::days(367)] {
        let body = json!({"name": "Robot", "scopes": ["tickets:read"], "expires_at": wrong});
        let refused = app.admin().post("/api_keys", body).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/expires_at");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_there_is_not_is_named() {
    let app = TestApp::start().await;
    for wrong in [
        "tickets",
        "tickets:all",
        "*",
        "api_keys:admin",
        "Tickets:read",
    ] {
        let body = json!({"name": "Robot", "scopes": ["tickets:read", wrong]});
        let refused = app.admin().post("/api_keys", body).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/scopes/1", "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_key_does_what_it_says_now_at_once_and_soon_on_every_other_server() {
    let app = TestApp::start().await;
    let (_other, client) = app.second().await;
    let key = make_key(app.admin(), &["tickets:read", "teams:read"]).await;
    let there = key.person.at(&client);
    for person in [&key.person, &there] {
        person.get("/teams").await.expect(200);
    }
    let path = format!("/api_keys/{}", key.id);
    let change = json!({"name": "Reader", "scopes": ["tickets:read", "companies:read"]});
    let changed = app.admin().patch(&path, change).await.expect(200);
    assert_eq!(changed["name"], "Reader");
    assert_eq!(changed["scopes"], json!(["companies:read", "tickets:read"]));
    key.person.get("/teams").await.expect(403);
    key.person.get("/companies").await.expect(200);
    let narrowed = async || match there.get("/teams").await.status.as_u16() {
        403 => Ok(()),
        status => Err(status),
    };
    eventually(narrowed, DEADLINE).await;
    let kept = app.admin().get(&path).await.expect(200);
    assert_eq!(kept["name"], "Reader");
    let renamed = async || {
        let user = app.admin().get(&format!("/users/{}", key.id)).await;
        match user["name"].as_str() {
            Some("Reader") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    };
    eventually(renamed, DEADLINE).await;
    let [told] = told_in_audit(&app, "api_key.changed")
        .await
        .try_into()
        .unwrap();
    let changes = told["changes"].to_string();
    assert!(
        changes.contains("Reader") && changes.contains("teams:read"),
        "{told}"
    );
    assert!(!changes.contains("expires_at"), "{told}");
    // What is so already is no change.
    let same = json!({"name": "Reader", "scopes": ["companies:read", "tickets:read"]});
    app.admin().patch(&path, same).await.expect(200);
    app.admin().patch(&path, json!({})).await.expect(200);
    let end = app.now() + TimeDelta::days(1);
    let change = json!({"expires_at": end});
    app.admin().patch(&path, change).await.expect(200);
    let all_told = async || match told_in_audit(&app, "api_key.changed").await.len() {
        2 => Ok(()),
        other => Err(other),
    };
    eventually(all_told, DEADLINE).await;
    app.wait(TimeDelta::days(1));
    key.person.get("/tickets").await.expect(401);
    let late = app.admin().patch(&path, json!({"name": "Robot"})).await;
    late.expect(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_changed_by_the_rules_of_its_making() {
    let app = TestApp::start().await;
    let key = make_key(app.admin(), &["tickets:read"]).await;
    let path = format!("/api_keys/{}", key.id);
    let ends = [app.now(), app.now() + TimeDelta::days(367)];
    for end in ends {
        let change = json!({"expires_at": end});
        let refused = app.admin().patch(&path, change).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/expires_at");
    }
    let unknown = json!({"scopes": ["tickets:read", "everything"]});
    let refused = app.admin().patch(&path, unknown).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/scopes/1");
    for malformed in [
        json!({"scopes": []}),
        json!({"name": ""}),
        json!({"key": "x"}),
    ] {
        app.admin().patch(&path, malformed).await.expect(400);
    }
    app.globex
        .admin
        .patch(&path, json!({"name": "Taken over"}))
        .await
        .expect(404);
    app.admin().delete(&path).await.expect(204);
    let revoked = app.admin().patch(&path, json!({"name": "Back"})).await;
    revoked.expect(409);
    key.person.get("/tickets").await.expect(401);
}

/// Keys of people have no way to more: neither by making somebody who may more, nor by taking over the login of one.
#[tokio::test(flavor = "multi_thread")]
async fn s23_a_key_gives_nobody_what_it_does_not_have() {
    let app = TestApp::start().await;
    let key = make_key(app.admin(), &["people:admin"]).await;
    for role in ["agent", "lead", "admin"] {
        let body = json!({"name": "Mallory", "role": role});
        key.person.post("/users", body).await.expect(403);
        let body = json!({"email": "mallory@evil.example", "role": role});
        key.person.post("/invitations", body).await.expect(403);
        let path = format!("/users/{}", app.customer().id);
        let raise = key.person.patch(&path, json!({"role": role}));
        raise.await.expect(403);
    }
    for person in [app.admin(), app.lead(), app.agent()] {
        let path = format!("/users/{}", person.id);
        for change in [
            json!({"email": "mallory@evil.example"}),
            json!({"role": "customer"}),
            json!({"active": false}),
            json!({"name": "Mallory"}),
        ] {
            key.person.patch(&path, change).await.expect(403);
        }
        let erase = key
            .person
            .post(&format!("{path}/erase"), json!({"reason": "None"}));
        erase.await.expect(403);
    }
    let body = json!({"name": "Nora", "role": "customer"});
    let nora = key.person.post("/users", body).await.expect(201);
    let path = format!("/users/{}", nora.id());
    let renamed = key.person.patch(&path, json!({"name": "Nora N."})).await;
    assert_eq!(renamed.expect(200)["name"], "Nora N.");
    // Without the scope to set people, the role that other scopes lead to is no way to set them either.
    let other = make_key(app.admin(), &["people:read", "organization:write"]).await;
    let change = other.person.patch(&path, json!({"name": "Mallory"}));
    change.await.expect(403);
}

/// The entries of a type in the audit of acme, once there are some.
pub(super) async fn told_in_audit(app: &TestApp, event_type: &str) -> Vec<Value> {
    let ask = async || {
        let path = format!("/audit?type={event_type}&limit=100");
        let told: Answer = app.admin().get(&path).await.expect(200);
        match told.items() {
            [] => Err("not told yet"),
            items => Ok(items.to_vec()),
        }
    };
    eventually(ask, DEADLINE).await
}
