//! The traits of `eventually` over the log.

use event_store::eventually_adapter::{AdapterError, Codec, EventuallyStore};
use event_store::{Cause, NewEvent, RecordedEvent};
use eventually::store::{AppendError, EventStore as _, Expected, Select};
use eventually::versioning::Versioned;
use futures::TryStreamExt;
use uuid::Uuid;

use crate::support::*;

struct Numbers;

impl Codec for Numbers {
    type Event = i64;

    fn encode(&self, event: &i64) -> Result<NewEvent, Cause> {
        Ok(event_with(&event.to_string()))
    }

    fn decode(&self, event: &RecordedEvent) -> Result<i64, Cause> {
        event
            .data
            .parse()
            .map_err(|error: std::num::ParseIntError| {
                Cause::from(std::sync::Arc::new(error) as Cause)
            })
    }
}

#[tokio::test]
async fn the_adapter_appends_reads_and_never_removes() {
    let database = Database::new().await;
    let store = database.store().await;
    let mut adapter = EventuallyStore::new(store, partition(1), org(), "thing", Numbers);
    let (id, other) = (Uuid::now_v7(), Uuid::now_v7());
    assert_eq!(
        adapter
            .append(id, Expected::Exact(0), vec![10, 20])
            .await
            .unwrap(),
        2
    );
    assert_eq!(
        adapter
            .append(other, Expected::Any, vec![30])
            .await
            .unwrap(),
        1
    );
    let conflict = adapter
        .append(id, Expected::Exact(0), vec![40])
        .await
        .unwrap_err();
    assert!(conflict.is_conflict_error());

    let second: Vec<_> = adapter
        .stream(id, Select::From(2))
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!((second.len(), *second[0], second[0].version()), (1, 20, 2));
    let all: Vec<_> = adapter
        .stream_all(Select::All)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(
        all.iter().map(|event| **event).collect::<Vec<_>>(),
        [10, 20, 30]
    );
    assert_eq!(all[2].sequence_number(), 3);

    assert!(matches!(
        adapter.remove(id).await,
        Err(AdapterError::Unsupported)
    ));
    assert_eq!(database.count("events").await, 3);
}
