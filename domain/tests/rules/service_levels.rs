//! The rules of an organization's service levels: its list of policies, and the calendars that they may count by.

use crate::scenario::{
    CALENDAR, OTHER_CALENDAR, Scenario, admin, agent, customer, import, lead, scenario,
};
use domain::actor::Actor;
use domain::aggregate::ServiceLevelsAggregate;
use domain::ids::{CalendarId, PolicyId};
use domain::service_levels::command::ServiceLevelsCommand;
use domain::service_levels::error::ServiceLevelsError;
use domain::service_levels::event::{
    ServiceLevelsCalendarAdded, ServiceLevelsCalendarRetired, SlaPoliciesReordered,
    SlaPolicyChanged, SlaPolicyCreated, SlaPolicyDeleted,
};
use domain::service_levels::state::ServiceLevels;
use domain::sla::Metric;
use domain::sla::policy::{
    Condition, Conditions, PolicyDefinition, PolicyError, Presence, Target, TargetError,
};
use domain::text::{Name, Tag};
use domain::ticket::state::Priority;
use uuid::Uuid;

const GOLD: PolicyId = PolicyId(Uuid::from_u128(1));
const REST: PolicyId = PolicyId(Uuid::from_u128(2));

fn policy(name: &str, calendar_id: Option<CalendarId>) -> PolicyDefinition {
    PolicyDefinition {
        name: Name::parse(name).unwrap(),
        conditions: Conditions::default(),
        targets: vec![Target {
            priority: Priority::Urgent,
            metric: Metric::Resolution,
            seconds: 3_600,
            calendar_id,
            warnings: Vec::new(),
        }],
    }
}

fn empty() -> Scenario<ServiceLevelsAggregate> {
    scenario(ServiceLevelsAggregate, Uuid::from_u128(9))
}

/// Gold by a calendar, then the rest by none.
fn two() -> Scenario<ServiceLevelsAggregate> {
    empty()
        .given(
            0,
            ServiceLevelsCalendarAdded {
                calendar_id: CALENDAR,
            },
        )
        .given(
            0,
            SlaPolicyCreated {
                policy_id: GOLD,
                definition: policy("Gold", Some(CALENDAR)),
            },
        )
        .given(
            0,
            SlaPolicyCreated {
                policy_id: REST,
                definition: policy("Rest", None),
            },
        )
}

fn create(policy_id: PolicyId, definition: PolicyDefinition) -> ServiceLevelsCommand {
    ServiceLevelsCommand::CreatePolicy {
        policy_id,
        definition,
    }
}

fn change(policy_id: PolicyId, definition: PolicyDefinition) -> ServiceLevelsCommand {
    ServiceLevelsCommand::ChangePolicy {
        policy_id,
        definition,
    }
}

fn reorder(order: &[PolicyId]) -> ServiceLevelsCommand {
    ServiceLevelsCommand::ReorderPolicies {
        order: order.to_vec(),
    }
}

fn ids(state: &ServiceLevels) -> Vec<PolicyId> {
    let policies = state.policies.iter();
    policies.map(|policy| policy.reference.id).collect()
}

#[test]
fn admins_change_the_service_levels_and_nobody_else_does() {
    let created = || SlaPolicyCreated {
        policy_id: GOLD,
        definition: policy("Gold", None),
    };
    for actor in [admin(), Actor::Operator] {
        let outcome = empty().when(0, actor, create(GOLD, policy("Gold", None)));
        outcome.yields([created().into()]);
    }
    for actor in [customer(), agent(), lead(), import(), Actor::Timer] {
        let commands = [
            create(GOLD, policy("Gold", None)),
            change(REST, policy("Gold", None)),
            ServiceLevelsCommand::DeletePolicy { policy_id: GOLD },
            reorder(&[REST, GOLD]),
            ServiceLevelsCommand::AddCalendar {
                calendar_id: OTHER_CALENDAR,
            },
            ServiceLevelsCommand::RetireCalendar {
                calendar_id: CALENDAR,
            },
        ];
        for command in commands {
            let outcome = two().when(1, actor.clone(), command);
            outcome.refuses(ServiceLevelsError::AdminOnly);
        }
    }
}

