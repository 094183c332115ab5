//! The messages and the history of a ticket, as staff see them.

use domain::actor::Role;
use domain::message::state::Visibility;
use platform::rows::{ActorKind, HistoryRow, MessageRow};
use serde_json::json;

use crate::desk::Desk;
use crate::rows::{history, id, message, minute, ticket};
use crate::sorting::walk;

fn numbers(range: impl Iterator<Item = u128>) -> Vec<String> {
    range.map(|number| id(number).to_string()).collect()
}

#[tokio::test]
async fn messages_come_in_the_order_of_their_positions_in_both_directions() {
    let desk = Desk::open().await;
    let (own, other) = (ticket(desk.ours, 1), ticket(desk.ours, 2));
    desk.insert(desk.ours.partition, &[own.clone(), other.clone()])
        .await;
    let visibility = |number| {
        if number % 3 == 0 {
            Visibility::Internal
        } else {
            Visibility::Public
        }
    };
    // Written at the same time: only the position tells the order.
    let row = |number| MessageRow {
        created_at: minute(0),
        ..message(desk.ours, &own, number, visibility(number))
    };
    desk.insert(desk.ours.partition, &(1..=7).map(row).collect::<Vec<_>>())
        .await;
    desk.insert(
        desk.ours.partition,
        &[message(desk.ours, &other, 8, Visibility::Public)],
    )
    .await;
    let path = format!("/tickets/{}/messages", id(1));
    for limit in [1, 3, 7] {
        assert_eq!(
            walk(&desk, &desk.agent(), &path, limit).await,
            numbers(1..=7)
        );
        assert_eq!(
            walk(&desk, &desk.agent(), &format!("{path}?order=desc"), limit).await,
            numbers((1..=7).rev())
        );
    }
}

#[tokio::test]
async fn a_message_shows_who_what_and_when_and_a_redacted_one_not_what() {
    let desk = Desk::open().await;
    let own = ticket(desk.ours, 1);
    let edited = MessageRow {
        edited_at: Some(minute(9)),
        version: 2,
        ..message(desk.ours, &own, 2, Visibility::Internal)
    };
    let redacted = MessageRow {
        body: None,
        redacted_at: Some(minute(9)),
        author_role: Role::Customer,
        ..message(desk.ours, &own, 3, Visibility::Public)
    };
    desk.insert(desk.ours.partition, &[own]).await;
    desk.insert(desk.ours.partition, &[edited, redacted]).await;
    let body = desk
        .get(&desk.agent(), &format!("/tickets/{}/messages", id(1)))
        .await
        .ok();
    let [edited, redacted] = &body["items"].as_array().unwrap()[..] else {
        panic!("two messages")
    };
    assert_eq!(
        edited["author"],
        json!({"id": id(901), "name": "Ada Agent", "role": "agent"})
    );
    assert_eq!(
        (&edited["body"], &edited["visibility"]),
        (&json!("internal words 2"), &json!("internal"))
    );
    assert_eq!(
        (&edited["version"], &edited["ticket_id"]),
        (&json!(2), &json!(id(1)))
    );
    assert!(edited.get("edited_at").is_some() && edited.get("redacted_at").is_none());
    assert!(redacted.get("body").is_none() && redacted.get("redacted_at").is_some());
}

#[tokio::test]
async fn history_says_who_what_when_from_and_to() {
    let desk = Desk::open().await;
    let own = ticket(desk.ours, 1);
    let timer = HistoryRow {
        actor_kind: ActorKind::Timer,
        actor_id: None,
        actor_role: None,
        actor_name: "Timer".to_owned(),
        ..history(desk.ours, &own, 12, true)
    };
    let rows = [
        history(desk.ours, &own, 10, true),
        history(desk.ours, &own, 11, false),
        timer,
    ];
    desk.insert(desk.ours.partition, &[own]).await;
    desk.insert(desk.ours.partition, &rows).await;
    let path = format!("/tickets/{}/history", id(1));
    let body = desk.get(&desk.agent(), &path).await.ok();
    let first = &body["items"][0];
    assert_eq!(first["type"], "ticket.priority_changed");
    assert_eq!(
        first["actor"],
        json!({"kind": "user", "id": id(901), "role": "agent", "name": "Ada Agent"})
    );
    assert_eq!(
        first["summary"],
        "Ada Agent changed the priority from normal to urgent"
    );
    let changes = json!([{"field": "priority", "from": "normal", "to": "urgent"}, {"field": "assignee", "to": "Ada Agent"}]);
    assert_eq!(first["changes"], changes);
    assert_eq!(
        (&first["public"], &first["reason"]),
        (&json!(true), &json!("secret reason"))
    );
    assert_eq!(
        body["items"][2]["actor"],
        json!({"kind": "timer", "name": "Timer"})
    );
    for limit in [1, 2, 3] {
        assert_eq!(
            walk(&desk, &desk.agent(), &path, limit).await,
            numbers(10..=12)
        );
        assert_eq!(
            walk(&desk, &desk.agent(), &format!("{path}?order=desc"), limit).await,
            numbers((10..=12).rev())
        );
    }
}

#[tokio::test]
async fn a_ticket_without_messages_has_an_empty_conversation() {
    let desk = Desk::open().await;
    desk.insert(desk.ours.partition, &[ticket(desk.ours, 1)])
        .await;
    for list in ["messages", "history"] {
        let body = desk
            .get(&desk.agent(), &format!("/tickets/{}/{list}", id(1)))
            .await
            .ok();
        assert_eq!(body, json!({"items": []}));
    }
}
