//! Rows of the read models, with values that say which column they came from.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::actor::Role;
use domain::ids::{MessageId, TeamId, TicketId, UserId};
use domain::message::state::Visibility;
use domain::organization::language::SearchLanguage;
use domain::organization::settings::Settings;
use domain::sla::Metric;
use domain::sla::clocks::Clocks;
use domain::ticket::field::FieldValue;
use domain::ticket::state::{Channel, Priority, Status};
use domain::user::state::UserKind;
use platform::rows::{
    ActorKind, Change, ClockState, HistoryRow, MessageRow, OrganizationRow, ShownClock,
    ShownClocks, TeamRow, TicketRow, UserRow,
};
use serde_json::json;
use tokio_postgres::types::Json;
use uuid::Uuid;

use crate::desk::Org;

/// Midnight of the first day, and minutes after it.
pub fn minute(minutes: i64) -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

/// An id that sorts by its number.
pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// The n-th ticket of an organization, at minute n.
pub fn ticket(org: Org, number: u32) -> TicketRow {
    let at = minute(i64::from(number));
    TicketRow {
        org_id: org.id,
        ticket_id: TicketId(id(u128::from(number))),
        number: i64::from(number),
        subject: format!("Ticket {number}"),
        status: Status::Open,
        priority: Priority::Normal,
        channel: Channel::Web,
        requester_id: UserId(id(900)),
        requester_name: "Cleo Customer".to_owned(),
        assignee_id: None,
        assignee_name: None,
        team_id: None,
        team_name: None,
        tags: Vec::new(),
        custom_fields: Json(BTreeMap::new()),
        follow_up_of: None,
        follow_up_ids: Vec::new(),
        external_source: None,
        external_id: None,
        public_message_count: 1,
        note_count: 0,
        last_message_id: None,
        last_message_at: None,
        last_message_author_id: None,
        last_message_author_name: None,
        last_message_excerpt: None,
        reopen_count: 0,
        created_at: at,
        updated_at: at,
        public_updated_at: at,
        resolved_at: None,
        closed_at: None,
        auto_close_at: None,
        sla: Json(ShownClocks::new()),
        next_deadline_at: None,
        clocks: Json(Clocks::default()),
        version: 1,
        position: i64::from(number),
        language: SearchLanguage::Simple,
    }
}

/// A ticket with every field set, and with internal values that all contain `secret`.
pub fn full_ticket(org: Org, number: u32, requester: UserId) -> TicketRow {
    let text = |text: &str| FieldValue::Text(domain::text::FieldText::parse(text).unwrap());
    let key = |key: &str| domain::text::FieldKey::parse(key).unwrap();
    let fields = BTreeMap::from([
        (key("plan"), text("secret plan")),
        (key("vip"), FieldValue::Boolean(true)),
        (key("seats"), FieldValue::Number(2.5.try_into().unwrap())),
        (
            key("since"),
            FieldValue::Date("2026-02-03".parse().unwrap()),
        ),
    ]);
    TicketRow {
        requester_id: requester,
        assignee_id: Some(UserId(id(901))),
        assignee_name: Some("Ada Agent".to_owned()),
        team_id: Some(TeamId(id(950))),
        team_name: Some("secret team".to_owned()),
        tags: vec!["secret-tag".to_owned(), "vip".to_owned()],
        custom_fields: Json(fields),
        follow_up_of: Some(TicketId(id(801))),
        follow_up_ids: vec![TicketId(id(802))],
        external_source: Some("secret-system".to_owned()),
        external_id: Some("INC1".to_owned()),
        public_message_count: 3,
        note_count: 77,
        last_message_id: Some(MessageId(id(700))),
        last_message_at: Some(minute(30)),
        last_message_author_id: Some(UserId(id(901))),
        last_message_author_name: Some("Ada Agent".to_owned()),
        last_message_excerpt: Some("Please try again".to_owned()),
        reopen_count: 2,
        updated_at: minute(500),
        public_updated_at: minute(30),
        resolved_at: Some(minute(31)),
        auto_close_at: Some(minute(600)),
        sla: Json(ShownClocks::from([
            (
                Metric::FirstReply,
                ShownClock {
                    ended_at: Some(minute(30)),
                    ..shown(ClockState::Met)
                },
            ),
            (
                Metric::AgentWork,
                ShownClock {
                    due_at: Some(minute(400)),
                    breached_at: Some(minute(400)),
                    ..shown(ClockState::Running)
                },
            ),
        ])),
        version: 9,
        ..ticket(org, number)
    }
}

