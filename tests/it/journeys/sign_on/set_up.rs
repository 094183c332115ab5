//! Setting providers up.

use hyper::Method;
use platform::config::{Config, Secret};
use sealing::MasterKeys;
use serde_json::{Value, json};
use write_side::identity::reseal_client_secrets;

use super::{World, oidc, set_up};
use crate::harness::access::status_of;
use crate::harness::provider::{CLIENT_SECRET, Provider};
use crate::harness::{MASTER_KEY, serve};

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sets_a_provider_up_and_never_sees_its_secret_again() {
    let world = World::start().await;
    let path = format!("/sign_on/providers/{}", world.id);
    let admin = world.app.admin();
    let read = admin.get(&path).await.expect(200);
    assert_eq!(read["issuer"], world.provider.origin.as_str());
    assert_eq!(read["newcomers"], "refused");
    assert_eq!(read["second_factor"], "asked");
    let change = json!({"name": "Another", "client_secret": "canary-second-secret-77ab"});
    let changed = admin
        .request(Method::PATCH, &path)
        .json(&change)
        .await
        .expect(200);
    assert_eq!(changed["name"], "Another");
    let listed = admin.get("/sign_on/providers").await.expect(200);
    assert_eq!(listed.items().len(), 1);
    for answer in [read, changed, listed] {
        assert!(
            !answer.body.to_string().contains("canary"),
            "{}",
            answer.body
        );
    }
    // The former secret is not good any more: the provider knows it alone.
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    world.sign_on().await.expect(401);
    let change = json!({"client_secret": CLIENT_SECRET});
    admin
        .request(Method::PATCH, &path)
        .json(&change)
        .await
        .expect(200);
    world.sign_on().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_of_another_organization_is_not_there() {
    let world = World::start().await;
    let path = format!("/sign_on/providers/{}", world.id);
    let theirs = &world.app.globex.admin;
    theirs.get(&path).await.expect(404);
    let change = theirs.request(Method::PATCH, &path);
    change.json(&json!({"name": "Mine"})).await.expect(404);
    theirs.request(Method::DELETE, &path).await.expect(404);
    let listed = theirs.get("/sign_on/providers").await.expect(200);
    assert!(listed.items().is_empty());
    world.start_at("globex", &world.id).await.expect(404);
    world.start_at("nobody", &world.id).await.expect(404);
    let read = world.app.admin().get(&path).await.expect(200);
    assert_eq!(read["name"], "Nordlicht");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_choose_from_the_providers_of_their_organization() {
    let world = World::start().await;
    let choices = async |organization: &str| {
        let path = format!("/api/v1/auth/sign_on/providers?organization={organization}");
        world.app.client.get(&path).await.expect(200)
    };
    let acme = choices("acme").await;
    let expected = json!([{"id": world.id, "kind": "oidc", "name": "Nordlicht"}]);
    assert_eq!(acme["items"], expected);
    for other in ["globex", "nobody"] {
        assert!(choices(other).await.items().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_are_asked_at_public_addresses_alone() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    for issuer in [
        "http://accounts.example.com",
        "https://127.0.0.1",
        "https://[::1]:8443",
        "https://169.254.169.254/latest",
        "https://10.0.0.7",
        "https://2130706433",
        "http://127.0.0.1:1",
        "https://user:password@accounts.example.com",
        "https://accounts.example.com?tenant=1",
        "file:///etc/passwd",
        "accounts.example.com",
    ] {
        let mut body = oidc(&provider);
        body["issuer"] = json!(issuer);
        let request = app.admin().request(Method::POST, "/sign_on/providers");
        let refused = request.json(&body).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/issuer", "{issuer}");
    }
    // A name that leads behind the server is found out when it is used.
    let mut body = oidc(&provider);
    body["issuer"] = json!("https://localhost:9");
    let id = set_up(app.admin(), &body).await;
    let path = format!("/auth/sign_on/providers/{id}/start");
    let body = json!({"organization": "acme"});
    crate::harness::access::post(&app.client, &path, body)
        .await
        .expect(503);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_removed_provider_go_the_sessions_that_began_there() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    let begun = world.begin().await;
    let tokens = world.sign_on().await.expect(200)["tokens"].clone();
    let path = format!("/sign_on/providers/{}", world.id);
    world
        .app
        .admin()
        .request(Method::DELETE, &path)
        .await
        .expect(204);
    assert_eq!(
        status_of(&world.app.client, &tokens["access_token"]).await,
        401
    );
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    let refresh = crate::harness::access::post(&world.app.client, "/auth/refresh", refresh);
    refresh.await.expect(401);
    world.finish(&begun).await.expect(401);
    world.start_at("acme", &world.id).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_in_no_table_and_the_database_completes_no_flow() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    let begun = world.begin().await;
    let database = world.app.database.superuser().await;
    let tables = [
        "sign_on_providers",
        "challenges",
        "security_outbox",
        "events",
    ];
    for table in tables {
        let rows = format!("SELECT coalesce(json_agg(t), '[]')::text FROM {table} t");
        let text: String = database.query_one(&rows, &[]).await.unwrap().get(0);
        let flow = begun.flow.as_str().unwrap();
        for secret in [CLIENT_SECRET, flow, &begun.back.state, &begun.back.code] {
            let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert!(!text.contains(secret) && !text.contains(&hex), "{table}");
        }
    }
    world.finish(&begun).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_has_at_most_twenty() {
    let world = World::start().await;
    for _ in 1..20 {
        set_up(world.app.admin(), &oidc(&world.provider)).await;
    }
    let request = world
        .app
        .admin()
        .request(Method::POST, "/sign_on/providers");
    request.json(&oidc(&world.provider)).await.expect(409);
    // Another organization's are not counted.
    set_up(&world.app.globex.admin, &oidc(&world.provider)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_fit_names_its_fields() {
    let world = World::start().await;
    let bad: [(Value, &str); 4] = [
        (json!({"issuer": null}), "/issuer"),
        (
            json!({"allowed_domains": ["not a domain"]}),
            "/allowed_domains/0",
        ),
        (
            json!({"trusted_domains": ["acme.example", "@x"]}),
            "/trusted_domains/1",
        ),
        (json!({"name": " "}), "/name"),
    ];
    for (change, pointer) in bad {
        let mut body = oidc(&world.provider);
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let body = without_nulls(body);
        let request = world
            .app
            .admin()
            .request(Method::POST, "/sign_on/providers");
        let refused = request.json(&body).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
}

fn without_nulls(body: Value) -> Value {
    let fields = body.as_object().unwrap().clone().into_iter();
    Value::Object(fields.filter(|(_, value)| !value.is_null()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_secret_goes_over_to_another_master_key() {
    let mut world = World::start().await;
    let fresh = MasterKeys::generate().unwrap();
    let both = format!("fresh:{fresh} {MASTER_KEY}");
    let keys = MasterKeys::parse(&both).unwrap();
    let database = world.app.database.superuser().await;
    assert_eq!(reseal_client_secrets(&database, &keys).await.unwrap(), 1);
    assert_eq!(reseal_client_secrets(&database, &keys).await.unwrap(), 0);
    let config = Config {
        master_key: Secret::new(both),
        ..world.app.config.clone()
    };
    let (second, client) = serve(&config, &world.app.clock).await;
    world.app.client = client;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    world.sign_on().await.expect(200);
    second.shutdown().await.unwrap();
}
