//! `Consistency-Token`: what it waits for, and what happens when that does not come.

use std::time::Duration;

use const_format::formatcp;
use domain::actor::Role;
use domain::ids::TicketId;
use event_store::Position;
use platform::auth::{Credential, Principal};
use platform::consistency::ConsistencyToken;
use platform::http::views::TicketViews;
use platform::permission::of_role;
use platform::valkey::Valkey;
use read_side::Options;
use schema::table::EVENTS;
use tokio::time::Instant;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::desk::{Desk, Org};
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

/// `$1` is the partition, `$2` the position, `$3` the organization, `$4` when it was recorded.
const RECORD: &str = formatcp!(
    "INSERT INTO {EVENTS} (partition, position, org_id, stream_type, stream_id, version, event_id, type, schema_version, data,
        metadata, occurred_at, recorded_at, hash)
     VALUES ($1, $2, $3, 'thing', gen_random_uuid(), 1, gen_random_uuid(), 'thing.happened', 1, '{{}}', '{{}}', now(),
        $4::text::timestamptz, decode(repeat('00', 32), 'hex'))"
);

/// Puts an event of an organization into the partition of ours.
async fn record(desk: &Desk, org: Org, number: i64, at: &str) {
    let partition = desk.ours.partition.get();
    let values: [&(dyn ToSql + Sync); 4] = [&partition, &number, &org.id.0, &at];
    desk.client.execute(RECORD, &values).await.unwrap();
}

/// Everything that can be asked as of a moment of the log, with the status of its answer once it is shown: the things of the
/// desk are not in the log.
fn of_the_past() -> Vec<(String, u16)> {
    let days = "from=2025-01-01&to=2025-02-01";
    let times = "from=2025-01-01T00:00:00Z&to=2025-02-01T00:00:00Z";
    let reports = [
        format!("/reports/tickets?figure=opened&{days}"),
        format!("/reports/tickets/hours?figure=opened&{days}"),
        format!("/reports/tickets/counted?figure=opened&{days}"),
        format!("/reports/messages?{days}"),
        format!("/reports/messages/counted?{days}"),
        format!("/reports/workload?by=agent&{days}"),
        format!("/reports/sla?{times}"),
    ];
    let reports = reports.map(|path| (format!("{path}&as_of="), 200));
    let things = [
        format!("/tickets/{}?as_of=", id(1)),
        format!("/tickets/{}/diff?from=", id(1)),
        format!("/tickets/{}/diff?from=1&to=", id(1)),
        format!("/users/{}?as_of=", id(900)),
        format!("/teams/{}?as_of=", id(950)),
    ];
    let things = things.map(|path| (path, 404));
    let policies = ("/service-levels/policies?as_of=".to_owned(), 200);
    reports
        .into_iter()
        .chain(things)
        .chain([policies])
        .collect()
}

#[tokio::test]
async fn a_moment_is_told_once_all_that_the_log_held_then_is_shown() {
    let desk = desk(Duration::from_millis(30)).await;
    let (ours, partition) = (desk.ours, desk.ours.partition);
    record(&desk, ours, 1, "2025-01-01T10:00:00Z").await;
    record(&desk, ours, 2, "2025-01-01T11:00:00Z").await;
    // Of somebody else, who keeps nobody waiting.
    record(&desk, desk.theirs, 3, "2025-01-01T12:00:00Z").await;
    desk.reach(partition, position(1)).await;
    let agent = desk.agent();
    for (path, status) in of_the_past() {
        let early = format!("{path}2025-01-01T10:59:59Z");
        assert_eq!(desk.get(&agent, &early).await.status, status, "{path}");
        for time in ["2025-01-01T11:00:00Z", "2025-01-01T13:00:00Z"] {
            let behind = desk.get(&agent, &format!("{path}{time}")).await;
            let later = behind.refused(503).header("retry-after");
            assert_eq!(later, Some("1"), "{path}{time}");
        }
    }
    desk.reach(partition, position(2)).await;
    desk.progress.announce(partition, position(2));
    for (path, status) in of_the_past() {
        for time in ["2025-01-01T11:00:00Z", "2025-01-01T13:00:00Z"] {
            let shown = desk.get(&agent, &format!("{path}{time}")).await;
            assert_eq!(shown.status, status, "{path}{time}");
        }
        let parameter = path
            .rsplit(['?', '&'])
            .next()
            .unwrap()
            .trim_end_matches('=');
        let future = format!("{path}2999-01-01T00:00:00Z");
        desk.get(&agent, &future).await.bad(parameter);
    }
}
