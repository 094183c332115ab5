//! Orders, and pages that follow each other without a gap or a double.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::ticket::state::Priority;
use platform::rows::TicketRow;

use crate::desk::{Desk, Person};
use crate::rows::{id, minute, ticket};

/// Reads a list to its end in pages of `limit`, by cursor, and checks that `Link` says the same.
pub async fn walk(desk: &Desk, person: &Person, path: &str, limit: usize) -> Vec<String> {
    let separator = if path.contains('?') { '&' } else { '?' };
    let mut ids = Vec::new();
    let mut next = Some(format!("{path}{separator}limit={limit}"));
    while let Some(page) = next {
        let answer = desk.get(person, &page).await;
        next = answer
            .next_cursor()
            .map(|cursor| format!("{path}{separator}limit={limit}&cursor={cursor}"));
        let link = next
            .as_ref()
            .map(|path| format!("</api/v1{path}>; rel=\"next\""));
        assert_eq!(answer.header("link"), link.as_deref());
        let page = answer.ids();
        assert!(
            page.len() == limit || next.is_none(),
            "only the last page is short"
        );
        ids.extend(page);
        assert!(ids.len() <= 1_000, "the list has no end");
    }
    ids
}

fn numbers(range: impl Iterator<Item = u128>) -> Vec<String> {
    range.map(|number| id(number).to_string()).collect()
}

#[tokio::test]
async fn pages_over_tickets_of_the_same_time_have_no_gap_and_no_double() {
    let desk = Desk::open().await;
    let same = |number| TicketRow {
        updated_at: minute(0),
        created_at: minute(0),
        ..ticket(desk.ours, number)
    };
    desk.insert(desk.ours.partition, &(1..=25).map(same).collect::<Vec<_>>())
        .await;
    for field in ["updated_at", "created_at", "priority"] {
        for limit in [1, 7, 25] {
            let up = walk(
                &desk,
                &desk.agent(),
                &format!("/tickets?sort={field}"),
                limit,
            )
            .await;
            assert_eq!(up, numbers(1..=25), "{field} by {limit}");
            let down = walk(
                &desk,
                &desk.agent(),
                &format!("/tickets?sort=-{field}"),
                limit,
            )
            .await;
            assert_eq!(down, numbers((1..=25).rev()), "-{field} by {limit}");
        }
    }
}

#[tokio::test]
async fn priority_is_ordered_by_urgency_and_not_by_its_name() {
    let desk = Desk::open().await;
    let row = |number: u32| TicketRow {
        priority: Priority::ALL[number as usize % 4],
        ..ticket(desk.ours, number)
    };
    desk.insert(desk.ours.partition, &(1..=8).map(row).collect::<Vec<_>>())
        .await;
    let down = walk(&desk, &desk.agent(), "/tickets?sort=-priority", 3).await;
    assert_eq!(down, numbers([7, 3, 6, 2, 5, 1, 8, 4].into_iter()));
}

#[tokio::test]
async fn of_equal_priority_the_age_decides_also_within_a_span_of_time() {
    let desk = Desk::open().await;
    // Opened in the opposite order of their ids.
    let row = |number: u32| TicketRow {
        priority: Priority::ALL[number as usize % 4],
        created_at: minute(60 - i64::from(number)),
        ..ticket(desk.ours, number)
    };
    desk.insert(desk.ours.partition, &(1..=12).map(row).collect::<Vec<_>>())
        .await;
    let up = [12, 8, 4, 9, 5, 1, 10, 6, 2, 11, 7, 3];
    // Without the two that were opened first and last.
    let span = format!(
        "created_from={}&created_to={}",
        at(minute(49)),
        at(minute(59))
    );
    let within = up.into_iter().filter(|number| (2..=11).contains(number));
    let urgent = [11, 7, 3].into_iter();
    for limit in [1, 2, 5, 50] {
        let list = async |filter: &str| {
            let path = format!("/tickets?{filter}");
            walk(&desk, &desk.agent(), &path, limit).await
        };
        assert_eq!(list("sort=priority").await, numbers(up.into_iter()));
        let spanned = list(&format!("{span}&sort=priority")).await;
        assert_eq!(spanned, numbers(within.clone()), "by {limit}");
        let down = list(&format!("{span}&sort=-priority")).await;
        assert_eq!(down, numbers(within.clone().rev()), "by {limit}");
        let one = list(&format!("{span}&priority=urgent&sort=priority")).await;
        assert_eq!(one, numbers(urgent.clone()), "by {limit}");
    }
}

fn at(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[tokio::test]
async fn tickets_without_a_deadline_come_last_in_both_directions_on_every_page_size() {
    let desk = Desk::open().await;
    // Odd tickets have a deadline, in pairs of the same time.
    let row = |number: u32| {
        let deadline = (number % 2 == 1).then(|| minute(i64::from(number / 4)));
        TicketRow {
            next_deadline_at: deadline,
            ..ticket(desk.ours, number)
        }
    };
    desk.insert(desk.ours.partition, &(1..=12).map(row).collect::<Vec<_>>())
        .await;
    for limit in [1, 2, 3, 5, 6, 7, 12, 50] {
        let up = walk(
            &desk,
            &desk.agent(),
            "/tickets?sort=next_deadline_at",
            limit,
        )
        .await;
        assert_eq!(
            up,
            numbers([1, 3, 5, 7, 9, 11, 2, 4, 6, 8, 10, 12].into_iter()),
            "by {limit}"
        );
        let down = walk(
            &desk,
            &desk.agent(),
            "/tickets?sort=-next_deadline_at",
            limit,
        )
        .await;
        assert_eq!(
            down,
            numbers([11, 9, 7, 5, 3, 1, 12, 10, 8, 6, 4, 2].into_iter()),
            "by {limit}"
        );
    }
}

#[tokio::test]
async fn a_ticket_that_comes_meanwhile_shifts_nothing() {
    let desk = Desk::open().await;
    desk.insert(
        desk.ours.partition,
        &(1..=4)
            .map(|number| ticket(desk.ours, number))
            .collect::<Vec<_>>(),
    )
    .await;
    let first = desk.get(&desk.agent(), "/tickets?limit=2").await;
    let cursor = first.next_cursor().unwrap();
    assert_eq!(first.ids(), numbers([4, 3].into_iter()));
    desk.insert(desk.ours.partition, &[ticket(desk.ours, 5)])
        .await;
    let second = desk
        .get(&desk.agent(), &format!("/tickets?limit=2&cursor={cursor}"))
        .await;
    assert_eq!(second.ids(), numbers([2, 1].into_iter()));
}
