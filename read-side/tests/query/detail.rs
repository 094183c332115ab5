//! One ticket, as staff see it.

use chrono::DateTime;
use domain::ids::UserId;
use domain::sla::Metric;
use platform::rows::{ClockState, ShownClocks, TicketRow};
use serde_json::{Value, json};
use tokio_postgres::types::Json;

use crate::desk::Desk;
use crate::rows::{full_ticket, id, minute, shown, ticket};

fn is_time(value: &Value, minutes: i64) -> bool {
    DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap() == minute(minutes)
}

#[tokio::test]
async fn staff_see_every_field_of_a_ticket() {
    let desk = Desk::open().await;
    desk.insert(
        desk.ours.partition,
        &[full_ticket(desk.ours, 7, UserId(id(900)))],
    )
    .await;
    let answer = desk
        .get(&desk.agent(), &format!("/tickets/{}", id(7)))
        .await;
    assert_eq!(answer.header("etag"), Some("\"9\""));
    let mut body = answer.ok();
    let times = body.as_object_mut().unwrap();
    for (field, minutes) in [
        ("created_at", 7),
        ("updated_at", 500),
        ("resolved_at", 31),
        ("auto_close_at", 600),
    ] {
        assert!(is_time(&times.remove(field).unwrap(), minutes), "{field}");
    }
    assert!(is_time(
        &body["last_message"]
            .as_object_mut()
            .unwrap()
            .remove("at")
            .unwrap(),
        30
    ));
    let sla = body.as_object_mut().unwrap().remove("sla").unwrap();
    assert_eq!(sla["first_reply"]["state"], "met");
    assert!(is_time(&sla["first_reply"]["ended_at"], 30));
    assert_eq!(sla["agent_work"]["state"], "running");
    assert!(
        is_time(&sla["agent_work"]["due_at"], 400)
            && is_time(&sla["agent_work"]["breached_at"], 400)
    );
    assert!(
        sla.get("next_deadline_at").is_none(),
        "a breached deadline is not the next one"
    );
    assert_eq!(
        body,
        json!({
            "id": id(7), "number": 7, "subject": "Ticket 7", "status": "open", "priority": "normal", "channel": "web",
            "requester": {"id": id(900), "name": "Cleo Customer"},
            "assignee": {"id": id(901), "name": "Ada Agent"},
            "team": {"id": id(950), "name": "secret team"},
            "tags": ["secret-tag", "vip"],
            "custom_fields": {"plan": "secret plan", "vip": true, "seats": 2.5, "since": "2026-02-03"},
            "public_message_count": 3, "note_count": 77, "reopen_count": 2,
            "last_message": {"id": id(700), "author": {"id": id(901), "name": "Ada Agent"}, "excerpt": "Please try again"},
            "follow_up_of": id(801), "follow_ups": [id(802)],
            "external": {"source": "secret-system", "id": "INC1"},
            "version": 9
        })
    );
}

#[tokio::test]
async fn what_a_ticket_does_not_have_is_absent_and_never_null() {
    let desk = Desk::open().await;
    desk.insert(desk.ours.partition, &[ticket(desk.ours, 7)])
        .await;
    let body = desk
        .get(&desk.agent(), &format!("/tickets/{}", id(7)))
        .await
        .ok();
    assert!(!body.to_string().contains("null"), "{body}");
    assert_eq!(body["sla"], json!({}));
    for absent in [
        "assignee",
        "team",
        "last_message",
        "follow_up_of",
        "external",
        "resolved_at",
        "closed_at",
    ] {
        assert!(body.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn a_paused_clock_has_no_deadline() {
    let desk = Desk::open().await;
    let row = TicketRow {
        sla: Json(ShownClocks::from([(
            Metric::AgentWork,
            shown(ClockState::Paused),
        )])),
        ..ticket(desk.ours, 7)
    };
    desk.insert(desk.ours.partition, &[row]).await;
    let body = desk
        .get(&desk.agent(), &format!("/tickets/{}", id(7)))
        .await
        .ok();
    assert_eq!(body["sla"], json!({"agent_work": {"state": "paused"}}));
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_is_no_id_is_400() {
    let desk = Desk::open().await;
    for path in [
        "/tickets/{}",
        "/tickets/{}/messages",
        "/tickets/{}/history",
        "/users/{}",
        "/teams/{}",
    ] {
        desk.get(&desk.agent(), &path.replace("{}", &id(7).to_string()))
            .await
            .refused(404);
        desk.get(&desk.agent(), &path.replace("{}", "seven"))
            .await
            .refused(400);
    }
    desk.get(&desk.agent(), "/organization").await.refused(404);
}
