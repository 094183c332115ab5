//! Following the log at its head.

use std::time::Duration;

use event_store::{Options, Position};
use tokio::time::timeout;
use uuid::Uuid;

use crate::support::*;

#[tokio::test]
async fn a_subscription_is_woken_by_an_append_of_its_own_process() {
    let database = Database::new().await;
    // With this floor only a wake-up can be in time.
    let options = Options {
        poll_interval: Duration::from_secs(3_600),
        ..options()
    };
    let store = database.store_with(database.config.clone(), options).await;
    let mut subscription = store.subscribe(partition(1), Position::START);
    let reader = tokio::spawn(async move { subscription.next_page(10).await.unwrap() });
    store.append(one(Uuid::now_v7(), 0)).await.unwrap();
    let page = timeout(DEADLINE, reader).await.unwrap().unwrap();
    assert_eq!(page.len(), 1);
}

#[tokio::test]
async fn a_subscription_sees_the_appends_of_another_process_without_a_wakeup() {
    let database = Database::new().await;
    let (here, elsewhere) = (database.store().await, database.store().await);
    let mut subscription = here.subscribe(partition(1), Position::START);
    let reader = tokio::spawn(async move { subscription.next_page(10).await.unwrap() });
    elsewhere.append(one(Uuid::now_v7(), 0)).await.unwrap();
    assert_eq!(timeout(DEADLINE, reader).await.unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn a_wrong_wakeup_does_no_harm() {
    let database = Database::new().await;
    let store = database.store().await;
    store.wakeups().announce(partition(1), position(1_000));
    let mut subscription = store.subscribe(partition(1), Position::START);
    store.append(one(Uuid::now_v7(), 0)).await.unwrap();
    let page = timeout(DEADLINE, subscription.next_page(10))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(page[0].position, position(1));
    assert_eq!(subscription.position(), position(1));
}

#[tokio::test]
async fn a_page_of_large_events_ends_early_and_the_next_goes_on_behind_it() {
    let database = Database::new().await;
    let one_event = event().data.len();
    let options = Options {
        page_bytes_limit: one_event + 1,
        ..options()
    };
    let store = database.store_with(database.config.clone(), options).await;
    for _ in 0..5 {
        store.append(one(Uuid::now_v7(), 0)).await.unwrap();
    }
    let mut subscription = store.subscribe(partition(1), Position::START);
    let (mut seen, mut pages) = (Vec::new(), 0);
    while seen.len() < 5 {
        let page = timeout(DEADLINE, subscription.next_page(100)).await;
        let page = page.unwrap().unwrap();
        assert!(page.len() < 5, "all came at once");
        seen.extend(page.into_iter().map(|event| event.position.get()));
        pages += 1;
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    assert!(pages > 1);
}

#[tokio::test]
async fn a_store_that_reads_through_other_connections_needs_none_of_the_first() {
    let database = Database::new().await;
    let store = database.store().await;
    let others = database.store().await;
    store.append(one(Uuid::now_v7(), 0)).await.unwrap();
    let pool = database.pool();
    let reading = others.reading_through(pool.clone());
    assert_eq!(reading.head(partition(1)).await.unwrap(), position(1));
    pool.close();
    assert!(
        reading.head(partition(1)).await.is_err(),
        "it read elsewhere"
    );
    assert_eq!(others.head(partition(1)).await.unwrap(), position(1));
}
