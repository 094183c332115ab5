//! A checkpoint finds what the chain alone cannot: a log that was rewritten together with its hashes.

use chrono::Utc;
use event_store::chain::Link;
use event_store::checkpoint::Checkpoint;
use event_store::verify::{FaultKind, Report, Span, verify, verify_spans};
use event_store::{EventStore, Mark, Position, Version};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::*;

/// Ten events on two streams by turns, and the mark of the seventh; then somebody with every right changes the log.
struct Case {
    database: Database,
    store: EventStore,
    mark: Mark,
}

impl Case {
    async fn new() -> Self {
        let database = Database::new().await;
        let store = database.store().await;
        let mut case = Self {
            database,
            store,
            mark: Mark::START,
        };
        case.append(0..7).await;
        case.mark = case.store.head_mark(partition(1)).await.unwrap();
        case.append(7..10).await;
        case
    }

    async fn append(&self, numbers: std::ops::Range<i64>) {
        let streams = [Uuid::from_u128(1), Uuid::from_u128(2)];
        for number in numbers {
            let request = one(streams[number as usize % 2], number / 2);
            self.store.append(request).await.unwrap();
        }
    }

    /// A connection that the triggers do not hinder.
    async fn tamperer(&self) -> Client {
        let client = self.database.superuser().await;
        client
            .batch_execute("SET session_replication_role = replica")
            .await
            .unwrap();
        client
    }

    async fn tamper(&self, statement: &str) {
        self.tamperer()
            .await
            .batch_execute(statement)
            .await
            .unwrap();
    }

    /// Changes the event at `at` and makes every later hash, and the head, fit to it.
    async fn rewrite(&self, at: i64) {
        let client = self.tamperer().await;
        let mut chain = None;
        for mut event in read_all(&self.store, partition(1)).await {
            if event.position < position(at) {
                chain = Some(event.hash);
                continue;
            }
            if event.position == position(at) {
                event.data = r#"{"n":1,"forged":true}"#.to_owned();
            }
            let hash = Link::from(&event).hash(&chain.unwrap());
            let row = "UPDATE events SET data = $2::text::json, hash = $3 WHERE partition = 1 AND position = $1";
            client
                .execute(row, &[&event.position.get(), &event.data, &&hash[..]])
                .await
                .unwrap();
            chain = Some(hash);
        }
        let head = "UPDATE log_heads SET chain = $1 WHERE partition = 1";
        client.execute(head, &[&&chain.unwrap()[..]]).await.unwrap();
    }

    async fn whole(&self) -> Option<(Position, FaultKind)> {
        fault(&verify(&self.store, &[partition(1)], |_| ()).await.unwrap())
    }

    async fn against(&self) -> Option<(Position, FaultKind)> {
        fault(&self.walk(Span::against(partition(1), self.mark)).await)
    }

    async fn since(&self) -> Option<(Position, FaultKind)> {
        fault(&self.walk(Span::since(partition(1), self.mark)).await)
    }

    async fn walk(&self, span: Span) -> Report {
        verify_spans(&self.store, &[span], |_| ()).await.unwrap()
    }
}

fn fault(report: &Report) -> Option<(Position, FaultKind)> {
    let fault = report.faults().next()?;
    Some((fault.position, fault.kind.clone()))
}

fn differs() -> Option<(Position, FaultKind)> {
    Some((position(7), FaultKind::CheckpointDiffers))
}

#[tokio::test]
async fn a_log_that_nobody_touched_stands_against_its_checkpoint() {
    let case = Case::new().await;
    assert_eq!(case.against().await, None);
    let report = case.walk(Span::since(partition(1), case.mark)).await;
    assert_eq!((fault(&report), report.events()), (None, 3));
}

#[tokio::test]
async fn a_log_rewritten_with_all_its_hashes_is_found_by_the_checkpoint_alone() {
    let case = Case::new().await;
    case.rewrite(4).await;
    assert_eq!(case.whole().await, None, "it is right in itself");
    assert_eq!(case.against().await, differs());
    assert_eq!(case.since().await, differs());
}

#[tokio::test]
async fn a_log_rewritten_after_the_checkpoint_is_beyond_its_proof() {
    let case = Case::new().await;
    case.rewrite(9).await;
    assert_eq!(case.against().await, None);
}

#[tokio::test]
async fn a_changed_row_before_the_checkpoint_is_named_by_its_own_position() {
    let case = Case::new().await;
    case.tamper("UPDATE events SET data = '{}' WHERE partition = 1 AND position = 4")
        .await;
    assert_eq!(
        case.against().await,
        Some((position(4), FaultKind::HashDiffers))
    );
    assert_eq!(case.since().await, None, "what is before is not looked at");
}

#[tokio::test]
async fn a_changed_row_after_the_checkpoint_is_found_by_walking_only_what_came_later() {
    let case = Case::new().await;
    case.tamper("UPDATE events SET data = '{}' WHERE partition = 1 AND position = 9")
        .await;
    assert_eq!(
        case.since().await,
        Some((position(9), FaultKind::HashDiffers))
    );
}

#[tokio::test]
async fn a_log_that_was_put_back_to_before_the_checkpoint_is_cut_off() {
    let case = Case::new().await;
    case.tamper(
        "DELETE FROM events WHERE partition = 1 AND position > 5; \
         UPDATE log_heads h SET position = 5, chain = e.hash FROM events e \
          WHERE h.partition = 1 AND e.partition = 1 AND e.position = 5",
    )
    .await;
    assert_eq!(case.whole().await, None, "it is right in itself");
    let cut = Some((position(7), FaultKind::CutOff { head: position(5) }));
    assert_eq!(case.against().await, cut);
    assert_eq!(case.since().await, cut);
}

#[tokio::test]
async fn the_row_of_the_mark_itself_must_be_there_and_unchanged() {
    let case = Case::new().await;
    case.tamper("DELETE FROM events WHERE partition = 1 AND position = 7")
        .await;
    assert_eq!(case.since().await, Some((position(7), FaultKind::Missing)));
}

/// The walk has not seen the stream before, so it asks the log.
#[tokio::test]
async fn a_stream_that_goes_on_after_the_mark_must_have_its_former_event() {
    let case = Case::new().await;
    // The event of the second stream before those that follow the mark.
    case.tamper("DELETE FROM events WHERE partition = 1 AND position = 6")
        .await;
    let kind = FaultKind::StreamVersion {
        stream_id: Uuid::from_u128(2),
        expected: Version::new(3).unwrap(),
        found: Version::new(4).unwrap(),
    };
    assert_eq!(case.since().await, Some((position(8), kind)));
}

#[tokio::test]
async fn a_checkpoint_holds_the_head_of_every_partition() {
    let case = Case::new().await;
    let checkpoint = Checkpoint::take(&case.store, Utc::now()).await.unwrap();
    assert_eq!(checkpoint.marks.len(), 16);
    let head = read_all(&case.store, partition(1)).await.pop().unwrap();
    let mark = Mark {
        position: head.position,
        hash: head.hash,
    };
    assert_eq!(checkpoint.marks[&partition(1)], mark);
    assert_eq!(checkpoint.marks[&partition(2)], Mark::START);
}
