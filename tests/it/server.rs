//! The composed server: what it serves in which role, and how it ends.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::net::TcpStream;

use crate::harness::{DEADLINE, Database, TestApp, eventually};

/// Three times what DESIGN promises, SIGTERM to exit within ten seconds: a machine that does much else is slow.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(30);

async fn with_roles(roles: &str) -> TestApp {
    let database = Database::create().await;
    let mut config = database.config();
    config.roles = roles.parse().unwrap();
    TestApp::on(database, config).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_the_api_still_tells_its_health() {
    let app = with_roles("projector").await;
    app.client.is_ready().await;
    app.client.get("/api/v1/tickets").await.expect(404);
    let ok = async || {
        let detailed = app.client.get("/health/detailed").await.expect(200);
        if detailed["status"] == "ok" {
            Ok(detailed)
        } else {
            Err(detailed.body)
        }
    };
    let detailed = eventually(ok, DEADLINE).await;
    let checks = detailed["checks"].as_array().unwrap();
    let names: Vec<_> = checks.iter().map(|check| &check["name"]).collect();
    assert_eq!(names, ["postgresql", "valkey", "projector"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn api_projector_and_saga_work_together_as_three_servers() {
    let api = with_roles("api").await;
    let ticket = api.customer().opens("Printer on fire").await;
    let path = format!("/tickets/{ticket}");
    api.customer().get(&path).without_token().await.expect(404);

    let (projector, _) = api.second_as("projector").await;
    assert_eq!(api.agent().ticket(ticket).await["number"], 1);
    api.wait(TimeDelta::hours(9));
    assert_eq!(
        api.agent().ticket(ticket).await["sla"]["first_reply"].get("breached_at"),
        None
    );

    let (saga, _) = api.second_as("saga").await;
    let breached = async || {
        let seen = api.agent().ticket(ticket).await;
        if seen["sla"]["first_reply"]["breached_at"].is_string() {
            Ok(())
        } else {
            Err(seen.body)
        }
    };
    eventually(breached, DEADLINE).await;
    saga.shutdown().await.unwrap();
    projector.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_answers_no_more_and_the_next_one_takes_over() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    let address = app.client.address;
    let ending = tokio::time::timeout(SHUTDOWN_LIMIT, app.server.shutdown());
    ending.await.expect("it ends in time").unwrap();
    assert!(TcpStream::connect(address).await.is_err());

    let (next, client) = crate::harness::serve(&app.config, &app.clock).await;
    client.is_ready().await;
    let customer = app.acme.customer.at(&client);
    assert_eq!(customer.ticket(ticket).await["status"], "new");
    customer.replies(ticket, "Hello?").await.expect(201);
    next.shutdown().await.unwrap();
}
