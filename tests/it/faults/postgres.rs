//! PostgreSQL gone for a while.

use std::time::Duration;

use futures::future::try_join_all;
use platform::config::Config;
use platform::private::{Durability, PrivateServers};
use schema::table::LOG_HEADS;
use serde_json::json;
use tempfile::TempDir;

use super::load::{ByKey, Load};
use crate::harness::access::make_key;
use crate::harness::{Answer, DEADLINE, Database, TestApp, eventually};

/// Servers of this test alone, which keep what was committed; their directory goes with this value.
struct OwnServers {
    servers: PrivateServers,
    _dir: TempDir,
}

impl OwnServers {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // The servers' account must get there.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(dir.path(), open).unwrap();
        let servers = PrivateServers::start(&dir.path().join("servers"), Durability::Full)
            .await
            .unwrap();
        Self { servers, _dir: dir }
    }
}

/// With answers as soon as an operator gets them who sets nothing: what is away is not waited for.
fn in_time(config: Config) -> Config {
    Config {
        request_deadline: Duration::from_secs(10),
        ..config
    }
}

/// 503, as a problem document, saying when to come back.
#[track_caller]
fn is_unavailable(answer: Answer) {
    let answer = answer.expect(503);
    let retry_after_s: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(retry_after_s >= 1, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_postgresql_every_answer_is_503_and_it_recovers_by_itself() {
    let own = OwnServers::start().await;
    let servers = &own.servers;
    let database = Database::on(servers).await;
    let config = in_time(database.config());
    let app = TestApp::on(database, config).await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.agent().ticket(ticket).await;

    servers.stop_postgres().await.unwrap();
    let open = || {
        app.customer()
            .post("/tickets", json!({"subject": "Not now"}))
            .idempotency_key("not-now")
    };
    is_unavailable(open().await);
    is_unavailable(app.agent().get("/tickets").await);
    is_unavailable(
        app.agent()
            .get(&format!("/tickets/{ticket}/messages"))
            .await,
    );
    assert_eq!(app.client.get("/health").await.status, 200);
    assert_eq!(app.client.get("/health/ready").await.status, 503);

    servers.start_postgres().await.unwrap();
    let opened = open().when_available().await.expect(201);
    assert_eq!(app.customer().ticket(opened.id()).await["number"], 2);
    app.client.is_ready().await;
    let opened = app
        .log()
        .await
        .into_iter()
        .filter(|event| event.event_type == "ticket.opened");
    assert_eq!(opened.count(), 2);
    servers.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_crash_of_postgresql_is_there_once() {
    let own = OwnServers::start().await;
    let servers = &own.servers;
    let database = Database::on(servers).await;
    let config = in_time(database.config());
    let app = TestApp::on(database, config).await;
    let load = Load::start(&app.acme, 8);
    load.reaches(100).await;
    servers.kill_postgres().await.unwrap();
    let sent = load.stop().await;
    servers.start_postgres().await.unwrap();
    for sent in sent.iter().filter(|sent| sent.answer.is_none()) {
        sent.again().when_available().await.expect(201);
    }
    let log = ByKey::of(app.log().await);
    for sent in &sent {
        assert!(sent.is_in(&log), "{sent:?}");
        if let Some(answer) = &sent.answer {
            sent.is_told_rightly(answer, &log);
        }
    }
    servers.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_hangs_makes_commands_503_in_time_and_queries_go_on() {
    let database = Database::create().await;
    let mut config = database.config();
    config.request_deadline = Duration::from_secs(20);
    config.pools.lock_timeout = Duration::from_secs(5);
    let app = TestApp::on(database, config).await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.agent().ticket(ticket).await;

    let mut hanging = app.database.superuser().await;
    let lock = hanging.transaction().await.unwrap();
    lock.batch_execute(&format!("LOCK TABLE {LOG_HEADS} IN ACCESS EXCLUSIVE MODE"))
        .await
        .unwrap();
    let open = |key: usize| {
        let body = json!({"subject": "Not now"});
        app.customer()
            .post("/tickets", body)
            .idempotency_key(format!("not-now-{key}"))
    };
    let tries = (0..4).map(|key| open(key).send());
    for answer in try_join_all(tries).await.unwrap() {
        is_unavailable(answer);
    }
    assert_eq!(app.agent().ticket(ticket).await["number"], 1);
    lock.rollback().await.unwrap();

    for key in 0..4 {
        open(key).when_available().await.expect(201);
    }
    let opened = app
        .log()
        .await
        .into_iter()
        .filter(|event| event.event_type == "ticket.opened");
    assert_eq!(opened.count(), 1 + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn s23_a_key_is_neither_good_nor_bad_while_the_database_does_not_answer() {
    let own = OwnServers::start().await;
    let servers = &own.servers;
    let database = Database::on(servers).await;
    let config = in_time(database.config());
    let app = TestApp::on(database, config).await;
    let key = make_key(app.admin(), &["organization:read"]).await.person;
    key.get("/organization").await.expect(200);
    servers.stop_postgres().await.unwrap();
    // What was found good a moment ago is believed for as long, and not longer. Then there is no way in.
    let shut = async || match key.get("/users").await {
        refused if refused.status == 403 => Err("the key is still believed"),
        answer => Ok(answer),
    };
    is_unavailable(eventually(shut, DEADLINE).await);
    is_unavailable(key.get("/organization").await);
    servers.start_postgres().await.unwrap();
    let again = async || match key.get("/organization").await.status.as_u16() {
        200 => Ok(()),
        status => Err(status),
    };
    eventually(again, DEADLINE).await;
    servers.stop().await.unwrap();
}
