//! What is asked as of a moment while the read models are behind it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Answer, TestApp, encoded};

/// Reading goes on under it, the projector does not.
const LOCK: &str = "BEGIN; LOCK TABLE core.checkpoints IN EXCLUSIVE MODE";

/// A moment of the log after what was done and before what will be.
async fn moment() -> DateTime<Utc> {
    let at = Utc::now();
    while Utc::now() < at + TimeDelta::milliseconds(2) {
        tokio::task::yield_now().await;
    }
    at
}

/// Asks for what was opened and for a ticket as of a moment, whatever the server shows.
async fn asked(app: &TestApp, ticket: Uuid, at: DateTime<Utc>) -> [Answer; 2] {
    let at = encoded(&at.to_rfc3339());
    let report = "/reports/tickets?figure=opened&from=2026-03-01&to=2026-03-05";
    [
        app.agent()
            .get(&format!("{report}&as_of={at}"))
            .without_token()
            .await,
        app.agent()
            .get(&format!("/tickets/{ticket}?as_of={at}"))
            .without_token()
            .await,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_that_is_not_shown_yet_is_refused_and_told_rightly_later() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.at_rest().await;
    let before = moment().await;
    let held = app.database.superuser().await;
    held.batch_execute(LOCK).await.unwrap();
    app.customer().opens("Mouse dead").await;
    let change = json!({"subject": "The printer in the hall"});
    let change = app.agent().patch(&format!("/tickets/{ticket}"), change);
    change.await.expect(200);
    let after = moment().await;

    let known = asked(&app, ticket, before).await.map(|it| it.expect(200));
    for behind in asked(&app, ticket, after).await {
        let behind = behind.expect(503);
        assert!(behind.header("retry-after").is_some());
    }
    held.batch_execute("ROLLBACK").await.unwrap();
    app.at_rest().await;
    let [report, shown] = asked(&app, ticket, after).await.map(|it| it.expect(200));
    assert_eq!(report["total"]["count"], 2);
    assert_eq!(shown["subject"], "The printer in the hall");
    let again = asked(&app, ticket, before).await.map(|it| it.expect(200));
    for (again, known) in again.iter().zip(&known) {
        assert_eq!(again.body, known.body);
    }
    assert_eq!(known[0]["total"]["count"], 1);
    assert_eq!(known[1]["subject"], "Printer on fire");
}
