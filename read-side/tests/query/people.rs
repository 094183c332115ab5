//! Users, teams and the organization, as staff see them.

use domain::actor::Role;
use domain::organization::settings::{FieldDefinition, FieldKind, Settings};
use domain::text::{FieldKey, FieldText, Name};
use platform::rows::{OrganizationRow, UserRow};
use serde_json::json;
use tokio_postgres::types::Json;

use crate::desk::Desk;
use crate::rows::{id, organization, team, user};
use crate::sorting::walk;

fn numbers(range: impl IntoIterator<Item = u128>) -> Vec<String> {
    range
        .into_iter()
        .map(|number| id(number).to_string())
        .collect()
}

async fn desk() -> Desk {
    let desk = Desk::open().await;
    let retired = UserRow {
        active: false,
        email: None,
        ..user(desk.ours, 5, "adrian", Role::Agent)
    };
    desk.insert(
        desk.ours.partition,
        &[
            user(desk.ours, 1, "Zoe", Role::Admin),
            user(desk.ours, 2, "Ada", Role::Agent),
            user(desk.ours, 3, "Ada", Role::Customer),
            user(desk.ours, 4, "100% Bob_", Role::Customer),
            retired,
        ],
    )
    .await;
    desk
}

#[tokio::test]
async fn users_come_by_name_and_those_of_one_name_by_id() {
    let desk = desk().await;
    for limit in [1, 2, 5] {
        assert_eq!(
            walk(&desk, &desk.agent(), "/users", limit).await,
            numbers([4, 2, 3, 1, 5])
        );
    }
}

#[tokio::test]
async fn users_are_selected_by_role_activity_and_the_beginning_of_their_name() {
    let desk = desk().await;
    let selected = async |query: &str| {
        desk.get(&desk.agent(), &format!("/users?{query}"))
            .await
            .ids()
    };
    assert_eq!(selected("role=agent").await, numbers([2, 5]));
    assert_eq!(selected("active=false").await, numbers([5]));
    assert_eq!(selected("q=ad").await, numbers([2, 3, 5]));
    assert_eq!(selected("q=ADA&role=customer").await, numbers([3]));
    assert_eq!(selected("q=100%25").await, numbers([4]));
    for nobody in ["q=%25", "q=_da", "q=da"] {
        assert!(selected(nobody).await.is_empty(), "{nobody}");
    }
    for wrong in ["q=", "q=%00", "q=%20", "role=boss", "active=perhaps"] {
        let parameter = wrong.split('=').next().unwrap();
        desk.get(&desk.agent(), &format!("/users?{wrong}"))
            .await
            .bad(parameter);
    }
}

#[tokio::test]
async fn a_user_has_a_version_and_no_address_that_is_not_known() {
    let desk = desk().await;
    let answer = desk.get(&desk.agent(), &format!("/users/{}", id(5))).await;
    assert_eq!(answer.header("etag"), Some("\"1\""));
    let body = answer.ok();
    assert_eq!(
        (&body["name"], &body["role"], &body["active"]),
        (&json!("adrian"), &json!("agent"), &json!(false))
    );
    assert!(body.get("email").is_none());
}

#[tokio::test]
async fn teams_come_by_name_with_their_members() {
    let desk = Desk::open().await;
    let rows = [
        team(desk.ours, 1, "Returns"),
        team(desk.ours, 2, "Billing"),
        team(desk.ours, 3, "Billing"),
    ];
    desk.insert(desk.ours.partition, &rows).await;
    for limit in [1, 2, 3] {
        assert_eq!(
            walk(&desk, &desk.agent(), "/teams", limit).await,
            numbers([2, 3, 1])
        );
    }
    let answer = desk.get(&desk.agent(), &format!("/teams/{}", id(1))).await;
    assert_eq!(answer.header("etag"), Some("\"2\""));
    assert_eq!(answer.ok()["member_ids"], json!([id(901)]));
}

#[tokio::test]
async fn staff_see_the_settings_of_the_organization() {
    let desk = Desk::open().await;
    let mut settings = Settings::default();
    let options = vec![
        FieldText::parse("small").unwrap(),
        FieldText::parse("large").unwrap(),
    ];
    let size = FieldDefinition {
        label: Name::parse("Size").unwrap(),
        kind: FieldKind::Choice { options },
    };
    settings
        .custom_fields
        .insert(FieldKey::parse("size").unwrap(), size);
    let vip = FieldDefinition {
        label: Name::parse("VIP").unwrap(),
        kind: FieldKind::Boolean,
    };
    settings
        .custom_fields
        .insert(FieldKey::parse("vip").unwrap(), vip);
    let row = OrganizationRow {
        settings: Json(settings),
        ..organization(desk.ours, "Ours")
    };
    desk.insert(desk.ours.partition, &[row]).await;
    let answer = desk.get(&desk.agent(), "/organization").await;
    assert_eq!(answer.header("etag"), Some("\"4\""));
    let body = answer.ok();
    assert_eq!(
        (&body["name"], &body["slug"]),
        (&json!("Ours"), &json!("secret-slug"))
    );
    assert_eq!(body["settings"]["auto_close_after_hours"], 96);
    assert_eq!(
        body["settings"]["sla_targets"]["urgent"],
        json!({"first_response_minutes": 60, "resolution_minutes": 480})
    );
    let fields = json!({
        "size": {"label": "Size", "kind": "choice", "options": ["small", "large"]},
        "vip": {"label": "VIP", "kind": "boolean"}
    });
    assert_eq!(body["settings"]["custom_fields"], fields);
}
