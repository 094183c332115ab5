//! Samples of the events of an organization's service levels.

use super::{FULL, MINIMAL, emitting, every_action, key, name, text};
use crate::scenario::{CALENDAR, COMPANY, TEAM};
use domain::ids::PolicyId;
use domain::service_levels::event::{
    ServiceLevelsCalendarAdded, ServiceLevelsCalendarRetired, ServiceLevelsEvent,
    SlaPoliciesReordered, SlaPolicyChanged, SlaPolicyCreated, SlaPolicyDeleted,
};
use domain::sla::Metric;
use domain::sla::policy::{
    Choice, Condition, Conditions, FieldTest, FieldWord, PolicyDefinition, Presence, Target,
};
use domain::sla::warning::{Threshold, Warning};
use domain::text::Tag;
use domain::ticket::state::{Channel, Priority};
use uuid::Uuid;

const GOLD: PolicyId = PolicyId(Uuid::from_u128(0x901d));
const REST: PolicyId = PolicyId(Uuid::from_u128(0x4e57));

fn tag(text: &str) -> Tag {
    Tag::parse(text).unwrap()
}

/// Every field and operator.
fn gold() -> PolicyDefinition {
    let field = |name, test| {
        Condition::CustomField(FieldTest {
            key: key(name),
            test,
        })
    };
    PolicyDefinition {
        name: name("Gold"),
        conditions: Conditions {
            all: vec![
                Condition::Priority(Choice::IsOneOf(vec![Priority::High, Priority::Urgent])),
                Condition::Channel(Choice::IsNoneOf(vec![Channel::Chat])),
                Condition::Company(Presence::IsOneOf(vec![COMPANY])),
                Condition::Tag(Presence::IsNoneOf(vec![tag("spam")])),
            ],
            any: vec![
                Condition::Team(Presence::IsOneOf(vec![TEAM])),
                Condition::Team(Presence::IsNotSet),
                field("insured", Presence::IsOneOf(vec![FieldWord::Boolean(true)])),
                field(
                    "color",
                    Presence::IsNoneOf(vec![FieldWord::Text(text("black"))]),
                ),
                field("floor", Presence::IsSet),
            ],
        },
        targets: vec![
            Target {
                priority: Priority::Urgent,
                metric: Metric::Resolution,
                seconds: 14_400,
                calendar_id: Some(CALENDAR),
                warnings: Vec::new(),
            },
            target(Priority::High, 28_800),
        ],
    }
}

fn target(priority: Priority, seconds: u32) -> Target {
    Target {
        priority,
        metric: Metric::Resolution,
        seconds,
        calendar_id: None,
        warnings: Vec::new(),
    }
}

fn rest() -> PolicyDefinition {
    PolicyDefinition {
        name: name("Everything else"),
        conditions: Conditions::default(),
        targets: vec![target(Priority::Normal, 86_400)],
    }
}

/// A target with a warning of each kind.
fn warning() -> PolicyDefinition {
    let warnings = vec![
        Warning {
            threshold: Threshold::Percent(80),
            actions: every_action(),
        },
        Warning {
            threshold: Threshold::SecondsBefore(0),
            actions: Vec::new(),
        },
    ];
    warning_by(warnings)
}

fn warning_by(warnings: Vec<Warning>) -> PolicyDefinition {
    PolicyDefinition {
        targets: vec![Target {
            warnings,
            ..target(Priority::Normal, 86_400)
        }],
        ..rest()
    }
}

pub fn samples() -> impl Iterator<Item = (&'static str, ServiceLevelsEvent)> {
    [
        (
            FULL,
            SlaPolicyCreated {
                policy_id: GOLD,
                definition: gold(),
            }
            .into(),
        ),
        (
            MINIMAL,
            SlaPolicyCreated {
                policy_id: REST,
                definition: rest(),
            }
            .into(),
        ),
        (
            "warnings",
            SlaPolicyCreated {
                policy_id: REST,
                definition: warning(),
            }
            .into(),
        ),
        (
            "events",
            SlaPolicyCreated {
                policy_id: REST,
                definition: warning_by(vec![emitting()]),
            }
            .into(),
        ),
        (
            FULL,
            SlaPolicyChanged {
                policy_id: GOLD,
                version: 2,
                definition: gold(),
            }
            .into(),
        ),
        (
            FULL,
            SlaPolicyDeleted {
                policy_id: GOLD,
                name: name("Gold"),
            }
            .into(),
        ),
        (
            FULL,
            SlaPoliciesReordered {
                order: vec![REST, GOLD],
            }
            .into(),
        ),
        (
            FULL,
            ServiceLevelsCalendarAdded {
                calendar_id: CALENDAR,
            }
            .into(),
        ),
        (
            FULL,
            ServiceLevelsCalendarRetired {
                calendar_id: CALENDAR,
            }
            .into(),
        ),
    ]
    .into_iter()
}
