//! Every filter of the list of tickets.

use domain::actor::Role;
use domain::ids::{TeamId, UserId};
use domain::ticket::state::{Priority, Status};
use platform::rows::TicketRow;

use crate::desk::Desk;
use crate::rows::{id, minute, ticket};

/// Which of tickets 1 to 4 a query string selects, oldest first.
async fn selected(desk: &Desk, query: &str) -> Vec<u128> {
    let path = format!("/tickets?sort=created_at&{query}");
    let ids = desk.get(&desk.agent(), &path).await.ids();
    ids.iter()
        .map(|text| text.parse::<uuid::Uuid>().unwrap().as_u128())
        .collect()
}

async fn desk_with(change: impl Fn(u32, TicketRow) -> TicketRow) -> Desk {
    let desk = Desk::open().await;
    let rows: Vec<TicketRow> = (1..=4)
        .map(|number| change(number, ticket(desk.ours, number)))
        .collect();
    desk.insert(desk.ours.partition, &rows).await;
    desk
}

#[tokio::test]
async fn without_a_filter_all_tickets_come_the_last_changed_first() {
    let desk = desk_with(|_, row| row).await;
    let ids = desk.get(&desk.agent(), "/tickets").await.ids();
    assert_eq!(ids, [4, 3, 2, 1].map(|number| id(number).to_string()));
}

#[tokio::test]
async fn status_selects_any_of_those_given() {
    let statuses = [Status::New, Status::Open, Status::OnHold, Status::Closed];
    let desk = desk_with(|number, row| TicketRow {
        status: statuses[number as usize - 1],
        ..row
    })
    .await;
    assert_eq!(selected(&desk, "status=open").await, [2]);
    assert_eq!(
        selected(&desk, "status=on_hold&status=new&status=new").await,
        [1, 3]
    );
    assert!(selected(&desk, "status=pending").await.is_empty());
    desk.get(&desk.agent(), "/tickets?status=lost")
        .await
        .bad("status");
}

#[tokio::test]
async fn priority_selects_any_of_those_given() {
    let desk = desk_with(|number, row| TicketRow {
        priority: Priority::ALL[number as usize - 1],
        ..row
    })
    .await;
    assert_eq!(selected(&desk, "priority=urgent").await, [4]);
    assert_eq!(selected(&desk, "priority=low&priority=high").await, [1, 3]);
    desk.get(&desk.agent(), "/tickets?priority=5")
        .await
        .bad("priority");
}

#[tokio::test]
async fn assignee_and_team_select_one_or_none() {
    let desk = desk_with(|number, row| match number {
        1 => TicketRow {
            assignee_id: Some(UserId(id(50))),
            assignee_name: Some("A".to_owned()),
            ..row
        },
        2 => TicketRow {
            team_id: Some(TeamId(id(60))),
            team_name: Some("T".to_owned()),
            ..row
        },
        _ => row,
    })
    .await;
    assert_eq!(selected(&desk, &format!("assignee={}", id(50))).await, [1]);
    assert_eq!(selected(&desk, "assignee=none").await, [2, 3, 4]);
    assert_eq!(selected(&desk, &format!("team={}", id(60))).await, [2]);
    assert_eq!(selected(&desk, "team=none&assignee=none").await, [3, 4]);
    for parameter in ["assignee", "team"] {
        desk.get(&desk.agent(), &format!("/tickets?{parameter}=nobody"))
            .await
            .bad(parameter);
    }
}

#[tokio::test]
async fn requester_selects_their_tickets() {
    let desk = desk_with(|number, row| TicketRow {
        requester_id: UserId(id(u128::from(number) % 2)),
        ..row
    })
    .await;
    assert_eq!(
        selected(&desk, &format!("requester={}", id(1))).await,
        [1, 3]
    );
    desk.get(&desk.agent(), "/tickets?requester=me")
        .await
        .bad("requester");
}

