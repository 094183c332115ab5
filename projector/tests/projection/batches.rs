//! Batches: nothing lost, nothing applied twice, whatever ends in between.

use domain::actor::Role;
use event_store::Position;
use projector::batch::{Outcome, Target, apply, project};

use crate::desk::Desk;
use crate::histories::Historian;
use crate::support::{World, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_was_not_committed_leaves_nothing_and_goes_in_once() {
    let world = World::new().await;
    let mut desk = Desk::open(&world.store, "once").await;
    let customer = desk.user("Ada Lovelace", Role::Customer).await;
    desk.ticket(&customer, "Subject", "Words").await;
    let events = world
        .store
        .read_partition(desk.partition, Position::START, 100)
        .await
        .unwrap();

    let mut client = world.pool.get().await.unwrap();
    let tx = client.transaction().await.unwrap();
    tx.batch_execute("SET LOCAL search_path TO core, public")
        .await
        .unwrap();
    apply(&tx, desk.partition, Position::START, &events, false)
        .await
        .unwrap();
    // The process ends here: rows written, checkpoint moved, no commit.
    tx.rollback().await.unwrap();
    assert_eq!(world.number("SELECT count(*) FROM core.tickets").await, 0);
    assert_eq!(world.checkpoint(desk.partition).await, Position::START);

    let outcome = project(
        &world.pool,
        Target::Live,
        desk.partition,
        Position::START,
        &events,
        false,
    )
    .await;
    assert!(matches!(outcome.unwrap(), Outcome::Applied(_)));
    let again = project(
        &world.pool,
        Target::Live,
        desk.partition,
        Position::START,
        &events,
        false,
    )
    .await;
    assert!(matches!(again.unwrap(), Outcome::Moved));
    assert_eq!(
        world
            .number("SELECT sum(public_message_count)::bigint FROM core.tickets")
            .await,
        1
    );
    assert_eq!(
        world
            .number("SELECT max(ticket_count) FROM core.organizations")
            .await,
        1
    );
    world.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_backends_lose_and_double_nothing() {
    let world = World::new().await;
    let running = world.project().await;
    let superuser = world.superuser().await;
    let mut historian = Historian::new(&world.store, "killed", 11).await;
    for _ in 0..15 {
        historian.live(15).await;
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE application_name = 'insightdesk-projector' AND datname = current_database()";
        superuser.query(kill, &[]).await.unwrap();
    }
    world.caught_up().await;
    running.stop().await;
    world.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_projectors_on_one_log_do_each_event_once_and_one_takes_over_from_the_other() {
    let world = World::new().await;
    let first = world.project().await;
    let second = world.project().await;
    let mut historian = Historian::new(&world.store, "pair", 12).await;
    historian.live(150).await;
    world.caught_up().await;
    world.is_clean().await;
    first.stop().await;
    historian.live(50).await;
    world.caught_up().await;
    second.stop().await;
    world.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_projected_position_is_announced_to_whoever_waits() {
    let world = World::new().await;
    let running = world.project().await;
    let mut desk = Desk::open(&world.store, "told").await;
    desk.user("Ada Lovelace", Role::Customer).await;
    let head = world.store.head(desk.partition).await.unwrap();
    until("the status shows the head", async || {
        let status = running.projector.status();
        status
            .iter()
            .any(|status| status.partition == desk.partition && status.position == head)
    })
    .await;
    running.stop().await;
}
