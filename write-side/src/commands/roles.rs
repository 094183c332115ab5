//! Roles of an organization's own are made, changed, deleted, given and taken.
//!
//! Who has a role is kept with the organization, in the append that changes the user: so a role that somebody has cannot be
//! deleted, also when both happen at the same moment.

use crate::dispatch::{CommandError, Refusal, StoredAnswer, UseCase, Work};
use domain::actor::Role;
use domain::ids::{RoleId, UserId};
use domain::organization::command::OrganizationCommand;
use domain::organization::role::{CustomRole, RoleCommand};
use domain::organization::state::Organization;
use domain::text::{Name, PermissionName};
use platform::permission::{
    MissingPermission, Permission, PermissionSet, check_custom, parse, within_base,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A role after a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleAnswer {
    /// Its id.
    pub id: RoleId,
    /// The version of the organization's stream.
    pub version: i64,
    /// What people read.
    pub name: Name,
    /// The built-in role that it has fewer permissions than.
    pub base: Role,
    /// What whoever has it may do.
    pub permissions: BTreeSet<PermissionName>,
    /// How many people have it.
    pub holders: usize,
}

impl StoredAnswer for RoleAnswer {}

impl RoleAnswer {
    async fn of(work: &mut Work<'_>, id: RoleId) -> Result<Self, CommandError> {
        let organization = work.organization_id();
        let role = role(work, id).await?.ok_or(NOT_FOUND)?;
        Ok(Self {
            id,
            version: work.version(organization.0).get(),
            name: role.name,
            base: role.base,
            permissions: role.permissions,
            holders: role.holders.len(),
        })
    }
}

const NOT_FOUND: Refusal = Refusal::NotFound { what: "role" };

/// Makes a role.
#[derive(Debug, Clone)]
pub struct CreateRole {
    /// Its id, fresh.
    pub role_id: RoleId,
    /// What people read.
    pub name: Name,
    /// The built-in role that it has fewer permissions than.
    pub base: Role,
    /// What whoever has it may do.
    pub permissions: Vec<Permission>,
}

impl UseCase for CreateRole {
    type Answer = RoleAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<RoleAnswer, CommandError> {
        let command = RoleCommand::Create {
            role_id: self.role_id,
            name: self.name.clone(),
            base: self.base,
            permissions: names(&self.permissions)?,
        };
        issue(work, command).await?;
        check_within_rights(work, checked(self.base, &self.permissions)?)?;
        RoleAnswer::of(work, self.role_id).await
    }
}

/// Changes what is given of a role.
#[derive(Debug, Clone)]
pub struct ChangeRole {
    /// The role.
    pub role_id: RoleId,
    /// The new name.
    pub name: Option<Name>,
    /// What whoever has it may do from now on.
    pub permissions: Option<Vec<Permission>>,
}

impl UseCase for ChangeRole {
    type Answer = RoleAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<RoleAnswer, CommandError> {
        let present = role(work, self.role_id).await?.ok_or(NOT_FOUND)?;
        let permissions = self.permissions.as_deref().map(names).transpose()?;
        let command = RoleCommand::Change {
            role_id: self.role_id,
            name: self.name.clone(),
            permissions,
        };
        issue(work, command).await?;
        check_within_rights(work, permissions_of(&present))?;
        if let Some(permissions) = &self.permissions {
            check_within_rights(work, checked(present.base, permissions)?)?;
        }
        RoleAnswer::of(work, self.role_id).await
    }
}

/// Deletes a role that nobody has.
#[derive(Debug, Clone)]
pub struct DeleteRole {
    /// The role.
    pub role_id: RoleId,
}

/// It is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleGone {
    /// Its id.
    pub id: RoleId,
}

impl StoredAnswer for RoleGone {}

impl UseCase for DeleteRole {
    type Answer = RoleGone;

    async fn decide(&self, work: &mut Work<'_>) -> Result<RoleGone, CommandError> {
        let present = role(work, self.role_id).await?.ok_or(NOT_FOUND)?;
        let command = RoleCommand::Delete {
            role_id: self.role_id,
        };
        issue(work, command).await?;
        check_within_rights(work, permissions_of(&present))?;
        Ok(RoleGone { id: self.role_id })
    }
}

/// Notes with the organization that a user has another role of its own, or none any more.
pub(super) async fn hand_over(
    work: &mut Work<'_>,
    user_id: UserId,
    from: Option<RoleId>,
    to: Option<RoleId>,
) -> Result<(), CommandError> {
    if from == to {
        return Ok(());
    }
    if let Some(role_id) = from {
        issue(work, RoleCommand::Take { role_id, user_id }).await?;
    }
    if let Some(role_id) = to {
        issue(work, RoleCommand::Give { role_id, user_id }).await?;
    }
    Ok(())
}

/// A role of the organization's own, if it has it.
pub(super) async fn role(
    work: &mut Work<'_>,
    role_id: RoleId,
) -> Result<Option<CustomRole>, CommandError> {
    let id = work.organization_id();
    Ok(match work.state::<Organization>(id.0).await? {
        Organization::Present(organization) => organization.roles.get(&role_id).cloned(),
        Organization::Absent => None,
    })
}

/// What whoever has a role may do. A permission that this version does not know is none.
#[must_use]
pub fn permissions_of(role: &CustomRole) -> PermissionSet {
    let known: Vec<Permission> = role
        .permissions
        .iter()
        .filter_map(|name| parse(name.as_str()))
        .collect();
    check_custom(role.base, &known)
        .unwrap_or_else(|_| within_base(role.base).within(PermissionSet::of(&known)))
}

/// Nobody gives a permission that they do not have, nor takes one.
pub(super) fn check_within_rights(
    work: &Work<'_>,
    permissions: PermissionSet,
) -> Result<(), CommandError> {
    if work.rights().has_all(permissions) {
        return Ok(());
    }
    let detail = "this role may do more than you may";
    Err(Refusal::Forbidden(detail.to_owned()).into())
}

async fn issue(work: &mut Work<'_>, command: RoleCommand) -> Result<(), CommandError> {
    let id = work.organization_id();
    let command = OrganizationCommand::Role(command);
    work.issue::<Organization>(id, command).await?;
    Ok(())
}

fn checked(base: Role, permissions: &[Permission]) -> Result<PermissionSet, Refusal> {
    check_custom(base, permissions)
        .map_err(|error: MissingPermission| Refusal::invalid("/permissions", error.to_string()))
}

fn names(permissions: &[Permission]) -> Result<BTreeSet<PermissionName>, Refusal> {
    let name = |permission: &Permission| {
        PermissionName::parse(permission.as_str())
            .map_err(|error| Refusal::invalid("/permissions", error.to_string()))
    };
    permissions.iter().map(name).collect()
}
