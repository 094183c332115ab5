//! `Consistency-Token`: what it waits for, and what happens when that does not come.

use std::time::Duration;

use domain::actor::Role;
use domain::ids::TicketId;
use event_store::Position;
use platform::auth::{Credential, Principal};
use platform::consistency::ConsistencyToken;
use platform::http::views::TicketViews;
use platform::permission::of_role;
use platform::valkey::Valkey;
use read_side::Options;
use tokio::time::Instant;
use uuid::Uuid;

use crate::desk::Desk;
use crate::rows::{id, organization, team, ticket, user};

const HEADER: &str = "Consistency-Token";

fn position(number: i64) -> Position {
    Position::new(number).unwrap()
}

fn token(desk: &Desk, number: i64) -> String {
    ConsistencyToken {
        partition: desk.ours.partition,
        position: position(number),
    }
    .to_string()
}

fn routes() -> Vec<String> {
    let ticket = format!("/tickets/{}", id(1));
    vec![
        "/tickets".to_owned(),
        format!("{ticket}/messages"),
        format!("{ticket}/history"),
        ticket,
        "/users".to_owned(),
        format!("/users/{}", id(900)),
        "/teams".to_owned(),
        format!("/teams/{}", id(950)),
        "/organization".to_owned(),
    ]
}

/// A desk that waits for `wait_timeout` and has one thing of each kind.
async fn desk(wait_timeout: Duration) -> Desk {
    let desk = Desk::open_with(Valkey::disabled(), Options { wait_timeout }).await;
    let partition = desk.ours.partition;
    desk.insert(partition, &[ticket(desk.ours, 1)]).await;
    desk.insert(partition, &[user(desk.ours, 900, "Cleo", Role::Customer)])
        .await;
    desk.insert(partition, &[team(desk.ours, 950, "Billing")])
        .await;
    desk.insert(partition, &[organization(desk.ours, "Ours")])
        .await;
    desk
}

#[tokio::test]
async fn every_answer_carries_how_far_it_is() {
    let desk = desk(Duration::from_secs(60)).await;
    desk.reach(desk.ours.partition, position(7)).await;
    for path in routes() {
        let answer = desk.get(&desk.agent(), &path).await;
        assert_eq!(
            answer.header(HEADER),
            Some(token(&desk, 7).as_str()),
            "{path}"
        );
        answer.ok();
    }
}

#[tokio::test]
async fn a_query_waits_until_the_projector_of_this_process_announces_the_position() {
    let desk = desk(Duration::from_secs(60)).await;
    let (agent, token) = (desk.agent(), token(&desk, 9));
    let headers = [(HEADER, token.as_str())];
    let mut waiting = Box::pin(desk.get_with(&agent, "/tickets", &headers));
    let early = tokio::time::timeout(Duration::from_millis(100), waiting.as_mut()).await;
    assert!(early.is_err(), "it did not wait");
    desk.progress.announce(desk.ours.partition, position(9));
    let answer = waiting.await;
    assert_eq!(answer.header(HEADER), Some(token.as_str()));
    answer.ok();
}

#[tokio::test]
async fn a_query_waits_for_a_projector_of_another_process() {
    let desk = desk(Duration::from_secs(60)).await;
    let (agent, token) = (desk.agent(), token(&desk, 9));
    let headers = [(HEADER, token.as_str())];
    let path = format!("/tickets/{}", id(1));
    let mut waiting = Box::pin(desk.get_with(&agent, &path, &headers));
    let early = tokio::time::timeout(Duration::from_millis(100), waiting.as_mut()).await;
    assert!(early.is_err(), "it did not wait");
    desk.reach(desk.ours.partition, position(9)).await;
    waiting.await.ok();
}

#[tokio::test]
async fn what_does_not_come_in_time_is_503_with_the_time_to_come_back() {
    let desk = desk(Duration::from_millis(30)).await;
    for path in routes() {
        let answer = desk
            .get_with(&desk.agent(), &path, &[(HEADER, &token(&desk, 9))])
            .await;
        assert_eq!(
            answer.refused(503).header("retry-after"),
            Some("1"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_is_no_token_of_this_organization_is_refused() {
    let desk = desk(Duration::from_millis(30)).await;
    let other = desk.ours.partition.get() + 1;
    for wrong in [
        "9",
        "x-y",
        "",
        &format!("{other}-1"),
        "-1-1",
        "1-99999999999999999999",
    ] {
        for path in routes() {
            desk.get_with(&desk.agent(), &path, &[(HEADER, wrong)])
                .await
                .bad(HEADER);
        }
    }
}

#[tokio::test]
async fn the_write_side_gets_the_view_that_shows_its_change_or_learns_that_it_is_late() {
    let desk = desk(Duration::from_secs(60)).await;
    let viewer = Principal {
        organization_id: desk.ours.id,
        user_id: desk.agent().id,
        role: Role::Agent,
        role_id: None,
        permissions: of_role(Role::Agent),
        credential: Credential::AccessToken {
            session_id: domain::ids::SessionId(Uuid::now_v7()),
            token_id: Uuid::now_v7(),
        },
        must_enrol: false,
    };
    let at_least = ConsistencyToken {
        partition: desk.ours.partition,
        position: position(9),
    };
    let views: &dyn TicketViews = &desk.models;
    let late = views
        .ticket(&viewer, TicketId(id(1)), at_least, Instant::now())
        .await;
    assert!(late.is_err());
    desk.progress
        .announce(at_least.partition, at_least.position);
    let soon = Instant::now() + Duration::from_secs(60);
    let view = views
        .ticket(&viewer, TicketId(id(1)), at_least, soon)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((view.number, view.note_count), (1, Some(0)));
    assert!(
        views
            .ticket(&viewer, TicketId(id(2)), at_least, soon)
            .await
            .unwrap()
            .is_none()
    );
}
