//! Roles of the organization's own: what they give, what nobody can give, and how soon a change takes hold.

use chrono::TimeDelta;
use hyper::Method;
use serde_json::{Value, json};

use crate::contract::openapi::refusals::{least_body, unknown};
use crate::contract::openapi::spec::Spec;
use crate::harness::access::{give_role, holder, make_key, make_role};
use crate::harness::{DEADLINE, TestApp, eventually};

const TICKETS: [&str; 2] = ["read_tickets", "work_on_tickets"];

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_role_may_do_what_it_says_and_nothing_else_of_its_base() {
    let app = TestApp::start().await;
    let (_, person) = holder(&app, "admin", &["read_audit", "read_teams", "manage_teams"]).await;
    let allowed = [
        "list_audit",
        "list_teams",
        "get_team",
        "diff_team",
        "list_team_history",
        "create_team",
        "update_team",
        "get_user",
        "diff_user",
        "update_user",
        "get_organization",
    ];
    let (spec, mut wrong) = (Spec::committed(), Vec::new());
    let operations = spec.operations();
    for operation in
        operations.filter(|operation| !operation.is_public() && !is_own(operation.id()))
    {
        let parameters = unknown(&operation);
        let parameters: Vec<(&str, &str)> = parameters
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let method: Method = operation.method.to_uppercase().parse().unwrap();
        let mut request = person.request(method, &operation.address(&parameters));
        if operation.has_body() {
            request = request.json(&least_body(operation.id()));
        }
        let answer = request.await;
        assert_ne!(answer.status, 401, "{answer:?}");
        let is_refused = answer["detail"] == "your role in this organization may not do this";
        if is_refused == allowed.contains(&operation.id()) {
            wrong.push(format!("{}: {answer:?}", operation.id()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What everybody may do with their own account. Some of it would end the session.
fn is_own(operation: &str) -> bool {
    let own = [
        "sign_out",
        "propose_second_factor",
        "confirm_second_factor",
        "renew_recovery_codes",
        "remove_second_factor",
        "change_password",
        "list_sessions",
        "end_session",
    ];
    own.contains(&operation)
}

/// The base is an admin for the rules that know roles only; they do not give what the role leaves out.
#[tokio::test(flavor = "multi_thread")]
async fn the_base_of_a_role_is_no_way_to_what_it_leaves_out() {
    let app = TestApp::start().await;
    let role = ["open_tickets", "reply_to_tickets", TICKETS[0], TICKETS[1]];
    let (_, person) = holder(&app, "admin", &role).await;
    let customer = app.customer().id;
    let path = format!("/users/{customer}");
    for change in [
        json!({"name": "Mallory"}),
        json!({"role": "admin"}),
        json!({"active": false}),
    ] {
        person.patch(&path, change).await.expect(403);
    }
    for extra in [
        json!({"tags": ["vip"]}),
        json!({"custom_fields": {"floor": "3"}}),
        json!({"agent_id": app.agent().id}),
        json!({"team_id": app.acme.team_id}),
    ] {
        let mut body = json!({"subject": "Printer", "requester_id": customer});
        body.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        person.post("/tickets", body).await.expect(403);
    }
    let plain = json!({"subject": "Printer", "requester_id": customer});
    let ticket = person.post("/tickets", plain).await.expect(201).id();
    person.notes(ticket, "Psst").await.expect(403);
    person.replies(ticket, "Which one?").await.expect(201);
    let own = format!("/users/{}", person.id);
    person
        .patch(&own, json!({"name": "Alan T."}))
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_role_takes_hold_on_tokens_that_were_given_out_on_every_server() {
    let app = TestApp::start().await;
    let (_other, client) = app.second().await;
    let (role, person) = holder(&app, "lead", &["read_audit"]).await;
    let there = person.at(&client);
    for here in [&person, &there] {
        here.get("/audit").await.expect(200);
        here.get("/teams").await.expect(403);
    }
    let path = format!("/roles/{role}");
    let change = json!({"permissions": ["read_teams"]});
    app.admin().patch(&path, change).await.expect(200);
    for here in [&person, &there] {
        let changed = async || {
            let audit = here.get("/audit").await.status.as_u16();
            let teams = here.get("/teams").await.status.as_u16();
            if (audit, teams) == (403, 200) {
                Ok(())
            } else {
                Err((audit, teams))
            }
        };
        eventually(changed, DEADLINE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_taken_ends_the_session_and_one_in_use_is_not_deleted() {
    let app = TestApp::start().await;
    let (role, person) = holder(&app, "lead", &["read_audit"]).await;
    person.get("/audit").await.expect(200);
    let path = format!("/roles/{role}");
    app.admin().delete(&path).await.expect(409);
    let shown = app.admin().get(&path).await.expect(200);
    assert_eq!(shown["holders"], 1);
    let user = format!("/users/{}", app.colleague().id);
    let shown = app.admin().get(&user).await.expect(200);
    assert_eq!(
        (&shown["role"], &shown["role_id"]),
        (&json!("lead"), &json!(role))
    );
    app.admin()
        .patch(&user, json!({"role": "lead"}))
        .await
        .expect(200);
    let out = async || match person.get("/audit").await.status.as_u16() {
        401 => Ok(()),
        status => Err(status),
    };
    eventually(out, DEADLINE).await;
    app.admin().delete(&path).await.expect(204);
    app.admin().get(&path).await.expect(404);
    let gone = app.admin().patch(&user, json!({"role_id": role}));
    assert_eq!(gone.await.expect(422)["errors"][0]["pointer"], "/role_id");
    let both = app
        .admin()
        .patch(&user, json!({"role": "agent", "role_id": role}));
    both.await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_a_permission_that_they_do_not_have() {
    let app = TestApp::start().await;
    let may = [
        "manage_roles",
        "manage_users",
        "manage_api_keys",
        "read_users",
        "read_audit",
    ];
    let (own, person) = holder(&app, "admin", &may).await;
    let role = |name: &str, permissions: &[&str]| json!({"name": name, "base": "admin", "permissions": permissions});
    person
        .post("/roles", role("Erasers", &["erase_users"]))
        .await
        .expect(403);
    let less = person
        .post("/roles", role("Readers", &["read_audit"]))
        .await;
    let less = less.expect(201).id();
    let own = format!("/roles/{own}");
    person
        .patch(&own, json!({"permissions": ["erase_users"]}))
        .await
        .expect(403);
    let more = app
        .admin()
        .post("/roles", role("More", &["erase_users"]))
        .await;
    let more = more.expect(201).id();
    person
        .patch(&format!("/roles/{more}"), json!({"name": "Less"}))
        .await
        .expect(403);
    person.delete(&format!("/roles/{more}")).await.expect(403);
    let agent = format!("/users/{}", app.agent().id);
    let customer = format!("/users/{}", app.customer().id);
    for wrong in [
        json!({"role_id": more}),
        json!({"role": "agent"}),
        json!({"role": "admin"}),
    ] {
        person.patch(&customer, wrong).await.expect(403);
    }
    // Grace may do more than they may, so she is not theirs to change.
    person
        .patch(&agent, json!({"role_id": less}))
        .await
        .expect(403);
    let key = json!({"name": "Robot", "scopes": ["tickets:read"]});
    person.post("/api_keys", key).await.expect(403);
    let key = json!({"name": "Robot", "scopes": ["audit:read"]});
    person.post("/api_keys", key).await.expect(201);
    person
        .patch(&customer, json!({"role_id": less}))
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_has_nothing_that_its_base_does_not_have() {
    let app = TestApp::start().await;
    for (base, permissions) in [
        ("agent", vec!["manage_teams"]),
        ("lead", vec!["manage_users"]),
        ("lead", vec!["read_tickets"]),
        ("agent", vec!["tag_tickets", "read_tickets"]),
    ] {
        let body = json!({"name": "Wrong", "base": base, "permissions": permissions});
        let refused = app.admin().post("/roles", body).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/permissions");
    }
    let customer = json!({"name": "Friends", "base": "customer", "permissions": []});
    app.admin().post("/roles", customer).await.expect(422);
    let unknown = json!({"name": "All", "base": "admin", "permissions": ["everything"]});
    let refused = app.admin().post("/roles", unknown).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/permissions/0");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_tells_of_roles() {
    let app = TestApp::start().await;
    let role = make_role(app.admin(), "lead", &["read_audit"]).await;
    give_role(&app, app.colleague(), role).await;
    let told = async || {
        let audit = app.admin().get("/audit?limit=100").await.expect(200);
        let types: Vec<Value> = audit
            .items()
            .iter()
            .map(|entry| entry["type"].clone())
            .collect();
        let has = |wanted: &str| types.iter().any(|told| told == wanted);
        if has("organization.role_created") && has("user.role_changed") {
            Ok(types)
        } else {
            Err(types)
        }
    };
    let types = eventually(told, DEADLINE).await;
    assert!(!types.contains(&json!("organization.role_given")));
}

#[tokio::test(flavor = "multi_thread")]
async fn s23_nobody_changes_a_key_to_more_than_they_may_do() {
    let app = TestApp::start().await;
    let permissions = ["manage_api_keys", "read_teams", "read_companies"];
    let (_, keeper) = holder(&app, "admin", &permissions).await;
    let small = make_key(&keeper, &["teams:read"]).await;
    let path = format!("/api_keys/{}", small.id);
    let sideways = json!({"scopes": ["companies:read"]});
    keeper.patch(&path, sideways).await.expect(200);
    for wider in [["tickets:read"], ["teams:write"], ["people:admin"]] {
        keeper
            .patch(&path, json!({"scopes": wider}))
            .await
            .expect(403);
    }
    small.person.get("/companies").await.expect(200);
    small.person.get("/tickets").await.expect(403);
    // Nor does it live longer by their hand when it may do more than they may.
    let large = make_key(app.admin(), &["people:admin"]).await;
    let path = format!("/api_keys/{}", large.id);
    let later = app.now() + TimeDelta::days(300);
    for change in [json!({"expires_at": later}), json!({"name": "Mine"})] {
        keeper.patch(&path, change).await.expect(403);
    }
    keeper
        .patch(&path, json!({"scopes": ["teams:read"]}))
        .await
        .expect(200);
    // A key changes none, not even itself.
    for path in [path, format!("/api_keys/{}", small.id)] {
        let change = json!({"scopes": ["teams:read"]});
        large.person.patch(&path, change).await.expect(403);
    }
}
