//! People who are new at the same time: each gets one key, whoever asks for it.

use domain::ids::UserId;
use event_store::OrgId;
use futures::future::join_all;
use schema::table::DATA_KEYS;
use sealing::{AnswerPart, Keyring, Place};
use serde_json::json;
use uuid::Uuid;

use crate::harness::TestApp;

/// More than one batch of keys.
const PEOPLE: usize = 700;
const HASH: [u8; 32] = [0; 32];
const NAME: AnswerPart = AnswerPart {
    within: None,
    fields: &[("name", r#""(erased)""#)],
};

async fn sealed(keys: &Keyring, place: Place, person: UserId) -> String {
    let answer = json!({"name": "Newcomer"}).to_string();
    let parts = [(NAME, person)];
    keys.seal_answer(place, &HASH, answer, &parts)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_new_people_at_two_servers_gets_one_key_each() {
    let app = TestApp::start().await;
    let (second, _) = app.second_as("api").await;
    let org_id = OrgId(app.acme.id.0);
    let place = Place {
        partition: app
            .server
            .node()
            .dispatcher
            .partition(app.acme.id)
            .await
            .unwrap(),
        org_id,
    };
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
