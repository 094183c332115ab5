//! The rules of service level policies: which ticket a policy is for, which policy holds, and what one may say.

use crate::scenario::{COMPANY, OTHER_COMPANY, TEAM};
use domain::ids::{CalendarId, PolicyId, TeamId};
use domain::organization::settings::FieldKind;
use domain::sla::Metric;
use domain::sla::policy::{
    Choice, Condition, Conditions, FieldTest, FieldWord, Policy, PolicyDefinition, PolicyRef,
    Presence, Target, TicketFacts, matching,
};
use domain::text::{FieldKey, FieldText, Name, Tag};
use domain::ticket::field::{FieldValue, FiniteNumber};
use domain::ticket::state::{Channel, Priority};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const OTHER_TEAM: TeamId = TeamId(Uuid::from_u128(0x7f));

fn tag(text: &str) -> Tag {
    Tag::parse(text).unwrap()
}

fn key(text: &str) -> FieldKey {
    FieldKey::parse(text).unwrap()
}

fn words(text: &str) -> FieldValue {
    FieldValue::Text(FieldText::parse(text).unwrap())
}

fn word(text: &str) -> FieldWord {
    FieldWord::Text(FieldText::parse(text).unwrap())
}

/// An urgent letter to a team from a company, with a tag and a field.
struct Ticket {
    tags: BTreeSet<Tag>,
    custom_fields: BTreeMap<FieldKey, FieldValue>,
}

impl Ticket {
    fn new() -> Self {
        Self {
            tags: BTreeSet::from([tag("vip"), tag("printer")]),
            custom_fields: BTreeMap::from([(key("floor"), words("third"))]),
        }
    }

    fn facts(&self) -> TicketFacts<'_> {
        TicketFacts {
            priority: Priority::Urgent,
            channel: Channel::Email,
            team_id: Some(TEAM),
            tags: &self.tags,
            company_id: Some(COMPANY),
            custom_fields: &self.custom_fields,
        }
    }
}

fn field(test: Presence<FieldWord>) -> Condition {
    let key = key("floor");
    Condition::CustomField(FieldTest { key, test })
}

/// Conditions that hold for the ticket.
fn true_ones() -> Vec<Condition> {
    vec![
        Condition::Priority(Choice::IsOneOf(vec![Priority::High, Priority::Urgent])),
        Condition::Priority(Choice::IsNoneOf(vec![Priority::Low])),
        Condition::Channel(Choice::IsOneOf(vec![Channel::Email])),
        Condition::Channel(Choice::IsNoneOf(vec![Channel::Chat, Channel::Phone])),
        Condition::Team(Presence::IsOneOf(vec![OTHER_TEAM, TEAM])),
        Condition::Team(Presence::IsNoneOf(vec![OTHER_TEAM])),
        Condition::Team(Presence::IsSet),
        Condition::Tag(Presence::IsOneOf(vec![tag("vip"), tag("new")])),
        Condition::Tag(Presence::IsNoneOf(vec![tag("new")])),
        Condition::Tag(Presence::IsSet),
        Condition::Company(Presence::IsOneOf(vec![COMPANY])),
        Condition::Company(Presence::IsNoneOf(vec![OTHER_COMPANY])),
        Condition::Company(Presence::IsSet),
        field(Presence::IsOneOf(vec![word("third"), word("fourth")])),
        field(Presence::IsNoneOf(vec![word("first")])),
        field(Presence::IsSet),
    ]
}

/// Conditions that do not.
fn false_ones() -> Vec<Condition> {
    vec![
        Condition::Priority(Choice::IsOneOf(vec![Priority::Low])),
        Condition::Priority(Choice::IsNoneOf(vec![Priority::Low, Priority::Urgent])),
        Condition::Channel(Choice::IsOneOf(vec![Channel::Chat])),
        Condition::Channel(Choice::IsNoneOf(vec![Channel::Email])),
        Condition::Team(Presence::IsOneOf(vec![OTHER_TEAM])),
        Condition::Team(Presence::IsNoneOf(vec![TEAM])),
        Condition::Team(Presence::IsNotSet),
        Condition::Tag(Presence::IsOneOf(vec![tag("new")])),
        Condition::Tag(Presence::IsNoneOf(vec![tag("new"), tag("vip")])),
        Condition::Tag(Presence::IsNotSet),
        Condition::Company(Presence::IsOneOf(vec![OTHER_COMPANY])),
        Condition::Company(Presence::IsNoneOf(vec![COMPANY])),
        Condition::Company(Presence::IsNotSet),
        field(Presence::IsOneOf(vec![word("first")])),
        field(Presence::IsNoneOf(vec![word("third")])),
        field(Presence::IsNotSet),
    ]
}

#[test]
fn a_condition_holds_by_what_the_ticket_is() {
    let ticket = Ticket::new();
    for condition in true_ones() {
        assert!(condition.holds(&ticket.facts()), "{condition:?}");
    }
    for condition in false_ones() {
        assert!(!condition.holds(&ticket.facts()), "{condition:?}");
    }
}

