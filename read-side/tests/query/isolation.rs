//! Another organization's rows are not there, on any route, also when both have the same ids and live in one partition.

use domain::actor::Role;
use domain::ids::{OrganizationId, UserId};
use domain::message::state::Visibility;
use uuid::Uuid;

use crate::desk::{Desk, Org};
use crate::rows::{history, id, message, organization, team, ticket, user};

/// Their rows, in their partition and once more in ours: what must keep us apart is the organization, too.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    for partition in [desk.theirs.partition, desk.ours.partition] {
        let own = ticket(desk.theirs, 1);
        let history = history(desk.theirs, &own, 11, true);
        desk.insert(
            partition,
            &[message(desk.theirs, &own, 11, Visibility::Public)],
        )
        .await;
        desk.insert(partition, &[history]).await;
        desk.insert(partition, &[own]).await;
        desk.insert(partition, &[user(desk.theirs, 900, "Cleo", Role::Customer)])
            .await;
        desk.insert(partition, &[team(desk.theirs, 950, "Billing")])
            .await;
        desk.insert(partition, &[organization(desk.theirs, "Theirs")])
            .await;
    }
    desk
}

#[tokio::test]
async fn another_organizations_things_are_not_found() {
    let desk = desk().await;
    for role in [Role::Customer, Role::Agent, Role::Lead, Role::Admin] {
        let person = desk.person_with_id(desk.ours, role, UserId(id(900)));
        let ticket = format!("/tickets/{}", id(1));
        for path in [
            &ticket,
            &format!("{ticket}/messages"),
            &format!("{ticket}/history"),
            &format!("/users/{}", id(900)),
        ] {
            desk.get(&person, path).await.refused(404);
        }
        desk.get(&person, "/organization").await.refused(404);
        assert!(desk.get(&person, "/tickets").await.ids().is_empty());
    }
    desk.get(&desk.agent(), &format!("/teams/{}", id(950)))
        .await
        .refused(404);
    for path in [
        "/users",
        "/teams",
        &format!("/tickets?requester={}", id(900)),
    ] {
        assert!(
            desk.get(&desk.agent(), path).await.ids().is_empty(),
            "{path}"
        );
    }
    let total = desk
        .get(&desk.agent(), "/tickets?include_total=true")
        .await
        .ok();
    assert_eq!(total["total"], 0);
}

#[tokio::test]
async fn the_same_things_are_found_by_their_own_organization() {
    let desk = desk().await;
    let person = desk.person(desk.theirs, Role::Agent);
    let ticket = format!("/tickets/{}", id(1));
    for path in [
        &ticket,
        &format!("{ticket}/messages"),
        &format!("{ticket}/history"),
        "/organization",
    ] {
        desk.get(&person, path).await.ok();
    }
    for path in ["/tickets", "/users", "/teams"] {
        assert_eq!(desk.get(&person, path).await.ids().len(), 1, "{path}");
    }
}

#[tokio::test]
async fn without_a_valid_token_of_an_organization_that_exists_every_route_is_401() {
    let desk = desk().await;
    let nowhere = Org {
        id: OrganizationId(Uuid::now_v7()),
        partition: desk.ours.partition,
    };
    let stranger = desk.person(nowhere, Role::Admin);
    let ticket = format!("/tickets/{}", id(1));
    for path in [
        "/tickets",
        &ticket,
        &format!("{ticket}/messages"),
        &format!("{ticket}/history"),
        "/users",
        &format!("/users/{}", id(900)),
        "/teams",
        &format!("/teams/{}", id(950)),
        "/organization",
    ] {
        desk.get(&stranger, path).await.refused(401);
        let answer = desk.get_without_token(path).await;
        assert!(answer.refused(401).header("www-authenticate").is_some());
    }
}
