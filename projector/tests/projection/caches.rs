//! The caches: written behind the tables, and never older than they say.

use domain::actor::{Actor, Role};
use domain::ids::TicketId;
use domain::text::Subject;
use domain::ticket::command::TicketCommand;
use fred::interfaces::ClientLike;
use platform::cache::{Cache, Generations, TicketRow};
use platform::private::{Durability, PrivateServers, test_dir, test_servers};
use platform::shutdown::Shutdown;
use platform::valkey::Valkey;
use std::time::Duration;
use tokio::time::{Instant, sleep};

use crate::desk::Desk;
use crate::support::{DEADLINE, World, options, until};

/// A reader in a process of its own: own connection, own knowledge of the generations.
async fn reader(world: &World, url: &str, shutdown: &Shutdown) -> Cache {
    let valkey = connected(url).await;
    let generations = Generations::default();
    tokio::spawn(
        generations
            .clone()
            .poll(world.pool.clone(), shutdown.clone()),
    );
    Cache::new(valkey, generations)
}

async fn connected(url: &str) -> Valkey {
    let valkey = Valkey::connect(url, None).unwrap();
    tokio::time::timeout(DEADLINE, valkey.connected())
        .await
        .unwrap();
    valkey
}

async fn cached(cache: &Cache, desk: &Desk, id: TicketId) -> Option<TicketRow> {
    let generation = cache.generation(desk.partition)?;
    cache.ticket(generation, desk.partition, desk.org, id).await
}

/// The cached row, as soon as there is one. A slow machine may not find it at the next look.
async fn until_cached(cache: &Cache, desk: &Desk, id: TicketId) -> TicketRow {
    let mut seen = None;
    until("the ticket is cached", async || {
        seen = cached(cache, desk, id).await;
        seen.is_some()
    })
    .await;
    seen.unwrap()
}

/// Asks Valkey until it answers: a machine that stood still for a moment loses an answer.
async fn persistent<T, E: std::fmt::Debug>(mut ask: impl AsyncFnMut() -> Result<T, E>) -> T {
    let begun = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(begun.elapsed() < DEADLINE, "{error:?}"),
        }
        sleep(Duration::from_millis(20)).await;
    }
}

