//! Numbers of tickets where some of them cannot be found in time.

use domain::ticket::state::Priority;
use platform::rows::{NOBODY, TicketCountRow, TicketRow, WHOEVER};
use schema::projection::CORE;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::rows::{organization, ticket};

/// A desk with three tickets that are tagged, of which the sums know.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    let partition = desk.ours.partition;
    // Whose days are asked for.
    let ours = organization(desk.ours, "Ours");
    desk.insert(partition, &[ours]).await;
    let vip = |number| TicketRow {
        tags: vec!["vip".to_owned()],
        ..ticket(desk.ours, number)
    };
    let rows: Vec<TicketRow> = (1..=3).map(vip).collect();
    desk.insert(partition, &rows).await;
    let sums = TicketCountRow {
        org_id: desk.ours.id,
        holder_id: WHOEVER,
        team_id: NOBODY,
        priority: Priority::Normal,
        new_count: 0,
        open_count: 3,
        pending_count: 0,
        on_hold_count: 0,
        resolved_count: 0,
        closed_count: 0,
    };
    desk.insert(partition, &[sums]).await;
    desk
}

/// What is told of each of these queries while nobody reads a table.
async fn counted_without(desk: &Desk, table: &str, queries: &[&str]) -> Vec<(Value, Value)> {
    let lock = format!("BEGIN; LOCK TABLE {CORE}.{table} IN ACCESS EXCLUSIVE MODE");
    desk.client.batch_execute(&lock).await.unwrap();
    let path = format!("/view-counts?queries={}", queries.join("%0A"));
    let counts = desk.get(&desk.agent(), &path).await.ok();
    desk.client.batch_execute("ROLLBACK").await.unwrap();
    let told = counts["queries"].as_array().unwrap().iter();
    told.map(|it| (it["tickets"].clone(), it["or_more"].clone()))
        .collect()
}

fn exactly(tickets: i64) -> (Value, Value) {
    (json!(tickets), json!(false))
}

fn unknown() -> (Value, Value) {
    (json!(0), json!(true))
}

#[tokio::test]
async fn sums_are_told_where_nothing_can_be_counted_in_time() {
    let desk = desk().await;
    let queries = ["tag:vip", "status:open", "tag:gold", "status:new,open"];
    let told = counted_without(&desk, "tickets", &queries).await;
    assert_eq!(told, [unknown(), exactly(3), unknown(), exactly(3)]);
}

#[tokio::test]
async fn what_takes_too_long_to_count_takes_no_number_from_the_others() {
    let desk = desk().await;
    // The waits of tickets are in a table of their own.
    let queries = [
        "missed:any",
        "tag:vip",
        "status:open",
        "-missed:any",
        "tag:gold",
    ];
    let told = counted_without(&desk, "sla_measures", &queries).await;
    let expected = [unknown(), exactly(3), exactly(3), unknown(), exactly(0)];
    assert_eq!(told, expected);
}
