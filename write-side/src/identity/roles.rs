//! Roles of an organization's own: made and changed by commands, and asked for by the gate.
//!
//! What a role may do is read from the log and believed for [`BELIEVED`], so that a change takes hold on every server within
//! that, also for access tokens that were given out before.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{OrganizationId, RoleId};
use domain::organization::role::CustomRole;
use moka::sync::Cache;
use platform::auth::Principal;
use platform::kept;
use platform::permission::{CustomRoles, PermissionSet};

use super::error::IdentityError;
use super::{Identity, Origin};
use crate::commands::{ChangeRole, CreateRole, DeleteRole, RoleAnswer, permissions_of};

/// How long what a role may do is not looked up again.
const BELIEVED: Duration = Duration::from_millis(500);
/// The most roles that are remembered, some 100 bytes each.
const BELIEVED_MAX: u64 = 10_000;

/// What roles may do, as it was read within the last half second.
pub(super) type KnownRoles = Cache<(OrganizationId, RoleId), Option<PermissionSet>>;

pub(super) fn known_roles() -> KnownRoles {
    Cache::builder()
        .max_capacity(BELIEVED_MAX)
        .time_to_live(BELIEVED)
        .build()
}

#[async_trait]
impl CustomRoles for Identity {
    async fn permissions(
        &self,
        organization: OrganizationId,
        role: RoleId,
    ) -> Result<Option<PermissionSet>, Box<dyn Error + Send + Sync>> {
        if let Some(known) = self.inner.known_roles.get(&(organization, role)) {
            return Ok(known);
        }
        let present = self.inner.dispatcher.organization(organization).await?;
        let roles = present.map(|organization| organization.roles);
        let permissions = roles.and_then(|roles| roles.get(&role).map(permissions_of));
        self.inner
            .known_roles
            .insert((organization, role), permissions);
        kept::count("roles", &self.inner.known_roles);
        Ok(permissions)
    }
}

impl Identity {
    /// The roles of an organization's own.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn roles(
        &self,
        organization_id: OrganizationId,
    ) -> Result<Vec<(RoleId, CustomRole)>, IdentityError> {
        let present = self.inner.dispatcher.organization(organization_id).await?;
        let roles = present.map(|organization| organization.roles);
        Ok(roles.unwrap_or_default().into_iter().collect())
    }

    /// Makes a role.
    ///
    /// # Errors
    /// When a rule forbids it.
    pub async fn create_role(
        &self,
        principal: &Principal,
        command: CreateRole,
        origin: &Origin,
    ) -> Result<RoleAnswer, IdentityError> {
        let context = self.context_of(principal, origin);
        let done = self.inner.dispatcher.dispatch(context, command).await?;
        Ok(done.answer)
    }

    /// Changes a role.
    ///
    /// # Errors
    /// When a rule forbids it, or there is none.
    pub async fn change_role(
        &self,
        principal: &Principal,
        command: ChangeRole,
        origin: &Origin,
    ) -> Result<RoleAnswer, IdentityError> {
        let (key, context) = (command.role_id, self.context_of(principal, origin));
        let done = self.inner.dispatcher.dispatch(context, command).await?;
        let known = (principal.organization_id, key);
        self.inner.known_roles.invalidate(&known);
        Ok(done.answer)
    }

    /// Deletes a role that nobody has.
    ///
    /// # Errors
    /// When somebody has it, a rule forbids it, or there is none.
    pub async fn delete_role(
        &self,
        principal: &Principal,
        command: DeleteRole,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let context = self.context_of(principal, origin);
        self.inner.dispatcher.dispatch(context, command).await?;
        Ok(())
    }
}
