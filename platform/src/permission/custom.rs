//! Roles of an organization's own: a built-in staff role with fewer permissions; one that is made of lead may read the audit,
//! which leads do not by themselves.
//!
//! Rules that know roles and no permissions see the built-in one, so it must have all that the role has. Where such a rule
//! gives more than the gate asked for, the command asks for the permission itself.

use std::error::Error;

use async_trait::async_trait;
use domain::actor::Role;
use domain::ids::{OrganizationId, RoleId};

use super::Permission::{
    AssignTickets, ChangeTickets, EditOwnMessages, ManageSignOn, MoveTickets, OpenTickets,
    OwnProfile, ReadAudit, ReadOrganization, ReadTickets, RedactMessages, ReplyToTickets,
    TagTickets, WorkOnTickets, WriteNotes,
};
use super::{Permission, PermissionSet, of_role};

/// What everybody on the staff may do, and every role has without saying so: know themselves and where they are.
const ALWAYS: PermissionSet = PermissionSet::of(&[OwnProfile, ReadOrganization]);
/// Staff see every ticket or none: what is done with one needs both of these.
const TICKETS: [Permission; 2] = [ReadTickets, WorkOnTickets];
/// What admins alone have: who decides which site says who somebody is may become anybody, an admin as well.
const ADMINS_ALONE: PermissionSet = PermissionSet::of(&[ManageSignOn]);
/// What an organization may add to the permissions of leads: an auditor need not be an admin.
const BEYOND_LEADS: PermissionSet = PermissionSet::of(&[ReadAudit]);
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
    /// No role of an organization's own has it.
    #[error("only admins have {}: whoever has it may become one", .0.as_str())]
    AdminsAlone(Permission),
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

/// The most that a role may do which is made of a built-in one.
#[must_use]
pub const fn within_base(base: Role) -> PermissionSet {
    let most = match base {
        Role::Lead => of_role(base).or(BEYOND_LEADS),
        Role::Customer | Role::Agent | Role::Admin => of_role(base),
    };
    most.without(ADMINS_ALONE)
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
        if ADMINS_ALONE.has(*permission) {
            return Err(MissingPermission::AdminsAlone(*permission));
        }
        if !within_base(base).has(*permission) {
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
    fn a_role_has_nothing_that_its_base_does_not_have_but_for_the_audit_of_one_made_of_lead() {
        for base in [Role::Agent, Role::Lead, Role::Admin] {
            for permission in Permission::ALL {
                let made = check_custom(base, &[ReadTickets, WorkOnTickets, *permission]);
                let may = within_base(base).has(*permission);
                assert_eq!(made.is_ok(), may, "{permission:?}");
            }
        }
        for permission in Permission::ALL {
            let is_more =
                within_base(Role::Lead).has(*permission) && !of_role(Role::Lead).has(*permission);
            assert_eq!(is_more, *permission == ReadAudit);
        }
        let wrong = MissingPermission::InBase(Role::Lead, EraseUsers);
        assert_eq!(check_custom(Role::Lead, &[EraseUsers]), Err(wrong));
    }

    #[test]
    fn admins_alone_say_who_vouches_for_people() {
        let refused = Err(MissingPermission::AdminsAlone(ManageSignOn));
        assert_eq!(check_custom(Role::Admin, &[ManageSignOn]), refused);
        assert!(of_role(Role::Admin).has(ManageSignOn));
        assert!(!within_base(Role::Admin).has(ManageSignOn));
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
