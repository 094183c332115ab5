//! The envelope of an event: what is written stays readable.

use crate::scenario::{AGENT, import};
use domain::actor::{Actor, Role};
use domain::metadata::{Metadata, SourceAddress};
use serde_json::{Value, json};
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(0x99);

fn minimal(actor: Actor) -> Metadata {
    Metadata {
        actor,
        correlation_id: ID,
        causation_id: None,
        idempotency_key: None,
        request_id: None,
        source_address: None,
    }
}

#[track_caller]
fn is_written_as(metadata: &Metadata, expected: Value) {
    assert_eq!(serde_json::to_value(metadata).unwrap(), expected);
    assert_eq!(
        &serde_json::from_value::<Metadata>(expected).unwrap(),
        metadata
    );
}

#[test]
fn each_kind_of_actor_is_written_by_its_name() {
    let id = ID.to_string();
    let with = |actor: Value| json!({ "actor": actor, "correlation_id": id });
    is_written_as(&minimal(Actor::Timer), with(json!({ "kind": "timer" })));
    is_written_as(
        &minimal(Actor::Operator),
        with(json!({ "kind": "operator" })),
    );
    is_written_as(
        &minimal(Actor::Identity),
        with(json!({ "kind": "identity" })),
    );
    is_written_as(
        &minimal(Actor::User {
            id: AGENT,
            role: Role::Agent,
        }),
        with(json!({ "kind": "user", "id": AGENT, "role": "agent" })),
    );
    let source = json!({ "kind": "import", "source": "servicenow-log", "by": "Updated by 21" });
    is_written_as(&minimal(import()), with(source));
}

#[test]
fn what_a_request_brought_is_kept() {
    let metadata = Metadata {
        causation_id: Some(ID),
        idempotency_key: Some("k-1".into()),
        request_id: Some("r-1".into()),
        source_address: Some(SourceAddress::Clear("192.0.2.1".into())),
        ..minimal(Actor::Timer)
    };
    is_written_as(
        &metadata,
        json!({
            "actor": { "kind": "timer" },
            "correlation_id": ID,
            "causation_id": ID,
            "idempotency_key": "k-1",
            "request_id": "r-1",
            "source_address": "192.0.2.1",
        }),
    );
}
