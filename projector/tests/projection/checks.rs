//! `rebuild --check`: it finds what differs and touches nothing.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::actor::Role;
use domain::text::Reason;
use domain::user::command::UserCommand;
use projector::Options;
use projector::check::{DifferenceKind, check};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::audit::{record, started};
use crate::desk::Desk;
use crate::histories::Historian;
use crate::support::{World, options, quiet};

async fn found_after(tamper: &str) -> (World, projector::check::CheckReport) {
    let world = World::new().await;
    let running = world.project().await;
    let mut historian = Historian::new(&world.store, "checked", 21).await;
    historian.live(120).await;
    world.caught_up().await;
    running.stop().await;
    world.is_clean().await;
    world.client().await.batch_execute(tamper).await.unwrap();
    let report = check(&world.store, &world.keys, &world.pool, &options(), &quiet)
        .await
        .unwrap();
    assert_eq!(
        world
            .number("SELECT count(*) FROM pg_namespace WHERE nspname = 'core_next'")
            .await,
        0
    );
    (world, report)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_column_is_named_with_both_values() {
    let (world, report) =
        found_after("UPDATE core.ticket_words SET subject = 'Tampered' WHERE number = 1").await;
    assert!(!report.is_clean());
    let [difference] = report.differences.as_slice() else {
        panic!("{:?}", report.differences)
    };
    let DifferenceKind::Columns(columns) = &difference.kind else {
        panic!("{difference}")
    };
    let names: Vec<&str> = columns.iter().map(|(name, _, _)| name.as_str()).collect();
    // The words follow their text.
    assert_eq!(
        (difference.table, names),
        ("ticket_words", vec!["search", "subject"])
    );
    assert_eq!(columns[1].1, "Tampered");
    assert_eq!(
        world
            .number("SELECT count(*) FROM core.ticket_words WHERE subject = 'Tampered'")
            .await,
        1
    );
}

/// The fresh rows are half built when the person's key goes.
#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_during_a_check_is_no_difference() {
    let world = World::new().await;
    let running = world.project().await;
    let mut desk = Desk::open(&world.store, "forgetful").await;
    let ada = desk.user("Ada Lovelace", Role::Customer).await.user_id();
    let ada = ada.unwrap();
    record(&world, &desk, started(ada)).await;
    record(&world, &desk, started(ada)).await;
    world.caught_up().await;
    running.stop().await;
    let erase = UserCommand::Erase {
        reason: Reason::parse("Asked for it").unwrap(),
    };
    desk.user_command(ada, erase).await;
    let project = async || {
        let running = world.project().await;
        world.caught_up().await;
        running.stop().await;
    };
    let projected = AtomicBool::new(false);
    let report = |_| {
        if !projected.swap(true, Ordering::Relaxed) {
            block_in_place(|| Handle::current().block_on(project()));
        }
    };
    let page_by_page = Options {
        batch_limit: 1,
        ..options()
    };
    let found = check(
        &world.store,
        &world.keys,
        &world.pool,
        &page_by_page,
        &report,
    );
    let found = found.await.unwrap();
    assert!(found.is_clean(), "{:?}", found.differences);
    assert!(projected.into_inner());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_row_and_an_invented_row_are_found() {
    let tamper = "DELETE FROM core.ticket_history WHERE position = (SELECT max(position) FROM core.ticket_history);
         INSERT INTO core.users (partition, org_id, user_id, name, email, role, kind, active, version, created_at, updated_at)
            SELECT partition, org_id, gen_random_uuid(), 'Nobody', email, role, kind, active, version, created_at, updated_at
            FROM core.users LIMIT 1";
    let (_world, report) = found_after(tamper).await;
    let kinds: Vec<_> = report
        .differences
        .iter()
        .map(|found| (found.table, &found.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("users", &DifferenceKind::OnlyInLive),
            ("ticket_history", &DifferenceKind::MissingInLive)
        ]
    );
}
