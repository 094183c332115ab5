//! `rebuild --check`: it finds what differs and touches nothing.

use projector::check::{DifferenceKind, check};

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
        found_after("UPDATE core.tickets SET subject = 'Tampered' WHERE number = 1").await;
    assert!(!report.is_clean());
    let [difference] = report.differences.as_slice() else {
        panic!("{:?}", report.differences)
    };
    let DifferenceKind::Columns(columns) = &difference.kind else {
        panic!("{difference}")
    };
    assert_eq!(
        (difference.table, columns[0].0.as_str()),
        ("tickets", "subject")
    );
    assert_eq!(columns[0].1, "Tampered");
    assert_eq!(
        world
            .number("SELECT count(*) FROM core.tickets WHERE subject = 'Tampered'")
            .await,
        1
    );
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
