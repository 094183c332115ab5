//! Roles of an organization's own: a built-in staff role with fewer permissions.
//!
//! Rules that know roles and no permissions see the built-in one, so it must have all that the role has. Where such a rule
//! gives more than the gate asked for, the command asks for the permission itself.

use std::error::Error;

use async_trait::async_trait;
use domain::actor::Role;
use domain::ids::{OrganizationId, RoleId};

use super::Permission::{
    AssignTickets, ChangeTickets, EditOwnMessages, MoveTickets, OpenTickets, OwnProfile,
    ReadOrganization, ReadTickets, RedactMessages, ReplyToTickets, TagTickets, WorkOnTickets,
    WriteNotes,
};
use super::{Permission, PermissionSet, of_role};

/// What everybody on the staff may do, and every role has without saying so: know themselves and where they are.
const ALWAYS: PermissionSet = PermissionSet::of(&[OwnProfile, ReadOrganization]);
/// Staff see every ticket or none: what is done with one needs both of these.
const TICKETS: [Permission; 2] = [ReadTickets, WorkOnTickets];
/// What is done with tickets.
const ON_TICKETS: [Permission; 11] = [
    ReadTickets,
    WorkOnTickets,
    OpenTickets,
    ReplyToTickets,
    EditOwnMessages,
    WriteNotes,
    ChangeTickets,
    AssignTickets,
    MoveTickets,
    TagTickets,
    RedactMessages,
];

/// Says what a role of an organization's own may do at this moment.
#[async_trait]
pub trait CustomRoles: Send + Sync {
    /// Its permissions; none when there is no such role.
    ///
    /// # Errors
    /// When that cannot be found out.
    async fn permissions(
        &self,
        organization: OrganizationId,
        role: RoleId,
    ) -> Result<Option<PermissionSet>, Box<dyn Error + Send + Sync>>;
}

/// A permission that the role cannot have, or cannot be without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MissingPermission {
    /// The built-in role does not have it.
    #[error("the role {} does not have {}, and neither does what is made of it", .0.as_str(), .1.as_str())]
    InBase(Role, Permission),
    /// Another one of the role needs it.
    #[error("{} needs {} as well", .0.as_str(), .1.as_str())]
    For(Permission, Permission),
}

/// Reads the name of a permission.
#[must_use]
pub fn parse(name: &str) -> Option<Permission> {
    let mut all = Permission::ALL.iter();
    all.find(|permission| permission.as_str() == name).copied()
}

/// What a role of these permissions may do, if it may be made of the built-in one.
///
/// # Errors
/// When it has more than that one, or not all that it needs.
pub fn check_custom(
    base: Role,
    permissions: &[Permission],
) -> Result<PermissionSet, MissingPermission> {
    let set = ALWAYS.and(permissions);
    for permission in permissions {
        if !of_role(base).has(*permission) {
            return Err(MissingPermission::InBase(base, *permission));
        }
        let missing = TICKETS.iter().find(|needed| !set.has(**needed));
        if let Some(needed) = missing.filter(|_| ON_TICKETS.contains(permission)) {
            return Err(MissingPermission::For(*permission, *needed));
        }
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::Permission::{EraseUsers, ManageTeams, ReadAudit};

    #[test]
    fn a_role_has_nothing_that_its_base_does_not_have() {
        for base in [Role::Agent, Role::Lead, Role::Admin] {
            for permission in Permission::ALL {
                let made = check_custom(base, &[ReadTickets, WorkOnTickets, *permission]);
                assert_eq!(
                    made.is_ok(),
                    of_role(base).has(*permission),
                    "{permission:?}"
                );
            }
        }
        let wrong = MissingPermission::InBase(Role::Lead, EraseUsers);
        assert_eq!(check_custom(Role::Lead, &[EraseUsers]), Err(wrong));
    }

    #[test]
    fn what_is_done_with_tickets_needs_sight_of_all_of_them() {
        for permission in ON_TICKETS {
            let alone = check_custom(Role::Agent, &[permission]);
            assert!(alone.is_err(), "{permission:?}");
        }
        assert!(check_custom(Role::Agent, &TICKETS).is_ok());
    }

    #[test]
    fn a_role_without_tickets_is_a_role() {
        let made = check_custom(Role::Lead, &[ReadAudit, ManageTeams]);
        assert_eq!(made, Ok(ALWAYS.and(&[ReadAudit, ManageTeams])));
    }

    #[test]
    fn every_permission_reads_back_by_its_name() {
        for permission in Permission::ALL {
            assert_eq!(parse(permission.as_str()), Some(*permission));
        }
        assert_eq!(parse("everything"), None);
    }
}
