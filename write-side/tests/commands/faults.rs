//! A database that goes away and comes back.

use crate::support::{Limits, Server, migrate};
use platform::http::serve::HttpSettings;
use platform::private::{Durability, PrivateServers};
use poem::http::Method;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// The longest that a server may need to find its database again.
const RECOVERY: Duration = Duration::from_secs(30);

#[tokio::test]
async fn without_its_database_the_server_answers_503_and_recovers_by_itself() {
    let dir = platform::private::test_dir().join("write-side-faults");
    let servers = PrivateServers::start(&dir, Durability::Test).await.unwrap();
    let url = servers.create_database("faults").await.unwrap();
    migrate(&url).await;
    let server = Server::on(&url, &HttpSettings::default(), Limits::default()).await;
    let ticket = server.ticket().await;
    let path = format!("/tickets/{ticket}/messages");
    let reply = async || {
        let request = server
            .customer(Method::POST, &path)
            .header("idempotency-key", "f1");
        request.json(&json!({"body": "Hello?"})).send().await
    };

    servers.stop_postgres().await.unwrap();
    let away = reply().await.expect(503);
    assert!(away.header("retry-after").is_some());

    servers.start_postgres().await.unwrap();
    let deadline = Instant::now() + RECOVERY;
    let back = loop {
        let answer = reply().await;
        if answer.status == 201 {
            break answer;
        }
        assert!(
            answer.status == 503 && Instant::now() < deadline,
            "{answer:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(back.body["ticket_id"], ticket.to_string());
    assert_eq!(
        server.event_types(ticket).await,
        ["ticket.opened", "ticket.customer_replied"]
    );
    servers.stop().await.unwrap();
}
