//! What one append does, and that a refused one leaves nothing.

use event_store::{AppendError, InvalidAppend, Options, Position, StartError};
use tokio::time::Instant;
use uuid::Uuid;

use crate::support::*;

#[tokio::test]
async fn an_append_gives_positions_versions_and_the_exact_bytes_back() {
    let database = Database::new().await;
    let store = database.store().await;
    let (ticket, message) = (Uuid::now_v7(), Uuid::now_v7());
    let odd_json = "{ \"b\" :1,\n\"a\":\"\\u0000é\" ,\"a\":2}";
    let (first, second, third) = (event_with(odd_json), event(), event());
    let streams = vec![
        stream(ticket, 0, vec![first.clone(), second.clone()]),
        stream(message, 0, vec![third.clone()]),
    ];
    let appended = store.append(request(streams)).await.unwrap();
    assert_eq!(appended.position, position(3));

    let events = read_all(&store, partition(1)).await;
    let ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
    assert_eq!(ids, [first.event_id, second.event_id, third.event_id]);
    let numbers: Vec<_> = events
        .iter()
        .map(|event| (event.position.get(), event.version.get()))
        .collect();
    assert_eq!(numbers, [(1, 1), (2, 2), (3, 1)]);
    assert_eq!(events[0].data, odd_json);
    assert_eq!(
        events[0].occurred_at.timestamp_micros(),
        first.occurred_at.timestamp_micros()
    );
    assert!(
        events
            .iter()
            .all(|event| event.recorded_at == appended.recorded_at && event.org_id == org())
    );
    assert_eq!(store.head(partition(1)).await.unwrap(), position(3));
    assert_eq!(store.head(partition(2)).await.unwrap(), Position::START);
}

#[tokio::test]
async fn a_wrong_expected_version_is_a_conflict_that_names_the_actual_one() {
    let database = Database::new().await;
    let store = database.store().await;
    let id = Uuid::now_v7();
    store.append(one(id, 0)).await.unwrap();
    for wrong in [0, 2, 99] {
        let refused = store.append(one(id, wrong)).await;
        let Err(AppendError::Conflict {
            stream_id,
            expected,
            actual,
        }) = refused
        else {
            panic!("{refused:?}")
        };
        assert_eq!(
            (stream_id, expected, actual),
            (id, version(wrong), version(1))
        );
    }
    assert_eq!(database.count("events").await, 1);
}

#[tokio::test]
async fn one_conflicting_stream_refuses_the_whole_append() {
    let database = Database::new().await;
    let store = database.store().await;
    let (good, bad) = (Uuid::now_v7(), Uuid::now_v7());
    let mut refused = request(vec![
        stream(good, 0, vec![event()]),
        stream(bad, 5, vec![event()]),
    ]);
    refused.result = result("key", 1, "{}");
    assert!(matches!(
        store.append(refused).await,
        Err(AppendError::Conflict { .. })
    ));
    assert_eq!(
        (
            database.count("events").await,
            database.count("command_results").await
        ),
        (0, 0)
    );
    assert_eq!(store.head(partition(1)).await.unwrap(), Position::START);
}

#[tokio::test]
async fn a_stream_without_events_guards_its_version() {
    let database = Database::new().await;
    let store = database.store().await;
    let (guard, target) = (Uuid::now_v7(), Uuid::now_v7());
    store.append(one(guard, 0)).await.unwrap();
    let guarded = |expected| {
        request(vec![
            stream(guard, expected, vec![]),
            stream(target, 0, vec![event()]),
        ])
    };
    assert!(matches!(
        store.append(guarded(0)).await,
        Err(AppendError::Conflict { .. })
    ));
    store.append(guarded(1)).await.unwrap();
    assert_eq!(database.count("events").await, 2);
}

