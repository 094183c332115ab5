//! Events of an organization's stream.

use super::settings::Settings;
use crate::actor::Role;
use crate::event::events;
use crate::ids::{RoleId, UserId};
use crate::text::{Name, PermissionName, Slug};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

events! {
    /// What happened to an organization.
    OrganizationEvent {
        /// It was made.
        Created(OrganizationCreated) = "organization.created" v 1,
        /// It got another name.
        Renamed(OrganizationRenamed) = "organization.renamed" v 1,
        /// Its settings changed. Carries all of them, so that each event stands alone.
        SettingsChanged(OrganizationSettingsChanged) = "organization.settings_changed" v 1,
        /// It has a role of its own.
        RoleCreated(OrganizationRoleCreated) = "organization.role_created" v 1,
        /// A role of its own changed. Carries all of it, so that each event stands alone.
        RoleChanged(OrganizationRoleChanged) = "organization.role_changed" v 1,
        /// A role of its own, which nobody had, is gone.
        RoleDeleted(OrganizationRoleDeleted) = "organization.role_deleted" v 1,
        /// Somebody has a role of its own.
        RoleGiven(OrganizationRoleGiven) = "organization.role_given" v 1,
        /// Somebody does not have a role of its own any more.
        RoleTaken(OrganizationRoleTaken) = "organization.role_taken" v 1,
        /// Its people are shut out for the time being.
        Suspended(OrganizationSuspended) = "organization.suspended" v 1,
        /// Its people may act again.
        Resumed(OrganizationResumed) = "organization.resumed" v 1,
        /// It is shut for ever; its people are erased one by one after this.
        Deleted(OrganizationDeleted) = "organization.deleted" v 1,
    }
}

/// An organization was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationCreated {
    /// What people read.
    pub name: Name,
    /// Its short name, unique in the installation.
    pub slug: Slug,
    /// What it starts with.
    pub settings: Settings,
}

/// An organization got another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationRenamed {
    /// The old name.
    pub from: Name,
    /// The new name.
    pub to: Name,
}

/// An organization's settings changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationSettingsChanged {
    /// All settings from now on.
    pub settings: Settings,
}

/// An organization's people are shut out for the time being.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationSuspended {}

/// An organization's people may act again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationResumed {}

/// An organization is shut for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationDeleted {}

/// An organization has a role of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationRoleCreated {
    /// The role.
    pub role_id: RoleId,
    /// What people read.
    pub name: Name,
    /// The built-in role that it has fewer permissions than.
    pub base: Role,
    /// What whoever has it may do.
    pub permissions: BTreeSet<PermissionName>,
}

/// A role of an organization's own changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationRoleChanged {
    /// The role.
    pub role_id: RoleId,
    /// What people read from now on.
    pub name: Name,
    /// What whoever has it may do from now on.
    pub permissions: BTreeSet<PermissionName>,
}

/// A role of an organization's own is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationRoleDeleted {
    /// The role.
    pub role_id: RoleId,
    /// What people read.
    pub name: Name,
}

/// Somebody has a role of an organization's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationRoleGiven {
    /// The role.
    pub role_id: RoleId,
    /// Who.
    pub user_id: UserId,
}

/// Somebody does not have a role of an organization's own any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationRoleTaken {
    /// The role.
    pub role_id: RoleId,
    /// Who.
    pub user_id: UserId,
}
