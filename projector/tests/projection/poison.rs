//! Poison events: they stop their partition, say why, and are tried again.

use domain::actor::{Actor, Role};
use domain::ticket::command::TicketCommand;
use domain::ticket::state::Priority;
use event_store::{Partition, Position};
use projector::rebuild::rebuild;
use projector::{Activity, Poison, RebuildError};

use crate::desk::Desk;
use crate::support::{Running, World, options, quiet, until};

async fn poison_of(running: &Running, partition: Partition) -> Poison {
    let found = async || {
        let status = running
            .projector
            .status()
            .into_iter()
            .find(|status| status.partition == partition);
        match status?.activity {
            Activity::Poisoned(poison) => Some(poison),
            _ => None,
        }
    };
    until("the partition is poisoned", async || {
        found().await.is_some()
    })
    .await;
    found().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_event_stops_its_partition_alone_and_a_cure_lets_it_go_on() {
    let world = World::new().await;
    let running = world.project().await;
    let mut ill = Desk::open(&world.store, "ill").await;
    let mut well = Desk::open(&world.store, "well").await;
    assert_ne!(ill.partition, well.partition);
    let before = world.store.head(ill.partition).await.unwrap();
    let bad = ill
        .append_raw("user", "user.created", r#"{"name":7}"#)
        .await;
    ill.user("After The Poison", Role::Customer).await;

    let poison = poison_of(&running, ill.partition).await;
    assert_eq!(poison.position, bad);
    assert!(poison.reason.contains("user.created"), "{}", poison.reason);
    well.user("Unharmed", Role::Customer).await;
    let head = world.store.head(well.partition).await.unwrap();
    until("the other partition goes on", async || {
        world.checkpoint(well.partition).await == head
    })
    .await;
    assert_eq!(world.checkpoint(ill.partition).await, before);
    until("the lag of the ill partition is measured", async || {
        let behind = |partition| {
            let statuses = running.projector.status();
            let status = statuses.iter().find(|status| status.partition == partition);
            status.map(|status| status.lag.events)
        };
        behind(ill.partition) == Some(2) && behind(well.partition) == Some(0)
    })
    .await;
    assert_eq!(
        world
            .number("SELECT count(*) FROM core.users WHERE name = 'After The Poison'")
            .await,
        0
    );
    let recorded = "SELECT poison_position FROM core.checkpoints WHERE poison_position IS NOT NULL";
    assert_eq!(world.number(recorded).await, bad.get());

    // A fixed program would read the event; here the event itself is mended.
    let superuser = world.superuser().await;
    let data = r#"{"name":"Mended","email":null,"role":"customer"}"#;
    let mend = format!(
        "SET session_replication_role = replica; UPDATE events SET data = '{data}' WHERE partition = {} AND position = {bad}",
        ill.partition
    );
    superuser.batch_execute(&mend).await.unwrap();
    world.caught_up().await;
    assert_eq!(
        world
            .number("SELECT count(*) FROM core.users WHERE name IN ('Mended', 'After The Poison')")
            .await,
        2
    );
    assert_eq!(
        world
            .number("SELECT count(poison_position) FROM core.checkpoints")
            .await,
        0
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_postgresql_refuses_is_found_in_the_middle_of_a_batch() {
    let world = World::new().await;
    let mut desk = Desk::open(&world.store, "nul").await;
    let customer = desk.user("Ada Lovelace", Role::Customer).await;
    let (id, _) = desk.ticket(&customer, "Subject", "Words").await;
    let before = world.store.head(desk.partition).await.unwrap();
    // JSON can spell a NUL; a text column cannot hold one.
    let import = Actor::Import {
        source: "old".to_owned(),
        by: Some("a\0b".to_owned()),
    };
    assert!(
        desk.act(&import, id, TicketCommand::ChangePriority(Priority::High))
            .await
    );
    for _ in 0..20 {
        desk.ticket(&customer, "Later", "Words").await;
    }
    let running = world.project().await;
    let poison = poison_of(&running, desk.partition).await;
    assert_eq!(poison.position, before.next());
    assert_eq!(world.checkpoint(desk.partition).await, before);
    assert_eq!(world.number("SELECT count(*) FROM core.tickets").await, 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_cannot_pass_what_the_live_read_models_passed_is_refused() {
    let world = World::new().await;
    let mut desk = Desk::open(&world.store, "passed").await;
    let bad = desk.append_raw("ticket", "ticket.exploded", "{}").await;
    let pass = format!(
        "UPDATE core.checkpoints SET position = {bad} WHERE partition = {}",
        desk.partition
    );
    world.client().await.batch_execute(&pass).await.unwrap();
    let refused = rebuild(&world.store, &world.keys, &world.pool, &options(), &quiet).await;
    assert!(
        matches!(refused, Err(RebuildError::Poisoned { .. })),
        "{refused:?}"
    );
    assert_eq!(world.checkpoint(desk.partition).await, bad);
    assert_ne!(bad, Position::START);
}
