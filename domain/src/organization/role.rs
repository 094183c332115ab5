//! Roles of an organization's own: a built-in role with fewer permissions, under another name.
//!
//! What the permissions mean is not known here. Rules that know roles and no permissions see the built-in role.

use super::error::OrganizationError;
use super::event::{
    OrganizationEvent, OrganizationRoleChanged, OrganizationRoleCreated, OrganizationRoleDeleted,
    OrganizationRoleGiven, OrganizationRoleTaken,
};
use super::state::PresentOrganization;
use crate::actor::Role;
use crate::ids::{RoleId, UserId};
use crate::text::{Name, PermissionName};
use std::collections::BTreeSet;

/// A role of an organization's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomRole {
    /// What people read.
    pub name: Name,
    /// The built-in role that it has fewer permissions than. Never a customer's, and never another later.
    pub base: Role,
    /// What whoever has it may do.
    pub permissions: BTreeSet<PermissionName>,
    /// Who has it.
    pub holders: BTreeSet<UserId>,
}

impl CustomRole {
    /// The most roles of an organization.
    pub const MAX_ROLES: usize = 50;
}

/// A command to a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleCommand {
    /// Make it. Which permissions it may have is not decided here.
    Create {
        /// Its id, fresh.
        role_id: RoleId,
        /// What people read.
        name: Name,
        /// The built-in role that it has fewer permissions than.
        base: Role,
        /// What whoever has it may do.
        permissions: BTreeSet<PermissionName>,
    },
    /// Change what is given, leave the rest.
    Change {
        /// The role.
        role_id: RoleId,
        /// The new name.
        name: Option<Name>,
        /// What whoever has it may do from now on.
        permissions: Option<BTreeSet<PermissionName>>,
    },
    /// Delete it, if nobody has it.
    Delete {
        /// The role.
        role_id: RoleId,
    },
    /// Note that somebody has it: goes with the change of that user.
    Give {
        /// The role.
        role_id: RoleId,
        /// Who.
        user_id: UserId,
    },
    /// Note that somebody does not have it any more.
    Take {
        /// The role.
        role_id: RoleId,
        /// Who.
        user_id: UserId,
    },
}

pub(super) fn decide(
    organization: &PresentOrganization,
    command: &RoleCommand,
) -> Result<Vec<OrganizationEvent>, OrganizationError> {
    match command {
        RoleCommand::Create {
            role_id,
            name,
            base,
            permissions,
        } => {
            let created = OrganizationRoleCreated {
                role_id: *role_id,
                name: name.clone(),
                base: *base,
                permissions: permissions.clone(),
            };
            create(organization, created)
        }
        RoleCommand::Change {
            role_id,
            name,
            permissions,
        } => change(organization, *role_id, name.as_ref(), permissions.as_ref()),
        RoleCommand::Delete { role_id } => delete(organization, *role_id),
        RoleCommand::Give { role_id, user_id } => give(organization, *role_id, *user_id),
        RoleCommand::Take { role_id, user_id } => take(organization, *role_id, *user_id),
    }
}

fn create(
    organization: &PresentOrganization,
    created: OrganizationRoleCreated,
) -> Result<Vec<OrganizationEvent>, OrganizationError> {
    if !created.base.is_staff() {
        return Err(OrganizationError::RoleOfCustomer);
    }
    if organization.roles.contains_key(&created.role_id) {
        return Err(OrganizationError::RoleExists);
    }
    if organization.roles.len() >= CustomRole::MAX_ROLES {
        return Err(OrganizationError::TooManyRoles);
    }
    check_name(organization, created.role_id, &created.name)?;
    Ok(vec![created.into()])
}

fn change(
    organization: &PresentOrganization,
    role_id: RoleId,
    name: Option<&Name>,
    permissions: Option<&BTreeSet<PermissionName>>,
) -> Result<Vec<OrganizationEvent>, OrganizationError> {
    let role = find(organization, role_id)?;
    let name = name.unwrap_or(&role.name);
    let permissions = permissions.unwrap_or(&role.permissions);
    if *name == role.name && *permissions == role.permissions {
        return Ok(Vec::new());
    }
    check_name(organization, role_id, name)?;
    Ok(vec![
        OrganizationRoleChanged {
            role_id,
            name: name.clone(),
            permissions: permissions.clone(),
        }
        .into(),
    ])
}

fn delete(
    organization: &PresentOrganization,
    role_id: RoleId,
) -> Result<Vec<OrganizationEvent>, OrganizationError> {
    let role = find(organization, role_id)?;
    if !role.holders.is_empty() {
        return Err(OrganizationError::RoleInUse);
    }
    let name = role.name.clone();
    Ok(vec![OrganizationRoleDeleted { role_id, name }.into()])
}

/// Nothing happens to who has it already.
fn give(
    organization: &PresentOrganization,
    role_id: RoleId,
    user_id: UserId,
) -> Result<Vec<OrganizationEvent>, OrganizationError> {
    let role = find(organization, role_id)?;
    let given = OrganizationRoleGiven { role_id, user_id };
    let is_new = !role.holders.contains(&user_id);
    Ok(is_new.then(|| given.into()).into_iter().collect())
}

/// Nothing happens to who does not have it.
fn take(
    organization: &PresentOrganization,
    role_id: RoleId,
    user_id: UserId,
) -> Result<Vec<OrganizationEvent>, OrganizationError> {
    let role = find(organization, role_id)?;
    let taken = OrganizationRoleTaken { role_id, user_id };
    let has_it = role.holders.contains(&user_id);
    Ok(has_it.then(|| taken.into()).into_iter().collect())
}

fn find(
    organization: &PresentOrganization,
    role_id: RoleId,
) -> Result<&CustomRole, OrganizationError> {
    let role = organization.roles.get(&role_id);
    role.ok_or(OrganizationError::RoleNotFound)
}

fn check_name(
    organization: &PresentOrganization,
    role_id: RoleId,
    name: &Name,
) -> Result<(), OrganizationError> {
    let mut others = organization.roles.iter();
    let is_taken = others.any(|(id, role)| *id != role_id && role.name == *name);
    if is_taken {
        return Err(OrganizationError::RoleNameTaken);
    }
    Ok(())
}
