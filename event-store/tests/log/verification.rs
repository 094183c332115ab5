//! `verify` names the first bad row, whatever was done to it.

use event_store::verify::{FaultKind, verify};
use event_store::{EventStore, Position};
use uuid::Uuid;

use crate::support::*;

/// Ten events on two streams, changed by a superuser who switched the triggers off.
async fn damaged(statement: &str) -> Option<(Position, FaultKind)> {
    let database = Database::new().await;
    let store = database.store().await;
    let streams = [Uuid::from_u128(1), Uuid::from_u128(2)];
    for number in 0..10_i64 {
        store
            .append(one(streams[number as usize % 2], number / 2))
            .await
            .unwrap();
    }
    let client = database.superuser().await;
    client
        .batch_execute(&format!(
            "SET session_replication_role = replica; {statement}"
        ))
        .await
        .unwrap();
    first_fault(&store).await
}

async fn first_fault(store: &EventStore) -> Option<(Position, FaultKind)> {
    let partitions = store.partitions().await.unwrap();
    let report = verify(store, &partitions, |_| ()).await.unwrap();
    let faults: Vec<_> = report.faults().collect();
    assert!(faults.len() <= 1, "{faults:?}");
    let fault = faults.first()?;
    assert_eq!(fault.partition, partition(1));
    assert!(
        fault
            .to_string()
            .starts_with(&format!("partition 1, position {}: ", fault.position))
    );
    Some((fault.position, fault.kind.clone()))
}

#[tokio::test]
async fn an_untouched_log_has_no_fault() {
    assert_eq!(damaged("").await, None);
}

#[tokio::test]
async fn a_changed_field_is_named_by_position() {
    for change in [
        "data = '{\"n\": 1}'",
        "metadata = '{}'",
        "type = 'thing.undone'",
        "org_id = '00000000-0000-0000-0000-00000000000b'",
        "occurred_at = occurred_at + interval '1 microsecond'",
        "recorded_at = recorded_at - interval '1 microsecond'",
        "event_id = '00000000-0000-0000-0000-00000000000b'",
        "stream_type = 'other'",
        "schema_version = 2",
        "hash = decode(repeat('ab', 32), 'hex')",
    ] {
        let fault = damaged(&format!(
            "UPDATE events SET {change} WHERE partition = 1 AND position = 4"
        ))
        .await;
        assert_eq!(
            fault,
            Some((position(4), FaultKind::HashDiffers)),
            "{change}"
        );
    }
}

#[tokio::test]
async fn a_removed_row_is_missing_at_its_position() {
    for gone in [1, 4, 10] {
        let fault = damaged(&format!(
            "DELETE FROM events WHERE partition = 1 AND position = {gone}"
        ))
        .await;
        assert_eq!(fault, Some((position(gone), FaultKind::Missing)));
    }
    assert_eq!(
        damaged("DELETE FROM events").await,
        Some((position(1), FaultKind::Missing))
    );
}

#[tokio::test]
async fn a_removed_row_whose_followers_moved_up_is_a_wrong_hash() {
    let fault = damaged(
        "DELETE FROM events WHERE partition = 1 AND position = 4; \
         UPDATE events SET position = position - 1 WHERE partition = 1 AND position > 4 AND position < 6",
    )
    .await;
    assert_eq!(fault, Some((position(4), FaultKind::HashDiffers)));
}

#[tokio::test]
async fn an_inserted_row_is_behind_the_head() {
    let fault = damaged(
        "INSERT INTO events SELECT partition, 11, org_id, stream_type, stream_id, 6, event_id, type, schema_version, \
         data, metadata, occurred_at, recorded_at, hash FROM events WHERE partition = 1 AND position = 1",
    )
    .await;
    assert_eq!(fault, Some((position(11), FaultKind::BeyondHead)));
}

#[tokio::test]
async fn a_changed_head_differs_from_its_last_row() {
    let chain = "UPDATE log_heads SET chain = decode(repeat('ab', 32), 'hex') WHERE partition = 1";
    assert_eq!(
        damaged(chain).await,
        Some((position(10), FaultKind::HeadDiffers))
    );
    let back = "UPDATE log_heads SET position = 9 WHERE partition = 1";
    assert_eq!(
        damaged(back).await,
        Some((position(10), FaultKind::BeyondHead))
    );
    let ahead = "UPDATE log_heads SET position = 11 WHERE partition = 1";
    assert_eq!(
        damaged(ahead).await,
        Some((position(11), FaultKind::Missing))
    );
}
