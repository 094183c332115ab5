//! Numbers of tickets beyond those that are counted at first.

use platform::rows::TicketRow;
use serde_json::json;

use crate::desk::Desk;
use crate::rows::{id, organization, ticket};
use domain::ids::UserId;

/// More than are counted at first.
const MANY: u32 = 10_050;

#[tokio::test]
async fn views_and_lists_are_counted_to_their_end() {
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
