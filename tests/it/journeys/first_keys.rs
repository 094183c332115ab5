//! People who are new at the same time: each gets one key, whoever asks for it.

use std::time::{Duration, Instant};

use domain::ids::UserId;
use event_store::OrgId;
use futures::future::join_all;
use schema::table::DATA_KEYS;
use sealing::{AnswerPart, Keyring, Place, SealingError};
use serde_json::json;
use uuid::Uuid;

use crate::harness::{DEADLINE, TestApp};

/// More than one batch of keys.
const PEOPLE: usize = 700;
const PAUSE: Duration = Duration::from_millis(50);
const HASH: [u8; 32] = [0; 32];
const NAME: AnswerPart = AnswerPart {
    within: None,
    fields: &[("name", r#""(erased)""#)],
};

async fn seal(keys: &Keyring, place: Place, person: UserId) -> Result<String, SealingError> {
    let parts = [(NAME, person)];
    let begun = Instant::now();
    loop {
        let answer = json!({"name": "Newcomer"}).to_string();
        match keys.seal_answer(place, &HASH, answer, &parts).await {
            // A machine that stood still does not get to it in time.
            Err(SealingError::Busy | SealingError::Pool(_)) if begun.elapsed() < DEADLINE => {
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

async fn sealed(keys: &Keyring, place: Place, person: UserId) -> String {
    seal(keys, place, person).await.unwrap()
}

async fn acme(app: &TestApp) -> Place {
    let partition = app.server.node().dispatcher.partition(app.acme.id).await;
    Place {
        partition: partition.unwrap(),
        org_id: OrgId(app.acme.id.0),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_new_people_at_two_servers_gets_one_key_each() {
    let app = TestApp::start().await;
    let (second, _) = app.second_as("api").await;
    let place = acme(&app).await;
    let people: Vec<UserId> = (0..PEOPLE).map(|_| UserId(Uuid::now_v7())).collect();
    let (here, there) = (&app.server.node().keys, &second.node().keys);
    let (by_one, by_other) = tokio::join!(
        join_all(people.iter().map(|person| sealed(here, place, *person))),
        join_all(
            people
                .iter()
                .rev()
                .map(|person| sealed(there, place, *person))
        ),
    );
    // What one server sealed the other opens.
    for (keys, texts) in [(there, by_one), (here, by_other)] {
        for text in texts {
            assert!(!text.contains("Newcomer"), "{text}");
            let opened = keys.open_answer(place, &HASH, text, &[NAME]).await;
            assert!(opened.unwrap().contains("Newcomer"));
        }
    }
    let client = app.database.superuser().await;
    let ids: Vec<Uuid> = people.iter().map(|person| person.0).collect();
    let sql = format!("SELECT count(*) FROM {DATA_KEYS} WHERE subject_id = ANY($1)");
    let rows: i64 = client.query_one(&sql, &[&ids]).await.unwrap().get(0);
    assert_eq!(rows, i64::try_from(PEOPLE).unwrap());
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_key_fails_nobody_who_asks_at_the_same_time() {
    let app = TestApp::start().await;
    let place = acme(&app).await;
    let damaged = UserId(Uuid::now_v7());
    sealed(&app.server.node().keys, place, damaged).await;
    let client = app.database.superuser().await;
    let sql = format!(
        "UPDATE {DATA_KEYS} SET wrapped = decode(repeat('00', length(wrapped)), 'hex') WHERE subject_id = $1"
    );
    assert_eq!(client.execute(&sql, &[&damaged.0]).await.unwrap(), 1);
    // Another server does not have it in memory.
    let (second, _) = app.second_as("api").await;
    let keys = &second.node().keys;
    // Again and again: each round meets them in another order.
    for _ in 0..30 {
        let people: Vec<UserId> = (0..50).map(|_| UserId(Uuid::now_v7())).collect();
        let (texts, refused) = tokio::join!(
            join_all(people.iter().map(|person| sealed(keys, place, *person))),
            join_all((0..5).map(|_| seal(keys, place, damaged))),
        );
        assert!(texts.iter().all(|text| !text.contains("Newcomer")));
        let damaged = |outcome: &_| matches!(outcome, Err(SealingError::Key(_)));
        assert!(refused.iter().all(damaged));
    }
    second.shutdown().await.unwrap();
}
