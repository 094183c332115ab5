//! Every shape ever written reads back: one file a shape in `schema/events/`, `<type>.v<version>.json` with every field, and
//! `<type>.v<version>.<case>.json` for shapes that leave something out or vary.
//!
//! A file is never changed. A new event, or a new version of one, gets new files; the failing test shows their text.

use crate::samples::samples;
use domain::calendar::event::CalendarEvent;
use domain::company::event::{CompanyEvent, DomainClaimEvent};
use domain::event::{DomainEvent, Encoded};
use domain::message::event::MessageEvent;
use domain::organization::event::OrganizationEvent;
use domain::security::event::SecurityEvent;
use domain::service_levels::event::ServiceLevelsEvent;
use domain::team::event::TeamEvent;
use domain::ticket::event::TicketEvent;
use domain::user::event::{EmailClaimEvent, UserEvent};
use domain::view::event::{ViewEvent, ViewShelfEvent};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The type of each stream with the events that it may hold.
pub fn streams() -> [(&'static str, &'static [(&'static str, i16)]); 13] {
    [
        (domain::organization::STREAM_TYPE, OrganizationEvent::TYPES),
        (domain::user::STREAM_TYPE, UserEvent::TYPES),
        (
            domain::user::EMAIL_CLAIM_STREAM_TYPE,
            EmailClaimEvent::TYPES,
        ),
        (domain::team::STREAM_TYPE, TeamEvent::TYPES),
        (domain::company::STREAM_TYPE, CompanyEvent::TYPES),
        (
            domain::company::DOMAIN_CLAIM_STREAM_TYPE,
            DomainClaimEvent::TYPES,
        ),
        (domain::calendar::STREAM_TYPE, CalendarEvent::TYPES),
        (
            domain::service_levels::STREAM_TYPE,
            ServiceLevelsEvent::TYPES,
        ),
        (domain::ticket::STREAM_TYPE, TicketEvent::TYPES),
        (domain::message::STREAM_TYPE, MessageEvent::TYPES),
        (domain::security::STREAM_TYPE, SecurityEvent::TYPES),
        (domain::view::STREAM_TYPE, ViewEvent::TYPES),
        (domain::view::SHELF_STREAM_TYPE, ViewShelfEvent::TYPES),
    ]
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schema/events")
}

/// The files by name.
fn files() -> BTreeMap<String, Value> {
    let entries = std::fs::read_dir(directory()).expect("the golden files are in schema/events");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let json = serde_json::from_str(&std::fs::read_to_string(&path).unwrap());
        (
            name.clone(),
            json.unwrap_or_else(|error| panic!("{name} is not JSON: {error}")),
        )
    };
    entries.map(read).collect()
}

/// The stream type, event type and version that a file's name tells.
fn shape(file: &str) -> (&'static str, String, i16) {
    let (event_type, version) = type_and_version(file);
    let known = |types: &[(&str, i16)]| types.iter().any(|(name, _)| *name == event_type);
    let stream = streams().into_iter().find(|(_, types)| known(types));
    let (stream_type, _) =
        stream.unwrap_or_else(|| panic!("{file} is of an event that nothing knows"));
    (stream_type, event_type, version)
}

/// The event type and version that a file's name tells: `<noun>.<verb>.v<version>`, and perhaps a case.
pub fn type_and_version(file: &str) -> (String, i16) {
    let mut parts = file.split('.');
    let (noun, verb, version) = (parts.next(), parts.next(), parts.next());
    let version = version.and_then(|part| part.strip_prefix('v')?.parse().ok());
    let version = version.unwrap_or_else(|| panic!("{file} names no version"));
    (format!("{}.{}", noun.unwrap(), verb.unwrap()), version)
}

fn encode(event: &DomainEvent) -> Encoded {
    match event {
        DomainEvent::Organization(event) => event.encode(),
        DomainEvent::User(event) => event.encode(),
        DomainEvent::EmailClaim(event) => event.encode(),
        DomainEvent::Team(event) => event.encode(),
        DomainEvent::Company(event) => event.encode(),
        DomainEvent::DomainClaim(event) => event.encode(),
        DomainEvent::Calendar(event) => event.encode(),
        DomainEvent::ServiceLevels(event) => event.encode(),
        DomainEvent::Ticket(event) => event.encode(),
        DomainEvent::Message(event) => event.encode(),
        DomainEvent::Security(event) => event.encode(),
        DomainEvent::View(event) => event.encode(),
        DomainEvent::ViewShelf(event) => event.encode(),
    }
    .unwrap()
}

#[test]
fn every_shape_is_written_as_its_file_says() {
    let files = files();
    let mut missing = String::new();
    for (case, event) in samples() {
        let Encoded {
            event_type,
            schema_version,
            data,
        } = encode(&event);
        let case = if case.is_empty() {
            String::new()
        } else {
            format!(".{case}")
        };
        let name = format!("{event_type}.v{schema_version}{case}.json");
        let written: Value = serde_json::from_str(&data).unwrap();
        match files.get(&name) {
            Some(golden) => assert_eq!(golden, &written, "{name} must never change"),
            None => missing += &format!("{name}\n{written:#}\n"),
        }
    }
    assert!(
        missing.is_empty(),
        "add to {}:\n{missing}",
        directory().display()
    );
}

#[test]
fn every_file_reads_back_and_is_written_the_same() {
    for (name, golden) in files() {
        let (stream_type, event_type, version) = shape(&name);
        let event = DomainEvent::decode(stream_type, &event_type, version, &golden.to_string());
        let encoded = encode(&event.unwrap_or_else(|error| panic!("{name}: {error}: {:?}", error)));
        if encoded.schema_version == version {
            assert_eq!(
                serde_json::from_str::<Value>(&encoded.data).unwrap(),
                golden,
                "{name}"
            );
        }
    }
}

/// The versions that are read, and not written any more.
fn retired() -> impl Iterator<Item = &'static (&'static str, i16)> {
    [
        OrganizationEvent::RETIRED,
        UserEvent::RETIRED,
        EmailClaimEvent::RETIRED,
        TeamEvent::RETIRED,
        CalendarEvent::RETIRED,
        ServiceLevelsEvent::RETIRED,
        TicketEvent::RETIRED,
        MessageEvent::RETIRED,
        SecurityEvent::RETIRED,
        ViewEvent::RETIRED,
        ViewShelfEvent::RETIRED,
    ]
    .into_iter()
    .flatten()
}

#[test]
fn every_version_before_the_present_one_is_retired_and_still_read() {
    let retired: BTreeSet<_> = retired().copied().collect();
    for (event_type, version) in streams().into_iter().flat_map(|(_, types)| types) {
        for old in 1..*version {
            assert!(
                retired.contains(&(*event_type, old)),
                "{event_type} version {old} cannot be read any more"
            );
        }
        assert!(!retired.contains(&(*event_type, *version)));
    }
}

/// A retired shape must be read as what it meant, not only be read.
#[test]
fn a_follow_up_of_version_1_is_read_as_one_of_today() {
    let files = files();
    let read = |version: i16| {
        let golden = &files[&format!("ticket.follow_up_opened.v{version}.json")];
        TicketEvent::decode("ticket.follow_up_opened", version, &golden.to_string()).unwrap()
    };
    assert_eq!(read(1), read(2));
    let mixed = r#"{"follow_up_id": "00000000-0000-0000-0000-000000000072"}"#;
    assert!(TicketEvent::decode("ticket.follow_up_opened", 1, mixed).is_err());
}

/// What was called a resolution paused while pending or on hold, as the work of agents does today.
#[test]
fn a_breach_of_version_1_is_read_under_the_names_of_today() {
    let files = files();
    let read = |name: &str, version: i16| {
        let golden = &files[&format!("sla.breached.v{version}{name}.json")];
        TicketEvent::decode("sla.breached", version, &golden.to_string()).unwrap()
    };
    assert_eq!(read("", 1), read("", 2));
    assert_eq!(read(".first_response", 1), read(".first_reply", 2));
    let mixed = files["sla.breached.v1.json"].to_string();
    assert_ne!(
        TicketEvent::decode("sla.breached", 2, &mixed).unwrap(),
        read("", 1)
    );
}

#[test]
fn every_event_has_a_file_with_every_field() {
    let files = files();
    let types = streams().into_iter().flat_map(|(_, types)| types);
    for (event_type, version) in types.chain(retired()) {
        let name = format!("{event_type}.v{version}.json");
        assert!(files.contains_key(&name), "schema/events/{name} is missing");
    }
}

#[test]
fn names_of_events_are_unique_and_a_noun_with_a_past_tense() {
    let mut seen = BTreeSet::new();
    for (event_type, version) in streams().into_iter().flat_map(|(_, types)| types) {
        assert!(seen.insert(event_type), "{event_type} is there twice");
        assert!(*version >= 1, "{event_type}: versions start at 1");
        let (noun, verb) = event_type.split_once('.').expect("a name has two parts");
        let word = |text: &str| {
            text.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !text.is_empty()
        };
        assert!(
            word(noun) && word(verb),
            "{event_type} is not of lower case letters and '_'"
        );
        let last = verb.rsplit('_').next().unwrap();
        assert!(
            last.ends_with("ed") || ["given", "made", "sent", "set", "taken"].contains(&last),
            "{event_type} is not in the past tense"
        );
    }
}

#[test]
fn an_event_of_a_later_version_or_another_stream_is_refused_by_name() {
    let later = DomainEvent::decode("ticket", "ticket.opened", 99, "{}").unwrap_err();
    assert!(
        later.to_string().contains("ticket.opened version 99"),
        "{later}"
    );
    assert!(DomainEvent::decode("message", "ticket.opened", 1, "{}").is_err());
    assert!(DomainEvent::decode("invoice", "ticket.opened", 1, "{}").is_err());
    let malformed = DomainEvent::decode("ticket", "ticket.tagged", 1, "{}").unwrap_err();
    assert!(
        malformed.to_string().contains("ticket.tagged"),
        "{malformed}"
    );
}
