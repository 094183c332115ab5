//! Rebuilds: the same rows as following, beside live commands, switched at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::actor::Role;
use projector::rebuild::rebuild;
use projector::{Ensured, ensure_core};

use crate::desk::Desk;
use crate::histories::Historian;
use crate::support::{World, options, quiet};

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_gives_the_rows_that_following_gave_on_random_histories() {
    let world = World::new().await;
    let running = world.project().await;
    for seed in 0..3 {
        let mut historian = Historian::new(&world.store, &format!("org-{seed}"), seed).await;
        historian.live(400).await;
    }
    world.caught_up().await;
    world.is_clean().await;
    rebuild(&world.store, &world.pool, &options(), &quiet)
        .await
        .unwrap();
    world.is_clean().await;
    running.stop().await;
    let left = "SELECT count(*) FROM pg_namespace WHERE nspname IN ('core_next', 'core_old')";
    assert_eq!(world.number(left).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_go_on_during_rebuilds_and_nothing_of_them_is_lost_or_doubled() {
    let world = World::new().await;
    let running = world.project().await;
    let mut historian = Historian::new(&world.store, "busy", 7).await;
    historian.live(100).await;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let commands = tokio::spawn(async move {
        while !stopped.load(Ordering::Relaxed) {
            historian.live(1).await;
        }
    });
    for _ in 0..3 {
        rebuild(&world.store, &world.pool, &options(), &quiet)
            .await
            .unwrap();
        // Exact while the live read models move.
        world.is_clean().await;
    }
    stop.store(true, Ordering::Relaxed);
    commands.await.unwrap();
    world.caught_up().await;
    world.is_clean().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_all_tickets_at_every_moment_of_a_switch() {
    let world = World::new().await;
    let running = world.project().await;
    let mut desk = Desk::open(&world.store, "watched").await;
    let customer = desk.user("Ada Lovelace", Role::Customer).await;
    for number in 0..20 {
        desk.ticket(&customer, &format!("Subject {number}"), "Words")
            .await;
    }
    world.caught_up().await;
    let client = world.client().await;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let reader = tokio::spawn(async move {
        let statement = client
            .prepare("SELECT count(*), max(number) FROM core.tickets")
            .await
            .unwrap();
        let mut reads = 0;
        while !stopped.load(Ordering::Relaxed) {
            let row = client.query_one(&statement, &[]).await.unwrap();
            assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (20, 20));
            reads += 1;
        }
        reads
    });
    for _ in 0..3 {
        rebuild(&world.store, &world.pool, &options(), &quiet)
            .await
            .unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    assert!(reader.await.unwrap() > 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_rebuild_starts_over_cleanly() {
    let world = World::new().await;
    let mut historian = Historian::new(&world.store, "again", 3).await;
    historian.live(50).await;
    let running = world.project().await;
    world.caught_up().await;
    let client = world.client().await;
    client
        .batch_execute("CREATE SCHEMA core_next; CREATE TABLE core_next.tickets (half int)")
        .await
        .unwrap();
    rebuild(&world.store, &world.pool, &options(), &quiet)
        .await
        .unwrap();
    world.is_clean().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_of_another_version_are_rebuilt_at_start() {
    let world = World::new().await;
    let mut historian = Historian::new(&world.store, "older", 4).await;
    historian.live(50).await;
    let client = world.client().await;
    client
        .batch_execute("COMMENT ON SCHEMA core IS '0'; DROP TABLE core.messages")
        .await
        .unwrap();
    let found = ensure_core(&world.store, &world.pool, &options(), &quiet)
        .await
        .unwrap();
    assert_eq!(found, Ensured::Rebuilt);
    world.is_clean().await;
    assert_eq!(
        ensure_core(&world.store, &world.pool, &options(), &quiet)
            .await
            .unwrap(),
        Ensured::Present
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_raises_the_cache_generation_of_every_partition() {
    let world = World::new().await;
    let before = world
        .number("SELECT min(cache_generation) FROM core.checkpoints")
        .await;
    rebuild(&world.store, &world.pool, &options(), &quiet)
        .await
        .unwrap();
    assert!(
        world
            .number("SELECT min(cache_generation) FROM core.checkpoints")
            .await
            > before
    );
}
