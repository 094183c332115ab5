//! Three servers on hot streams, with wrong expected versions and poison, and a reader at the head of the log.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use event_store::verify::verify;
use event_store::{
    AppendError, AppendRequest, EventStore, Options, Partition, Position, RecordedEvent, Version,
};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use tokio::time::timeout;
use uuid::Uuid;

use crate::support::*;

const SERVERS: u64 = 3;
const CLIENTS_PER_SERVER: u64 = 6;
const APPENDS_PER_CLIENT: usize = 150;
const HOT_STREAMS: u128 = 12;

/// What the clients believe about the streams; shared and often stale, as in life.
type Believed = Arc<Mutex<HashMap<Uuid, i64>>>;

/// What one append was and what came of it.
struct Attempt {
    event_ids: Vec<Uuid>,
    is_poison: bool,
    is_far_ahead: bool,
    outcome: Result<Position, AppendError>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_contention_nothing_is_lost_doubled_torn_or_out_of_order() {
    let database = Database::new().await;
    let partition = partition(1);
    let believed = Believed::default();
    let mut clients = Vec::new();
    for server in 0..SERVERS {
        let store = patient(&database).await;
        for client in 0..CLIENTS_PER_SERVER {
            let (store, believed) = (store.clone(), Arc::clone(&believed));
            clients.push(tokio::spawn(run_client(
                store,
                believed,
                server * 100 + client,
            )));
        }
    }
    let observer = database.store().await;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let reader = tokio::spawn(read_at_the_head(observer.clone(), partition, stopped));
    let mut attempts = Vec::new();
    for client in clients {
        attempts.extend(timeout(DEADLINE, client).await.unwrap().unwrap());
    }
    stop.send(observer.head(partition).await.unwrap()).unwrap();
    let log = timeout(DEADLINE, reader).await.unwrap().unwrap();

    check_order(&log);
    check_attempts(&log, &attempts);
    let stored = database.event_ids(partition).await;
    assert_eq!(
        stored,
        log.iter().map(|event| event.event_id).collect::<Vec<_>>()
    );
    let report = verify(&observer, &[partition], |_| ()).await.unwrap();
    assert_eq!(
        (report.faults().count(), report.events()),
        (0, log.len() as u64)
    );
}

/// A store that waits for the others however slow the machine is: what a writer gives up is another test's subject.
async fn patient(database: &Database) -> EventStore {
    let options = Options {
        lock_timeout: DEADLINE,
        statement_timeout: DEADLINE,
        ..options()
    };
    database.store_with(database.config.clone(), options).await
}

async fn run_client(store: EventStore, believed: Believed, seed: u64) -> Vec<Attempt> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut attempts = Vec::new();
    for _ in 0..APPENDS_PER_CLIENT {
        let is_poison = random.random_bool(0.01);
        let is_far_ahead = random.random_bool(0.05);
        let request = hot_request(&mut random, &believed, is_poison, is_far_ahead);
        let event_ids = request
            .streams
            .iter()
            .flat_map(|s| &s.events)
            .map(|event| event.event_id)
            .collect();
        let ends: Vec<_> = request
            .streams
            .iter()
            .map(|s| (s.stream.id, s.expected.get() + s.events.len() as i64))
            .collect();
        let outcome = store
            .append(request)
            .await
            .map(|appended| appended.position);
        let mut believed = believed.lock().unwrap();
        match &outcome {
            Ok(_) => believed.extend(ends),
            Err(AppendError::Conflict {
                stream_id, actual, ..
            }) => {
                believed.insert(*stream_id, actual.get());
            }
            Err(_) => {}
        }
        attempts.push(Attempt {
            event_ids,
            is_poison,
            is_far_ahead,
            outcome,
        });
    }
    attempts
}

