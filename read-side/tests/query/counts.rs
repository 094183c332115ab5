//! Numbers of tickets beyond those that are counted at first.

use platform::rows::TicketRow;
use schema::projection::CORE;
use serde_json::json;

use crate::desk::Desk;
use crate::rows::{id, organization, ticket};
use domain::ids::UserId;

/// More than are counted at first.
const MANY: u32 = 10_050;

async fn many_tickets() -> Desk {
    let desk = Desk::open().await;
    // Whose days are asked for.
    let ours = organization(desk.ours, "Ours");
    desk.insert(desk.ours.partition, &[ours]).await;
    let vip = |number| TicketRow {
        tags: vec!["vip".to_owned()],
        requester_id: UserId(id(900 + u128::from(number % 2))),
        ..ticket(desk.ours, number)
    };
    let rows: Vec<TicketRow> = (1..=MANY).map(vip).collect();
    for rows in rows.chunks(500) {
        desk.insert(desk.ours.partition, rows).await;
    }
    desk
}

#[tokio::test]
async fn views_and_lists_are_counted_to_their_end() {
    let desk = many_tickets().await;
    let queries = "tag:vip%0Atag:vip%20created:%3E2026-03-01T00:05:00Z%0Atag:gold%0A-tag:gold";
    let path = format!("/view-counts?view={}&queries={queries}", id(1));
    let agent = desk.agent();
    // Without a view of that id there is no answer.
    assert_eq!(desk.get(&agent, &path).await.status, 404);
    let path = format!("/view-counts?queries={queries}");
    let counts = desk.get(&agent, &path).await.ok();
    let told = counts["queries"].as_array().unwrap();
    let told: Vec<_> = told
        .iter()
        .map(|it| (it["tickets"].clone(), it["or_more"].clone()))
        .collect();
    let exactly = |number: u32| (json!(number), json!(false));
    assert_eq!(
        told,
        [exactly(MANY), exactly(MANY - 5), exactly(0), exactly(MANY)]
    );
    let list = desk
        .get(&agent, "/tickets?tag=vip&limit=1&include_total=true")
        .await
        .ok();
    assert_eq!(list["total"], MANY);
}

/// Rows that a transaction may read without waiting: more than a count as far as the bound, fewer than one to the end.
const READ_FREELY: u32 = MANY - 10;

/// Makes a transaction that reads more tickets wait for whoever holds the lock, which is the client of the desk.
async fn stop_after_some_rows(desk: &Desk) {
    let gate = format!(
        "CREATE FUNCTION {CORE}.may_be_read() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
         DECLARE
             read int := coalesce(nullif(current_setting('test.tickets_read', true), ''), '0')::int + 1;
         BEGIN
             PERFORM set_config('test.tickets_read', read::text, true);
             IF read > {READ_FREELY} THEN PERFORM pg_advisory_xact_lock_shared(1); END IF;
             RETURN true;
         END $$;
         CREATE POLICY wait ON {CORE}.tickets AS RESTRICTIVE FOR SELECT USING ({CORE}.may_be_read());
         SELECT pg_advisory_lock(1);"
    );
    desk.client.batch_execute(&gate).await.unwrap();
}

#[tokio::test]
async fn what_takes_too_long_to_count_is_told_as_so_many_or_more_until_there_is_time() {
    let desk = many_tickets().await;
    stop_after_some_rows(&desk).await;
    let agent = desk.agent();
    let count = async || {
        let counts = desk
            .get(&agent, "/view-counts?queries=channel:web")
            .await
            .ok();
        let count = &counts["queries"][0];
        (count["tickets"].clone(), count["or_more"].clone())
    };
    assert_eq!(count().await, (json!(10_000), json!(true)));
    desk.client
        .batch_execute("SELECT pg_advisory_unlock(1)")
        .await
        .unwrap();
    assert_eq!(count().await, (json!(MANY), json!(false)));
}
