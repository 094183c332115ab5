//! The database goes away, or changes under the queries.

use platform::private::test_servers;
use schema::projection::{CORE, create_tables};
use serde_json::json;

use crate::desk::Desk;
use crate::rows::{id, team, ticket};

/// One route that composes its statement, one that prepares it, and one that runs two at once.
fn routes() -> [String; 3] {
    [
        "/tickets".to_owned(),
        "/teams".to_owned(),
        format!("/tickets/{}/messages", id(1)),
    ]
}

async fn desk() -> Desk {
    let desk = Desk::open().await;
    desk.insert(desk.ours.partition, &[ticket(desk.ours, 1)])
        .await;
    desk.insert(desk.ours.partition, &[team(desk.ours, 2, "Billing")])
        .await;
    for path in routes() {
        desk.get(&desk.agent(), &path).await.ok();
    }
    desk
}

#[tokio::test]
async fn with_the_database_gone_every_query_is_503_and_none_is_500() {
    let desk = desk().await;
    test_servers()
        .await
        .unwrap()
        .drop_database(&desk.database)
        .await
        .unwrap();
    for path in routes() {
        let answer = desk.get(&desk.agent(), &path).await;
        assert_eq!(
            answer.refused(503).header("retry-after"),
            Some("1"),
            "{path}"
        );
        assert!(
            !answer.body.to_string().contains(&desk.database),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn before_the_read_models_are_made_every_query_is_503() {
    let desk = desk().await;
    desk.client
        .batch_execute(&format!("DROP SCHEMA {CORE} CASCADE"))
        .await
        .unwrap();
    for path in routes() {
        desk.get(&desk.agent(), &path).await.refused(503);
    }
}

#[tokio::test]
async fn a_rebuild_that_is_switched_in_shows_at_once_on_connections_that_read_the_old_tables() {
    let mut desk = desk().await;
    let transaction = desk.client.transaction().await.unwrap();
    transaction
        .batch_execute(&format!("DROP SCHEMA {CORE} CASCADE"))
        .await
        .unwrap();
    transaction
        .batch_execute(&create_tables(CORE))
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    for path in ["/tickets", "/teams"] {
        assert!(
            desk.get(&desk.agent(), path).await.ids().is_empty(),
            "{path}"
        );
    }
    desk.get(&desk.agent(), &format!("/tickets/{}/messages", id(1)))
        .await
        .refused(404);
}

#[tokio::test]
async fn a_column_that_changed_its_type_under_a_prepared_statement_does_not_fail_a_query() {
    let desk = desk().await;
    desk.client
        .batch_execute(&format!(
            "ALTER TABLE {CORE}.teams ALTER COLUMN name TYPE varchar(200)"
        ))
        .await
        .unwrap();
    assert_eq!(
        desk.get(&desk.agent(), "/teams").await.ok()["items"][0]["name"],
        json!("Billing")
    );
}