#[test]
fn what_a_ticket_lacks_is_none_of_any_list() {
    let (tags, custom_fields) = (BTreeSet::new(), BTreeMap::new());
    let facts = TicketFacts {
        priority: Priority::Urgent,
        channel: Channel::Email,
        team_id: None,
        company_id: None,
        tags: &tags,
        custom_fields: &custom_fields,
    };
    let lacking = [
        Condition::Team(Presence::IsNoneOf(vec![TEAM])),
        Condition::Team(Presence::IsNotSet),
        Condition::Tag(Presence::IsNoneOf(vec![tag("vip")])),
        Condition::Tag(Presence::IsNotSet),
        Condition::Company(Presence::IsNoneOf(vec![COMPANY])),
        Condition::Company(Presence::IsNotSet),
        field(Presence::IsNoneOf(vec![word("third")])),
        field(Presence::IsNotSet),
    ];
    for condition in lacking {
        assert!(condition.holds(&facts), "{condition:?}");
    }
    let asking = [
        Condition::Team(Presence::IsOneOf(vec![TEAM])),
        Condition::Tag(Presence::IsSet),
        Condition::Company(Presence::IsSet),
        field(Presence::IsOneOf(vec![word("third")])),
    ];
    for condition in asking {
        assert!(!condition.holds(&facts), "{condition:?}");
    }
}

#[test]
fn all_of_all_and_one_of_any_have_to_hold() {
    let ticket = Ticket::new();
    let (yes, no) = (true_ones().remove(0), false_ones().remove(0));
    let hold = |all: &[&Condition], any: &[&Condition]| {
        let owned = |list: &[&Condition]| list.iter().copied().cloned().collect();
        let conditions = Conditions {
            all: owned(all),
            any: owned(any),
        };
        conditions.hold(&ticket.facts())
    };
    assert!(hold(&[], &[]));
    assert!(hold(&[&yes, &yes], &[]));
    assert!(!hold(&[&yes, &no], &[]));
    assert!(hold(&[], &[&no, &yes]));
    assert!(!hold(&[], &[&no, &no]));
    assert!(hold(&[&yes], &[&no, &yes]));
    assert!(!hold(&[&no], &[&yes]));
    assert!(!hold(&[&yes], &[&no]));
}

fn definition(conditions: Conditions) -> PolicyDefinition {
    PolicyDefinition {
        name: Name::parse("Gold").unwrap(),
        conditions,
        targets: vec![target(Priority::Urgent, 3_600)],
    }
}

fn target(priority: Priority, seconds: u32) -> Target {
    Target {
        priority,
        metric: Metric::AgentWork,
        seconds,
        calendar_id: None,
        warnings: Vec::new(),
    }
}

fn policy(id: u128, conditions: Conditions) -> Policy {
    let id = PolicyId(Uuid::from_u128(id));
    Policy {
        reference: PolicyRef { id, version: 1 },
        definition: definition(conditions),
    }
}

fn only(condition: Condition) -> Conditions {
    Conditions {
        all: vec![condition],
        any: Vec::new(),
    }
}

#[test]
fn the_first_policy_that_matches_holds() {
    let ticket = Ticket::new();
    let first = |policies: &[Policy]| {
        matching(policies, &ticket.facts()).map(|it| it.reference.id.0.as_u128())
    };
    let none = || policy(1, only(false_ones().remove(0)));
    let gold = || policy(2, only(true_ones().remove(0)));
    let every = || policy(3, Conditions::default());
    assert_eq!(first(&[none(), gold(), every()]), Some(2));
    assert_eq!(first(&[every(), gold(), none()]), Some(3));
    assert_eq!(first(&[none()]), None);
    assert_eq!(first(&[]), None);
}

#[test]
fn a_policy_promises_a_priority_what_its_targets_say() {
    let mut definition = definition(Conditions::default());
    definition.targets.push(target(Priority::Low, 7_200));
    let seconds = |priority| {
        let targets = definition.targets_of(priority);
        targets.map(|target| target.seconds).collect::<Vec<_>>()
    };
    assert_eq!(seconds(Priority::Urgent), [3_600]);
    assert_eq!(seconds(Priority::Low), [7_200]);
    assert!(seconds(Priority::High).is_empty());
}

#[test]
fn a_policy_names_its_calendars() {
    let calendar = CalendarId(Uuid::from_u128(0xca));
    let mut definition = definition(Conditions::default());
    assert_eq!(definition.calendars(), BTreeSet::new());
    definition.targets[0].calendar_id = Some(calendar);
    assert_eq!(definition.calendars(), BTreeSet::from([calendar]));
}

/// The field at fault.
fn fault(change: impl FnOnce(&mut PolicyDefinition)) -> Option<String> {
    let mut definition = definition(Conditions::default());
    change(&mut definition);
    definition.check().err().map(|error| error.field())
}