#[test]
fn a_new_policy_stands_at_the_end_at_version_1() {
    let third = PolicyId(Uuid::from_u128(3));
    let outcome = two().when(1, admin(), create(third, policy("Third", None)));
    assert_eq!(ids(&outcome.state), [GOLD, REST, third]);
    assert_eq!(outcome.state.policies[2].reference.version, 1);
    two()
        .when(1, admin(), create(GOLD, policy("Again", None)))
        .refuses(ServiceLevelsError::PolicyExists);
}

#[test]
fn each_change_is_the_next_version_and_the_place_stays() {
    let changed = |version, name| SlaPolicyChanged {
        policy_id: GOLD,
        version,
        definition: policy(name, Some(CALENDAR)),
    };
    let outcome = two().when(1, admin(), change(GOLD, policy("Platinum", Some(CALENDAR))));
    outcome.yields([changed(2, "Platinum").into()]);
    assert_eq!(ids(&outcome.state), [GOLD, REST]);
    two()
        .given(1, changed(2, "Platinum"))
        .when(2, admin(), change(GOLD, policy("Gold", Some(CALENDAR))))
        .yields([changed(3, "Gold").into()]);
    two()
        .when(1, admin(), change(GOLD, policy("Gold", Some(CALENDAR))))
        .changes_nothing();
    two()
        .when(1, admin(), change(PolicyId(Uuid::nil()), policy("X", None)))
        .refuses(ServiceLevelsError::PolicyNotFound);
}

#[test]
fn what_a_policy_may_not_say_is_refused() {
    let mut wrong = policy("Gold", None);
    wrong.targets[0].seconds = 1;
    let error = PolicyError::Target {
        index: Some(0),
        error: TargetError::Seconds,
    };
    empty()
        .when(0, admin(), create(GOLD, wrong.clone()))
        .refuses(error.clone().into());
    two()
        .when(0, admin(), change(GOLD, wrong))
        .refuses(error.into());
}

#[test]
fn two_policies_do_not_share_a_name() {
    two()
        .when(1, admin(), change(REST, policy("Gold", None)))
        .refuses(ServiceLevelsError::NameTaken);
    two()
        .when(
            1,
            admin(),
            create(PolicyId(Uuid::nil()), policy("Rest", None)),
        )
        .refuses(ServiceLevelsError::NameTaken);
}

#[test]
fn a_policy_counts_by_calendars_that_are_there() {
    let unknown = || policy("Third", Some(OTHER_CALENDAR));
    for command in [
        create(PolicyId(Uuid::nil()), unknown()),
        change(REST, unknown()),
    ] {
        let outcome = two().when(1, admin(), command);
        outcome.refuses(ServiceLevelsError::CalendarNotFound { target: 0 });
    }
}

#[test]
fn a_calendar_that_a_policy_counts_by_is_not_retired() {
    let retire = || ServiceLevelsCommand::RetireCalendar {
        calendar_id: CALENDAR,
    };
    let retired = || ServiceLevelsCalendarRetired {
        calendar_id: CALENDAR,
    };
    let in_use = ServiceLevelsError::CalendarInUse {
        policy: "Gold".to_owned(),
    };
    two().when(1, admin(), retire()).refuses(in_use);
    let freed = two().given(
        1,
        SlaPolicyChanged {
            policy_id: GOLD,
            version: 2,
            definition: policy("Gold", None),
        },
    );
    freed.when(2, admin(), retire()).yields([retired().into()]);
    let gone = freed.given(2, retired());
    gone.when(3, admin(), retire()).changes_nothing();
    gone.when(3, admin(), change(REST, policy("Rest", Some(CALENDAR))))
        .refuses(ServiceLevelsError::CalendarNotFound { target: 0 });
}

