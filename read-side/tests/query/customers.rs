//! What customers see, on every route: their own, and of it nothing internal.

use domain::actor::Role;
use domain::ids::UserId;
use domain::message::state::Visibility;
use serde_json::json;

use crate::desk::{Desk, Person};
use crate::rows::{full_ticket, history, id, message, minute, organization, team, ticket, user};

const CLEO: u128 = 900;

/// Ticket 1 is Cleo's, with everything internal that there is; ticket 2 is somebody else's.
async fn desk() -> (Desk, Person) {
    let desk = Desk::open().await;
    let cleo = UserId(id(CLEO));
    let (own, other) = (
        full_ticket(desk.ours, 1, cleo),
        full_ticket(desk.ours, 2, UserId(id(903))),
    );
    let partition = desk.ours.partition;
    desk.insert(partition, &[own.clone(), other.clone()]).await;
    desk.insert(
        partition,
        &[
            message(desk.ours, &own, 11, Visibility::Public),
            message(desk.ours, &own, 12, Visibility::Internal),
            message(desk.ours, &other, 13, Visibility::Public),
        ],
    )
    .await;
    desk.insert(
        partition,
        &[
            history(desk.ours, &own, 11, true),
            history(desk.ours, &own, 12, false),
            history(desk.ours, &other, 13, true),
        ],
    )
    .await;
    desk.insert(
        partition,
        &[
            user(desk.ours, 900, "Cleo", Role::Customer),
            user(desk.ours, 901, "Ada", Role::Agent),
        ],
    )
    .await;
    desk.insert(partition, &[team(desk.ours, 950, "secret team")])
        .await;
    desk.insert(partition, &[organization(desk.ours, "Ours")])
        .await;
    let person = desk.person_with_id(desk.ours, Role::Customer, cleo);
    (desk, person)
}

#[tokio::test]
async fn customers_list_their_own_tickets_whatever_they_filter_by() {
    let (desk, cleo) = desk().await;
    for query in [
        "",
        "requester=00000000-0000-0000-0000-000000000384",
        "status=open&include_total=true",
    ] {
        let answer = desk.get(&cleo, &format!("/tickets?{query}")).await;
        assert_ne!(answer.body["total"], 2);
        assert_eq!(answer.ids(), [id(1).to_string()], "{query}");
    }
    let others = format!("/tickets?requester={}", id(903));
    assert!(desk.get(&cleo, &others).await.ids().is_empty());
}

#[tokio::test]
async fn a_customers_view_of_a_ticket_has_nothing_internal() {
    let (desk, cleo) = desk().await;
    let detail = desk.get(&cleo, &format!("/tickets/{}", id(1))).await.ok();
    let listed = desk.get(&cleo, "/tickets").await.ok()["items"][0].clone();
    assert_eq!(detail, listed);
    assert!(!detail.to_string().contains("secret"), "{detail}");
    for hidden in [
        "team",
        "tags",
        "custom_fields",
        "note_count",
        "reopen_count",
        "sla",
        "external",
    ] {
        assert!(detail.get(hidden).is_none(), "{hidden}");
    }
    assert_eq!(
        detail["assignee"],
        json!({"id": id(901), "name": "Ada Agent"})
    );
    assert_eq!(detail["last_message"]["excerpt"], "Please try again");
    let updated_at: chrono::DateTime<chrono::Utc> =
        detail["updated_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        updated_at,
        minute(30),
        "a note does not show in the time of the last change"
    );
}

#[tokio::test]
async fn customers_cannot_find_out_what_is_internal_by_filter_or_order() {
    let (desk, cleo) = desk().await;
    for query in [
        "tag=secret-tag",
        "team=none",
        "sort=next_deadline_at",
        "sort=-next_deadline_at",
    ] {
        desk.get(&cleo, &format!("/tickets?{query}"))
            .await
            .refused(403);
    }
    // The note is of minute 500, the last public change of minute 30.
    assert!(
        desk.get(&cleo, "/tickets?updated_from=2026-03-01T01:00:00Z")
            .await
            .ids()
            .is_empty()
    );
    assert_eq!(
        desk.get(&desk.agent(), "/tickets?updated_from=2026-03-01T01:00:00Z")
            .await
            .ids()
            .len(),
        2
    );
}

#[tokio::test]
async fn customers_are_ordered_by_what_they_can_see() {
    let (desk, cleo) = desk().await;
    let mut noted = ticket(desk.ours, 3);
    noted.requester_id = cleo.id;
    noted.updated_at = minute(9_000);
    noted.public_updated_at = minute(3);
    desk.insert(desk.ours.partition, &[noted]).await;
    assert_eq!(
        desk.get(&cleo, "/tickets").await.ids(),
        [id(1), id(3)].map(|id| id.to_string())
    );
    let first = desk.get(&cleo, "/tickets?limit=1").await;
    let second = desk
        .get(
            &cleo,
            &format!("/tickets?limit=1&cursor={}", first.next_cursor().unwrap()),
        )
        .await;
    assert_eq!(
        (first.ids(), second.ids()),
        (vec![id(1).to_string()], vec![id(3).to_string()])
    );
}

#[tokio::test]
async fn customers_read_public_messages_and_public_history_only() {
    let (desk, cleo) = desk().await;
    let messages = desk
        .get(&cleo, &format!("/tickets/{}/messages", id(1)))
        .await;
    assert!(!messages.body.to_string().contains("internal"));
    assert_eq!(messages.ids(), [id(11).to_string()]);
    let history = desk
        .get(&cleo, &format!("/tickets/{}/history", id(1)))
        .await;
    assert!(
        !history.body.to_string().contains("secret"),
        "{}",
        history.body
    );
    assert!(history.body["items"][0].get("public").is_none());
    assert_eq!(history.ids(), [id(11).to_string()]);
}

#[tokio::test]
async fn somebody_elses_ticket_is_not_there_for_a_customer() {
    let (desk, cleo) = desk().await;
    for path in ["/tickets/{}", "/tickets/{}/messages", "/tickets/{}/history"] {
        let answer = desk
            .get(&cleo, &path.replace("{}", &id(2).to_string()))
            .await;
        let absent = desk
            .get(&cleo, &path.replace("{}", &id(3).to_string()))
            .await;
        assert_eq!(
            answer.refused(404).body["detail"],
            absent.refused(404).body["detail"]
        );
    }
    let known = desk
        .get_with(
            &cleo,
            &format!("/tickets/{}", id(2)),
            &[("If-None-Match", "*")],
        )
        .await;
    known.refused(404);
}

#[tokio::test]
async fn customers_see_of_users_themselves_of_teams_nothing_and_of_the_organization_its_name() {
    let (desk, cleo) = desk().await;
    for path in [
        "/users",
        "/teams",
        &format!("/teams/{}", id(950)),
        &format!("/teams/{}", id(1)),
    ] {
        desk.get(&cleo, path).await.refused(403);
    }
    desk.get(&cleo, &format!("/users/{}", id(901)))
        .await
        .refused(404);
    assert_eq!(
        desk.get(&cleo, &format!("/users/{}", id(CLEO))).await.ok()["email"],
        "user900@example.com"
    );
    let organization = desk.get(&cleo, "/organization").await;
    assert_eq!(organization.header("etag"), None);
    assert_eq!(
        organization.ok(),
        json!({"id": desk.ours.id, "name": "Ours"})
    );
}
