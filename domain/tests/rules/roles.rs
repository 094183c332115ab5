//! The rules of an organization's own roles.

use crate::scenario::{
    ADMIN, AGENT, CUSTOMER, ORGANIZATION, Scenario, admin, agent, customer, import, lead, scenario,
};
use domain::actor::{Actor, Role};
use domain::aggregate::OrganizationAggregate;
use domain::ids::RoleId;
use domain::organization::command::OrganizationCommand;
use domain::organization::error::OrganizationError;
use domain::organization::event::{
    OrganizationCreated, OrganizationRoleChanged, OrganizationRoleCreated, OrganizationRoleDeleted,
    OrganizationRoleGiven, OrganizationRoleTaken,
};
use domain::organization::role::{CustomRole, RoleCommand};
use domain::organization::settings::Settings;
use domain::text::{Name, PermissionName, Slug};
use std::collections::BTreeSet;
use uuid::Uuid;

const AUDITORS: RoleId = RoleId(Uuid::from_u128(0x91));
const OTHERS: RoleId = RoleId(Uuid::from_u128(0x92));

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn permissions(names: &[&str]) -> BTreeSet<PermissionName> {
    let name = |name: &&str| PermissionName::parse(name).unwrap();
    names.iter().map(name).collect()
}

fn present() -> Scenario<OrganizationAggregate> {
    let created = OrganizationCreated {
        name: name("Acme"),
        slug: Slug::parse("acme").unwrap(),
        settings: Settings::default(),
    };
    scenario(OrganizationAggregate, ORGANIZATION).given(0, created)
}

fn made(role_id: RoleId, called: &str) -> OrganizationRoleCreated {
    OrganizationRoleCreated {
        role_id,
        name: name(called),
        base: Role::Lead,
        permissions: permissions(&["read_audit"]),
    }
}

fn create(role_id: RoleId, called: &str, base: Role) -> OrganizationCommand {
    OrganizationCommand::Role(RoleCommand::Create {
        role_id,
        name: name(called),
        base,
        permissions: permissions(&["read_audit"]),
    })
}

fn delete() -> OrganizationCommand {
    OrganizationCommand::Role(RoleCommand::Delete { role_id: AUDITORS })
}

fn with_auditors() -> Scenario<OrganizationAggregate> {
    present().given(1, made(AUDITORS, "Auditors"))
}

fn held() -> Scenario<OrganizationAggregate> {
    with_auditors().given(
        2,
        OrganizationRoleGiven {
            role_id: AUDITORS,
            user_id: AGENT,
        },
    )
}

#[test]
fn admins_and_the_operator_make_roles_of_staff_and_nobody_else_does() {
    for actor in [admin(), Actor::Operator] {
        present()
            .when(1, actor, create(AUDITORS, "Auditors", Role::Lead))
            .yields([made(AUDITORS, "Auditors").into()]);
    }
    for actor in [agent(), lead(), customer(), import(), Actor::Timer] {
        for command in [create(AUDITORS, "Auditors", Role::Lead), delete()] {
            with_auditors()
                .when(2, actor.clone(), command)
                .refuses(OrganizationError::AdminOnly);
        }
    }
    present()
        .when(1, admin(), create(AUDITORS, "Friends", Role::Customer))
        .refuses(OrganizationError::RoleOfCustomer);
}

#[test]
fn two_roles_have_two_names_and_two_ids() {
    with_auditors()
        .when(2, admin(), create(OTHERS, "Auditors", Role::Agent))
        .refuses(OrganizationError::RoleNameTaken);
    with_auditors()
        .when(2, admin(), create(AUDITORS, "Others", Role::Agent))
        .refuses(OrganizationError::RoleExists);
}

#[test]
fn there_are_at_most_so_many() {
    let many = (0..CustomRole::MAX_ROLES).fold(present(), |scenario, number| {
        let id = RoleId(Uuid::from_u128(0x1000 + number as u128));
        scenario.given(1, made(id, &format!("Role {number}")))
    });
    many.when(2, admin(), create(AUDITORS, "Auditors", Role::Lead))
        .refuses(OrganizationError::TooManyRoles);
}

#[test]
fn a_change_tells_all_of_the_role_and_the_same_is_no_event() {
    let change = |called: Option<&str>, may: Option<&[&str]>| {
        OrganizationCommand::Role(RoleCommand::Change {
            role_id: AUDITORS,
            name: called.map(name),
            permissions: may.map(permissions),
        })
    };
    let changed = OrganizationRoleChanged {
        role_id: AUDITORS,
        name: name("Auditors"),
        permissions: permissions(&["read_users"]),
    };
    let role = with_auditors();
    role.when(2, admin(), change(None, Some(&["read_users"])))
        .yields([changed.into()]);
    role.when(2, admin(), change(Some("Auditors"), Some(&["read_audit"])))
        .changes_nothing();
    present()
        .when(2, admin(), change(Some("Auditors"), None))
        .refuses(OrganizationError::RoleNotFound);
}

#[test]
fn a_role_that_somebody_has_is_not_deleted() {
    held()
        .when(3, admin(), delete())
        .refuses(OrganizationError::RoleInUse);
    let taken = OrganizationRoleTaken {
        role_id: AUDITORS,
        user_id: AGENT,
    };
    let gone = OrganizationRoleDeleted {
        role_id: AUDITORS,
        name: name("Auditors"),
    };
    let free = held().given(3, taken);
    free.when(4, admin(), delete())
        .yields([gone.clone().into()]);
    free.given(4, gone)
        .when(5, admin(), delete())
        .refuses(OrganizationError::RoleNotFound);
}

#[test]
fn a_role_is_given_and_taken_once() {
    let (role_id, give) = (AUDITORS, |role_id, user_id| {
        OrganizationCommand::Role(RoleCommand::Give { role_id, user_id })
    });
    let take = |user_id| OrganizationCommand::Role(RoleCommand::Take { role_id, user_id });
    held()
        .when(3, admin(), give(AUDITORS, AGENT))
        .changes_nothing();
    held().when(3, admin(), take(CUSTOMER)).changes_nothing();
    let user_id = ADMIN;
    held()
        .when(3, admin(), give(AUDITORS, ADMIN))
        .yields([OrganizationRoleGiven { role_id, user_id }.into()]);
    held()
        .when(3, admin(), give(OTHERS, ADMIN))
        .refuses(OrganizationError::RoleNotFound);
}
