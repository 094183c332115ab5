//! What a user's commands may do, and who may hold an e-mail address.

use super::command::{GivenRole, UserCommand};
use super::error::UserError;
use super::event::{
    EmailClaimEvent, EmailClaimed, EmailReleased, SubjectErased, UserCompanySet, UserCreated,
    UserDeactivated, UserEmailChanged, UserEvent, UserReactivated, UserRenamed, UserRoleChanged,
};
use super::state::{EmailClaim, PresentUser, User, UserKind};
use crate::actor::{Actor, Role};
use crate::command::Issued;
use crate::ids::{CompanyId, UserId};
use crate::text::{Email, Name, Reason};

/// The events that a command yields; none when it changes nothing.
///
/// # Errors
/// When the command is refused. Permission comes first, so that a refusal does not tell whether the user exists.
pub fn decide(
    state: &User,
    id: UserId,
    issued: &Issued<UserCommand>,
) -> Result<Vec<UserEvent>, UserError> {
    let actor = &issued.actor;
    match &issued.command {
        UserCommand::Create { name, email, role } => {
            let signs_on = *actor == Actor::Identity && *role == Role::Customer;
            if !sets_users(actor) && !signs_on {
                return Err(UserError::AdminOnly);
            }
            let created = UserCreated {
                name: name.clone(),
                email: email.clone(),
                role: *role,
                kind: UserKind::Person,
            };
            join(state, created)
        }
        UserCommand::CreateMachine { name, role } => {
            if !actor.is_admin() {
                return Err(UserError::MachineByAdminOnly);
            }
            let created = UserCreated {
                name: name.clone(),
                email: None,
                role: *role,
                kind: UserKind::Machine,
            };
            join(state, created)
        }
        UserCommand::ChangeMachine { name, role } => change_machine(state, actor, name, *role),
        UserCommand::RetireMachine => retire(state, actor),
        UserCommand::Update {
            name,
            email,
            role,
            active,
        } => {
            let changes = Changes {
                name: name.as_ref(),
                email: email.as_ref(),
                role: *role,
                active: *active,
            };
            let own_name = actor.user_id() == Some(id) && changes.only_name();
            if !sets_users(actor) && !own_name {
                return Err(UserError::AdminOnly);
            }
            match state {
                User::Absent => Err(UserError::NotFound),
                User::Present(user) if user.erased => Err(UserError::Erased),
                User::Present(user) if !user.kind.is_person() => Err(UserError::Machine),
                User::Present(user) => update(user, actor.user_id() == Some(id), &changes),
            }
        }
        UserCommand::SetCompany { company_id } => set_company(state, actor, *company_id),
        UserCommand::Erase { reason } => erase(state, id, actor, reason),
    }
}

fn join(state: &User, created: UserCreated) -> Result<Vec<UserEvent>, UserError> {
    match state {
        User::Absent => Ok(vec![created.into()]),
        User::Present(_) => Err(UserError::AlreadyExists),
    }
}

fn change_machine(
    state: &User,
    actor: &Actor,
    name: &Name,
    role: Role,
) -> Result<Vec<UserEvent>, UserError> {
    if !actor.is_admin() {
        return Err(UserError::MachineByAdminOnly);
    }
    match state {
        User::Absent => Err(UserError::NotFound),
        User::Present(user) if user.kind.is_person() => Err(UserError::NoMachine),
        User::Present(user) if user.erased => Err(UserError::Erased),
        User::Present(user) => {
            let changes = Changes {
                name: Some(name),
                email: None,
                role: Some(role.into()),
                active: None,
            };
            update(user, false, &changes)
        }
    }
}

fn retire(state: &User, actor: &Actor) -> Result<Vec<UserEvent>, UserError> {
    if !actor.is_admin() {
        return Err(UserError::MachineByAdminOnly);
    }
    match state {
        User::Absent => Err(UserError::NotFound),
        User::Present(user) if user.kind.is_person() => Err(UserError::NoMachine),
        User::Present(user) if user.active => Ok(vec![UserDeactivated {}.into()]),
        User::Present(_) => Ok(Vec::new()),
    }
}

