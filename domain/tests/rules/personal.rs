//! Every field of free text in every shape ever written is either personal, so that the log keeps it sealed, or on the list
//! of what is not.

use crate::golden::{streams, type_and_version};
use domain::event::DomainEvent;
use domain::personal::{self, Owner};
use serde_json::{Map, Value};
use std::path::PathBuf;
use uuid::Uuid;

/// Fields of text that tell of no person, and why.
const NOT_PERSONAL: &[(&str, &[&str], &str)] = &[
    (
        "organization.created",
        &["name", "slug", "settings"],
        "an organization's",
    ),
    ("organization.renamed", &["from", "to"], "an organization's"),
    (
        "organization.settings_changed",
        &["settings"],
        "labels and options that an admin wrote for everybody",
    ),
    ("team.created", &["name"], "a team's"),
    ("team.renamed", &["from", "to"], "a team's"),
    ("ticket.tagged", &["tag"], "one of the organization's words"),
    (
        "ticket.untagged",
        &["tag"],
        "one of the organization's words",
    ),
    (
        "ticket.custom_field_set",
        &["key"],
        "the field's, not its value",
    ),
    (
        "ticket.opened",
        &["priority", "channel", "external"],
        "fixed words; the number of a ticket elsewhere",
    ),
    ("ticket.priority_changed", &["from", "to"], "fixed words"),
    (
        "ticket.status_changed",
        &["from", "to", "cause"],
        "fixed words",
    ),
    ("ticket.resolved", &["from", "cause"], "fixed words"),
    ("ticket.closed", &["from", "cause"], "fixed words"),
    ("ticket.reopened", &["from", "to", "cause"], "fixed words"),
    ("sla.breached", &["metric"], "fixed words"),
    (
        "ticket.sla_applied",
        &["targets", "warnings", "used", "cause"],
        "fixed words; the organization's own, and addresses of its desks that an admin wrote",
    ),
    (
        "sla.warned",
        &["metric", "notify", "events", "effects"],
        "fixed words; addresses of the organization's desks and names that an admin wrote",
    ),
    (
        "message.posted",
        &["author_role", "visibility"],
        "fixed words",
    ),
    ("session.started", &["methods"], "fixed words"),
    ("session.ended", &["reason"], "fixed words"),
    ("sign_in.failed", &["method", "reason"], "fixed words"),
    ("password.changed", &["how"], "fixed words"),
    ("second_factor.enabled", &["kind"], "fixed words"),
    ("second_factor.disabled", &["kind"], "fixed words"),
    ("api_key.created", &["scopes"], "words of the product"),
    ("invitation.sent", &["role"], "fixed words"),
    (
        "report.downloaded",
        &["report", "format", "conditions"],
        "fixed words and days: see Conditions",
    ),
    (
        "log.exported",
        &["form", "types"],
        "fixed words, and names of types that the operator asked for",
    ),
    (
        "sign_on_provider.created",
        &["kind", "issuer", "client_id", "settings"],
        "of a company, not of a person",
    ),
    (
        "sign_on_provider.changed",
        &["from", "to"],
        "of a company, not of a person",
    ),
    ("user.created", &["role", "kind"], "fixed words"),
    ("company.created", &["name"], "a company's"),
    ("company.renamed", &["from", "to"], "a company's"),
    ("company.domain_added", &["domain"], "a company's"),
    ("company.domain_removed", &["domain"], "a company's"),
    (
        "calendar.created",
        &["name", "zone", "holidays"],
        "an organization's",
    ),
    (
        "calendar.changed",
        &["name", "zone", "holidays"],
        "an organization's",
    ),
    (
        "sla_policy.created",
        &["name", "conditions", "targets"],
        "the organization's words and addresses of its desks, and fixed ones",
    ),
    (
        "sla_policy.changed",
        &["name", "conditions", "targets"],
        "the organization's words and addresses of its desks, and fixed ones",
    ),
    (
        "sla_policy.deleted",
        &["name"],
        "one of the organization's words",
    ),
    ("user.role_changed", &["from", "to"], "fixed words"),
    (
        "organization.role_created",
        &["name", "base", "permissions"],
        "one of the organization's words, and fixed ones",
    ),
    (
        "api_key.changed",
        &["from_scopes", "to_scopes"],
        "fixed words",
    ),
    ("sign_on.refused", &["reason"], "fixed words"),
    (
        "organization.role_changed",
        &["name", "permissions"],
        "one of the organization's words, and fixed ones",
    ),
    (
        "view.created",
        &["owner", "order", "columns"],
        "fixed words",
    ),
    ("view.changed", &["order", "columns"], "fixed words"),
    (
        "organization.role_deleted",
        &["name"],
        "one of the organization's words",
    ),
];

