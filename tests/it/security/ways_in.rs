//! Row-level security of what people sign in with: all organizations before one is known, one organization afterwards.

use chrono::TimeDelta;
use deadpool_postgres::Object;
use schema::access::{Rows, TABLES, name};
use schema::role::IDENTITY;
use serde_json::{Value, json};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::contract::openapi::refusals::least_body;
use crate::harness::access::{PASSWORD, code_of, give_password, sign_in, signed_in, text};
use crate::harness::{Answer, DEADLINE, Organization, Person, Request, TestApp, eventually};

const AT_HAND: &str = "nullif(current_setting('insightdesk.organization', true), '')::uuid";

/// The tables of ways in that have a column of the organization.
fn tables() -> Vec<&'static str> {
    let is_known = |access: &&schema::access::Access| {
        let mut rights = access.rights.iter();
        rights.any(|right| right.role == IDENTITY && right.rows == Rows::OfOrganizationOnceKnown)
    };
    TABLES
        .iter()
        .filter(is_known)
        .map(|access| access.table)
        .collect()
}

/// Everything that an organization keeps about ways in.
async fn fill(app: &TestApp, organization: &Organization, superuser: &Client) {
    let email = give_password(app, organization, &organization.admin).await;
    signed_in(&app.client, &email).await;
    for (path, operation) in [
        ("/api_keys", "create_api_key"),
        ("/invitations", "create_invitation"),
        ("/sign_on/providers", "create_sign_on_provider"),
    ] {
        let made = organization.admin.post(path, least_body(operation)).await;
        assert!(made.status.is_success(), "{path}: {}", made.body);
    }
    let org = organization.id;
    // What takes another server, a fault or a moment to come about.
    let rows = format!(
        "INSERT INTO sign_on_identities SELECT partition, org_id, provider_id, 'subject', gen_random_uuid(), 'a@b.example', now() \
           FROM sign_on_providers WHERE org_id = '{org}'; \
         INSERT INTO sign_on_factors (user_id, org_id, created_at) VALUES (gen_random_uuid(), '{org}', now()); \
         INSERT INTO sla_simulations (partition, org_id, simulation_id, state, request, created_by, created_at) \
         SELECT partition, org_id, provider_id, 'completed', '{{}}', provider_id, now() FROM sign_on_providers WHERE org_id = '{org}'; \
         INSERT INTO sla_simulation_differences (partition, org_id, simulation_id, place, ticket_id, number, metric, round) \
         SELECT partition, org_id, provider_id, 1, provider_id, 1, 1, 1 FROM sign_on_providers WHERE org_id = '{org}'; \
         INSERT INTO security_outbox (event_id, org_id, event, actor, occurred_at) \
         VALUES (gen_random_uuid(), '{org}', '{{}}', '{{}}', now() + interval '1 day')"
    );
    superuser.batch_execute(&rows).await.unwrap();
}

/// How many rows of a table there are, and how many of them are of others.
async fn count(client: &Client, table: &str, organization: Uuid) -> (i64, i64) {
    let all = format!("SELECT count(*), count(*) FILTER (WHERE org_id <> $1) FROM {table}");
    let row = client.query_one(&all, &[&organization]).await.unwrap();
    (row.get(0), row.get(1))
}

