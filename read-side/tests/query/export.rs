//! The parts of what is held about a person follow each other, whatever happens in between.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::actor::Role;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::rows::{id, user};

const VIEWS: &str =
    "INSERT INTO core.views (partition, org_id, view_id, person_id, name, query, sort, columns, deleted, version, created_at,
        updated_at)
     SELECT $1, $2, lpad(n::text, 32, '0')::uuid, $3, 'View ' || n, '', 'updated_at', '{}', false, 1, now(), now()
       FROM generate_series(1, 5) AS n";
const DELETE: &str = "UPDATE core.views SET deleted = true WHERE partition = $1 AND view_id = $2";

/// A person who keeps five views.
async fn desk() -> (Desk, String) {
    let desk = Desk::open().await;
    let row = user(desk.ours, 7, "Uma", Role::Agent);
    desk.insert(desk.ours.partition, &[row]).await;
    let (partition, org) = (desk.ours.partition.get(), desk.ours.id.0);
    desk.client
        .execute(VIEWS, &[&partition, &org, &id(7)])
        .await
        .unwrap();
    (desk, format!("/users/{}/export?limit=2", id(7)))
}

/// A part: the numbers of its views, and the cursor of the next.
async fn part(desk: &Desk, path: &str) -> (Vec<u128>, Option<String>) {
    let admin = desk.person(desk.ours, Role::Admin);
    let answer = desk.get(&admin, path).await;
    let next = answer.next_cursor();
    let part = answer.ok();
    let views = part["views"].as_array().unwrap().iter();
    let number = |view: &Value| view["id"].as_str().unwrap().parse::<uuid::Uuid>();
    (
        views.map(|it| number(it).unwrap().as_u128()).collect(),
        next,
    )
}

#[tokio::test]
async fn no_view_is_passed_over_when_one_before_it_is_deleted() {
    let (desk, path) = desk().await;
    let (mut numbers, mut next) = part(&desk, &path).await;
    assert_eq!(numbers, [1, 2]);
    let partition = desk.ours.partition.get();
    desk.client
        .execute(DELETE, &[&partition, &id(1)])
        .await
        .unwrap();
    while let Some(cursor) = next {
        let (more, after) = part(&desk, &format!("{path}&cursor={cursor}")).await;
        numbers.extend(more);
        next = after;
    }
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_cursor_that_counts_views_gives_all_of_them_once_more() {
    let (desk, path) = desk().await;
    let (_, next) = part(&desk, &path).await;
    let cursor = URL_SAFE_NO_PAD.decode(next.unwrap()).unwrap();
    let mut cursor: Value = serde_json::from_slice(&cursor).unwrap();
    cursor["k"] = json!({"s": "kept", "a": 2});
    let cursor = URL_SAFE_NO_PAD.encode(cursor.to_string());
    let (numbers, _) = part(&desk, &format!("{path}&cursor={cursor}")).await;
    assert_eq!(numbers, [1, 2]);
}
