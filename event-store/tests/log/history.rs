//! The log refuses to be changed: its owner by grant, a superuser by trigger.

use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::support::*;

#[tokio::test]
async fn update_delete_and_truncate_of_events_are_refused() {
    let database = Database::new().await;
    let store = database.store().await;
    store.append(one(Uuid::now_v7(), 0)).await.unwrap();
    let refusals = [
        (database.client().await, SqlState::INSUFFICIENT_PRIVILEGE),
        (database.superuser().await, SqlState::RESTRICT_VIOLATION),
    ];
    for statement in [
        "UPDATE events SET data = '{}'",
        "DELETE FROM events",
        "TRUNCATE events",
        "UPDATE events SET data = '{}' WHERE false",
    ] {
        for (client, refusal) in &refusals {
            let error = client.batch_execute(statement).await.expect_err(statement);
            assert_eq!(error.code(), Some(refusal), "{statement}");
        }
    }
    assert_eq!(database.count("events").await, 1);
    let kept = &read_all(&store, partition(1)).await[0];
    assert_eq!(kept.data, r#"{"n":1}"#);
}
