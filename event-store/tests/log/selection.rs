//! What is of one organization, by position.

use chrono::{DateTime, TimeDelta, Utc};
use event_store::{AppendRequest, EventStore, Options, OrgId, Position, Selection};
use uuid::Uuid;

use crate::support::*;

fn other() -> OrgId {
    OrgId(Uuid::from_u128(0xB))
}

fn all() -> Selection<'static> {
    Selection {
        partition: partition(1),
        org_id: org(),
        after: position(0),
        up_to: position(1_000),
        streams: None,
        types: None,
        limit: 100,
    }
}

/// Odd positions are of one organization, even ones of another.
async fn filled(store: &EventStore, streams: &[Uuid]) {
    for stream in streams {
        store.append(one(*stream, 0)).await.unwrap();
        let elsewhere = AppendRequest {
            org_id: other(),
            ..one(Uuid::now_v7(), 0)
        };
        store.append(elsewhere).await.unwrap();
    }
}

async fn positions(store: &EventStore, selection: Selection<'_>) -> (Vec<i64>, i64) {
    let selected = store.select(&selection).await.unwrap();
    let events = selected.events.iter();
    let positions = events.map(|event| event.position.get()).collect();
    (positions, selected.reached.get())
}

#[tokio::test]
async fn a_selection_holds_what_is_the_organizations_and_says_how_far_it_looked() {
    let database = Database::new().await;
    let store = database.store().await;
    let streams: Vec<Uuid> = (0..4).map(|_| Uuid::now_v7()).collect();
    filled(&store, &streams).await;
    assert_eq!(positions(&store, all()).await, (vec![1, 3, 5, 7], 1_000));
    let others = Selection {
        org_id: other(),
        ..all()
    };
    assert_eq!(positions(&store, others).await.0, [2, 4, 6, 8]);
    let range = Selection {
        after: position(1),
        up_to: position(6),
        ..all()
    };
    assert_eq!(positions(&store, range).await, (vec![3, 5], 6));
    // Where there are more than asked for, only as far as the last.
    let some = Selection { limit: 2, ..all() };
    assert_eq!(positions(&store, some).await, (vec![1, 3], 3));
    let none = Selection {
        after: position(7),
        ..all()
    };
    assert_eq!(positions(&store, none).await, (vec![], 1_000));
}

#[tokio::test]
async fn streams_and_types_narrow_it_and_a_strange_stream_gives_nothing() {
    let database = Database::new().await;
    let store = database.store().await;
    let streams: Vec<Uuid> = (0..4).map(|_| Uuid::now_v7()).collect();
    filled(&store, &streams).await;
    store.append(one(streams[0], 1)).await.unwrap();
    let of = [streams[3], streams[0], Uuid::now_v7()];
    let of_streams = Selection {
        streams: Some(&of),
        ..all()
    };
    assert_eq!(positions(&store, of_streams).await, (vec![1, 7, 9], 1_000));
    let by_another = Selection {
        org_id: other(),
        ..of_streams
    };
    assert_eq!(positions(&store, by_another).await.0, [0; 0]);
    for (types, count) in [(&["thing.happened"], 5), (&["thing.undone"], 0)] {
        let of_type = Selection {
            types: Some(types),
            ..all()
        };
        assert_eq!(positions(&store, of_type).await.0.len(), count);
    }
}

#[tokio::test]
async fn large_events_end_a_selection_before_its_limit_and_none_is_lost() {
    let database = Database::new().await;
    let options = Options {
        page_bytes_limit: 100,
        ..options()
    };
    let store = database.store_with(database.config.clone(), options).await;
    let large = event_with(&format!(r#"{{"words":"{}"}}"#, "x".repeat(90)));
    for _ in 0..3 {
        let event = event_store::NewEvent {
            event_id: Uuid::now_v7(),
            ..large.clone()
        };
        let request = request(vec![stream(Uuid::now_v7(), 0, vec![event])]);
        store.append(request).await.unwrap();
    }
    let mut after = position(0);
    for expected in 1..=3 {
        let selected = store.select(&Selection { after, ..all() }).await.unwrap();
        assert_eq!(
            (selected.events.len(), selected.reached),
            (1, position(expected))
        );
        after = selected.reached;
    }
}

#[tokio::test]
async fn the_last_event_by_a_time_is_the_organizations_and_after_what_is_known() {
    let database = Database::new().await;
    let store = database.store().await;
    let streams: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
    filled(&store, &streams).await;
    let events = store.select(&all()).await.unwrap().events;
    let last = async |after: i64, by: DateTime<Utc>| {
        let found = store.last_recorded(partition(1), org(), position(after), by);
        found.await.unwrap().map(Position::get)
    };
    let [first, second, third] = [0, 1, 2].map(|place: usize| events[place].recorded_at);
    assert!(first < second && second < third);
    assert_eq!(last(0, first).await, Some(1));
    assert_eq!(last(0, second).await, Some(3));
    // The newest event of the partition is another organization's.
    assert_eq!(last(0, Utc::now()).await, Some(5));
    assert_eq!(last(3, second).await, None);
    assert_eq!(last(3, third).await, Some(5));
    assert_eq!(last(0, first - TimeDelta::microseconds(1)).await, None);
}
