//! Two batches under way on one connection: each is answered for itself, whatever becomes of the other.

use std::time::Duration;

use event_store::verify::verify;
use event_store::{AppendError, AppendRequest, Appended, EventStore};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{sleep, timeout};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{Database, event_with, one, partition, patient, position, request, stream};

const DEADLINE: Duration = Duration::from_secs(30);
const HOLD_HEADS: &str = "BEGIN; LOCK TABLE log_heads IN ACCESS EXCLUSIVE MODE";
const BLOCKED_WRITERS: &str = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
    AND wait_event_type = 'Lock' AND query LIKE '%append_events%'";
/// Turns that everything that is ready gets on the one thread of a test: the writer sends, its connection writes.
const TURNS: usize = 200;

type Answer = JoinHandle<Result<Appended, AppendError>>;

/// A store that knows the head, with a first request that waits for the heads and a second one sent behind it.
struct TwoUnderWay {
    database: Database,
    store: EventStore,
    holder: Client,
    first: Answer,
    second: Answer,
    writer_pid: i32,
}

impl TwoUnderWay {
    async fn start(first: AppendRequest, second: AppendRequest, is_head_stale: bool) -> Self {
        let database = Database::new().await;
        let store = database
            .store_with(database.config.clone(), patient())
            .await;
        store.append(one(Uuid::now_v7(), 0)).await.unwrap();
        if is_head_stale {
            let another = database.store().await;
            another.append(one(Uuid::now_v7(), 0)).await.unwrap();
        }
        let holder = database.client().await;
        holder.batch_execute(HOLD_HEADS).await.unwrap();
        let first = append(&store, first);
        let writer_pid = blocked_writer(&database).await;
        let second = append(&store, second);
        for _ in 0..TURNS {
            yield_now().await;
        }
        Self {
            database,
            store,
            holder,
            first,
            second,
            writer_pid,
        }
    }

    async fn let_go(self) -> [Result<Appended, AppendError>; 2] {
        self.holder.batch_execute("ROLLBACK").await.unwrap();
        let first = timeout(DEADLINE, self.first).await.unwrap().unwrap();
        let second = timeout(DEADLINE, self.second).await.unwrap().unwrap();
        let report = verify(&self.store, &[partition(1)], |_| ()).await.unwrap();
        assert_eq!(report.faults().count(), 0);
        [first, second]
    }
}

fn append(store: &EventStore, request: AppendRequest) -> Answer {
    let store = store.clone();
    tokio::spawn(async move { store.append(request).await })
}

async fn blocked_writer(database: &Database) -> i32 {
    let client = database.superuser().await;
    let looking = async {
        loop {
            if let Some(row) = client.query_opt(BLOCKED_WRITERS, &[]).await.unwrap() {
                return row.get(0);
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(DEADLINE, looking).await.unwrap()
}

#[tokio::test]
async fn both_stand_in_the_order_of_sending() {
    let (first, second) = (one(Uuid::now_v7(), 0), one(Uuid::now_v7(), 0));
    let under_way = TwoUnderWay::start(first, second, false).await;
    let [first, second] = under_way.let_go().await;
    assert_eq!(first.unwrap().position, position(2));
    assert_eq!(second.unwrap().position, position(3));
}

#[tokio::test]
async fn when_another_server_moved_the_head_both_are_decided_again_and_stand_once() {
    let (first, second) = (one(Uuid::now_v7(), 0), one(Uuid::now_v7(), 0));
    let under_way = TwoUnderWay::start(first, second, true).await;
    let database = under_way.database.client().await;
    let [first, second] = under_way.let_go().await;
    assert_eq!(first.unwrap().position, position(3));
    assert_eq!(second.unwrap().position, position(4));
    let count = database.query_one("SELECT count(*) FROM events", &[]).await;
    assert_eq!(count.unwrap().get::<_, i64>(0), 4);
}

#[tokio::test]
async fn a_conflict_of_the_first_does_not_harm_the_second() {
    let (first, second) = (one(Uuid::now_v7(), 7), one(Uuid::now_v7(), 0));
    let under_way = TwoUnderWay::start(first, second, false).await;
    let [first, second] = under_way.let_go().await;
    assert!(
        matches!(first, Err(AppendError::Conflict { .. })),
        "{first:?}"
    );
    assert_eq!(second.unwrap().position, position(2));
}

#[tokio::test]
async fn a_bad_row_of_the_first_does_not_harm_the_second() {
    let bad = request(vec![stream(Uuid::now_v7(), 0, vec![event_with("no JSON")])]);
    let under_way = TwoUnderWay::start(bad, one(Uuid::now_v7(), 0), false).await;
    let [first, second] = under_way.let_go().await;
    assert!(matches!(first, Err(AppendError::Rejected(_))), "{first:?}");
    assert_eq!(second.unwrap().position, position(2));
}

#[tokio::test]
async fn a_connection_lost_under_both_leaves_each_of_them_once() {
    let (first, second) = (one(Uuid::now_v7(), 0), one(Uuid::now_v7(), 0));
    let under_way = TwoUnderWay::start(first, second, false).await;
    let database = under_way.database.superuser().await;
    database
        .execute("SELECT pg_terminate_backend($1)", &[&under_way.writer_pid])
        .await
        .unwrap();
    let [first, second] = under_way.let_go().await;
    let mut positions = [first.unwrap().position, second.unwrap().position];
    positions.sort_unstable();
    assert_eq!(positions, [position(2), position(3)]);
    let count = database.query_one("SELECT count(*) FROM events", &[]).await;
    assert_eq!(count.unwrap().get::<_, i64>(0), 3);
}