async fn rename(desk: &mut Desk, agent: &Actor, id: TicketId, subject: &str) {
    let subject = Subject::parse(subject).unwrap();
    assert!(
        desk.act(agent, id, TicketCommand::ChangeSubject(subject))
            .await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_projector_writes_tickets_and_settings_behind_the_tables() {
    let world = World::new().await;
    let url = test_servers().await.unwrap().valkey_url().to_owned();
    let running = world.project_with(connected(&url).await, options()).await;
    let shutdown = Shutdown::new();
    let reader = reader(&world, &url, &shutdown).await;
    let mut desk = Desk::open(&world.store, "cached").await;
    let customer = desk.user("Ada Lovelace", Role::Customer).await;
    let (id, _) = desk.ticket(&customer, "First", "Words").await;
    until("the ticket is cached", async || {
        cached(&reader, &desk, id).await.is_some()
    })
    .await;
    let agent = desk.admin.clone();
    rename(&mut desk, &agent, id, "Second").await;
    let second = async || {
        cached(&reader, &desk, id)
            .await
            .is_some_and(|row| row.subject == "Second")
    };
    until("the newer row is cached", second).await;
    let generation = reader.generation(desk.partition);
    if let Some(generation) = generation {
        let organization = reader
            .organization(generation, desk.partition, desk.org)
            .await;
        assert_eq!(organization.map(|row| row.slug).as_deref(), Some("cached"));
    }
    until(
        "the checkpoint says that the caches are written",
        async || {
            world
                .number("SELECT count(*) FROM core.checkpoints WHERE cached_position < position")
                .await
                == 0
        },
    )
    .await;
    shutdown.request();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_row_never_replaces_a_newer_one() {
    let world = World::new().await;
    let url = test_servers().await.unwrap().valkey_url().to_owned();
    let running = world.project_with(connected(&url).await, options()).await;
    let mut desk = Desk::open(&world.store, "slow").await;
    let customer = desk.user("Ada Lovelace", Role::Customer).await;
    let (id, _) = desk.ticket(&customer, "First", "Words").await;
    let shutdown = Shutdown::new();
    let reader = reader(&world, &url, &shutdown).await;
    let new = until_cached(&reader, &desk, id).await;
    let old = TicketRow {
        subject: "Old".to_owned(),
        position: new.position - 1,
        ..new.clone()
    };
    // A machine that stood still loses an answer of Valkey, or makes the projector begin a generation.
    until(
        "an older row was put and the newer one is seen",
        async || {
            let checkpoint = projector::checkpoint::read(&world.pool, desk.partition).await;
            let generation = checkpoint.unwrap().cache_generation;
            let seen = async || {
                let row = reader.ticket(generation, desk.partition, desk.org, id);
                row.await.map(|row| row.subject)
            };
            if seen().await.as_deref() != Some("First") {
                return false;
            }
            let put = reader.put(generation, desk.partition, &[&old]).await;
            let after = seen().await;
            assert_ne!(after.as_deref(), Some("Old"));
            put.is_ok() && after.is_some()
        },
    )
    .await;
    shutdown.request();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_loss_of_valkey_the_generation_is_higher_and_no_old_row_is_served() {
    // Servers of its own: the others must not lose theirs.
    let servers = PrivateServers::start(&test_dir(), Durability::Test)
        .await
        .unwrap();
    let world = World::new().await;
    let running = world
        .project_with(connected(servers.valkey_url()).await, options())
        .await;
    let shutdown = Shutdown::new();
    let reader = reader(&world, servers.valkey_url(), &shutdown).await;
    let mut desk = Desk::open(&world.store, "lost").await;
    let customer = desk.user("Ada Lovelace", Role::Customer).await;
    let (id, _) = desk.ticket(&customer, "Old", "Words").await;
    let old = until_cached(&reader, &desk, id).await;
    let old_generation = projector::checkpoint::read(&world.pool, desk.partition)
        .await
        .unwrap()
        .cache_generation;

    servers.kill_valkey().await.unwrap();
    let agent = desk.admin.clone();
    rename(&mut desk, &agent, id, "New").await;
    world.caught_up().await;
    assert!(
        cached(&reader, &desk, id)
            .await
            .is_none_or(|row| row.subject == "New")
    );
    servers.start_valkey().await.unwrap();
    // The server comes back with what it had, as one that keeps its data on disk would.
    let other = Cache::new(
        connected(servers.valkey_url()).await,
        Generations::default(),
    );
    persistent(async || other.open(old_generation, desk.partition).await).await;
    persistent(async || other.put(old_generation, desk.partition, &[&old]).await).await;

    until("the cache serves again", async || {
        let row = cached(&reader, &desk, id).await;
        assert!(
            row.as_ref().is_none_or(|row| row.subject == "New"),
            "an old row was served"
        );
        if let Some(generation) = reader.generation(desk.partition) {
            assert!(generation > old_generation);
        }
        reader.generation(desk.partition).is_some()
    })
    .await;
    shutdown.request();
    running.stop().await;
    servers.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_without_valkey_makes_every_entry_of_others_worthless() {
    let world = World::new().await;
    let mut desk = Desk::open(&world.store, "without").await;
    let customer = desk.user("Ada Lovelace", Role::Customer).await;
    let (id, _) = desk.ticket(&customer, "Old", "Words").await;
    let running = world.project().await;
    world.caught_up().await;
    let before = projector::checkpoint::read(&world.pool, desk.partition)
        .await
        .unwrap();
    let agent = desk.admin.clone();
    rename(&mut desk, &agent, id, "New").await;
    world.caught_up().await;
    let after = projector::checkpoint::read(&world.pool, desk.partition)
        .await
        .unwrap();
    assert!(after.cache_generation > before.cache_generation);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_flush_nothing_is_filled_until_the_generation_is_higher() {
    let servers = PrivateServers::start(&test_dir(), Durability::Test)
        .await
        .unwrap();
    let world = World::new().await;
    let options = projector::Options {
        cache_check: Duration::from_millis(20),
        ..options()
    };
    let valkey = connected(servers.valkey_url()).await;
    let running = world.project_with(valkey.clone(), options).await;
    let mut desk = Desk::open(&world.store, "flushed").await;
    let customer = desk.user("Ada Lovelace", Role::Customer).await;
    let (id, _) = desk.ticket(&customer, "Old", "Words").await;
    let shutdown = Shutdown::new();
    let reader = reader(&world, servers.valkey_url(), &shutdown).await;
    let old = until_cached(&reader, &desk, id).await;
    let generation = async || {
        let checkpoint = projector::checkpoint::read(&world.pool, desk.partition).await;
        checkpoint.unwrap().cache_generation
    };
    let before = generation().await;
    persistent(async || valkey.client().unwrap().flushall::<()>(false).await).await;
    // A reader that selected its row before the flush fills after it.
    assert!(reader.put(before, desk.partition, &[&old]).await.is_err());
    until("the generation is higher", async || {
        generation().await > before
    })
    .await;
    shutdown.request();
    running.stop().await;
    servers.stop().await.unwrap();
}