/// 1 to 4 events over 1 to 3 of the hot streams; one in five expects a wrong version, behind or ahead.
fn hot_request(
    random: &mut StdRng,
    believed: &Believed,
    is_poison: bool,
    is_far_ahead: bool,
) -> AppendRequest {
    let all: Vec<Uuid> = (0..HOT_STREAMS).map(Uuid::from_u128).collect();
    let count = random.random_range(1..=3);
    let chosen: Vec<Uuid> = all.choose_multiple(random, count).copied().collect();
    let believed = believed.lock().unwrap();
    let error = match random.random_range(0..100) {
        _ if is_far_ahead => 1_000_000,
        0..8 => -1,
        8..15 => 1,
        _ => 0,
    };
    let mut streams = Vec::new();
    for (number, id) in chosen.into_iter().enumerate() {
        let version = believed.get(&id).copied().unwrap_or(0);
        let expected = if number == 0 {
            (version + error).max(0)
        } else {
            version
        };
        let extra = usize::from(number == 0 && random.random_bool(0.3));
        streams.push(stream(id, expected, (0..=extra).map(|_| event()).collect()));
    }
    if is_poison {
        streams.last_mut().unwrap().events[0].data = "{poison".to_owned();
    }
    request(streams)
}

/// Reads while the others write; stops at the head that the test names at the end.
async fn read_at_the_head(
    store: EventStore,
    partition: Partition,
    mut stopped: tokio::sync::oneshot::Receiver<Position>,
) -> Vec<RecordedEvent> {
    let mut subscription = store.subscribe(partition, Position::START);
    let mut log = Vec::new();
    let mut end = None;
    while end.is_none_or(|end| subscription.position() < end) {
        tokio::select! {
            page = subscription.next_page(100) => log.extend(page.unwrap()),
            head = &mut stopped, if end.is_none() => end = Some(head.unwrap()),
        }
    }
    log
}

/// Positions 1, 2, 3 … and per stream versions 1, 2, 3 …, no event twice.
fn check_order(log: &[RecordedEvent]) {
    let mut versions: HashMap<Uuid, Version> = HashMap::new();
    let mut ids = HashSet::new();
    for (number, event) in (1..).zip(log) {
        assert_eq!(event.position, position(number));
        let version = versions.entry(event.stream_id).or_insert(Version::NONE);
        *version = version.next();
        assert_eq!(event.version, *version);
        assert!(
            ids.insert(event.event_id),
            "{} is there twice",
            event.event_id
        );
    }
}

fn check_attempts(log: &[RecordedEvent], attempts: &[Attempt]) {
    let place: HashMap<Uuid, i64> = log
        .iter()
        .map(|event| (event.event_id, event.position.get()))
        .collect();
    let (mut stood, mut conflicts, mut rejected) = (0, 0, 0);
    for attempt in attempts {
        let places: Vec<Option<i64>> = attempt
            .event_ids
            .iter()
            .map(|id| place.get(id).copied())
            .collect();
        match &attempt.outcome {
            Ok(last) => {
                stood += attempt.event_ids.len();
                let first = last.get() - attempt.event_ids.len() as i64 + 1;
                let expected: Vec<_> = (first..=last.get()).map(Some).collect();
                assert_eq!(
                    places, expected,
                    "an acknowledged append stands together, in its order"
                );
                assert!(!attempt.is_poison && !attempt.is_far_ahead);
            }
            Err(refusal) => {
                assert!(
                    places.iter().all(Option::is_none),
                    "a refused append left a row: {refusal:?}"
                );
                match refusal {
                    AppendError::Conflict {
                        expected, actual, ..
                    } => {
                        assert_ne!(expected, actual);
                        conflicts += 1;
                    }
                    AppendError::Rejected(_) if attempt.is_poison => rejected += 1,
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    assert_eq!(stood, log.len(), "every event of the log was acknowledged");
    assert!(
        stood > 500 && conflicts > 200 && rejected > 0,
        "{stood} stood, {conflicts} conflicts, {rejected} poison"
    );
}
