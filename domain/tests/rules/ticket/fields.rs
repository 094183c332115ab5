//! Custom fields.

use super::ticket_in;
use crate::scenario::{Scenario, agent};
use chrono::NaiveDate;
use domain::aggregate::TicketAggregate;
use domain::organization::settings::{FieldDefinition, FieldKind, Settings};
use domain::text::{FieldKey, FieldText, Name};
use domain::ticket::command::TicketCommand;
use domain::ticket::error::TicketError;
use domain::ticket::event::TicketCustomFieldSet;
use domain::ticket::field::{FieldValue, FiniteNumber};
use domain::ticket::state::Status;

fn key(kind: &str) -> FieldKey {
    FieldKey::parse(kind).unwrap()
}

fn text(value: &str) -> FieldText {
    FieldText::parse(value).unwrap()
}

/// A ticket of an organization that has a field of each kind, the key naming the kind.
fn ticket_with_fields() -> Scenario<TicketAggregate> {
    let kinds = [
        ("text", FieldKind::Text),
        ("number", FieldKind::Number),
        ("boolean", FieldKind::Boolean),
        ("date", FieldKind::Date),
        (
            "choice",
            FieldKind::Choice {
                options: vec![text("red"), text("blue")],
            },
        ),
    ];
    ticket_in(Status::Open).with_settings(|settings| {
        settings.custom_fields = kinds
            .into_iter()
            .map(|(name, kind)| {
                (
                    key(name),
                    FieldDefinition {
                        label: Name::parse(name).unwrap(),
                        kind,
                    },
                )
            })
            .collect();
    })
}

fn values() -> Vec<(&'static str, FieldValue)> {
    vec![
        ("text", FieldValue::Text(text("third floor"))),
        (
            "number",
            FieldValue::Number(FiniteNumber::try_from(0.1).unwrap()),
        ),
        ("boolean", FieldValue::Boolean(true)),
        (
            "date",
            FieldValue::Date(NaiveDate::from_ymd_opt(2026, 2, 28).unwrap()),
        ),
        ("choice", FieldValue::Choice(text("blue"))),
    ]
}

#[test]
fn a_field_takes_the_values_of_its_kind_and_no_others() {
    for (field, _) in values() {
        for (kind, value) in values() {
            let command = TicketCommand::SetCustomField {
                key: key(field),
                value: Some(value.clone()),
            };
            let outcome = ticket_with_fields().when(9, agent(), command);
            if field == kind {
                outcome.yields([TicketCustomFieldSet {
                    key: key(field),
                    from: None,
                    to: Some(value),
                }
                .into()]);
            } else {
                assert!(matches!(
                    outcome.result,
                    Err(TicketError::FieldMismatch { .. })
                ));
            }
        }
    }
}

#[test]
fn a_choice_is_one_of_the_options() {
    let value = Some(FieldValue::Choice(text("green")));
    ticket_with_fields()
        .when(
            9,
            agent(),
            TicketCommand::SetCustomField {
                key: key("choice"),
                value,
            },
        )
        .refuses(TicketError::FieldMismatch {
            key: key("choice"),
            expected: "one of the field's options",
        });
}

#[test]
fn a_field_that_is_not_defined_is_refused() {
    let value = Some(FieldValue::Boolean(true));
    ticket_in(Status::Open)
        .when(
            9,
            agent(),
            TicketCommand::SetCustomField {
                key: key("boolean"),
                value,
            },
        )
        .refuses(TicketError::UnknownField {
            key: key("boolean"),
        });
}

#[test]
fn the_same_value_is_no_event_and_a_field_can_be_emptied_though_it_is_no_longer_defined() {
    let value = Some(FieldValue::Boolean(true));
    let set = TicketCustomFieldSet {
        key: key("boolean"),
        from: None,
        to: value.clone(),
    };
    let ticket = ticket_with_fields().given(5, set);
    let command = TicketCommand::SetCustomField {
        key: key("boolean"),
        value: value.clone(),
    };
    ticket.when(9, agent(), command).changes_nothing();

    let undefined = ticket.with_settings(|settings| settings.custom_fields.clear());
    undefined
        .when(
            9,
            agent(),
            TicketCommand::SetCustomField {
                key: key("boolean"),
                value: None,
            },
        )
        .yields([TicketCustomFieldSet {
            key: key("boolean"),
            from: value,
            to: None,
        }
        .into()]);
    undefined
        .when(
            9,
            agent(),
            TicketCommand::SetCustomField {
                key: key("text"),
                value: None,
            },
        )
        .changes_nothing();
}

#[test]
fn a_ticket_holds_no_more_values_than_fields_can_be_defined() {
    let name = |number: usize| key(&format!("f{number}"));
    let define = |from: usize, count: usize| {
        move |settings: &mut Settings| {
            let label = Name::parse("Label").unwrap();
            let kind = FieldKind::Boolean;
            let definition = FieldDefinition { label, kind };
            settings.custom_fields = (from..from + count)
                .map(|number| (name(number), definition.clone()))
                .collect();
        }
    };
    let set = |number| TicketCommand::SetCustomField {
        key: name(number),
        value: Some(FieldValue::Boolean(true)),
    };
    let full = Settings::MAX_CUSTOM_FIELDS;
    let mut ticket = ticket_in(Status::Open).with_settings(define(0, full));
    for number in 0..full {
        ticket = ticket.given_command(1, agent(), set(number));
    }
    ticket
        .with_settings(define(full, 1))
        .when(1, agent(), set(full))
        .refuses(TicketError::TooManyFields);
}
