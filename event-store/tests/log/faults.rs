//! Connections that break at the worst moment: nothing acknowledged is missing, nothing is there twice.

use std::collections::HashSet;
use std::time::Duration;

use event_store::verify::verify;
use event_store::{AppendError, EventStore, Options};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::proxy::{At, Fault, Proxy};
use crate::support::*;

/// A store whose writers go through a proxy and know the head of partition 1, where one event is.
async fn behind_proxy(options: Options) -> (Database, Proxy, EventStore) {
    let database = Database::new().await;
    let proxy = Proxy::start(&database.config).await;
    let store = database.store_with(proxy.config.clone(), options).await;
    let stream_id = Uuid::now_v7();
    retry_until_answered(&store, || one(stream_id, 0))
        .await
        .unwrap();
    (database, proxy, store)
}

async fn check_two_events(database: &Database, store: &EventStore) {
    assert_eq!(database.count("events").await, 2);
    store.append(one(Uuid::now_v7(), 0)).await.unwrap();
    let report = verify(store, &[partition(1)], |_| ()).await.unwrap();
    assert_eq!((report.faults().count(), report.events()), (0, 3));
}

#[tokio::test]
async fn a_fast_append_lost_before_or_behind_the_server_is_done_once() {
    for fault in [Fault::LoseRequest, Fault::LoseAnswer] {
        let (database, proxy, store) = behind_proxy(options()).await;
        proxy.arm(At::Statement, fault);
        let appended = timeout(DEADLINE, store.append(one(Uuid::now_v7(), 0)))
            .await
            .unwrap()
            .unwrap();
        assert!(proxy.has_fired());
        assert_eq!(appended.position, position(2));
        check_two_events(&database, &store).await;
    }
}

#[tokio::test]
async fn a_slow_append_lost_before_or_behind_the_server_is_done_once() {
    for fault in [Fault::LoseRequest, Fault::LoseAnswer] {
        let (database, proxy, store) = behind_proxy(options()).await;
        // Another server writes, so that the known head is stale and the slow path has to answer.
        database
            .store()
            .await
            .append(one(Uuid::now_v7(), 0))
            .await
            .unwrap();
        proxy.arm(At::Commit, fault);
        let appended = timeout(DEADLINE, store.append(one(Uuid::now_v7(), 0)))
            .await
            .unwrap()
            .unwrap();
        assert!(proxy.has_fired());
        assert_eq!(appended.position, position(3));
        assert_eq!(database.count("events").await, 3);
        assert_eq!(
            verify(&store, &[partition(1)], |_| ())
                .await
                .unwrap()
                .faults()
                .count(),
            0
        );
    }
}

#[tokio::test]
async fn a_statement_that_arrives_after_it_was_given_up_does_nothing() {
    let (database, proxy, store) = behind_proxy(options()).await;
    proxy.arm(At::Statement, Fault::Delay);
    let appended = timeout(DEADLINE, store.append(one(Uuid::now_v7(), 0)))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(appended.position, position(2));
    timeout(DEADLINE, proxy.release_delayed()).await.unwrap();
    check_two_events(&database, &store).await;
}

