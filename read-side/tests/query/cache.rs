//! The cache changes how fast an answer comes, never what it says. (With Valkey off is every other test.)

use std::time::{Duration, Instant};

use domain::actor::Role;
use domain::ids::{TicketId, UserId};
use event_store::Position;
use futures::future::join_all;
use platform::private::{PrivateServers, test_servers};
use platform::rows::{TeamRow, TicketRow};
use platform::valkey::Valkey;
use read_side::Options;
use schema::projection::CORE;

use crate::desk::{Desk, Person};
use crate::rows::{full_ticket, id, organization, team, ticket};

const DEADLINE: Duration = Duration::from_secs(60);
/// Rows are kept once a partition has rested for this long.
const AT_REST: Duration = Duration::from_secs(2);
/// A generation is trusted for a moment after it was read. The tests' is read in the future, so that a busy machine trusts it
/// as well.
const TRUSTED_FOR: Duration = Duration::from_secs(600);

async fn desk() -> Desk {
    let servers = test_servers().await.unwrap();
    let desk = Desk::open_with(valkey(servers).await, Options::default()).await;
    opened(desk).await
}

/// A connection to the Valkey of these servers.
pub async fn valkey(servers: &PrivateServers) -> Valkey {
    let valkey = Valkey::connect(servers.valkey_url(), None).unwrap();
    tokio::time::timeout(DEADLINE, valkey.connected())
        .await
        .unwrap();
    valkey
}

