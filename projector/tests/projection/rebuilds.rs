//! Rebuilds: the same rows as following, beside live commands, switched at once.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::actor::Role;
use projector::check::check;
use projector::rebuild::rebuild;
use projector::{Activity, Ensured, RebuildError, ensure_core};
use schema::projection::NAMESPACE_LOCK;

use crate::desk::Desk;
use crate::histories::Historian;
use crate::support::{World, options, quiet, until};

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
    rebuild(&world.store, &world.keys, &world.pool, &options(), &quiet)
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
    let stop = Cell::new(false);
    let commands = async {
        while !stop.get() {
            historian.live(1).await;
            // No faster than they are projected: a rebuild could otherwise run after the head for ever.
            world.caught_up().await;
        }
    };
    let rebuilds = async {
        for _ in 0..3 {
            rebuild(&world.store, &world.keys, &world.pool, &options(), &quiet)
                .await
                .unwrap();
            // Exact while the live read models move.
            world.is_clean().await;
        }
        stop.set(true);
    };
    tokio::join!(commands, rebuilds);
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
        rebuild(&world.store, &world.keys, &world.pool, &options(), &quiet)
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
    rebuild(&world.store, &world.keys, &world.pool, &options(), &quiet)
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
        .batch_execute("COMMENT ON SCHEMA core IS '0'; DROP TABLE core.messages CASCADE")
        .await
        .unwrap();
    let found = ensure_core(&world.store, &world.keys, &world.pool, &options(), &quiet)
        .await
        .unwrap();
    assert_eq!(found, Ensured::Rebuilt);
    world.is_clean().await;
    assert_eq!(
        ensure_core(&world.store, &world.keys, &world.pool, &options(), &quiet)
            .await
            .unwrap(),
        Ensured::Present
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_and_a_check_refuse_to_work_beside_another_one_and_leave_its_tables_alone() {
    let world = World::new().await;
    let other = world.client().await;
    other
        .execute("SELECT pg_advisory_lock($1)", &[&NAMESPACE_LOCK])
        .await
        .unwrap();
    other
        .batch_execute("CREATE SCHEMA core_next")
        .await
        .unwrap();
    let refused = rebuild(&world.store, &world.keys, &world.pool, &options(), &quiet).await;
    assert!(matches!(refused, Err(RebuildError::Busy)), "{refused:?}");
    let refused = check(&world.store, &world.keys, &world.pool, &options(), &quiet).await;
    assert!(matches!(refused, Err(RebuildError::Busy)), "{refused:?}");
    let theirs = "SELECT count(*) FROM pg_namespace WHERE nspname = 'core_next'";
    assert_eq!(world.number(theirs).await, 1);
    other
        .execute("SELECT pg_advisory_unlock($1)", &[&NAMESPACE_LOCK])
        .await
        .unwrap();
    rebuild(&world.store, &world.keys, &world.pool, &options(), &quiet)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_start_together_on_read_models_of_another_version_rebuild_them_once() {
    let world = World::new().await;
    let mut historian = Historian::new(&world.store, "together", 5).await;
    historian.live(50).await;
    let client = world.client().await;
    client
        .batch_execute("COMMENT ON SCHEMA core IS '0'")
        .await
        .unwrap();
    let options = options();
    let start = || ensure_core(&world.store, &world.keys, &world.pool, &options, &quiet);
    let (one, two, three) = tokio::join!(start(), start(), start());
    let mut found = [one.unwrap(), two.unwrap(), three.unwrap()];
    found.sort_by_key(|ensured| *ensured == Ensured::Present);
    assert_eq!(
        found,
        [Ensured::Rebuilt, Ensured::Present, Ensured::Present]
    );
    world.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_that_are_missing_are_shown_only_when_they_are_filled() {
    let world = World::new().await;
    let mut desk = Desk::open(&world.store, "restored").await;
    let customer = desk.user("Ada Lovelace", Role::Customer).await;
    for number in 0..20 {
        desk.ticket(&customer, &format!("Subject {number}"), "Words")
            .await;
    }
    let client = world.client().await;
    client
        .batch_execute("DROP SCHEMA core CASCADE")
        .await
        .unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let reader = tokio::spawn(async move {
        while !stopped.load(Ordering::Relaxed) {
            if let Ok(row) = client
                .query_one("SELECT count(*) FROM core.tickets", &[])
                .await
            {
                assert_eq!(row.get::<_, i64>(0), 20);
            }
        }
    });
    let found = ensure_core(&world.store, &world.keys, &world.pool, &options(), &quiet)
        .await
        .unwrap();
    stop.store(true, Ordering::Relaxed);
    reader.await.unwrap();
    assert_eq!(found, Ensured::Created);
    world.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_fails_leaves_nothing_behind() {
    let world = World::new().await;
    let superuser = world.superuser().await;
    // No index can be made: the switch is not reached.
    superuser
        .batch_execute(
            "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'refused'; END $$; \
             CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION refuse()",
        )
        .await
        .unwrap();
    let failed = rebuild(&world.store, &world.keys, &world.pool, &options(), &quiet).await;
    assert!(matches!(failed, Err(RebuildError::Sql(_))), "{failed:?}");
    let left = "SELECT count(*) FROM pg_namespace WHERE nspname = 'core_next'";
    assert_eq!(world.number(left).await, 0);
    assert_eq!(
        world.number("SELECT count(*) FROM core.checkpoints").await,
        world.number("SELECT count(*) FROM log_heads").await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_writes_nothing_to_read_models_of_another_version() {
    let world = World::new().await;
    let running = world.project().await;
    let mut desk = Desk::open(&world.store, "newer").await;
    world.caught_up().await;
    let client = world.client().await;
    client
        .batch_execute("UPDATE core.checkpoints SET core_version = core_version + 1")
        .await
        .unwrap();
    let before = world.checkpoint(desk.partition).await;
    desk.user("Ada Lovelace", Role::Customer).await;
    until("the projector says why it stands still", async || {
        running.projector.status().iter().any(|status| {
            matches!(&status.activity, Activity::Failing { error } if error.contains("version"))
        })
    })
    .await;
    assert_eq!(world.checkpoint(desk.partition).await, before);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_of_caches_is_never_used_again_in_a_database_that_was_put_back() {
    let world = World::new().await;
    let partition = world.store.partitions().await.unwrap()[0];
    let raise = async || {
        projector::checkpoint::raise_generation(&world.pool, partition)
            .await
            .unwrap()
            .cache_generation
    };
    raise().await;
    let lost = raise().await;
    let client = world.client().await;
    client
        .batch_execute("UPDATE core.checkpoints SET cache_generation = 1")
        .await
        .unwrap();
    assert!(raise().await > lost);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_raises_the_cache_generation_of_every_partition() {
    let world = World::new().await;
    let before = world
        .number("SELECT min(cache_generation) FROM core.checkpoints")
        .await;
    rebuild(&world.store, &world.keys, &world.pool, &options(), &quiet)
        .await
        .unwrap();
    assert!(
        world
            .number("SELECT min(cache_generation) FROM core.checkpoints")
            .await
            > before
    );
}
