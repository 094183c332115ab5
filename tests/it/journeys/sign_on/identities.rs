//! Who is who: whom an identity stands for, and for how long.

use hyper::Method;
use serde_json::{Value, json};

use super::{World, oidc, set_up};
use crate::harness::access::{
    PASSWORD, code_of, give_password, post, post_as, sign_in, status_of, text,
};
use crate::harness::{DEADLINE, eventually};

fn person(answer: &crate::harness::Answer) -> &Value {
    &answer["tokens"]["identity"]["user_id"]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_verified_opens_nothing() {
    let world = World::start().await;
    let says = |verified: Value| json!({"sub": "nord-1", "email": "grace@acme.example", "email_verified": verified});
    for verified in [json!(false), Value::Null] {
        let mut claims = says(verified.clone());
        if verified.is_null() {
            claims.as_object_mut().unwrap().remove("email_verified");
        }
        world.provider.serves(claims);
        world.sign_on().await.expect(401);
    }
    world.provider.serves(json!({"sub": "nord-1"}));
    world.sign_on().await.expect(401);
    world.provider.serves(says(json!(true)));
    world.sign_on().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn entra_vouches_by_its_own_claim_or_by_a_domain_that_is_trusted() {
    let world = World::start().await;
    let says = |subject: &str, email: &str, edov: Value| json!({"sub": subject, "email": email, "xms_edov": edov});
    world
        .provider
        .serves(says("nord-1", "grace@acme.example", json!(false)));
    world.sign_on().await.expect(401);
    world
        .provider
        .serves(says("nord-1", "grace@acme.example", json!(true)));
    world.sign_on().await.expect(200);
    let silent = json!({"sub": "nord-2", "email": "alan@acme.example"});
    world.provider.serves(silent.clone());
    world.sign_on().await.expect(401);
    world
        .changes(json!({"trusted_domains": ["acme.example"]}))
        .await;
    world.sign_on().await.expect(200);
    // Its plain no weighs more than the trust.
    let mut denied = silent;
    denied["sub"] = json!("nord-3");
    denied["email"] = json!("lea@acme.example");
    denied["email_verified"] = json!(false);
    world.provider.serves(denied);
    world.sign_on().await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_another_domain_opens_nothing() {
    let world = World::start().await;
    world
        .changes(json!({"allowed_domains": ["nordlicht.example"], "newcomers": "customer"}))
        .await;
    for email in [
        "grace@acme.example",
        "new@other.example",
        "new@nordlicht.example.evil.example",
    ] {
        world.provider.serves_verified("nord-1", email);
        world.sign_on().await.expect(401);
    }
    world
        .provider
        .serves_verified("nord-1", "new@nordlicht.example");
    world.sign_on().await.expect(200);
    // A list that became narrower holds for those who came before, too.
    world
        .changes(json!({"allowed_domains": ["acme.example"]}))
        .await;
    world.sign_on().await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_survives_a_changed_address_and_gives_away_nobody_else() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    let first = world.sign_on().await.expect(200);
    // The identity gets the address of an admin at the provider, or one that is not verified.
    world.provider.serves_verified("nord-1", "ada@acme.example");
    let second = world.sign_on().await.expect(200);
    assert_eq!(person(&first), person(&second));
    world.provider.serves(json!({"sub": "nord-1"}));
    assert_eq!(person(&world.sign_on().await.expect(200)), person(&first));
    // Whoever inherits her former address there is not her.
    world
        .provider
        .serves_verified("nord-2", "grace@acme.example");
    world.sign_on().await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_are_two_people() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    let grace = world.sign_on().await.expect(200);
    world
        .provider
        .serves_verified("nord-2", "carla@acme.example");
    let carla = world.sign_on().await.expect(200);
    assert_eq!(person(&grace), world.app.agent().id.to_string().as_str());
    assert_eq!(person(&carla), world.app.customer().id.to_string().as_str());
    assert_eq!(carla["tokens"]["identity"]["role"], "customer");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_come_in_as_customers_where_the_organization_says_so() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-9", "nora@elsewhere.example");
    world.sign_on().await.expect(401);
    world.changes(json!({"newcomers": "customer"})).await;
    let nora = world.sign_on().await.expect(200);
    assert_eq!(nora["tokens"]["identity"]["role"], "customer");
    assert_eq!(nora["tokens"]["identity"]["user_name"], "Nora Nord");
    let again = world.sign_on().await.expect(200);
    assert_eq!(person(&nora), person(&again));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_windows_of_a_stranger_make_one_customer() {
    let world = World::start().await;
    world.changes(json!({"newcomers": "customer"})).await;
    world
        .provider
        .serves_verified("nord-9", "nora@elsewhere.example");
    let (one, other) = (world.begin().await, world.begin().await);
    let (one, other) = tokio::join!(world.finish(&one), world.finish(&other));
    assert_eq!(person(&one.expect(200)), person(&other.expect(200)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_act_is_refused() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    let tokens = world.sign_on().await.expect(200)["tokens"].clone();
    let path = format!("/users/{}", world.app.agent().id);
    let change = world.app.admin().request(Method::PATCH, &path);
    change.json(&json!({"active": false})).await.expect(200);
    world.sign_on().await.expect(401);
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    post(&world.app.client, "/auth/refresh", refresh)
        .await
        .expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_given_by_an_admin_is_another_person() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    let tokens = world.sign_on().await.expect(200)["tokens"].clone();
    let path = format!("/users/{}", world.app.agent().id);
    let change = world.app.admin().request(Method::PATCH, &path);
    change
        .json(&json!({"email": "hopper@acme.example"}))
        .await
        .expect(200);
    // Who had the former address is neither let in nor stays.
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    post(&world.app.client, "/auth/refresh", refresh)
        .await
        .expect(401);
    world.sign_on().await.expect(401);
    world
        .provider
        .serves_verified("nord-2", "hopper@acme.example");
    let heir = world.sign_on().await.expect(200);
    assert_eq!(person(&heir), world.app.agent().id.to_string().as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identities_of_an_erased_person_are_gone() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "carla@acme.example");
    world.sign_on().await.expect(200);
    let path = format!("/users/{}/erase", world.app.customer().id);
    let erase = world.app.admin().request(Method::POST, &path);
    erase
        .json(&json!({"reason": "Asked for it"}))
        .await
        .expect(200);
    let database = world.app.database.superuser().await;
    let gone = || async {
        let row = database
            .query_one("SELECT count(*) FROM sign_on_identities", &[])
            .await;
        let left: i64 = row.unwrap().get(0);
        if left == 0 {
            Ok(())
        } else {
            Err(format!("{left} are left"))
        }
    };
    eventually(gone, DEADLINE).await;
    world.sign_on().await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_asked_for_unless_the_provider_is_trusted_with_it() {
    let world = World::start().await;
    let app = &world.app;
    let email = give_password(app, &app.acme, app.agent()).await;
    let tokens = sign_in(&app.client, &email, PASSWORD).await.expect(200)["tokens"].clone();
    let token = &tokens["access_token"];
    let proposed = post_as(&app.client, token, "/auth/second_factor", Value::Null).await;
    let secret = text(&proposed.expect(200)["secret"]).to_owned();
    let code = json!({"code": code_of(&secret, app.now())});
    let confirm = "/auth/second_factor/confirm";
    post_as(&app.client, token, confirm, code).await.expect(200);

    world.provider.serves_verified("nord-1", &email);
    let half = world.sign_on().await.expect(200);
    assert_eq!(half["status"], "second_factor_required");
    assert!(half["tokens"].is_null());
    app.wait(chrono::TimeDelta::seconds(30));
    let body = json!({"ticket": half["ticket"], "code": "000000"});
    post(&app.client, "/auth/login/second_factor", body)
        .await
        .expect(401);
    let body = json!({"ticket": half["ticket"], "code": code_of(&secret, app.now())});
    let whole = post(&app.client, "/auth/login/second_factor", body)
        .await
        .expect(200);
    assert_eq!(person(&whole), app.agent().id.to_string().as_str());

    world.changes(json!({"second_factor": "trusted"})).await;
    let whole = world.sign_on().await.expect(200);
    assert_eq!(whole["status"], "signed_in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_opens_its_organization_alone_and_no_account() {
    let world = World::start().await;
    let app = &world.app;
    // Ada of globex has the address and the login; acme knows her as Grace and runs the provider.
    let email = "grace@acme.example";
    crate::harness::access::give_login(app, &app.acme, app.agent(), email).await;
    let path = format!("/users/{}", app.globex.agent.id);
    let change = app.globex.admin.request(Method::PATCH, &path);
    change.json(&json!({"email": email})).await.expect(200);
    crate::harness::access::give_login(app, &app.globex, &app.globex.agent, email).await;
    world.provider.serves_verified("nord-1", email);
    let answer = world.sign_on().await.expect(200);
    assert_eq!(answer["tokens"]["identity"]["organization_slug"], "acme");
    let token = &answer["tokens"]["access_token"];
    // What the account needs to get in elsewhere cannot be changed from here: a second factor is for coming from there alone.
    let proposed = post_as(&app.client, token, "/auth/second_factor", Value::Null).await;
    let secret = text(&proposed.expect(200)["secret"]).to_owned();
    let code = json!({"code": code_of(&secret, app.now())});
    let confirmed = post_as(&app.client, token, "/auth/second_factor/confirm", code).await;
    confirmed.expect(200);
    let elsewhere = json!({"email": email, "password": PASSWORD, "organization": "globex"});
    let elsewhere = post(&app.client, "/auth/login", elsewhere)
        .await
        .expect(200);
    assert_eq!(elsewhere["status"], "signed_in");
    let change =
        json!({"current_password": PASSWORD, "new_password": "a bicycle made of old violins"});
    post_as(&app.client, token, "/auth/password/change", change)
        .await
        .expect(403);
    world.start_at("globex", &world.id).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unlinked_person_loses_the_sessions_that_began_there_and_may_come_again() {
    let world = World::start().await;
    let app = &world.app;
    let email = give_password(app, &app.acme, app.agent()).await;
    let by_password = sign_in(&app.client, &email, PASSWORD).await.expect(200);
    world.provider.serves_verified("nord-1", &email);
    let by_provider = world.sign_on().await.expect(200);
    let path = format!("/users/{}/sign_on", app.agent().id);
    app.agent().request(Method::DELETE, &path).await.expect(403);
    app.globex
        .admin
        .request(Method::DELETE, &path)
        .await
        .expect(404);
    app.admin().request(Method::DELETE, &path).await.expect(204);
    let token = |answer: &crate::harness::Answer| answer["tokens"]["access_token"].clone();
    assert_eq!(status_of(&app.client, &token(&by_provider)).await, 401);
    assert_eq!(status_of(&app.client, &token(&by_password)).await, 200);
    // The same address under another identity: this is how a person moves.
    world.provider.serves_verified("nord-2", &email);
    world.sign_on().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_tells_who_signed_on_and_who_was_not_let_in() {
    let world = World::start().await;
    let other = set_up(world.app.admin(), &oidc(&world.provider)).await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    world.sign_on().await.expect(200);
    world
        .provider
        .serves_verified("nord-2", "grace@acme.example");
    world.sign_on().await.expect(401);
    world.changes(json!({"newcomers": "customer"})).await;
    let path = format!("/sign_on/providers/{other}");
    world
        .app
        .admin()
        .request(Method::DELETE, &path)
        .await
        .expect(204);
    let expected = [
        "session.started",
        "sign_in.failed",
        "sign_on.linked",
        "sign_on_provider.changed",
        "sign_on_provider.created",
        "sign_on_provider.removed",
    ];
    let told = || async {
        let audit = world.app.admin().get("/audit?limit=100").await.expect(200);
        let has = |kind: &str| audit.items().iter().any(|item| item["type"] == kind);
        match expected.iter().find(|kind| !has(kind)) {
            None => Ok(audit),
            Some(missing) => Err(format!("{missing} is missing: {}", audit.body)),
        }
    };
    let audit = eventually(told, DEADLINE).await;
    assert!(!audit.body.to_string().contains("canary"));
    let theirs = world
        .app
        .globex
        .admin
        .get("/audit?limit=100")
        .await
        .expect(200);
    assert!(!theirs.body.to_string().contains("sign_on"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_says_who_somebody_is_at_a_provider() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    world.sign_on().await.expect(200);
    let path = format!("/users/{}/export", world.app.agent().id);
    let held = world.app.admin().get(&path).await.expect(200);
    let access = &held["access"];
    assert_eq!(access["identities"][0]["subject"], "nord-1");
    assert_eq!(access["identities"][0]["email"], "grace@acme.example");
    assert_eq!(access["sessions"][0]["provider_id"], json!(world.id));
    assert_eq!(access["devices_seen_at"].as_array().unwrap().len(), 1);
}