/// The same desk, once its cache is open.
pub async fn opened(desk: Desk) -> Desk {
    // A connection that has just been made counts as one that was lost.
    let ours = desk.ours.partition;
    let begun = Instant::now();
    while desk.cache.generation(ours).is_none() {
        assert!(begun.elapsed() < DEADLINE, "the cache does not come");
        desk.cache.generations().announce(ours, 1, soon());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    persistent(async || desk.cache.open(1, ours).await).await;
    desk
}

/// Moves the read models of ours to this position and waits until they rest there.
pub async fn rests_at(desk: &Desk, position: i64) {
    let partition = desk.ours.partition;
    let position = Position::new(position).unwrap();
    desk.progress.announce(partition, position);
    let begun = Instant::now();
    while desk.progress.at_rest(partition, AT_REST).is_none() {
        assert!(begun.elapsed() < DEADLINE, "the partition does not rest");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Asks Valkey until it answers: a machine that stood still for a moment loses an answer.
pub async fn persistent<T, E: std::fmt::Debug>(mut ask: impl AsyncFnMut() -> Result<T, E>) -> T {
    let begun = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(begun.elapsed() < DEADLINE, "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Puts a row of ours into the cache.
async fn put(desk: &Desk, row: &TicketRow) {
    persistent(async || desk.cache.put(1, desk.ours.partition, &[row]).await).await;
}

pub fn soon() -> Instant {
    Instant::now() + TRUSTED_FOR
}

/// The subject that the API shows, with the cache in use.
async fn subject(desk: &Desk, headers: &[(&str, &str)]) -> String {
    desk.cache
        .generations()
        .announce(desk.ours.partition, 1, soon());
    let answer = desk
        .get_with(&desk.agent(), &format!("/tickets/{}", id(1)), headers)
        .await;
    answer.ok()["subject"].as_str().unwrap().to_owned()
}

fn titled(desk: &Desk, subject: &str, position: i64) -> TicketRow {
    TicketRow {
        subject: subject.to_owned(),
        position,
        ..ticket(desk.ours, 1)
    }
}

#[tokio::test]
async fn a_ticket_comes_from_the_cache_when_it_is_new_enough_and_from_the_tables_when_not() {
    let desk = desk().await;
    let partition = desk.ours.partition;
    desk.insert(partition, &[titled(&desk, "of the tables", 9)])
        .await;
    put(&desk, &titled(&desk, "of the cache", 5)).await;
    desk.progress.announce(partition, Position::new(9).unwrap());
    assert_eq!(subject(&desk, &[]).await, "of the cache");
    let token = format!("{partition}-6");
    assert_eq!(
        subject(&desk, &[("Consistency-Token", &token)]).await,
        "of the tables"
    );
    // The reader has filled the cache with the newer row.
    assert_eq!(subject(&desk, &[]).await, "of the tables");
}

#[tokio::test]
async fn a_ticket_that_this_process_kept_is_not_shown_once_its_partition_moved() {
    let desk = desk().await;
    let partition = desk.ours.partition;
    put(&desk, &titled(&desk, "before", 5)).await;
    rests_at(&desk, 5).await;
    assert_eq!(subject(&desk, &[]).await, "before");
    put(&desk, &titled(&desk, "after", 6)).await;
    desk.progress.announce(partition, Position::new(6).unwrap());
    assert_eq!(subject(&desk, &[]).await, "after");
}

/// With Valkey away there is nothing else between readers and the table.
#[tokio::test]
async fn many_readers_of_one_cold_ticket_make_one_query() {
    let desk = Desk::open().await;
    desk.insert(desk.ours.partition, &[titled(&desk, "of the tables", 9)])
        .await;
    let agent = desk.agent();
    let viewer = desk.models.viewer(desk.ours.id, agent.id, Role::Agent);
    let viewer = viewer.await.unwrap().unwrap();
    let lock = format!("BEGIN; LOCK TABLE {CORE}.tickets IN ACCESS EXCLUSIVE MODE");
    desk.client.batch_execute(&lock).await.unwrap();
    let ticket = TicketId(id(1));
    // All of them have asked when the first of them waits: none waits for anything before it asks.
    let readers = (0..20).map(|_| desk.models.ticket(&viewer, ticket, Position::START));
    let waiting = format!(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{CORE}.tickets'::regclass"
    );
    let count = async || {
        let row = desk.client.query_one(&waiting, &[]).await.unwrap();
        row.get::<_, i64>(0)
    };
    let unlock = async {
        let begun = Instant::now();
        while count().await == 0 {
            assert!(begun.elapsed() < DEADLINE, "nobody reads the ticket");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let waiting = count().await;
        desk.client.batch_execute("ROLLBACK").await.unwrap();
        waiting
    };
    let (found, waiting) = tokio::join!(join_all(readers), unlock);
    assert_eq!(waiting, 1);
    for shown in found {
        assert_eq!(shown.unwrap().unwrap().row.subject, "of the tables");
    }
}

#[tokio::test]
async fn an_answer_from_the_cache_promises_no_more_than_its_row_shows() {
    let desk = desk().await;
    let partition = desk.ours.partition;
    desk.insert(partition, &[titled(&desk, "of the tables", 9)])
        .await;
    put(&desk, &titled(&desk, "of the cache", 5)).await;
    desk.progress.announce(partition, Position::new(9).unwrap());
    let token = async || {
        desk.cache.generations().announce(partition, 1, soon());
        let path = format!("/tickets/{}", id(1));
        let answer = desk.get(&desk.agent(), &path).await;
        answer.header("consistency-token").unwrap().to_owned()
    };
    assert_eq!(token().await, format!("{partition}-5"));
    // What the client does with it: nothing older, and the tables promise all that they show.
    let seen = format!("{partition}-6");
    assert_eq!(
        subject(&desk, &[("Consistency-Token", &seen)]).await,
        "of the tables"
    );
    assert_eq!(token().await, format!("{partition}-9"));
}

#[tokio::test]
async fn a_cached_row_shows_each_viewer_what_they_may_see() {
    let desk = desk().await;
    let cleo = UserId(id(900));
    let row = full_ticket(desk.ours, 1, cleo);
    // The same in the tables: a machine that is too busy to trust the cache in time shows it too.
    desk.insert(desk.ours.partition, std::slice::from_ref(&row))
        .await;
    put(&desk, &row).await;
    let path = format!("/tickets/{}", id(1));
    let customer = desk.person_with_id(desk.ours, Role::Customer, cleo);
    let other = desk.person(desk.ours, Role::Customer);
    let stranger = desk.person(desk.theirs, Role::Agent);
    // A generation is trusted for a moment only.
    let get = async |person: &Person| {
        for partition in [desk.ours.partition, desk.theirs.partition] {
            desk.cache.generations().announce(partition, 1, soon());
        }
        desk.get(person, &path).await
    };
    let seen = get(&customer).await.ok();
    assert!(!seen.to_string().contains("secret"), "{seen}");
    get(&other).await.refused(404);
    get(&stranger).await.refused(404);
    assert_eq!(get(&desk.agent()).await.ok()["note_count"], 77);
    // The row does not say who looks: the team has become private since it was cached.
    let private = TeamRow {
        private: true,
        ..team(desk.ours, 950, "Billing")
    };
    desk.insert(desk.ours.partition, &[private]).await;
    get(&desk.agent()).await.refused(404);
    let admin = desk.person(desk.ours, domain::actor::Role::Admin);
    assert_eq!(get(&admin).await.ok()["note_count"], 77);
}

#[tokio::test]
async fn the_organization_comes_from_the_cache_and_fills_it() {
    let desk = desk().await;
    let partition = desk.ours.partition;
    desk.insert(partition, &[organization(desk.ours, "of the tables")])
        .await;
    let name = async || {
        desk.cache.generations().announce(partition, 1, soon());
        desk.get(&desk.agent(), "/organization").await.ok()["name"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(name().await, "of the tables");
    desk.client
        .execute(
            "UPDATE core.organizations SET name = 'changed' WHERE partition = $1",
            &[&partition.get()],
        )
        .await
        .unwrap();
    assert_eq!(name().await, "of the tables", "it was not cached");
    desk.cache.generations().announce(partition, 2, soon());
    let answer = desk.get(&desk.agent(), "/organization").await;
    assert_eq!(
        answer.ok()["name"],
        "changed",
        "an older generation was read"
    );
}