async fn begin(client: &Object, organization: Uuid) {
    let begin = format!("BEGIN; {}", name(organization));
    client.batch_execute(&begin).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn once_an_organization_is_named_a_statement_without_a_filter_reaches_its_ways_in_alone() {
    let app = TestApp::start().await;
    let superuser = app.database.superuser().await;
    for organization in [&app.acme, &app.globex] {
        fill(&app, organization, &superuser).await;
    }
    let (acme, globex) = (app.acme.id.0, app.globex.id.0);
    // What filling them caused is carried to the log meanwhile; the planted rows cannot be.
    let carried = async || match count(&superuser, "security_outbox", acme).await {
        (2, 1) => Ok(()),
        rows => Err(rows),
    };
    eventually(carried, DEADLINE).await;
    let client = app.server.node().pools.identity.get().await.unwrap();
    assert_eq!(tables().len(), 10);
    for table in tables()
        .into_iter()
        .filter(|table| *table != "organization_standings")
    {
        let (rows, others) = count(&client, table, acme).await;
        assert!(
            0 < others && others < rows,
            "{table}: {others} of {rows}, to sign in by"
        );
        begin(&client, acme).await;
        assert_eq!(
            count(&client, table, acme).await,
            (rows - others, 0),
            "{table}"
        );
        let moved = format!("UPDATE {table} SET org_id = '{globex}'");
        let refused = client.batch_execute(&moved).await.unwrap_err();
        assert_eq!(
            refused.code(),
            Some(&SqlState::INSUFFICIENT_PRIVILEGE),
            "{table}"
        );
        client.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(
            count(&client, table, acme).await,
            (rows, others),
            "{table} after the transaction"
        );
    }
    let invitations = "SELECT count(*) FROM challenges WHERE purpose = 'invitation'";
    let invited = async || -> i64 { client.query_one(invitations, &[]).await.unwrap().get(0) };
    assert_eq!(invited().await, 2);
    begin(&client, acme).await;
    assert_eq!(invited().await, 1);
    client.batch_execute("DELETE FROM sessions").await.unwrap();
    client.batch_execute("COMMIT").await.unwrap();
    assert_eq!(
        count(&superuser, "sessions", acme).await,
        (1, 1),
        "those of globex stay"
    );
}

/// Shows nothing to whoever names no organization, signing in included.
async fn demand_names(superuser: &Client) {
    for table in tables() {
        let strict = format!("ALTER POLICY {IDENTITY} ON {table} USING (org_id = {AT_HAND})");
        superuser.batch_execute(&strict).await.unwrap();
    }
    let strict = format!(
        "ALTER POLICY {IDENTITY} ON challenges USING (starts_with(subject, {AT_HAND}::text || ':'))"
    );
    superuser.batch_execute(&strict).await.unwrap();
}

async fn succeeds(request: Request) -> Answer {
    let answer = request.await;
    assert!(
        answer.status.is_success(),
        "{}: {}",
        answer.status,
        answer.body
    );
    answer
}

/// Makes something, lists it, reads it, changes it, and removes it.
async fn lives(admin: &Person, path: &str, operation: &str, change: Option<Value>) {
    succeeds(admin.post(path, least_body(operation))).await;
    let listed = succeeds(admin.get(path)).await;
    assert_eq!(listed.items().len(), 1, "{path}: {}", listed.body);
    let one = format!("{path}/{}", text(&listed.items()[0]["id"]));
    if operation == "create_invitation" {
        let sent = succeeds(admin.act(&format!("{one}/resend"))).await;
        let one = format!("{path}/{}", text(&sent["id"]));
        succeeds(admin.delete(&one)).await;
        return;
    }
    succeeds(admin.get(&one)).await;
    if let Some(change) = change {
        succeeds(admin.patch(&one, change)).await;
    }
    succeeds(admin.delete(&one)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_signed_in_names_their_organization_whatever_they_do() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.admin()).await;
    let other = signed_in(&app.client, &email).await;
    let tokens = signed_in(&app.client, &email).await;
    let of_agent = give_password(&app, &app.acme, app.agent()).await;
    signed_in(&app.client, &of_agent).await;
    let admin = app.admin().with_token(text(&tokens["access_token"]));
    let superuser = app.database.superuser().await;
    demand_names(&superuser).await;
    let locked_out = sign_in(&app.client, &email, PASSWORD).await;
    assert!(
        !locked_out.status.is_success(),
        "whoever signs in names none"
    );

    lives(
        &admin,
        "/api_keys",
        "create_api_key",
        Some(json!({"name": "Other"})),
    )
    .await;
    lives(&admin, "/invitations", "create_invitation", None).await;
    let change = Some(json!({"name": "Other"}));
    lives(
        &admin,
        "/sign_on/providers",
        "create_sign_on_provider",
        change,
    )
    .await;
    simulations(&admin).await;
    second_factor(&app, &admin).await;

    let agent = app.agent().id;
    let export = succeeds(admin.get(&format!("/users/{agent}/export"))).await;
    let held = export["access"]["sessions"].as_array().unwrap();
    assert_eq!(held.len(), 1, "{}", export.body);
    succeeds(admin.act(&format!("/users/{agent}/invite"))).await;
    succeeds(admin.delete(&format!("/users/{agent}/sign_on"))).await;
    let sessions = format!("/users/{agent}/sessions");
    assert_eq!(succeeds(admin.get(&sessions)).await.items().len(), 1);
    succeeds(admin.delete(&sessions)).await;
    assert_eq!(succeeds(admin.get(&sessions)).await.items().len(), 0);
    let own = succeeds(admin.get("/auth/sessions")).await;
    assert_eq!(own.items().len(), 2, "{}", own.body);
    let mut others = own
        .items()
        .iter()
        .filter(|session| session["current"] != true);
    let path = format!("/auth/sessions/{}", text(&others.next().unwrap()["id"]));
    succeeds(admin.delete(&path)).await;
    succeeds(admin.act("/auth/logout")).await;
    let running = "SELECT count(*) FROM sessions WHERE ended_at IS NULL";
    let running = superuser.query_one(running, &[]).await.unwrap();
    assert_eq!(running.get::<_, i64>(0), 0, "all were ended");
    drop(other);
}

async fn simulations(admin: &Person) {
    let made = admin.post("/sla/simulations", least_body("create_simulation"));
    let one = format!("/sla/simulations/{}", text(&succeeds(made).await["id"]));
    assert_eq!(
        succeeds(admin.get("/sla/simulations")).await.items().len(),
        1
    );
    succeeds(admin.get(&one)).await;
    succeeds(admin.get(&format!("{one}/differences"))).await;
    succeeds(admin.delete(&one)).await;
}

async fn second_factor(app: &TestApp, admin: &Person) {
    let proposed = succeeds(admin.act("/auth/second_factor")).await;
    let secret = text(&proposed["secret"]).to_owned();
    // A code is good once.
    let next = || {
        app.wait(TimeDelta::seconds(30));
        code_of(&secret, app.now())
    };
    let confirm = json!({"code": next()});
    succeeds(admin.post("/auth/second_factor/confirm", confirm)).await;
    let renew = json!({"code": next()});
    succeeds(admin.post("/auth/second_factor/recovery_codes", renew)).await;
    let give_up = json!({"password": PASSWORD, "code": next()});
    succeeds(admin.post("/auth/second_factor/give_up", give_up)).await;
}
