//! People join and change. An e-mail address is unique in its organization: each has a stream of its own that says who
//! holds it, appended in the same transaction (the reservation pattern).

use super::UserAnswer;
use super::companies::{group_by_address, regroup_by_address};
use super::roles::{self, check_within_rights, hand_over, permissions_of};
use crate::dispatch::{CommandError, Refusal, UseCase, Work};
use domain::actor::Role;
use domain::ids::{RoleId, TeamId, UserId};
use domain::team::command::TeamCommand;
use domain::team::state::Team;
use domain::text::{Email, Name, Reason};
use domain::user::command::{GivenRole, UserCommand};
use domain::user::error::UserError;
use domain::user::state::{EmailClaim, User};
use platform::permission::{Permission, of_role};
use std::collections::BTreeSet;

/// Makes a user.
#[derive(Debug, Clone)]
pub struct CreateUser {
    /// Their id, fresh.
    pub user_id: UserId,
    /// What people read.
    pub name: Name,
    /// Where mail reaches them.
    pub email: Option<Email>,
    /// What they may do.
    pub role: Role,
}

impl UseCase for CreateUser {
    type Answer = UserAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<UserAnswer, CommandError> {
        work.create::<User>(self.user_id.0);
        let command = UserCommand::Create {
            name: self.name.clone(),
            email: self.email.clone(),
            role: self.role,
        };
        work.issue::<User>(self.user_id, command).await?;
        check_rank(work, self.role.into()).await?;
        if let Some(email) = &self.email {
            claim(work, email, self.user_id).await?;
            if self.role == Role::Customer {
                group_by_address(work, self.user_id, email).await?;
            }
        }
        UserAnswer::of(work, self.user_id).await
    }
}

/// Makes a user who is invited, as a member of teams.
#[derive(Debug, Clone)]
pub struct InviteUser {
    /// The user.
    pub create: CreateUser,
    /// The teams that they are in from the start.
    pub teams: BTreeSet<TeamId>,
}

impl UseCase for InviteUser {
    type Answer = UserAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<UserAnswer, CommandError> {
        if !self.teams.is_empty() && !self.create.role.is_staff() {
            let detail = "only agents, leads and admins are in teams";
            return Err(Refusal::invalid("/team_ids", detail).into());
        }
        if !self.teams.is_empty() && !work.rights().has(Permission::ManageTeams) {
            return Err(Refusal::Forbidden("you may not set teams".to_owned()).into());
        }
        let answer = self.create.decide(work).await?;
        for team_id in &self.teams {
            let Team::Present(team) = work.state::<Team>(team_id.0).await? else {
                let detail = format!("must be teams of this organization, {team_id} is none");
                return Err(Refusal::invalid("/team_ids", detail).into());
            };
            let mut members = team.members.clone();
            members.insert(self.create.user_id);
            let join = TeamCommand::Update {
                name: None,
                private: None,
                members: Some(members),
            };
            work.issue::<Team>(*team_id, join).await?;
        }
        Ok(answer)
    }
}

/// Changes what is given of a user.
#[derive(Debug, Clone)]
pub struct ChangeUser {
    /// The user.
    pub user_id: UserId,
    /// The new name.
    pub name: Option<Name>,
    /// The new address; `Some(None)` takes it away.
    pub email: Option<Option<Email>>,
    /// The new role.
    pub role: Option<NewRole>,
    /// Whether they may act.
    pub active: Option<bool>,
}

/// The role that somebody gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewRole {
    /// A built-in one.
    BuiltIn(Role),
    /// One of the organization's own.
    Own(RoleId),
}

impl UseCase for ChangeUser {
    type Answer = UserAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<UserAnswer, CommandError> {
        work.address(self.user_id.0);
        let state = work.state::<User>(self.user_id.0).await?;
        let (before, present) = (email_of(state), role_of(state));
        let role = match self.role {
            Some(role) => Some(given(work, role).await?),
            None => None,
        };
        let command = UserCommand::Update {
            name: self.name.clone(),
            email: self.email.clone(),
            role,
            active: self.active,
        };
        let after = email_of(work.issue::<User>(self.user_id, command).await?);
        if self.is_more_than_own_name(work) {
            check_manages_users(work)?;
            check_rank(work, present).await?;
            check_rank(work, role.unwrap_or(present)).await?;
        }
        let role_id = role.unwrap_or(present).role_id;
        hand_over(work, self.user_id, present.role_id, role_id).await?;
        if after != before {
            if let Some(email) = &after {
                claim(work, email, self.user_id).await?;
            }
            if let Some(email) = &before {
                release(work, email, self.user_id).await?;
            }
            if is_customer(work.state::<User>(self.user_id.0).await?) {
                regroup_by_address(work, self.user_id, before.as_ref(), after.as_ref()).await?;
            }
        }
        UserAnswer::of(work, self.user_id).await
    }
}

