//! An append may be in the read models by half for a moment. The feed ends before it, and whoever waits there waits for it.

use platform::config::Config;
use serde_json::json;
use uuid::Uuid;

use super::limits::someone_waiting;
use crate::harness::access::text;
use crate::harness::{DEADLINE, Database, EventStream, TestApp};

/// Gives the row of a ticket another id.
async fn move_row(app: &TestApp, from: Uuid, to: Uuid) {
    let client = app.database.superuser().await;
    let statement = "UPDATE core.tickets SET ticket_id = $2 WHERE ticket_id = $1";
    let moved = client.execute(statement, &[&from, &to]).await;
    assert_eq!(moved.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_before_half_of_an_append_is_told_of_it_once_the_rest_is_there() {
    let database = Database::create().await;
    let config = Config {
        request_deadline: DEADLINE,
        ..database.config()
    };
    let app = TestApp::on(database, config).await;
    let begin = app.agent().get("/events?after=latest").await.expect(200);
    let cursor = text(&begin["next_cursor"]).to_owned();
    let ticket = app.customer().opens("At last").await;
    app.at_rest().await;
    let elsewhere = Uuid::now_v7();
    move_row(&app, ticket, elsewhere).await;
    let path = format!("/events?after={cursor}");
    let page = app.agent().get(&path).without_token().await.expect(200);
    assert_eq!((page.items().len(), &page["has_more"]), (0, &json!(true)));
    assert_eq!(page["next_cursor"], json!(cursor));

    let mut stream = EventStream::open(app.customer().get(&path)).await.unwrap();
    let (waiting, _streams) = someone_waiting(&app, &cursor).await;
    move_row(&app, elsewhere, ticket).await;
    let page = waiting.await.unwrap().expect(200);
    assert_eq!(page.items()[0]["ticket_id"], json!(ticket));
    let event = stream.next_event().await.unwrap();
    assert_eq!(event.json()["ticket_id"], json!(ticket));
}
