//! The same key: one effect, one answer.

use chrono::{TimeDelta, Utc};
use event_store::{AppendError, IdempotencyKey, OrgId, Position};
use uuid::Uuid;

use crate::support::*;

#[tokio::test]
async fn the_same_key_in_parallel_gives_one_effect_and_one_answer() {
    let database = Database::new().await;
    let stores = [database.store().await, database.store().await];
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let store = stores[number % 2].clone();
            let mut request = one(Uuid::now_v7(), 0);
            request.result = result("key", 7, &format!("{{\"by\":{number}}}"));
            tokio::spawn(async move { (number, store.append(request).await) })
        })
        .collect();
    let (mut first, mut repeated) = (Vec::new(), Vec::new());
    for task in tasks {
        match task.await.unwrap() {
            (number, Ok(appended)) => {
                first.push((format!("{{\"by\":{number}}}"), appended.position))
            }
            (_, Err(AppendError::Repeated { answer, position })) => {
                repeated.push((answer, position))
            }
            (_, Err(other)) => panic!("{other:?}"),
        }
    }
    assert_eq!((first.len(), repeated.len()), (1, 39));
    assert!(repeated.iter().all(|answer| *answer == first[0]));
    assert_eq!(
        (
            database.count("events").await,
            database.count("command_results").await
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn a_key_with_another_request_is_refused_and_another_organizations_key_is_another_key() {
    let database = Database::new().await;
    let store = database.store().await;
    let keyed = |hash| event_store::AppendRequest {
        result: result("key", hash, "{}"),
        ..one(Uuid::now_v7(), 0)
    };
    store.append(keyed(1)).await.unwrap();
    assert!(matches!(
        store.append(keyed(2)).await,
        Err(AppendError::KeyReused)
    ));
    assert_eq!(database.count("events").await, 1);
    let of_other = event_store::AppendRequest {
        org_id: OrgId(Uuid::from_u128(0xB)),
        ..keyed(2)
    };
    store.append(of_other).await.unwrap();
    assert_eq!(database.count("events").await, 2);
}

#[tokio::test]
async fn a_command_without_events_stores_its_answer_at_the_head() {
    let database = Database::new().await;
    let store = database.store().await;
    store.append(one(Uuid::now_v7(), 0)).await.unwrap();
    let nothing = || event_store::AppendRequest {
        result: result("key", 1, "{\"x\":1}"),
        ..request(vec![])
    };
    assert_eq!(store.append(nothing()).await.unwrap().position, position(1));
    assert!(matches!(
        store.append(nothing()).await,
        Err(AppendError::Repeated { .. })
    ));
    let key = IdempotencyKey::new("key").unwrap();
    let stored = store
        .command_result(partition(1), org(), &key)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (stored.answer.as_str(), stored.position, stored.request_hash),
        ("{\"x\":1}", position(1), [1; 32])
    );
    assert_eq!(
        store
            .command_result(partition(2), org(), &key)
            .await
            .unwrap(),
        None
    );
    assert_eq!(store.head(partition(1)).await.unwrap(), position(1));
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_rejected_with_its_events() {
    let database = Database::new().await;
    let store = database.store().await;
    let poisoned = event_store::AppendRequest {
        result: result("key", 1, "{"),
        ..one(Uuid::now_v7(), 0)
    };
    assert!(matches!(
        store.append(poisoned).await,
        Err(AppendError::Rejected(_))
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
async fn old_answers_are_removed_in_bounded_steps_and_the_others_stay() {
    let database = Database::new().await;
    let store = database.store().await;
    for number in 0..10 {
        let mut request = one(Uuid::now_v7(), 0);
        request.result = result(&format!("key-{number}"), 7, "{}");
        store.append(request).await.unwrap();
    }
    let mut elsewhere = one(Uuid::now_v7(), 0);
    elsewhere.partition = partition(2);
    elsewhere.result = result("key-0", 7, "{}");
    store.append(elsewhere).await.unwrap();
    let age = "UPDATE command_results SET created_at = now() - interval '3 days' \
        WHERE idempotency_key IN ('key-0', 'key-3', 'key-4', 'key-5', 'key-9')";
    database.client().await.batch_execute(age).await.unwrap();

    let before = Utc::now() - TimeDelta::days(2);
    let mut steps = Vec::new();
    for _ in 0..4 {
        steps.push(store.expire_results(partition(1), before, 2).await.unwrap());
    }
    assert_eq!(steps, [2, 2, 1, 0]);
    assert_eq!(database.count("command_results").await, 6);
    assert_eq!(database.count("events").await, 11, "events never go");

    let again = |key| {
        let mut request = one(Uuid::now_v7(), 0);
        request.result = result(key, 7, "{}");
        store.append(request)
    };
    assert!(again("key-3").await.is_ok(), "an expired key is a new one");
    let kept = again("key-1").await;
    assert!(
        matches!(kept, Err(AppendError::Repeated { .. })),
        "{kept:?}"
    );
}

/// However many there are, a step touches only what it removes.
#[tokio::test]
async fn old_answers_are_found_by_their_age_and_not_by_a_scan() {
    let database = Database::new().await;
    let client = database.client().await;
    let fill = "INSERT INTO command_results (partition, org_id, idempotency_key, request_hash, answer, position, created_at) \
        SELECT n % 4, gen_random_uuid(), 'key', decode(repeat('00', 32), 'hex'), '{}', 0, now() - n * interval '1 second' \
          FROM generate_series(1, 50000) n; ANALYZE command_results";
    client.batch_execute(fill).await.unwrap();
    let explain = "EXPLAIN SELECT o.org_id FROM command_results o \
        WHERE o.partition = 1 AND o.created_at < now() - interval '10 hours' ORDER BY o.created_at LIMIT 1000";
    let plan = client.query(explain, &[]).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    assert!(
        plan.join("\n").contains("command_results_by_age"),
        "{plan:?}"
    );
}
