//! S19, the part of addresses: who claims another address gets nothing by it, and harms nobody.

use platform::config::Config;
use platform::http::client_address::ClientAddresses;
use platform::http::rate_limit::{BudgetName, Budgets};
use serde_json::{Value, json};

use crate::harness::{Answer, Database, TestApp};

/// Few enough to be spent, slow enough that none flows in.
const BUDGET: &str = "1/h burst 20";
const BURST: usize = 20;

/// A server that counts alone, as all tests share an address, and believes these proxies.
async fn app(trusted: &str) -> TestApp {
    let database = Database::create().await;
    let mut config = Config {
        valkey_url: None,
        rate_limits: Some(
            Budgets::default().with(BudgetName::DefaultAddress, BUDGET.parse().unwrap()),
        ),
        ..database.config()
    };
    config.web.clients = ClientAddresses {
        trusted: trusted.parse().unwrap_or_default(),
        ..ClientAddresses::default()
    };
    TestApp::on(database, config).await
}

async fn from(app: &TestApp, address: &str) -> Answer {
    let request = app.client.get("/openapi.json");
    request.header("x-forwarded-for", address).await
}

/// The length of the address that was recorded with the opening of a ticket. It is sealed, which keeps its length.
async fn recorded_length(app: &TestApp, claimed: Option<&str>) -> usize {
    let body = json!({"subject": "Printer on fire", "body": "Help"});
    let mut open = app.customer().post("/tickets", body);
    if let Some(address) = claimed {
        open = open
            .header("x-forwarded-for", address)
            .header("forwarded", format!("for=\"[{address}]\""))
            .header("x-real-ip", address);
    }
    let ticket = open.await.expect(201).id();
    let events = app.stream(ticket).await;
    let metadata: Value = serde_json::from_str(&events[0].metadata).unwrap();
    let sealed = metadata["source_address"]["sealed"].as_str().unwrap();
    sealed.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_an_invented_address_does_not_free_from_a_limit() {
    let app = app("nobody").await;
    for number in 0..BURST {
        from(&app, &format!("198.51.100.{number}"))
            .await
            .expect(200);
    }
    from(&app, "203.0.113.9").await.expect(429);
    // Without the header it is the same bucket.
    app.client.get("/openapi.json").await.expect(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_behind_a_trusted_proxy_each_client_has_its_own_limit() {
    let app = app("127.0.0.1").await;
    for number in 0..BURST {
        // What the client wrote itself stands to the left.
        let list = format!("10.0.0.{number}, 198.51.100.7");
        from(&app, &list).await.expect(200);
    }
    from(&app, "203.0.113.9, 198.51.100.7").await.expect(429);
    // Whose address was claimed is not harmed.
    from(&app, "10.0.0.1").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_a_whole_network_of_version_6_has_one_limit() {
    let app = app("127.0.0.1").await;
    for number in 0..BURST {
        from(&app, &format!("2001:db8:1:2::{number:x}"))
            .await
            .expect(200);
    }
    from(&app, "2001:db8:1:2:ffff::1").await.expect(429);
    from(&app, "2001:db8:1:3::1").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_commands_record_the_address_that_was_found_and_no_invented_one() {
    let long = "2001:db8:1111:2222:3333:4444:5555:6666";
    let direct = app("nobody").await;
    let plain = recorded_length(&direct, None).await;
    assert_eq!(recorded_length(&direct, Some(long)).await, plain);
    let behind = app("127.0.0.1").await;
    assert!(recorded_length(&behind, Some(long)).await > plain);
}
