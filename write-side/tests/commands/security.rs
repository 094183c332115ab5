//! What happened to people's ways in is recorded once, whoever it is about.

use crate::support::Server;
use domain::actor::Actor;
use domain::ids::{SessionId, UserId};
use domain::security::event::{SecurityEvent, SessionStarted, SignInFailed};
use domain::security::words::{SignInFailure, SignInMethod};
use domain::text::{Device, Reason};
use serde_json::Value;
use uuid::Uuid;
use write_side::commands::{ChangeUser, EraseUser, RecordSecurity};
use write_side::dispatch::CommandContext;

const ADDRESS: &str = "203.0.113.7";
const DEVICE: &str = "Firefox on Linux";

fn failed(user_id: UserId) -> SecurityEvent {
    SignInFailed {
        user_id,
        method: SignInMethod::Password,
        reason: SignInFailure::WrongPassword,
    }
    .into()
}

fn started(user_id: UserId) -> SecurityEvent {
    SessionStarted {
        user_id,
        session_id: SessionId(Uuid::now_v7()),
        methods: vec![SignInMethod::Password, SignInMethod::Totp],
        device: Device::parse(DEVICE).unwrap(),
    }
    .into()
}

fn identity(server: &Server) -> CommandContext {
    CommandContext {
        source_address: Some(ADDRESS.to_owned()),
        ..CommandContext::new(server.org.id, Actor::Identity)
    }
}

async fn record(server: &Server, event: SecurityEvent) -> Uuid {
    let occurrence_id = Uuid::now_v7();
    let command = RecordSecurity {
        occurrence_id,
        event,
    };
    let done = server.dispatcher.dispatch(identity(server), command).await;
    assert_eq!(done.unwrap().answer.occurrence_id, occurrence_id);
    occurrence_id
}

async fn erase(server: &Server, user_id: UserId) {
    let command = EraseUser {
        user_id,
        reason: Reason::parse("Asked for it").unwrap(),
    };
    let context = CommandContext::new(server.org.id, Actor::Operator);
    server.dispatcher.erase(context, command).await.unwrap();
}

#[tokio::test]
async fn an_occurrence_that_is_reported_again_is_in_the_log_once() {
    let server = Server::start().await;
    let command = RecordSecurity {
        occurrence_id: Uuid::now_v7(),
        event: failed(server.org.customer),
    };
    let report = || {
        server
            .dispatcher
            .dispatch(identity(&server), command.clone())
    };
    let first = report().await.unwrap();
    let again = report().await.unwrap();
    assert_eq!(again.answer, first.answer);
    assert_eq!(again.position, first.position);
    let types = server.event_types(command.occurrence_id).await;
    assert_eq!(types, ["sign_in.failed"]);
}

#[tokio::test]
async fn of_many_reports_of_an_occurrence_at_once_one_is_in_the_log_and_none_fails() {
    let server = Server::start().await;
    let command = RecordSecurity {
        occurrence_id: Uuid::now_v7(),
        event: failed(server.org.customer),
    };
    let reports = (0..8).map(|_| {
        server
            .dispatcher
            .dispatch(identity(&server), command.clone())
    });
    for done in futures::future::join_all(reports).await {
        done.unwrap();
    }
    let types = server.event_types(command.occurrence_id).await;
    assert_eq!(types, ["sign_in.failed"]);
}

#[tokio::test]
async fn what_happens_to_people_who_may_not_act_is_recorded_too() {
    let server = Server::start().await;
    let command = ChangeUser {
        user_id: server.org.agent,
        name: None,
        email: None,
        role: None,
        active: Some(false),
    };
    let operator = CommandContext::new(server.org.id, Actor::Operator);
    server.dispatcher.dispatch(operator, command).await.unwrap();
    let id = record(&server, failed(server.org.agent)).await;
    assert_eq!(server.event_types(id).await, ["sign_in.failed"]);
}

#[tokio::test]
async fn device_and_address_are_sealed_with_the_key_of_the_person_whom_it_is_about() {
    let server = Server::start().await;
    let id = record(&server, started(server.org.customer)).await;
    let events = server.events(id).await;
    let [event] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert!(!event.data.contains(DEVICE), "{}", event.data);
    assert!(!event.metadata.contains(ADDRESS), "{}", event.metadata);
    let (data, metadata): (Value, Value) = (
        serde_json::from_str(&event.data).unwrap(),
        serde_json::from_str(&event.metadata).unwrap(),
    );
    let person = server.org.customer.to_string();
    assert_eq!(data["device"]["subject"], person);
    assert_eq!(metadata["source_address"]["subject"], person);
    assert_eq!(data["methods"], serde_json::json!(["password", "totp"]));
}

/// The report of a sign-in may come after its person was erased. The fact stays, the person is not in it.
#[tokio::test]
async fn about_an_erased_person_the_fact_is_recorded_without_what_is_personal() {
    let server = Server::start().await;
    erase(&server, server.org.customer).await;
    let id = record(&server, started(server.org.customer)).await;
    let events = server.events(id).await;
    let [event] = events.as_slice() else {
        panic!("{events:?}");
    };
    let data: Value = serde_json::from_str(&event.data).unwrap();
    assert_eq!(data["device"], "(erased)");
    let metadata: Value = serde_json::from_str(&event.metadata).unwrap();
    assert_eq!(metadata.get("source_address"), None);
    assert_eq!(metadata["actor"]["kind"], "identity");
}
