//! Row-level security as the second wall: what a query that forgets its filter, a connection with a past, or a transaction
//! that failed can see of other organizations (S28).

use deadpool_postgres::{Object, Pool};
use platform::config::{Config, PoolSettings};
use platform::pools::Pools;
use schema::access::{READ_MODELS, Rows, begin};
use schema::role::{self, QUERY};
use schema::table::EVENTS;
use schema::table::core::{
    MESSAGES, SEARCHABLE_MESSAGES, SEARCHABLE_TICKETS, SEARCHABLE_USERS, TAGGABLE_TICKETS,
    TICKET_WORDS, TICKETS, USERS,
};
use serde_json::json;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::contract::openapi::refusals::least_body;
use crate::harness::TestApp;

/// Read models in which both organizations have something.
async fn both_at_work() -> TestApp {
    let app = TestApp::start().await;
    for organization in [&app.acme, &app.globex] {
        // Before its policies, which promise nothing to such a ticket.
        organization.customer.opens("Broken").await;
        let company = json!({"name": "Initech"});
        let made = organization.admin.post("/companies", company);
        made.await.expect(201);
        for (path, operation) in [
            ("/views", "create_view"),
            ("/calendars", "create_calendar"),
            ("/service-levels/policies", "create_policy"),
        ] {
            let made = organization.admin.post(path, least_body(operation));
            made.await.expect(201);
        }
        let ticket = organization.customer.opens("Broken").await;
        let replied = organization.agent.replies(ticket, "Which one?");
        replied.send().await.unwrap().expect(201);
        organization.agent.messages(ticket).await;
    }
    app.at_rest().await;
    app
}

/// The only connection of a pool of queries, so that whoever comes next gets the same.
fn one_query_connection(config: &Config) -> Pool {
    let settings = PoolSettings {
        queries: 1,
        ..config.pools.clone()
    };
    let pools = Pools::new(config.database_url.expose(), &settings);
    pools.unwrap().queries
}

