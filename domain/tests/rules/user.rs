//! The rules of the user, and of the address that only one user of an organization may hold.

use crate::scenario::lead;
use crate::scenario::{
    ADMIN, AGENT, CUSTOMER, ORGANIZATION, Scenario, admin, agent, at, customer, import, scenario,
};
use domain::actor::{Actor, Role};
use domain::aggregate::UserAggregate;
use domain::ids::{OrganizationId, RoleId, UserId};
use domain::text::{Email, Name, Reason};
use domain::user::command::{GivenRole, UserCommand};
use domain::user::decide::{claim, release};
use domain::user::email_claim_id;
use domain::user::error::UserError;
use domain::user::event::{
    EmailClaimed, EmailReleased, SubjectErased, UserCreated, UserDeactivated, UserEmailChanged,
    UserReactivated, UserRenamed, UserRoleChanged,
};
use domain::user::evolve::{evolve, evolve_claim};
use domain::user::state::{EmailClaim, User, UserKind};
use uuid::Uuid;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn created(role: Role) -> UserCreated {
    UserCreated {
        name: name("Ada"),
        email: Some(email("ada@example.com")),
        role,
        kind: UserKind::Person,
    }
}

fn absent(id: UserId) -> Scenario<UserAggregate> {
    scenario(UserAggregate, id)
}

fn present(id: UserId, role: Role) -> Scenario<UserAggregate> {
    absent(id).given(0, created(role))
}

fn create() -> UserCommand {
    UserCommand::Create {
        name: name("Ada"),
        email: Some(email("ada@example.com")),
        role: Role::Customer,
    }
}

const NO_CHANGE: UserCommand = UserCommand::Update {
    name: None,
    email: None,
    role: None,
    active: None,
};

fn rename() -> UserCommand {
    UserCommand::Update {
        name: Some(name("Grace")),
        email: None,
        role: None,
        active: None,
    }
}

fn set_role(role: Role) -> UserCommand {
    UserCommand::Update {
        name: None,
        email: None,
        role: Some(role.into()),
        active: None,
    }
}

fn set_active(active: bool) -> UserCommand {
    UserCommand::Update {
        name: None,
        email: None,
        role: None,
        active: Some(active),
    }
}

#[test]
fn an_admin_the_operator_and_an_import_make_users_once() {
    for actor in [admin(), Actor::Operator, import()] {
        absent(CUSTOMER)
            .when(0, actor.clone(), create())
            .yields([created(Role::Customer).into()]);
        present(CUSTOMER, Role::Customer)
            .when(0, actor, create())
            .refuses(UserError::AlreadyExists);
    }
}

#[test]
fn who_lets_people_in_makes_customers_and_nobody_else() {
    let new = |role| UserCommand::Create {
        name: name("Nora"),
        email: None,
        role,
    };
    for role in [Role::Agent, Role::Lead, Role::Admin] {
        absent(CUSTOMER)
            .when(0, Actor::Identity, new(role))
            .refuses(UserError::AdminOnly);
    }
    let created = UserCreated {
        name: name("Nora"),
        email: None,
        role: Role::Customer,
        kind: UserKind::Person,
    };
    absent(CUSTOMER)
        .when(0, Actor::Identity, new(Role::Customer))
        .yields([created.into()]);
    absent(CUSTOMER)
        .when(0, Actor::Identity, rename())
        .refuses(UserError::AdminOnly);
}

#[test]
fn nobody_else_makes_or_changes_users_or_learns_whether_they_exist() {
    for actor in [agent(), lead(), Actor::Timer] {
        absent(CUSTOMER)
            .when(0, actor.clone(), create())
            .refuses(UserError::AdminOnly);
        absent(CUSTOMER)
            .when(0, actor.clone(), rename())
            .refuses(UserError::AdminOnly);
        present(CUSTOMER, Role::Customer)
            .when(0, actor, rename())
            .refuses(UserError::AdminOnly);
    }
}

#[test]
fn everybody_changes_their_own_name_and_nothing_else_of_theirs() {
    let me = present(CUSTOMER, Role::Customer);
    me.when(1, customer(), rename()).yields([UserRenamed {
        from: name("Ada"),
        to: name("Grace"),
    }
    .into()]);
    me.when(1, customer(), set_role(Role::Admin))
        .refuses(UserError::AdminOnly);
    me.when(1, customer(), set_active(false))
        .refuses(UserError::AdminOnly);
    let address = UserCommand::Update {
        name: None,
        email: Some(None),
        role: None,
        active: None,
    };
    me.when(1, customer(), address)
        .refuses(UserError::AdminOnly);
}