#[tokio::test]
async fn tags_select_tickets_that_have_all_of_them() {
    let tags = [vec!["a"], vec!["a", "b"], vec!["b", "c"], vec![]];
    let desk = desk_with(|number, row| {
        let own = tags[number as usize - 1]
            .iter()
            .map(ToString::to_string)
            .collect();
        TicketRow { tags: own, ..row }
    })
    .await;
    assert_eq!(selected(&desk, "tag=a").await, [1, 2]);
    assert_eq!(selected(&desk, "tag=b&tag=A").await, [2]);
    assert!(selected(&desk, "tag=a&tag=c").await.is_empty());
    desk.get(&desk.agent(), "/tickets?tag=%00").await.bad("tag");
    let many = "&tag=a".repeat(21);
    desk.get(&desk.agent(), &format!("/tickets?limit=1{many}"))
        .await
        .bad("tag");
}

#[tokio::test]
async fn ranges_include_their_beginning_and_not_their_end() {
    let desk = desk_with(|number, row| TicketRow {
        updated_at: minute(100 + i64::from(number)),
        ..row
    })
    .await;
    assert_eq!(
        selected(&desk, "created_from=2026-03-01T00:02:00Z").await,
        [2, 3, 4]
    );
    assert_eq!(
        selected(
            &desk,
            "created_from=2026-03-01T00:02:00Z&created_to=2026-03-01T00:04:00Z"
        )
        .await,
        [2, 3]
    );
    assert_eq!(
        selected(
            &desk,
            "updated_from=2026-03-01T01:42:00Z&updated_to=2026-03-01T01:43:00Z"
        )
        .await,
        [2]
    );
    assert_eq!(
        selected(&desk, "updated_to=2026-03-01T03:42:00%2B02:00").await,
        [1]
    );
    for parameter in ["created_from", "created_to", "updated_from", "updated_to"] {
        for wrong in ["yesterday", "-262000-01-01T00:00:00Z"] {
            desk.get(&desk.agent(), &format!("/tickets?{parameter}={wrong}"))
                .await
                .bad(parameter);
        }
    }
}

#[tokio::test]
async fn the_total_counts_what_fits_and_comes_only_when_asked_for() {
    let desk = desk_with(|number, row| TicketRow {
        priority: Priority::ALL[number as usize - 1],
        ..row
    })
    .await;
    // By the time of creation nothing is counted beforehand.
    let created = "created_from=2026-01-01T00:00:00Z";
    let path = format!("/tickets?priority=low&priority=high&priority=urgent&{created}&limit=1");
    let body = desk
        .get(&desk.agent(), &format!("{path}&include_total=true"))
        .await
        .ok();
    assert_eq!(
        (
            body["total"].as_i64(),
            body["items"].as_array().unwrap().len()
        ),
        (Some(3), 1)
    );
    assert!(
        desk.get(&desk.agent(), &path)
            .await
            .ok()
            .get("total")
            .is_none()
    );
}

#[tokio::test]
async fn a_limit_is_1_to_100() {
    let desk = desk_with(|_, row| row).await;
    for wrong in ["0", "101", "-1", "x", "99999999999999999999"] {
        for path in ["/tickets", "/users", "/teams"] {
            desk.get(&desk.agent(), &format!("{path}?limit={wrong}"))
                .await
                .bad("limit");
        }
    }
    assert_eq!(
        desk.get(&desk.person(desk.ours, Role::Admin), "/tickets?limit=100")
            .await
            .ids()
            .len(),
        4
    );
}

#[tokio::test]
async fn a_misspelt_filter_is_refused_by_its_name_and_never_ignored() {
    let desk = desk_with(|_, row| row).await;
    for (path, wrong) in [
        ("/tickets?stauts=open", "stauts"),
        ("/tickets?status=open&assigne=none", "assigne"),
        ("/users?rolle=agent", "rolle"),
        ("/organization?x", "x"),
    ] {
        desk.get(&desk.agent(), path).await.bad(wrong);
    }
}