/// The organizations whose tickets a query sees that names none.
async fn seen(client: &Client) -> Vec<Uuid> {
    let forgetful = "SELECT DISTINCT org_id FROM core.tickets";
    let rows = client.query(forgetful, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn in_transaction(client: &Object, organization: Uuid) -> Vec<Uuid> {
    client.batch_execute(&begin(organization)).await.unwrap();
    let seen = seen(client).await;
    client.batch_execute("COMMIT").await.unwrap();
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_forgets_its_filter_sees_its_own_organization_and_without_one_nothing() {
    let app = both_at_work().await;
    let client = one_query_connection(&app.config).get().await.unwrap();
    let superuser = app.database.superuser().await;
    let own = |access: &&schema::access::Access| {
        let mut rights = access.rights.iter();
        rights.any(|right| right.role == QUERY && right.rows == Rows::OfOrganization)
    };
    let tables = READ_MODELS.iter().filter(own).map(|access| access.table);
    let mut tables: Vec<(&str, &str)> = tables.map(|table| (table, table)).collect();
    assert_eq!(
        tables.len(),
        READ_MODELS.len() - 1,
        "all but the checkpoints"
    );
    // The views show what is at hand even to a superuser: held against their tables.
    tables.extend([
        (TAGGABLE_TICKETS, TICKETS),
        (SEARCHABLE_TICKETS, TICKET_WORDS),
        (SEARCHABLE_MESSAGES, MESSAGES),
        (SEARCHABLE_USERS, USERS),
    ]);
    let acme = app.acme.id.0;
    let all = |table: &str| {
        format!("SELECT count(*), count(*) FILTER (WHERE org_id <> $1) FROM core.{table}")
    };
    for (table, behind) in tables {
        let count = async |client: &Client, table: &str| -> (i64, i64) {
            let row = client.query_one(&all(table), &[&acme]).await.unwrap();
            (row.get(0), row.get(1))
        };
        let (rows, others) = count(&superuser, behind).await;
        assert!(table == "teams" || others > 0 && rows > others, "{table}");
        assert_eq!(
            count(&client, table).await,
            (0, 0),
            "{table} without an organization"
        );
        client.batch_execute(&begin(acme)).await.unwrap();
        assert_eq!(count(&client, table).await, (rows - others, 0), "{table}");
        client.batch_execute("COMMIT").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_see_the_events_of_the_organization_at_hand_and_without_one_none() {
    let app = both_at_work().await;
    let client = one_query_connection(&app.config).get().await.unwrap();
    let acme = app.acme.id.0;
    let all = format!("SELECT count(*), count(*) FILTER (WHERE org_id <> $1) FROM {EVENTS}");
    let count = async || -> (i64, i64) {
        let row = client.query_one(&all, &[&acme]).await.unwrap();
        (row.get(0), row.get(1))
    };
    assert_eq!(count().await, (0, 0), "without an organization");
    client.batch_execute(&begin(acme)).await.unwrap();
    let (rows, others) = count().await;
    assert!(rows > 0 && others == 0, "{rows}, {others}");
    client.batch_execute("COMMIT").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_brings_no_organization_along_from_its_past() {
    let app = both_at_work().await;
    let pool = one_query_connection(&app.config);
    let (acme, globex) = (app.acme.id.0, app.globex.id.0);
    let former = pool.get().await.unwrap();
    assert_eq!(in_transaction(&former, acme).await, [acme]);
    assert!(seen(&former).await.is_empty(), "after the transaction");
    drop(former);

    let reused = pool.get().await.unwrap();
    assert!(seen(&reused).await.is_empty(), "from the pool");
    reused.batch_execute(&begin(globex)).await.unwrap();
    reused.batch_execute("SELECT 1 / 0").await.unwrap_err();
    reused.batch_execute("ROLLBACK").await.unwrap();
    assert!(seen(&reused).await.is_empty(), "after it failed");
    assert_eq!(in_transaction(&reused, globex).await, [globex]);

    reused.batch_execute(&begin(acme)).await.unwrap();
    reused.batch_execute("RESET ROLE").await.unwrap();
    assert_eq!(
        seen(&reused).await,
        [acme],
        "the role is the connection's own"
    );
    reused.batch_execute("COMMIT").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_statement_serves_each_organization_its_own_rows() {
    let app = both_at_work().await;
    let client = one_query_connection(&app.config).get().await.unwrap();
    let forgetful = "SELECT DISTINCT org_id FROM core.tickets WHERE number > $1";
    let prepared = client.prepare_cached(forgetful).await.unwrap();
    // More often than PostgreSQL plans anew before it keeps one plan for all.
    for turn in 0..12 {
        let organization = [app.acme.id.0, app.globex.id.0][turn % 2];
        client.batch_execute(&begin(organization)).await.unwrap();
        let rows = client.query(&prepared, &[&0i64]).await.unwrap();
        client.batch_execute("COMMIT").await.unwrap();
        let seen: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(seen, [organization]);
        assert!(client.query(&prepared, &[&0i64]).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_writes_nothing_and_a_policy_holds_for_written_rows_too() {
    let app = both_at_work().await;
    let (acme, globex) = (app.acme.id.0, app.globex.id.0);
    let client = one_query_connection(&app.config).get().await.unwrap();
    let name = |organization: Uuid| {
        format!("UPDATE core.teams SET name = 'x' WHERE org_id = '{organization}'")
    };
    let refused = client.batch_execute(&name(acme)).await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));

    // With a right that it does not have: the wall behind it.
    let superuser = app.database.superuser().await;
    let granted = format!("GRANT INSERT, UPDATE ON core.teams TO {QUERY}");
    superuser.batch_execute(&granted).await.unwrap();
    let add = |organization: Uuid| {
        format!(
            "INSERT INTO core.teams (partition, org_id, team_id, name, private, member_ids, version, created_at, updated_at) \
             VALUES (1, '{organization}', gen_random_uuid(), 'x', false, '{{}}', 1, now(), now())"
        )
    };
    let writing = begin(acme).replace("READ ONLY", "READ WRITE");
    let attempt = async |statement: &str| {
        client.batch_execute(&writing).await.unwrap();
        let done = client.batch_execute(statement).await;
        client.batch_execute("COMMIT").await.unwrap();
        done
    };
    attempt(&add(acme)).await.unwrap();
    attempt(&name(globex)).await.unwrap();
    let moved = format!("UPDATE core.teams SET org_id = '{globex}'");
    for statement in [add(globex), moved] {
        let refused = attempt(&statement).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    }
    let touched = "SELECT count(*) FROM core.teams WHERE name = 'x' AND org_id <> $1";
    let touched = superuser.query_one(touched, &[&acme]).await.unwrap();
    assert_eq!(touched.get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_role_of_the_product_owns_bypasses_or_may_log_in() {
    let app = TestApp::start().await;
    let superuser = app.database.superuser().await;
    let attributes = "SELECT rolname::text, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication, \
        rolcanlogin, EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid) FROM pg_roles r \
        WHERE rolname LIKE 'insightdesk%'";
    let rows = superuser.query(attributes, &[]).await.unwrap();
    assert_eq!(rows.len(), role::ALL.len() + 1, "the roles and the login");
    for row in rows {
        let name: &str = row.get(0);
        assert!(!row.get::<_, bool>(1), "{name} has a power of a superuser");
        assert_eq!(
            row.get::<_, bool>(2),
            name == "insightdesk",
            "{name} logs in"
        );
        assert_eq!(
            row.get::<_, bool>(3),
            name == role::OWNER.name(),
            "{name} owns"
        );
    }
    let pools = &app.server.node().pools;
    for (pool, expected) in [
        (&pools.commands, role::COMMAND),
        (&pools.identity, role::IDENTITY),
        (&pools.queries, role::QUERY),
        (&pools.projector, role::PROJECTOR),
        (&pools.saga, role::SAGA),
        (&pools.health, role::IDENTITY),
    ] {
        let client = pool.get().await.unwrap();
        let row = client.query_one("SELECT current_user::text", &[]).await;
        assert_eq!(row.unwrap().get::<_, &str>(0), expected.name());
    }
}

/// Every table of the product, in every schema: who added one and did not say who may use it finds out here.
const TABLES: &str = "SELECT n.nspname || '.' || c.relname, c.relrowsecurity, pg_get_userbyid(c.relowner)::text, \
        EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'org_id'), \
        (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid), \
        ARRAY(SELECT DISTINCT pg_get_userbyid(g.grantee)::text FROM aclexplode(c.relacl) g \
               WHERE g.grantee <> c.relowner AND NOT EXISTS \
                     (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND g.grantee = ANY(p.polroles))) \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

async fn faults(superuser: &Client) -> Vec<String> {
    let mut faults = Vec::new();
    for row in superuser.query(TABLES, &[]).await.unwrap() {
        let (table, secured): (String, bool) = (row.get(0), row.get(1));
        let (owner, of_organizations): (String, bool) = (row.get(2), row.get(3));
        let (policies, without): (i64, Vec<String>) = (row.get(4), row.get(5));
        if owner != role::OWNER.name() {
            faults.push(format!("{table} belongs to {owner}"));
        }
        if of_organizations && (!secured || policies == 0) {
            faults.push(format!("{table} has no policy"));
        }
        if !without.is_empty() {
            faults.push(format!(
                "{table} is granted to {without:?} without a policy"
            ));
        }
    }
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_with_an_organization_has_policies_and_the_one_owner() {
    let app = TestApp::start().await;
    let superuser = app.database.superuser().await;
    assert_eq!(faults(&superuser).await, Vec::<String>::new());

    superuser
        .batch_execute("CREATE TABLE forgotten (org_id uuid); ALTER TABLE core.users DISABLE ROW LEVEL SECURITY")
        .await
        .unwrap();
    let mut found = faults(&superuser).await;
    found.sort();
    assert_eq!(
        found,
        [
            "core.users has no policy",
            "public.forgotten belongs to postgres",
            "public.forgotten has no policy",
        ]
    );
}