pub fn message(org: Org, ticket: &TicketRow, number: u32, visibility: Visibility) -> MessageRow {
    MessageRow {
        org_id: org.id,
        message_id: MessageId(id(u128::from(number))),
        ticket_id: ticket.ticket_id,
        visibility,
        author_id: UserId(id(901)),
        author_role: Role::Agent,
        author_name: "Ada Agent".to_owned(),
        body: Some(format!("{} words {number}", visibility.as_str())),
        created_at: minute(i64::from(number)),
        edited_at: None,
        redacted_at: None,
        version: 1,
        position: i64::from(number),
        language: SearchLanguage::Simple,
    }
}

pub fn history(org: Org, ticket: &TicketRow, number: u32, public: bool) -> HistoryRow {
    HistoryRow {
        position: i64::from(number),
        org_id: org.id,
        ticket_id: ticket.ticket_id,
        event_id: id(u128::from(number)),
        event_type: "ticket.priority_changed".to_owned(),
        version: i64::from(number),
        actor_kind: ActorKind::User,
        actor_id: Some(UserId(id(901))),
        actor_role: Some(Role::Agent),
        actor_name: "Ada Agent".to_owned(),
        summary: "{actor} changed the priority from {from} to {to}".to_owned(),
        assignee_id: None,
        assignee_name: None,
        former_assignee_id: None,
        team_id: None,
        team_name: None,
        former_team_id: None,
        sla_steps: Json(Vec::new()),
        changes: Json(vec![
            Change {
                field: "priority".to_owned(),
                from: json!("normal"),
                to: json!("urgent"),
            },
            Change {
                field: "assignee".to_owned(),
                from: json!(null),
                to: json!("Ada Agent"),
            },
        ]),
        message_id: None,
        reason: Some("secret reason".to_owned()),
        public,
        occurred_at: minute(i64::from(number)),
        recorded_at: minute(i64::from(number) + 1),
    }
}

pub fn user(org: Org, number: u32, name: &str, role: Role) -> UserRow {
    UserRow {
        org_id: org.id,
        user_id: UserId(id(u128::from(number))),
        name: name.to_owned(),
        email: Some(format!("user{number}@example.com")),
        role,
        role_id: None,
        kind: UserKind::Person,
        company_id: None,
        active: true,
        version: 1,
        created_at: minute(0),
        updated_at: minute(0),
    }
}

pub fn team(org: Org, number: u32, name: &str) -> TeamRow {
    TeamRow {
        org_id: org.id,
        team_id: TeamId(id(u128::from(number))),
        name: name.to_owned(),
        private: false,
        member_ids: vec![UserId(id(901))],
        version: 2,
        created_at: minute(0),
        updated_at: minute(1),
    }
}

pub fn organization(org: Org, name: &str) -> OrganizationRow {
    OrganizationRow {
        org_id: org.id,
        name: name.to_owned(),
        slug: "secret-slug".to_owned(),
        settings: Json(Settings::default()),
        search_languages: vec![SearchLanguage::Simple],
        ticket_count: 3,
        version: 4,
        created_at: minute(0),
        updated_at: minute(1),
        position: 4,
    }
}

/// A clock that shows no times.
pub fn shown(state: ClockState) -> ShownClock {
    ShownClock {
        state,
        due_at: None,
        ended_at: None,
        breached_at: None,
    }
}