#[test]
fn what_is_out_of_its_limits_is_refused_and_named() {
    let urgent = || Condition::Priority(Choice::IsOneOf(vec![Priority::Urgent]));
    let tags = |count: usize| {
        let tags = (0..count).map(|n| tag(&format!("t{n}"))).collect();
        Condition::Tag(Presence::IsOneOf(tags))
    };
    assert_eq!(fault(|_| {}), None);
    assert_eq!(
        fault(|it| it.targets[0].seconds = Target::MIN_SECONDS),
        None
    );
    assert_eq!(
        fault(|it| it.targets[0].seconds = Target::MIN_SECONDS - 1).as_deref(),
        Some("targets/0/seconds")
    );
    assert_eq!(
        fault(|it| it.targets[0].seconds = Target::MAX_SECONDS + 1).as_deref(),
        Some("targets/0/seconds")
    );
    assert_eq!(fault(|it| it.targets.clear()).as_deref(), Some("targets"));
    assert_eq!(
        fault(|it| it.targets.push(target(Priority::Urgent, 60))).as_deref(),
        Some("targets/1")
    );
    assert_eq!(
        fault(|it| it.conditions.any = vec![urgent(), tags(0)]).as_deref(),
        Some("conditions/any/1/values")
    );
    let limit = PolicyDefinition::MAX_VALUES;
    assert_eq!(fault(|it| it.conditions.all = vec![tags(limit)]), None);
    assert_eq!(
        fault(|it| it.conditions.all = vec![tags(limit + 1)]).as_deref(),
        Some("conditions/all/0/values")
    );
    let limit = PolicyDefinition::MAX_CONDITIONS;
    assert_eq!(fault(|it| it.conditions.all = vec![urgent(); limit]), None);
    assert_eq!(
        fault(|it| {
            it.conditions.all = vec![urgent(); limit];
            it.conditions.any = vec![urgent()];
        })
        .as_deref(),
        Some("conditions")
    );
    assert_eq!(
        fault(|it| it.conditions.all = vec![tags(100); 30]).as_deref(),
        Some("conditions")
    );
}

#[test]
fn a_condition_is_written_as_its_field_its_operator_and_its_values() {
    let written = |condition: Condition| {
        let json = serde_json::to_value(&condition).unwrap();
        let read: Condition = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(read, condition);
        json
    };
    assert_eq!(
        written(Condition::Priority(Choice::IsOneOf(vec![Priority::Urgent]))),
        json!({"field": "priority", "operator": "is_one_of", "values": ["urgent"]})
    );
    assert_eq!(
        written(Condition::Team(Presence::IsNotSet)),
        json!({"field": "team", "operator": "is_not_set"})
    );
    assert_eq!(
        written(field(Presence::IsNoneOf(vec![word("third")]))),
        json!({"field": "custom_field", "key": "floor", "operator": "is_none_of", "values": ["third"]})
    );
    for condition in true_ones().into_iter().chain(false_ones()) {
        written(condition);
    }
}

#[test]
fn a_word_stands_for_a_value_of_each_kind() {
    let text = |text: &str| FieldText::parse(text).unwrap();
    let number = |number: f64| FiniteNumber::try_from(number).unwrap();
    let same = [
        (word("black"), FieldValue::Text(text("black"))),
        (word("black"), FieldValue::Choice(text("black"))),
        (
            word("2026-03-01"),
            FieldValue::Date("2026-03-01".parse().unwrap()),
        ),
        (
            FieldWord::Number(number(3.0)),
            FieldValue::Number(number(3.0)),
        ),
        (FieldWord::Boolean(true), FieldValue::Boolean(true)),
    ];
    for (index, (word, _)) in same.iter().enumerate() {
        for (other, (_, value)) in same.iter().enumerate() {
            let fields = BTreeMap::from([(key("floor"), value.clone())]);
            let ticket = Ticket::new();
            let facts = TicketFacts {
                custom_fields: &fields,
                ..ticket.facts()
            };
            let holds = field(Presence::IsOneOf(vec![word.clone()])).holds(&facts);
            let is_same = index == other || (index < 2 && other < 2);
            assert_eq!(holds, is_same, "{word:?} {value:?}");
        }
    }
}

#[test]
fn a_word_fits_a_field_that_can_hold_it() {
    let options = vec![FieldText::parse("black").unwrap()];
    let choice = FieldKind::Choice { options };
    assert!(word("black").fits(&choice) && !word("white").fits(&choice));
    assert!(word("2026-03-01").fits(&FieldKind::Date) && !word("soon").fits(&FieldKind::Date));
    assert!(word("soon").fits(&FieldKind::Text) && !word("soon").fits(&FieldKind::Number));
    assert!(FieldWord::Boolean(true).fits(&FieldKind::Boolean));
    assert!(!FieldWord::Boolean(true).fits(&FieldKind::Text));
}