#[tokio::test]
async fn what_is_not_json_is_rejected_alone_and_its_neighbours_stand() {
    let database = Database::new().await;
    let store = database.store().await;
    let poison = ["{broken", "", "\"raw \0 nul\"", "nonsense"];
    let mut tasks = Vec::new();
    for number in 0..64_usize {
        let store = store.clone();
        let data = if number % 16 == 0 {
            poison[number / 16]
        } else {
            "{}"
        };
        let request = request(vec![stream(Uuid::now_v7(), 0, vec![event_with(data)])]);
        tasks.push(tokio::spawn(async move {
            (number % 16 == 0, store.append(request).await)
        }));
    }
    for task in tasks {
        match task.await.unwrap() {
            (true, outcome) => assert!(
                matches!(outcome, Err(AppendError::Rejected(_))),
                "{outcome:?}"
            ),
            (false, outcome) => assert!(outcome.is_ok(), "{outcome:?}"),
        }
    }
    assert_eq!(read_all(&store, partition(1)).await.len(), 60);
}

#[tokio::test]
async fn a_stream_of_another_organization_or_type_is_refused_and_not_shown() {
    let database = Database::new().await;
    let store = database.store().await;
    let id = Uuid::now_v7();
    store.append(one(id, 0)).await.unwrap();
    for expected in [0, 1] {
        let mut foreign = one(id, expected);
        foreign.org_id = event_store::OrgId(Uuid::from_u128(0xB));
        let mut of_other_type = one(id, expected);
        of_other_type.streams[0].stream.stream_type = "other".into();
        for refused in [foreign, of_other_type] {
            let outcome = store.append(refused).await;
            assert!(
                matches!(
                    outcome,
                    Err(AppendError::Invalid(InvalidAppend::StreamOfAnother(_)))
                ),
                "{outcome:?}"
            );
        }
    }
    let stranger = event_store::OrgId(Uuid::from_u128(0xB));
    assert!(
        store
            .read_stream(partition(1), stranger, id, version(0), 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        store
            .stream_versions(partition(1), stranger, &[id])
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(database.count("events").await, 1);
}

#[tokio::test]
async fn a_request_over_a_limit_never_reaches_the_database() {
    let database = Database::new().await;
    let store = database.store().await;
    let id = Uuid::now_v7();
    let invalid = [
        request(vec![]),
        request(vec![
            stream(id, 0, vec![event()]),
            stream(id, 1, vec![event()]),
        ]),
        request(vec![stream(
            id,
            0,
            (0..=event_store::append::EVENTS_MAX)
                .map(|_| event())
                .collect(),
        )]),
        request(vec![stream(
            id,
            0,
            vec![event_with(
                &"1".repeat(event_store::append::TEXT_BYTES_MAX + 1),
            )],
        )]),
    ];
    for request in invalid {
        assert!(matches!(
            store.append(request).await,
            Err(AppendError::Invalid(_))
        ));
    }
    let nowhere = event_store::AppendRequest {
        partition: partition(999),
        ..one(id, 0)
    };
    let outcome = store.append(nowhere).await;
    assert!(
        matches!(
            outcome,
            Err(AppendError::Invalid(InvalidAppend::NoSuchPartition(_)))
        ),
        "{outcome:?}"
    );
    assert_eq!(database.count("events").await, 0);
}

/// Waits until a writer hangs on the lock of a head.
async fn until_a_writer_waits(client: &tokio_postgres::Client) {
    let statement = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let deadline = Instant::now() + DEADLINE;
    while client
        .query_one(statement, &[])
        .await
        .unwrap()
        .get::<_, i64>(0)
        == 0
    {
        assert!(Instant::now() < deadline, "no writer waits");
    }
}

#[tokio::test]
async fn a_queue_is_full_when_its_bytes_are_and_a_larger_request_passes_alone() {
    let database = Database::new().await;
    let options = Options {
        queue_bytes_limit: 1,
        ..patient()
    };
    let store = database.store_with(database.config.clone(), options).await;
    let locker = database.client().await;
    let lock = "BEGIN; SELECT position FROM log_heads WHERE partition = 1 FOR UPDATE";
    locker.batch_execute(lock).await.unwrap();
    let first = {
        let store = store.clone();
        tokio::spawn(async move { store.append(one(Uuid::now_v7(), 0)).await })
    };
    until_a_writer_waits(&database.superuser().await).await;
    let second = store.append(one(Uuid::now_v7(), 0)).await;
    assert!(matches!(second, Err(AppendError::Overloaded)), "{second:?}");
    locker.batch_execute("COMMIT").await.unwrap();
    first.await.unwrap().unwrap();
    store.append(one(Uuid::now_v7(), 0)).await.unwrap();
}

#[tokio::test]
async fn an_operator_sees_what_waits_and_how_appends_end() {
    let database = Database::new().await;
    let handle = platform::telemetry::init_metrics().unwrap();
    let store = database.store().await;
    let id = Uuid::now_v7();
    store.append(one(id, 0)).await.unwrap();
    store.append(one(id, 0)).await.unwrap_err();
    let shown = handle.render();
    for name in [
        "insightdesk_log_appends_total{outcome=\"appended\"}",
        "insightdesk_log_appends_total{outcome=\"conflict\"}",
        "insightdesk_log_append_duration_seconds_bucket",
        "insightdesk_log_batch_duration_seconds_bucket{path=\"slow\"",
        "insightdesk_log_batch_requests",
        "insightdesk_log_queue_requests{writer=\"1\"}",
    ] {
        assert!(shown.contains(name), "{name} is not in {shown}");
    }
}

#[tokio::test]
async fn a_full_queue_answers_overloaded_and_a_store_that_is_shut_down_unavailable() {
    let database = Database::new().await;
    let options = Options {
        queue_limit: 1,
        writer_count: 1,
        ..options()
    };
    let store = database.store_with(database.config.clone(), options).await;
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.append(one(Uuid::now_v7(), 0)).await })
        })
        .collect();
    let (mut stood, mut overloaded) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => stood += 1,
            Err(AppendError::Overloaded) => overloaded += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(stood > 0 && overloaded > 0);
    assert_eq!(database.count("events").await, stood);
    store.shutdown().await;
    assert!(matches!(
        store.append(one(Uuid::now_v7(), 0)).await,
        Err(AppendError::Unavailable(_))
    ));
    assert_eq!(database.count("events").await, stood);
}

