//! What happened to people's ways in: facts, one a stream.

use crate::samples::samples;
use crate::scenario::{ADMIN, AGENT, CUSTOMER, ORGANIZATION, at};
use domain::actor::Actor;
use domain::event::DomainEvent;
use domain::personal::StreamSubject;
use domain::security::event::SecurityEvent;
use domain::security::evolve::evolve;
use domain::security::export_id;
use domain::security::exports::Conditions;
use domain::security::state::Occurrence;
use uuid::Uuid;

#[test]
fn every_event_is_about_the_person_that_it_names() {
    let mut seen = 0;
    for (_, event) in samples() {
        let DomainEvent::Security(event) = event else {
            continue;
        };
        // A stranger has no account: that one is about the provider. The operator has none either.
        if matches!(
            event,
            SecurityEvent::SignOnRefused(_) | SecurityEvent::LogExported(_)
        ) {
            assert_ne!(event.user_id(), AGENT);
            continue;
        }
        let state = evolve(Occurrence::Absent, &event, at(0));
        assert_eq!(event.user_id(), AGENT, "{}", event.event_type());
        assert_eq!(state.stream_subject(Uuid::nil()), Some(AGENT));
        seen += 1;
    }
    assert!(seen > 0);
    assert_eq!(Occurrence::Absent.stream_subject(Uuid::nil()), None);
}

#[test]
fn who_lets_people_in_works_on_nothing_and_sets_nothing() {
    let actor = Actor::Identity;
    assert!(!actor.is_staff() && !actor.is_admin() && !actor.is_import());
    assert_eq!(actor.user_id(), None);
}

#[test]
fn the_parts_of_an_export_are_one_occurrence_and_other_exports_are_others() {
    let id = export_id(ORGANIZATION, ADMIN, CUSTOMER, at(0));
    assert_eq!(id, export_id(ORGANIZATION, ADMIN, CUSTOMER, at(10)));
    for other in [
        export_id(ORGANIZATION, ADMIN, CUSTOMER, at(60)),
        export_id(ORGANIZATION, AGENT, CUSTOMER, at(0)),
        export_id(ORGANIZATION, ADMIN, AGENT, at(0)),
    ] {
        assert_ne!(id, other);
    }
}

#[test]
fn of_a_condition_that_may_hold_words_of_people_only_the_name_is_told() {
    let long = "x".repeat(65);
    let asked = [
        ("status", "open"),
        ("status", "printer on fire"),
        ("query", "printer"),
        ("team", &long),
    ];
    let conditions = Conditions::of(asked, &["status", "team"]);
    let told = serde_json::to_string(&conditions).unwrap();
    assert_eq!(told, r#"{"query":[],"status":["open"],"team":[]}"#);
}