/// Forgets a person: for ever, and in everything that they wrote.
#[derive(Debug, Clone)]
pub struct EraseUser {
    /// The person.
    pub user_id: UserId,
    /// Why.
    pub reason: Reason,
}

impl UseCase for EraseUser {
    type Answer = UserAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<UserAnswer, CommandError> {
        work.address(self.user_id.0);
        let state = work.state::<User>(self.user_id.0).await?;
        let (before, present) = (email_of(state), role_of(state));
        let command = UserCommand::Erase {
            reason: self.reason.clone(),
        };
        work.issue::<User>(self.user_id, command).await?;
        check_rank(work, present).await?;
        hand_over(work, self.user_id, present.role_id, None).await?;
        if let Some(email) = &before {
            release(work, email, self.user_id).await?;
        }
        UserAnswer::of(work, self.user_id).await
    }
}

impl ChangeUser {
    /// Whether it needs the right to set users: whoever may not may change their own name, and nothing else.
    fn is_more_than_own_name(&self, work: &Work<'_>) -> bool {
        let is_own = work.actor().user_id() == Some(self.user_id);
        !is_own || self.email.is_some() || self.role.is_some() || self.active.is_some()
    }
}

/// The aggregate asks for the role of an admin; a key, or a role of the organization's own, may have that and not this.
fn check_manages_users(work: &Work<'_>) -> Result<(), CommandError> {
    if work.rights().has(Permission::ManageUsers) {
        return Ok(());
    }
    Err(Refusal::Forbidden("you may not set users".to_owned()).into())
}

/// Nobody gives a permission that they do not have, nor takes one, nor changes the login of who has one. What customers
/// may do is about their own things alone, and anybody may give it who may set users.
async fn check_rank(work: &mut Work<'_>, given: GivenRole) -> Result<(), CommandError> {
    let role = given.role;
    if let Some(role_id) = given.role_id {
        let own = roles::role(work, role_id).await?;
        let permissions = own.as_ref().map_or(of_role(role), permissions_of);
        return check_within_rights(work, permissions);
    }
    if !role.is_staff() || work.rights().has_all(of_role(role)) {
        return Ok(());
    }
    let detail = format!(
        "the role {role} may do more than you may",
        role = role.as_str()
    );
    Err(Refusal::Forbidden(detail).into())
}

/// A role as the user's aggregate knows it.
async fn given(work: &mut Work<'_>, role: NewRole) -> Result<GivenRole, CommandError> {
    match role {
        NewRole::BuiltIn(role) => Ok(role.into()),
        NewRole::Own(role_id) => match roles::role(work, role_id).await? {
            Some(own) => Ok(GivenRole {
                role: own.base,
                role_id: Some(role_id),
            }),
            None => {
                let detail = "must be a role of this organization";
                Err(Refusal::invalid("/role_id", detail).into())
            }
        },
    }
}

fn role_of(user: &User) -> GivenRole {
    match user {
        User::Present(user) => GivenRole {
            role: user.role,
            role_id: user.role_id,
        },
        // The aggregate refuses what is done to somebody who never joined.
        User::Absent => Role::Customer.into(),
    }
}

fn is_customer(user: &User) -> bool {
    matches!(user, User::Present(user) if user.role == Role::Customer)
}

fn email_of(user: &User) -> Option<Email> {
    match user {
        User::Present(user) => user.email.clone(),
        User::Absent => None,
    }
}

async fn claim(work: &mut Work<'_>, email: &Email, user_id: UserId) -> Result<(), CommandError> {
    let id = domain::user::email_claim_id(work.organization_id(), email);
    let claimed = domain::user::decide::claim(work.state::<EmailClaim>(id).await?, user_id);
    let event = claimed.map_err(|error: UserError| Refusal::Conflict {
        detail: error.to_string(),
        pointer: Some("/email"),
    })?;
    work.record::<EmailClaim>(id, event.into_iter().collect())
}

async fn release(work: &mut Work<'_>, email: &Email, user_id: UserId) -> Result<(), CommandError> {
    let id = domain::user::email_claim_id(work.organization_id(), email);
    let event = domain::user::decide::release(work.state::<EmailClaim>(id).await?, user_id);
    work.record::<EmailClaim>(id, event.into_iter().collect())
}