#[tokio::test]
async fn a_shutdown_answers_everything_that_waits() {
    let database = Database::new().await;
    let store = database.store().await;
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.append(one(Uuid::now_v7(), 0)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    store.shutdown().await;
    let mut stood = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => stood += 1,
            Err(AppendError::Unavailable(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(database.count("events").await, stood);
}

#[tokio::test]
async fn reading_a_stream_pages_by_version() {
    let database = Database::new().await;
    let store = database.store().await;
    let id = Uuid::now_v7();
    store
        .append(request(vec![stream(
            id,
            0,
            (0..5).map(|_| event()).collect(),
        )]))
        .await
        .unwrap();
    let page = store
        .read_stream(partition(1), org(), id, version(2), 2)
        .await
        .unwrap();
    assert_eq!(
        page.iter()
            .map(|event| event.version.get())
            .collect::<Vec<_>>(),
        [3, 4]
    );
    let versions = store
        .stream_versions(partition(1), org(), &[id, Uuid::now_v7()])
        .await
        .unwrap();
    assert_eq!(versions, [(id, version(5))].into());
}

#[tokio::test]
async fn a_store_does_not_start_with_a_limit_of_zero() {
    let database = Database::new().await;
    let pool = deadpool_postgres::Pool::builder(deadpool_postgres::Manager::new(
        database.config.clone(),
        tokio_postgres::NoTls,
    ));
    let options = Options {
        queue_limit: 0,
        ..options()
    };
    let outcome =
        event_store::EventStore::start(database.config.clone(), pool.build().unwrap(), options)
            .await;
    assert!(matches!(
        outcome,
        Err(StartError::Option {
            name: "queue_limit"
        })
    ));
}