#[tokio::test]
async fn a_lost_answer_of_a_command_without_events_is_found_by_its_key() {
    let (database, proxy, store) = behind_proxy(options()).await;
    proxy.arm(At::Statement, Fault::LoseAnswer);
    let nothing = event_store::AppendRequest {
        result: result("key", 1, "{\"x\":1}"),
        ..request(vec![])
    };
    let outcome = timeout(DEADLINE, store.append(nothing)).await.unwrap();
    let Err(AppendError::Repeated { answer, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(answer, "{\"x\":1}");
    assert_eq!(database.count("command_results").await, 1);
}

#[tokio::test]
async fn an_outcome_that_cannot_be_found_out_in_time_is_unknown_and_the_key_tells_later() {
    let short = Duration::from_secs(2);
    let options = Options {
        answer_deadline: short,
        outcome_deadline: short,
        ..options()
    };
    let stream_id = Uuid::now_v7();
    let keyed = || event_store::AppendRequest {
        result: result("key", 1, "{}"),
        ..one(stream_id, 0)
    };
    let mut tries = 0;
    let (database, proxy, store, outcome) = loop {
        let (database, proxy, store) = behind_proxy(options.clone()).await;
        proxy.refuse_after_fault();
        proxy.arm(At::Statement, Fault::LoseAnswer);
        let outcome = timeout(DEADLINE, store.append(keyed())).await.unwrap();
        tries += 1;
        // A machine that stood still gave it up before it was sent.
        let is_unsent = matches!(outcome, Err(AppendError::Unavailable(_))) && !proxy.has_fired();
        if !is_unsent || tries == 5 {
            break (database, proxy, store, outcome);
        }
    };
    assert!(
        matches!(outcome, Err(AppendError::OutcomeUnknown(_))),
        "{outcome:?}"
    );
    let outcome = timeout(DEADLINE, store.append(keyed())).await.unwrap();
    assert!(
        matches!(outcome, Err(AppendError::Unavailable(_))),
        "{outcome:?}"
    );
    proxy.let_through();
    let outcome = retry_until_answered(&store, keyed).await;
    assert!(
        matches!(outcome, Err(AppendError::Repeated { .. })),
        "{outcome:?}"
    );
    check_two_events(&database, &database.store().await).await;
}

async fn retry_until_answered(
    store: &EventStore,
    request: impl Fn() -> event_store::AppendRequest,
) -> Result<event_store::Appended, AppendError> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match store.append(request()).await {
            Err(AppendError::Unavailable(_) | AppendError::Overloaded)
                if Instant::now() < deadline => {}
            outcome => return outcome,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_whose_backends_are_terminated_under_load_lose_and_double_nothing() {
    const CLIENTS: usize = 16;
    const KILLS: usize = 20;
    let database = Database::new().await;
    let store = database
        .store_with(database.config.clone(), patient())
        .await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (store, stopped) = (store.clone(), stopped.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                while !*stopped.borrow() {
                    let request = one(Uuid::now_v7(), 0);
                    let id = request.streams[0].events[0].event_id;
                    store.append(request).await.unwrap();
                    acknowledged.push(id);
                }
                acknowledged
            })
        })
        .collect();
    let killer = database.superuser().await;
    let mut killed = 0;
    let deadline = Instant::now() + DEADLINE;
    while killed < KILLS {
        assert!(
            Instant::now() < deadline,
            "only {killed} writers were found working"
        );
        let statement = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
            WHERE datname = current_database() AND state = 'active' AND query LIKE '%append_events%' \
              AND pid <> pg_backend_pid()";
        killed += killer
            .query_one(statement, &[])
            .await
            .unwrap()
            .get::<_, i64>(0) as usize;
    }
    stop.send(true).unwrap();
    let mut acknowledged = HashSet::new();
    for client in clients {
        acknowledged.extend(timeout(DEADLINE, client).await.unwrap().unwrap());
    }
    let stored = database.event_ids(partition(1)).await;
    assert_eq!(
        stored.len(),
        acknowledged.len(),
        "nothing is there twice or unasked"
    );
    assert_eq!(stored.into_iter().collect::<HashSet<_>>(), acknowledged);
    assert_eq!(
        verify(&store, &[partition(1)], |_| ())
            .await
            .unwrap()
            .faults()
            .count(),
        0
    );
}

#[tokio::test]
async fn a_store_whose_database_hangs_shuts_down_without_a_try_for_each_that_waits() {
    const WAITING: usize = 200;
    let database = Database::new().await;
    // Connections are made, but nobody ever answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = tokio_postgres::Config::new();
    config
        .host("127.0.0.1")
        .port(silent.local_addr().unwrap().port())
        .user("nobody");
    let options = Options {
        connect_timeout: Duration::from_secs(1),
        answer_deadline: 4 * DEADLINE,
        ..options()
    };
    let store = database.store_with(config, options).await;
    let waiting: Vec<_> = (0..WAITING)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.append(one(Uuid::now_v7(), 0)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    timeout(DEADLINE, store.shutdown()).await.unwrap();
    for answer in waiting {
        let answer = answer.await.unwrap();
        assert!(
            matches!(answer, Err(AppendError::Unavailable(_))),
            "{answer:?}"
        );
    }
}

/// The writer trusts the CHECK of the column; without it, it meets what its program does not expect.
#[tokio::test]
async fn a_fault_of_the_program_costs_its_batch_and_not_the_writer() {
    let database = Database::new().await;
    let one_writer = Options {
        writer_count: 1,
        ..options()
    };
    let store = database
        .store_with(database.config.clone(), one_writer)
        .await;
    let break_head = "ALTER TABLE log_heads DROP CONSTRAINT log_heads_chain_check; \
        UPDATE log_heads SET chain = 'short' WHERE partition = 1";
    let client = database.client().await;
    client.batch_execute(break_head).await.unwrap();
    let outcome = timeout(DEADLINE, store.append(one(Uuid::now_v7(), 0))).await;
    assert!(
        matches!(outcome, Ok(Err(AppendError::OutcomeUnknown(_)))),
        "{outcome:?}"
    );
    let elsewhere = event_store::AppendRequest {
        partition: partition(2),
        ..one(Uuid::now_v7(), 0)
    };
    store.append(elsewhere).await.unwrap();
    assert_eq!(database.count("events").await, 1);
}

/// A failover to a server that had lost the last events: the position comes again, with another history behind it.
#[tokio::test]
async fn a_writer_that_remembers_a_history_that_was_lost_goes_on_from_the_real_one() {
    let database = Database::new().await;
    let (remembering, other) = (database.store().await, database.store().await);
    remembering.append(one(Uuid::now_v7(), 0)).await.unwrap();
    let lose = "SET session_replication_role = replica; DELETE FROM events; \
        UPDATE log_heads SET position = 0, chain = decode(repeat('00', 32), 'hex')";
    database
        .superuser()
        .await
        .batch_execute(lose)
        .await
        .unwrap();
    other.append(one(Uuid::now_v7(), 0)).await.unwrap();
    let appended = remembering.append(one(Uuid::now_v7(), 0)).await.unwrap();
    assert_eq!(appended.position, position(2));
    let report = verify(&remembering, &[partition(1)], |_| ()).await.unwrap();
    assert_eq!((report.faults().count(), report.events()), (0, 2));
}
