//! The search over more tickets than it looks through one by one.

use domain::actor::Role;
use domain::ids::UserId;
use domain::message::state::Visibility;
use platform::rows::{MessageRow, TicketRow, TicketWordsRow};
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::rows::{id, message, organization, ticket};

/// More than the newest that are looked through one by one.
const TICKETS: u32 = 1_800;

/// All tickets but the oldest are of one requester and called alike.
async fn full_desk(oldest: &str) -> Desk {
    let desk = Desk::open().await;
    let titled = |number| TicketRow {
        subject: if number == 1 {
            oldest
        } else {
            "Papers are out of order"
        }
        .to_owned(),
        requester_id: UserId(id(900 + u128::from(number == 1))),
        ..ticket(desk.ours, number)
    };
    let tickets: Vec<TicketRow> = (1..=TICKETS).map(titled).collect();
    let words: Vec<TicketWordsRow> = tickets.iter().map(TicketWordsRow::of).collect();
    let ours = organization(desk.ours, "Ours");
    desk.insert(desk.ours.partition, &[ours]).await;
    desk.insert(desk.ours.partition, &tickets).await;
    desk.insert(desk.ours.partition, &words).await;
    desk
}

#[tokio::test]
async fn an_old_ticket_is_found_by_words_that_stand_one_behind_the_other_in_it_alone() {
    let desk = full_desk("Order out of papers").await;
    let path = "/search?query=%22out+of+papers%22";
    let found = desk.get(&desk.agent(), path).await.ok();
    let items = found["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{found}");
    assert_eq!(items[0]["ticket"]["number"], json!(1), "{found}");
    assert_eq!(found["partial"], json!(false));
}

#[tokio::test]
async fn a_customer_finds_their_ticket_by_a_part_that_many_tickets_of_others_have() {
    let desk = full_desk("My newspaper is wet").await;
    let customer = desk.person_with_id(desk.ours, Role::Customer, UserId(id(901)));
    let found = desk.get(&customer, "/search?query=aper").await.ok();
    let items = found["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{found}");
    assert_eq!(items[0]["ticket"]["number"], json!(1), "{found}");
}

#[tokio::test]
async fn staff_are_told_that_not_all_with_a_frequent_part_were_looked_at() {
    let desk = full_desk("My newspaper is wet").await;
    let found = desk.get(&desk.agent(), "/search?query=aper").await.ok();
    assert_eq!(found["partial"], json!(true), "{found}");
    let rare = desk.get(&desk.agent(), "/search?query=ewspap").await.ok();
    assert_eq!(rare["partial"], json!(false), "{rare}");
    assert_eq!(rare["items"].as_array().unwrap().len(), 1, "{rare}");
}

#[tokio::test]
async fn a_part_of_a_number_finds_tickets_after_the_one_that_has_it_whole() {
    let desk = full_desk("My newspaper is wet").await;
    let found = desk.get(&desk.agent(), "/search?query=179").await.ok();
    let items = found["items"].as_array().unwrap();
    let numbers: Vec<_> = items.iter().map(|item| &item["ticket"]["number"]).collect();
    assert_eq!(numbers[0], &json!(179), "{found}");
    let with_part = [1_179].into_iter().chain(1_790..=1_799).map(|n| json!(n));
    for number in with_part {
        assert!(numbers.contains(&&number), "{number} {found}");
    }
    assert_eq!(numbers.len(), 12, "{found}");
}

/// The oldest ticket has a note, and an answer behind it.
async fn desk_with_messages() -> Desk {
    let desk = full_desk("My newspaper is wet").await;
    let oldest = ticket(desk.ours, 1);
    let says = |number, visibility, body: &str| MessageRow {
        body: Some(body.to_owned()),
        ..message(desk.ours, &oldest, number, visibility)
    };
    let messages = [
        says(
            1,
            Visibility::Internal,
            "Ask the gardener <b> for umbrellas",
        ),
        says(2, Visibility::Public, "We dry it on the radiator"),
    ];
    desk.insert(desk.ours.partition, &messages).await;
    desk
}

/// The numbers of the tickets that were found, each with what is marked in its message.
fn told(found: &Value) -> Vec<(i64, Vec<&str>)> {
    let told = |item: &'_ Value| item["ticket"]["number"].as_i64().unwrap();
    let marked = |item| {
        let parts: &Vec<Value> = item;
        let marked = parts.iter().filter(|part| part["matches"] == json!(true));
        marked.filter_map(|part| part["text"].as_str()).collect()
    };
    let items = found["items"].as_array().unwrap().iter();
    items
        .map(|item| {
            (
                told(item),
                item["excerpt"].as_array().map_or_else(Vec::new, marked),
            )
        })
        .collect()
}

#[tokio::test]
async fn an_old_message_is_found_by_the_beginning_of_a_word_which_is_marked() {
    let desk = desk_with_messages().await;
    let found = desk.get(&desk.agent(), "/search?query=garde").await.ok();
    assert_eq!(told(&found), [(1, vec!["gardener"])], "{found}");
    let both = desk.get(&desk.agent(), "/search?query=garde+umbre").await;
    let both = both.ok();
    assert_eq!(told(&both), [(1, vec!["gardener", "umbrellas"])], "{both}");
    let split = desk.get(&desk.agent(), "/search?query=garde+radiat").await;
    assert_eq!(split.ok()["items"], json!([]));
    let inside = desk.get(&desk.agent(), "/search?query=ardener").await;
    assert_eq!(inside.ok()["items"], json!([]));
}

#[tokio::test]
async fn a_customer_finds_beginnings_of_public_words_alone_and_other_customers_none() {
    let desk = desk_with_messages().await;
    let path = |begins: &str| format!("/search?query={begins}");
    let customer = desk.person_with_id(desk.ours, Role::Customer, UserId(id(901)));
    let found = desk.get(&customer, &path("radiat")).await.ok();
    assert_eq!(told(&found), [(1, vec!["radiator"])], "{found}");
    let note = desk.get(&customer, &path("garde")).await.ok();
    assert_eq!(note["items"], json!([]), "{note}");
    let other = desk.person_with_id(desk.ours, Role::Customer, UserId(id(900)));
    let others = desk.get(&other, &path("radiat")).await.ok();
    assert_eq!(others["items"], json!([]), "{others}");
}