#[test]
fn an_update_tells_each_change_by_itself() {
    let update = UserCommand::Update {
        name: Some(name("Grace")),
        email: Some(None),
        role: Some(Role::Admin.into()),
        active: Some(false),
    };
    present(AGENT, Role::Agent)
        .when(1, admin(), update)
        .yields([
            UserRenamed {
                from: name("Ada"),
                to: name("Grace"),
            }
            .into(),
            UserEmailChanged {
                from: Some(email("ada@example.com")),
                to: None,
            }
            .into(),
            UserRoleChanged {
                from: Role::Agent,
                to: Role::Admin,
                from_role_id: None,
                to_role_id: None,
            }
            .into(),
            UserDeactivated {}.into(),
        ]);
}

#[test]
fn what_stays_the_same_is_no_event() {
    let same = UserCommand::Update {
        name: Some(name("Ada")),
        email: Some(Some(email("ADA@example.com"))),
        role: Some(Role::Agent.into()),
        active: Some(true),
    };
    present(AGENT, Role::Agent)
        .when(1, admin(), same)
        .changes_nothing();
    present(AGENT, Role::Agent)
        .when(1, admin(), NO_CHANGE)
        .changes_nothing();
    absent(AGENT)
        .when(1, admin(), NO_CHANGE)
        .refuses(UserError::NotFound);
}

#[test]
fn a_deactivated_user_comes_back_once() {
    let gone = present(AGENT, Role::Agent).given(1, UserDeactivated {});
    gone.when(2, admin(), set_active(false)).changes_nothing();
    gone.when(2, admin(), set_active(true))
        .yields([UserReactivated {}.into()]);
}

#[test]
fn an_admin_may_neither_deactivate_nor_demote_themself() {
    let me = present(ADMIN, Role::Admin);
    me.when(1, admin(), set_active(false))
        .refuses(UserError::OwnDeactivation);
    me.when(1, admin(), set_role(Role::Agent))
        .refuses(UserError::OwnRole);
    me.when(1, admin(), set_role(Role::Admin)).changes_nothing();
    me.when(1, Actor::Operator, set_active(false))
        .yields([UserDeactivated {}.into()]);
}

#[test]
fn a_free_address_is_taken_and_a_taken_one_is_refused_to_others() {
    let free = EmailClaim::default();
    assert_eq!(
        claim(&free, AGENT),
        Ok(Some(EmailClaimed { user_id: AGENT }.into()))
    );
    let held = evolve_claim(free, &EmailClaimed { user_id: AGENT }.into());
    assert_eq!(claim(&held, AGENT), Ok(None));
    assert_eq!(claim(&held, CUSTOMER), Err(UserError::EmailTaken));
}

#[test]
fn an_address_is_given_up_by_its_holder_and_free_again() {
    let held = EmailClaim {
        held_by: Some(AGENT),
    };
    assert_eq!(release(&held, CUSTOMER), None);
    assert_eq!(
        release(&held, AGENT),
        Some(EmailReleased { user_id: AGENT }.into())
    );
    let free = evolve_claim(held, &EmailReleased { user_id: AGENT }.into());
    assert_eq!(free, EmailClaim::default());
}

#[test]
fn an_address_is_reserved_by_organization_whatever_its_case() {
    let other = OrganizationId(Uuid::from_u128(2));
    let id = email_claim_id(ORGANIZATION, &email("ada@example.com"));
    assert_eq!(id, email_claim_id(ORGANIZATION, &email("Ada@Example.com")));
    assert_ne!(id, email_claim_id(other, &email("ada@example.com")));
    assert_ne!(id, email_claim_id(ORGANIZATION, &email("eve@example.com")));
}

#[test]
fn a_stream_that_does_not_begin_with_its_first_event_stays_absent() {
    assert_eq!(
        evolve(User::Absent, &UserDeactivated {}.into(), at(0)),
        User::Absent
    );
}

fn erase() -> UserCommand {
    UserCommand::Erase { reason: reason() }
}

fn reason() -> Reason {
    Reason::parse("Asked for it").unwrap()
}

fn erased(id: UserId) -> Scenario<UserAggregate> {
    present(id, Role::Customer).given(0, SubjectErased { reason: reason() })
}

#[test]
fn an_admin_and_the_operator_erase_a_person() {
    for actor in [admin(), Actor::Operator] {
        present(CUSTOMER, Role::Customer)
            .when(0, actor, erase())
            .yields([SubjectErased { reason: reason() }.into()]);
    }
    absent(CUSTOMER)
        .when(0, admin(), erase())
        .refuses(UserError::NotFound);
}

#[test]
fn nobody_else_erases_and_no_admin_themself() {
    for actor in [agent(), lead(), import(), Actor::Timer, customer()] {
        present(CUSTOMER, Role::Customer)
            .when(0, actor, erase())
            .refuses(UserError::EraseByAdminOnly);
    }
    present(ADMIN, Role::Admin)
        .when(0, admin(), erase())
        .refuses(UserError::OwnErasure);
}

