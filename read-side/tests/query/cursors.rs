//! Cursors are bound to their query, and a bad one is the client's error.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::desk::Desk;
use crate::rows::{ticket, user};
use domain::actor::Role;

async fn desk() -> (Desk, String) {
    let desk = Desk::open().await;
    desk.insert(
        desk.ours.partition,
        &(1..=3)
            .map(|number| ticket(desk.ours, number))
            .collect::<Vec<_>>(),
    )
    .await;
    let first = desk
        .get(
            &desk.agent(),
            "/tickets?limit=1&status=open&priority=normal&priority=low",
        )
        .await;
    let cursor = first.next_cursor().unwrap();
    (desk, cursor)
}

#[tokio::test]
async fn a_cursor_fits_its_query_however_that_is_spelled() {
    let (desk, cursor) = desk().await;
    let path = format!(
        "/tickets?priority=low&priority=normal&priority=low&status=open&sort=-updated_at&cursor={cursor}"
    );
    assert_eq!(desk.get(&desk.agent(), &path).await.ids().len(), 2);
}

#[tokio::test]
async fn a_cursor_with_another_filter_or_sort_is_refused() {
    let (desk, cursor) = desk().await;
    for query in [
        "",
        "status=open&priority=normal",
        "status=open&priority=normal&priority=low&sort=updated_at",
        "status=open&priority=normal&priority=low&sort=-created_at",
        "status=open&priority=normal&priority=low&assignee=none",
    ] {
        desk.get(&desk.agent(), &format!("/tickets?{query}&cursor={cursor}"))
            .await
            .bad("cursor");
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_or_another_kind_of_viewer_is_refused() {
    let (desk, cursor) = desk().await;
    let id = crate::rows::id(1);
    for path in [
        "/users".to_owned(),
        "/teams".to_owned(),
        format!("/tickets/{id}/messages"),
        format!("/tickets/{id}/history"),
    ] {
        desk.get(&desk.agent(), &format!("{path}?cursor={cursor}"))
            .await
            .bad("cursor");
    }
    let customer = desk.person(desk.ours, Role::Customer);
    let path = format!("/tickets?status=open&priority=normal&priority=low&cursor={cursor}");
    desk.get(&customer, &path).await.bad("cursor");
}

#[tokio::test]
async fn a_forged_key_is_refused_and_never_a_fault_of_the_server() {
    let (desk, cursor) = desk().await;
    let content = String::from_utf8(URL_SAFE_NO_PAD.decode(&cursor).unwrap()).unwrap();
    let key = &content[content.find("\"k\"").unwrap()..];
    let id = "00000000-0000-0000-0000-000000000001";
    for forged in [
        format!(r#""k":{{"v":{{"p":1}},"i":"{id}"}}}}"#),
        format!(r#""k":{{"v":{{"d":null}},"i":"{id}"}}}}"#),
        format!(r#""k":{{"v":{{"t":-9223372036854775808}},"i":"{id}"}}}}"#),
        format!(r#""k":{{"v":{{"t":"2026"}},"i":"{id}"}}}}"#),
        r#""k":{"v":{"t":1},"i":"1"}}"#.to_owned(),
        r#""k":null}"#.to_owned(),
    ] {
        let forged = URL_SAFE_NO_PAD.encode(content.replace(key, &forged));
        let path = format!("/tickets?status=open&priority=normal&priority=low&cursor={forged}");
        desk.get(&desk.agent(), &path).await.bad("cursor");
    }
    for wrong in ["", "%00", "x", "e30"] {
        desk.get(&desk.agent(), &format!("/tickets?cursor={wrong}"))
            .await
            .bad("cursor");
    }
}

#[tokio::test]
async fn a_forged_name_that_is_no_text_to_the_database_is_refused() {
    let desk = Desk::open().await;
    let users: Vec<_> = (1..=2)
        .map(|number| user(desk.ours, number, "Ada", Role::Agent))
        .collect();
    desk.insert(desk.ours.partition, &users).await;
    let cursor = desk
        .get(&desk.agent(), "/users?limit=1")
        .await
        .next_cursor()
        .unwrap();
    let content = String::from_utf8(URL_SAFE_NO_PAD.decode(&cursor).unwrap()).unwrap();
    let forged = URL_SAFE_NO_PAD.encode(content.replace("Ada", "A\\u0000da"));
    desk.get(&desk.agent(), &format!("/users?cursor={forged}"))
        .await
        .bad("cursor");
}
