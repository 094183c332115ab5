//! The composed server: what it serves in which role, and how it ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::actor::{Actor, Role};
use domain::ids::{OrganizationId, UserId};
use domain::text::{Email, Name, Slug};
use insightdesk::server::{self, Overrides, RunningServer};
use platform::auth::TokenSigner;
use platform::clock::{Clock, SystemClock};
use platform::config::Config;
use serde_json::json;
use uuid::Uuid;
use write_side::commands::CreateUser;
use write_side::dispatch::CommandContext;

use crate::support::fresh_config;
use crate::support::http::send;

/// What DESIGN promises: SIGTERM to exit within ten seconds.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

async fn start(config: &Config) -> RunningServer {
    let overrides = Overrides {
        clock: Arc::new(SystemClock),
        ..Overrides::default()
    };
    server::start(config, overrides).await.unwrap()
}

/// A customer of a new organization: a token for them.
async fn customer(server: &RunningServer, config: &Config) -> String {
    let dispatcher = &server.node().dispatcher;
    let (name, slug) = (Name::parse("Acme").unwrap(), Slug::parse("acme").unwrap());
    let organization: OrganizationId = dispatcher.create_organization(name, slug).await.unwrap();
    let user_id = UserId(Uuid::now_v7());
    let email = Some(Email::parse("casey@acme.example").unwrap());
    let create = CreateUser {
        user_id,
        name: Name::parse("Casey").unwrap(),
        email,
        role: Role::Customer,
    };
    dispatcher
        .dispatch(CommandContext::new(organization, Actor::Operator), create)
        .await
        .unwrap();
    let signer = TokenSigner::new(&config.token_secret);
    signer
        .sign(
            organization,
            user_id,
            Role::Customer,
            SystemClock.now(),
            TimeDelta::hours(1),
        )
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_goes_from_command_to_query() {
    let config = fresh_config().await;
    let server = start(&config).await;
    let token = customer(&server, &config).await;
    let ticket = json!({"subject": "My printer is on fire", "body": "Smoke comes out of it."});
    let opened = send(
        server.address,
        "POST",
        "/api/v1/tickets?",
        &token,
        Some(ticket),
    )
    .await;
    assert_eq!(opened.status, 201, "{opened:?}");
    let path = opened.headers["location"].clone();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let read = send(server.address, "GET", &path, &token, None).await;
        if read.status == 200 {
            assert_eq!(read.body["subject"], "My printer is on fire");
            assert_eq!(read.body["number"], 1);
            break;
        }
        assert!(read.status == 404 && Instant::now() < deadline, "{read:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_the_api_still_tells_its_health() {
    let mut config = fresh_config().await;
    config.roles = "projector".parse().unwrap();
    let server = start(&config).await;
    assert_eq!(
        send(server.address, "GET", "/health/ready", "", None)
            .await
            .status,
        200
    );
    assert_eq!(
        send(server.address, "GET", "/api/v1/tickets", "", None)
            .await
            .status,
        404
    );
    let detailed = send(server.address, "GET", "/health/detailed", "", None).await;
    let names: Vec<_> = detailed.body["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["name"].clone())
        .collect();
    assert_eq!(names, ["postgresql", "valkey", "projector"]);
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_answers_no_more_and_the_next_one_takes_over() {
    let config = fresh_config().await;
    let first = start(&config).await;
    let address = first.address;
    tokio::time::timeout(SHUTDOWN_LIMIT, first.shutdown())
        .await
        .expect("it ends within ten seconds")
        .unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    let second = start(&config).await;
    assert_eq!(
        send(second.address, "GET", "/health/ready", "", None)
            .await
            .status,
        200
    );
    second.shutdown().await.unwrap();
}