#[test]
fn an_erased_person_is_not_erased_again_and_never_changes() {
    erased(CUSTOMER).when(0, admin(), erase()).yields([]);
    for command in [rename(), set_active(true), set_role(Role::Agent)] {
        erased(CUSTOMER)
            .when(0, admin(), command)
            .refuses(UserError::Erased);
    }
    erased(CUSTOMER)
        .when(0, admin(), create())
        .refuses(UserError::AlreadyExists);
}

fn create_machine() -> UserCommand {
    UserCommand::CreateMachine {
        name: name("Robot"),
        role: Role::Agent,
    }
}

fn machine() -> UserCreated {
    UserCreated {
        name: name("Robot"),
        email: None,
        role: Role::Agent,
        kind: UserKind::Machine,
    }
}

fn present_machine() -> Scenario<UserAggregate> {
    absent(AGENT).given(0, machine())
}

#[test]
fn admins_and_the_operator_make_and_retire_machines_and_nobody_else_does() {
    for actor in [admin(), Actor::Operator] {
        absent(AGENT)
            .when(0, actor.clone(), create_machine())
            .yields([machine().into()]);
        present_machine()
            .when(1, actor, UserCommand::RetireMachine)
            .yields([UserDeactivated {}.into()]);
    }
    for actor in [agent(), lead(), customer(), import(), Actor::Timer] {
        absent(AGENT)
            .when(0, actor.clone(), create_machine())
            .refuses(UserError::MachineByAdminOnly);
        present_machine()
            .when(1, actor, UserCommand::RetireMachine)
            .refuses(UserError::MachineByAdminOnly);
    }
}

#[test]
fn a_machine_takes_name_and_rank_of_its_key_from_admins_alone() {
    let change = |text: &str, role| UserCommand::ChangeMachine {
        name: name(text),
        role,
    };
    let renamed = UserRenamed {
        from: name("Robot"),
        to: name("Reader"),
    };
    let raised = UserRoleChanged {
        from: Role::Agent,
        to: Role::Lead,
        from_role_id: None,
        to_role_id: None,
    };
    present_machine()
        .when(1, admin(), change("Reader", Role::Lead))
        .yields([renamed.into(), raised.into()]);
    present_machine()
        .when(1, admin(), change("Robot", Role::Agent))
        .changes_nothing();
    for actor in [agent(), lead(), customer(), import(), Actor::Timer] {
        present_machine()
            .when(1, actor, change("Reader", Role::Agent))
            .refuses(UserError::MachineByAdminOnly);
    }
    present(AGENT, Role::Agent)
        .when(1, admin(), change("Reader", Role::Agent))
        .refuses(UserError::NoMachine);
}

#[test]
fn a_machine_is_retired_once() {
    present_machine()
        .given(1, UserDeactivated {})
        .when(2, admin(), UserCommand::RetireMachine)
        .changes_nothing();
}

#[test]
fn a_machine_is_neither_changed_nor_erased_as_a_person() {
    for command in [
        rename(),
        set_role(Role::Admin),
        set_active(true),
        UserCommand::Erase { reason: reason() },
    ] {
        present_machine()
            .given(1, UserDeactivated {})
            .when(2, admin(), command)
            .refuses(UserError::Machine);
    }
}

#[test]
fn the_operator_erases_machines_as_well() {
    present_machine()
        .when(1, Actor::Operator, UserCommand::Erase { reason: reason() })
        .yields([SubjectErased { reason: reason() }.into()]);
}

#[test]
fn a_person_is_not_retired_as_a_machine() {
    present(AGENT, Role::Agent)
        .when(1, admin(), UserCommand::RetireMachine)
        .refuses(UserError::NoMachine);
}

const OWN: RoleId = RoleId(Uuid::from_u128(0x91));

#[test]
fn a_role_of_the_organizations_own_is_another_role_and_is_given_up_for_a_built_in_one() {
    let give = |role_id| UserCommand::Update {
        name: None,
        email: None,
        role: Some(GivenRole {
            role: Role::Agent,
            role_id,
        }),
        active: None,
    };
    let changed = |from_role_id, to_role_id| UserRoleChanged {
        from: Role::Agent,
        to: Role::Agent,
        from_role_id,
        to_role_id,
    };
    let person = present(AGENT, Role::Agent);
    let given = changed(None, Some(OWN));
    person
        .when(1, admin(), give(Some(OWN)))
        .yields([given.clone().into()]);
    let holder = present(AGENT, Role::Agent).given(1, given);
    holder.when(2, admin(), give(Some(OWN))).changes_nothing();
    holder
        .when(2, admin(), set_role(Role::Agent))
        .yields([changed(Some(OWN), None).into()]);
}
