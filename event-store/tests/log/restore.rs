//! A restored log is the same log, or none.

use std::collections::BTreeMap;

use event_store::restore::{Restore, RestoreError};
use event_store::verify::verify;
use event_store::{EventStore, OrgId, Position, RecordedEvent};
use uuid::Uuid;

use crate::support::*;

/// A log whose texts would not survive being read and written again.
async fn original() -> (Database, EventStore) {
    let database = Database::new().await;
    let store = database.store().await;
    let texts = [
        "{\n\t\"b\" : 1.50,\r\n\"a\":1e2, \"a\": \"\\u0041\\u00fc\u{fc}\u{1f525}\" }",
        "[ ]",
        "\"\\u0000 is kept as it is written\"",
    ];
    for (number, text) in (0..).zip(texts) {
        let request = request(vec![stream(
            Uuid::from_u128(1),
            number,
            vec![event_with(text)],
        )]);
        store.append(request).await.unwrap();
    }
    let mut elsewhere = one(Uuid::from_u128(2), 0);
    elsewhere.partition = partition(5);
    elsewhere.org_id = OrgId(Uuid::from_u128(0xB));
    store.append(elsewhere).await.unwrap();
    (database, store)
}

async fn whole(store: &EventStore) -> Vec<RecordedEvent> {
    let mut events = read_all(store, partition(1)).await;
    events.extend(read_all(store, partition(5)).await);
    events
}

/// Restores into an empty database; it and what came of it.
async fn restored(events: &[RecordedEvent]) -> (Database, Result<(), RestoreError>) {
    let database = Database::new().await;
    let outcome = restore_into(&database, events).await;
    (database, outcome)
}

async fn restore_into(database: &Database, events: &[RecordedEvent]) -> Result<(), RestoreError> {
    let mut restore = Restore::begin(&database.pool()).await?;
    for event in events {
        restore.push(event).await?;
    }
    let slugs = BTreeMap::from([("acme".to_owned(), org())]);
    restore.commit(&slugs).await?;
    Ok(())
}

async fn is_empty(database: &Database) -> bool {
    let heads = "SELECT count(*) FROM log_heads WHERE position > 0";
    let heads: i64 = database
        .client()
        .await
        .query_one(heads, &[])
        .await
        .unwrap()
        .get(0);
    heads == 0
        && database.count("events").await == 0
        && database.count("organization_placements").await == 0
}

#[tokio::test]
async fn a_restored_log_has_the_same_rows_heads_and_placements_and_goes_on() {
    let (_database, original) = original().await;
    let events = whole(&original).await;
    let (database, outcome) = restored(&events).await;
    outcome.unwrap();
    let copy = database.store().await;
    assert_eq!(whole(&copy).await, events);
    let partitions = copy.partitions().await.unwrap();
    for partition in &partitions {
        assert_eq!(
            copy.head_mark(*partition).await.unwrap(),
            original.head_mark(*partition).await.unwrap()
        );
    }
    let report = verify(&copy, &partitions, |_| ()).await.unwrap();
    assert_eq!((report.faults().count(), report.events()), (0, 4));
    let place = copy.placement_by_slug("acme").await.unwrap().unwrap();
    assert_eq!((place.org_id, place.partition), (org(), partition(1)));
    let other = copy.placement(OrgId(Uuid::from_u128(0xB))).await.unwrap();
    assert_eq!(other, Some(partition(5)));
    copy.append(one(Uuid::from_u128(1), 3)).await.unwrap();
    assert_eq!(copy.head(partition(1)).await.unwrap(), position(4));
}

#[tokio::test]
async fn a_database_with_a_log_is_refused_and_stays_as_it_is() {
    let (database, original) = original().await;
    let events = whole(&original).await;
    let refused = restore_into(&database, &events).await;
    assert!(
        matches!(refused, Err(RestoreError::NotEmpty)),
        "{refused:?}"
    );
    assert_eq!(whole(&original).await, events);
}

#[tokio::test]
async fn a_changed_event_is_named_and_nothing_is_restored() {
    let (_database, original) = original().await;
    let mut events = whole(&original).await;
    events[1].data = "[]".to_owned();
    let (database, refused) = restored(&events).await;
    let named = |at: Position| at == position(2);
    assert!(
        matches!(refused, Err(RestoreError::Hash { position, .. }) if named(position)),
        "{refused:?}"
    );
    assert!(is_empty(&database).await);
}

#[tokio::test]
async fn a_missing_event_or_a_log_without_its_beginning_is_refused() {
    let (_database, original) = original().await;
    let events = whole(&original).await;
    let without = |gone: usize| {
        let mut events = events.clone();
        events.remove(gone);
        events
    };
    for (events, at) in [(without(1), 2), (without(0), 1)] {
        let (database, refused) = restored(&events).await;
        let wanted = position(at);
        assert!(
            matches!(refused, Err(RestoreError::Position { expected, .. }) if expected == wanted),
            "{refused:?}"
        );
        assert!(is_empty(&database).await);
    }
}

#[tokio::test]
async fn a_restore_that_is_given_up_leaves_nothing() {
    let (_database, original) = original().await;
    let database = Database::new().await;
    let mut restore = Restore::begin(&database.pool()).await.unwrap();
    for event in whole(&original).await {
        restore.push(&event).await.unwrap();
    }
    drop(restore);
    assert!(is_empty(&database).await);
    let events = whole(&original).await;
    restore_into(&database, &events).await.unwrap();
}