#[test]
fn a_deleted_policy_is_gone_and_its_name_is_free() {
    let delete = || ServiceLevelsCommand::DeletePolicy { policy_id: GOLD };
    let deleted = || SlaPolicyDeleted {
        policy_id: GOLD,
        name: Name::parse("Gold").unwrap(),
    };
    let outcome = two().when(1, admin(), delete());
    outcome.yields([deleted().into()]);
    assert_eq!(ids(&outcome.state), [REST]);
    let gone = two().given(1, deleted());
    gone.when(2, admin(), delete())
        .refuses(ServiceLevelsError::PolicyNotFound);
    let again = gone.when(2, admin(), change(REST, policy("Gold", None)));
    assert!(again.result.is_ok());
}

#[test]
fn an_order_names_every_policy_once() {
    let outcome = two().when(1, admin(), reorder(&[REST, GOLD]));
    outcome.yields([SlaPoliciesReordered {
        order: vec![REST, GOLD],
    }
    .into()]);
    assert_eq!(ids(&outcome.state), [REST, GOLD]);
    two()
        .when(1, admin(), reorder(&[GOLD, REST]))
        .changes_nothing();
    let wrong: [&[PolicyId]; 4] = [
        &[],
        &[GOLD],
        &[GOLD, GOLD],
        &[GOLD, REST, PolicyId(Uuid::nil())],
    ];
    for order in wrong {
        two()
            .when(1, admin(), reorder(order))
            .refuses(ServiceLevelsError::NoPermutation);
    }
}

fn many(
    count: usize,
    definition: impl Fn(usize) -> PolicyDefinition,
) -> Scenario<ServiceLevelsAggregate> {
    (0..count).fold(empty(), |scenario, n| {
        let event = SlaPolicyCreated {
            policy_id: PolicyId(Uuid::from_u128(n as u128)),
            definition: definition(n),
        };
        scenario.given(0, event)
    })
}

#[test]
fn the_list_is_bounded_in_number_and_size() {
    let named = |n: usize| policy(&format!("P{n}"), None);
    let limit = ServiceLevels::MAX_POLICIES;
    let next = PolicyId(Uuid::from_u128(1_000));
    let last = many(limit - 1, named).when(1, admin(), create(next, policy("Last", None)));
    assert!(last.result.is_ok());
    many(limit, named)
        .when(1, admin(), create(next, policy("Last", None)))
        .refuses(ServiceLevelsError::TooManyPolicies);
    let large = |n: usize| {
        let word = |tag| Tag::parse(&format!("{tag:0>60}")).unwrap();
        let tags = Condition::Tag(Presence::IsOneOf((0..100).map(word).collect()));
        let mut policy = named(n);
        policy.conditions.all = vec![tags; 2];
        policy
    };
    let fitting = ServiceLevels::MAX_BYTES / large(0).bytes();
    many(fitting, large)
        .when(1, admin(), create(next, large(1_000)))
        .refuses(ServiceLevelsError::TooLarge);
}

#[test]
fn calendars_are_bounded_in_number() {
    let calendar_id = |n: usize| CalendarId(Uuid::from_u128(n as u128));
    let limit = ServiceLevels::MAX_CALENDARS;
    let full = (0..limit).fold(empty(), |scenario, n| {
        let calendar_id = calendar_id(n);
        scenario.given(0, ServiceLevelsCalendarAdded { calendar_id })
    });
    let add = |n| ServiceLevelsCommand::AddCalendar {
        calendar_id: calendar_id(n),
    };
    full.when(1, admin(), add(limit))
        .refuses(ServiceLevelsError::TooManyCalendars);
    full.when(1, admin(), add(0))
        .refuses(ServiceLevelsError::CalendarExists);
}