fn set_company(
    state: &User,
    actor: &Actor,
    to: Option<CompanyId>,
) -> Result<Vec<UserEvent>, UserError> {
    if !actor.sets_teams() {
        return Err(UserError::GroupingNotAllowed);
    }
    match state {
        User::Absent => Err(UserError::NotFound),
        User::Present(user) if user.erased => Err(UserError::Erased),
        User::Present(user) if user.role != Role::Customer => Err(UserError::NoCustomer),
        User::Present(user) => Ok(group(user, to).into_iter().collect()),
    }
}

/// Puts a customer into a company, or into none; nothing to do when they are there.
#[must_use]
pub fn group(user: &PresentUser, to: Option<CompanyId>) -> Option<UserEvent> {
    (user.company_id != to).then(|| {
        UserCompanySet {
            from: user.company_id,
            to,
        }
        .into()
    })
}

fn erase(
    state: &User,
    id: UserId,
    actor: &Actor,
    reason: &Reason,
) -> Result<Vec<UserEvent>, UserError> {
    if !actor.is_admin() {
        return Err(UserError::EraseByAdminOnly);
    }
    match state {
        User::Absent => Err(UserError::NotFound),
        User::Present(user) if !user.kind.is_person() && *actor != Actor::Operator => {
            Err(UserError::Machine)
        }
        User::Present(_) if actor.user_id() == Some(id) => Err(UserError::OwnErasure),
        User::Present(user) if user.erased => Ok(Vec::new()),
        User::Present(_) => Ok(vec![
            SubjectErased {
                reason: reason.clone(),
            }
            .into(),
        ]),
    }
}

/// Takes an address for a user; nothing to do when they hold it already.
///
/// # Errors
/// When another user holds it.
pub fn claim(state: &EmailClaim, user: UserId) -> Result<Option<EmailClaimEvent>, UserError> {
    match state.held_by {
        None => Ok(Some(EmailClaimed { user_id: user }.into())),
        Some(holder) if holder == user => Ok(None),
        Some(_) => Err(UserError::EmailTaken),
    }
}

/// Gives an address up; nothing to do when the user does not hold it.
#[must_use]
pub fn release(state: &EmailClaim, user: UserId) -> Option<EmailClaimEvent> {
    (state.held_by == Some(user)).then(|| EmailReleased { user_id: user }.into())
}

fn sets_users(actor: &Actor) -> bool {
    actor.is_admin() || actor.is_import()
}

/// What an update asks for.
struct Changes<'a> {
    name: Option<&'a Name>,
    email: Option<&'a Option<Email>>,
    role: Option<GivenRole>,
    active: Option<bool>,
}

impl Changes<'_> {
    fn only_name(&self) -> bool {
        self.email.is_none() && self.role.is_none() && self.active.is_none()
    }
}

fn update(
    user: &PresentUser,
    oneself: bool,
    changes: &Changes<'_>,
) -> Result<Vec<UserEvent>, UserError> {
    let mut events = Vec::new();
    if let Some(to) = changes.name.filter(|name| **name != user.name) {
        events.push(
            UserRenamed {
                from: user.name.clone(),
                to: to.clone(),
            }
            .into(),
        );
    }
    if let Some(to) = changes.email.filter(|email| **email != user.email) {
        events.push(
            UserEmailChanged {
                from: user.email.clone(),
                to: to.clone(),
            }
            .into(),
        );
    }
    let present = GivenRole {
        role: user.role,
        role_id: user.role_id,
    };
    if let Some(to) = changes.role.filter(|role| *role != present) {
        if oneself {
            return Err(UserError::OwnRole);
        }
        events.push(
            UserRoleChanged {
                from: present.role,
                to: to.role,
                from_role_id: present.role_id,
                to_role_id: to.role_id,
            }
            .into(),
        );
    }
    match changes.active {
        Some(false) if user.active && oneself => return Err(UserError::OwnDeactivation),
        Some(false) if user.active => events.push(UserDeactivated {}.into()),
        Some(true) if !user.active => events.push(UserReactivated {}.into()),
        Some(_) | None => {}
    }
    Ok(events)
}
