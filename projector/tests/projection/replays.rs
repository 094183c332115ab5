//! Replays: the read models as they were, beside the live ones.

use chrono::{DateTime, TimeDelta, Utc};
use projector::RebuildError;
use projector::replay::{ReplayNamespace, drop_replay, replay};
use schema::table::core::DERIVED;

use crate::histories::Historian;
use crate::support::{World, options, quiet};

/// What the tables of a namespace hold, as one text a table.
async fn content(world: &World, namespace: &str) -> Vec<String> {
    let client = world.client().await;
    let mut content = Vec::new();
    for table in DERIVED {
        let rows = format!(
            "SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM {namespace}.{table} t"
        );
        content.push(client.query_one(&rows, &[]).await.unwrap().get(0));
    }
    content
}

async fn replay_as_of(
    world: &World,
    namespace: &str,
    at: DateTime<Utc>,
) -> Result<i64, RebuildError> {
    let namespace: ReplayNamespace = namespace.parse().unwrap();
    replay(
        &world.store,
        &world.keys,
        &world.pool,
        &options(),
        &namespace,
        at,
        &quiet,
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_shows_what_the_live_read_models_showed_then_and_leaves_them_alone() {
    let world = World::new().await;
    let running = world.project().await;
    let mut moments = Vec::new();
    let mut historians = Vec::new();
    for seed in 0..3 {
        historians.push(Historian::new(&world.store, &format!("org-{seed}"), seed).await);
    }
    for _ in 0..3 {
        for historian in &mut historians {
            historian.live(60).await;
        }
        world.caught_up().await;
        moments.push((Utc::now(), content(&world, "core").await));
        // The next event has a later time than this one, by the microsecond at least.
        while Utc::now() <= moments[moments.len() - 1].0 + TimeDelta::milliseconds(1) {
            tokio::task::yield_now().await;
        }
    }
    assert_ne!(moments[0].1, moments[1].1);
    let live = content(&world, "core").await;

    for (number, (at, shown)) in moments.iter().enumerate() {
        let namespace = format!("then_{number}");
        replay_as_of(&world, &namespace, *at).await.unwrap();
        assert_eq!(&content(&world, &namespace).await, shown, "{namespace}");
    }
    assert_eq!(content(&world, "core").await, live);
    let before_all = DateTime::UNIX_EPOCH;
    assert_eq!(
        replay_as_of(&world, "nothing", before_all).await.unwrap(),
        0
    );
    world.is_clean().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_never_takes_the_place_of_a_schema_and_drops_only_what_a_replay_made() {
    let world = World::new().await;
    let own = "CREATE SCHEMA own; CREATE TABLE own.tickets (n integer)";
    world.client().await.batch_execute(own).await.unwrap();
    let taken = replay_as_of(&world, "own", Utc::now()).await;
    assert!(
        matches!(taken, Err(RebuildError::NamespaceTaken(_))),
        "{taken:?}"
    );
    let refused = drop_replay(&world.pool, &"own".parse().unwrap()).await;
    assert!(
        matches!(refused, Err(RebuildError::NoReplay(_))),
        "{refused:?}"
    );
    assert_eq!(world.number("SELECT count(*) FROM own.tickets").await, 0);

    replay_as_of(&world, "then", Utc::now()).await.unwrap();
    let again = replay_as_of(&world, "then", Utc::now()).await;
    assert!(
        matches!(again, Err(RebuildError::NamespaceTaken(_))),
        "{again:?}"
    );
    drop_replay(&world.pool, &"then".parse().unwrap())
        .await
        .unwrap();
    let left = "SELECT count(*) FROM pg_namespace WHERE nspname = 'then'";
    assert_eq!(world.number(left).await, 0);
}