/// The shapes by event type.
fn shapes() -> Vec<(String, i16, Map<String, Value>)> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schema/events");
    let files = std::fs::read_dir(directory).unwrap();
    let shape = |file: std::io::Result<std::fs::DirEntry>| {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let shape = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let (event_type, version) = type_and_version(&name);
        (event_type, version, shape)
    };
    files.map(shape).collect()
}

/// Whether there is a text in it that is neither an id nor a time.
fn has_text(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            Uuid::try_parse(text).is_err() && chrono::DateTime::parse_from_rfc3339(text).is_err()
        }
        Value::Array(items) => items.iter().any(has_text),
        Value::Object(fields) => fields.values().any(has_text),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_listed(event_type: &str, field: &str) -> bool {
    let mut listed = NOT_PERSONAL.iter();
    listed.any(|(name, fields, _)| *name == event_type && fields.contains(&field))
}

fn is_personal(event_type: &str, field: &str) -> bool {
    let mut fields = personal::fields(event_type).iter();
    fields.any(|personal| personal.name == field)
}

#[test]
fn every_field_of_text_is_personal_or_on_the_list_of_what_is_not() {
    for (event_type, _, shape) in shapes() {
        for (field, value) in &shape {
            let (personal, listed) = (
                is_personal(&event_type, field),
                is_listed(&event_type, field),
            );
            assert!(
                !has_text(value) || personal || listed,
                "{event_type}: is {field} personal? Add it to domain::personal, or to this list with the reason"
            );
            assert!(!(personal && listed), "{event_type}: {field} is both");
        }
    }
}

#[test]
fn every_personal_field_is_one_of_its_event() {
    let shapes = shapes();
    for (event_type, _, _) in &shapes {
        for field in personal::fields(event_type) {
            let of_type = shapes.iter().filter(|(name, _, _)| name == event_type);
            let mut with_field = of_type.filter(|(_, _, shape)| shape.contains_key(field.name));
            assert!(with_field.next().is_some(), "{event_type}: {}", field.name);
        }
    }
}

#[test]
fn every_placeholder_reads_back_as_its_field() {
    for (event_type, version, mut shape) in shapes() {
        for field in personal::fields(&event_type) {
            if let Some(value) = shape.get_mut(field.name) {
                *value = serde_json::from_str(field.placeholder).unwrap();
            }
        }
        let of_type = |types: &[(&str, i16)]| types.iter().any(|(name, _)| *name == event_type);
        let mut streams = streams().into_iter();
        let (stream_type, _) = streams.find(|(_, types)| of_type(types)).unwrap();
        let data = Value::Object(shape).to_string();
        let read = DomainEvent::decode(stream_type, &event_type, version, &data);
        assert!(read.is_ok(), "{event_type}: {read:?}");
    }
}

#[test]
fn a_reason_belongs_to_who_wrote_it() {
    for event_type in ["message.redacted", "ticket.reopened", "subject.erased"] {
        let fields = personal::fields(event_type);
        assert!(fields.iter().all(|field| field.owner == Owner::Actor));
    }
}
