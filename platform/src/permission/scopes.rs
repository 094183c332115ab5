//! The scopes of API keys as sets of permissions: `<area>:<level>`, where each level of an area has what the one before it
//! has.
//!
//! A key has what its scopes say, and never [`super::Permission::ManageApiKeys`] and [`super::Permission::ManageRoles`]: a key
//! makes neither keys nor roles. What a scope does not name it does not give.

use domain::actor::Role;

use super::Permission::{
    AssignTickets, ChangeTickets, EditOwnMessages, EraseUsers, ExportUsers, ManageCompanies,
    ManageOrganization, ManageServiceLevels, ManageSessions, ManageTeams, ManageUsers, MoveTickets,
    OpenTickets, OwnProfile, ReadAudit, ReadCompanies, ReadOrganization, ReadServiceLevels,
    ReadTeams, ReadTickets, ReadUsers, RedactMessages, ReplyToTickets, TagTickets, WorkOnTickets,
    WriteNotes,
};
use super::{PermissionSet, within_base};

const TICKETS_READ: PermissionSet = PermissionSet::of(&[ReadTickets, WorkOnTickets]);
const TICKETS_WRITE: PermissionSet = TICKETS_READ.and(&[
    OpenTickets,
    ReplyToTickets,
    EditOwnMessages,
    WriteNotes,
    ChangeTickets,
    AssignTickets,
    MoveTickets,
    TagTickets,
]);
const TICKETS_ADMIN: PermissionSet = TICKETS_WRITE.and(&[RedactMessages]);
const PEOPLE_READ: PermissionSet = PermissionSet::of(&[OwnProfile, ReadUsers]);
const PEOPLE_WRITE: PermissionSet = PEOPLE_READ.and(&[ManageUsers]);
const PEOPLE_ADMIN: PermissionSet = PEOPLE_WRITE.and(&[ExportUsers, EraseUsers, ManageSessions]);
const TEAMS_READ: PermissionSet = PermissionSet::of(&[ReadTeams]);
const TEAMS_WRITE: PermissionSet = TEAMS_READ.and(&[ManageTeams]);
const COMPANIES_READ: PermissionSet = PermissionSet::of(&[ReadCompanies]);
const COMPANIES_WRITE: PermissionSet = COMPANIES_READ.and(&[ManageCompanies]);
const ORGANIZATION_READ: PermissionSet = PermissionSet::of(&[ReadOrganization]);
const ORGANIZATION_WRITE: PermissionSet = ORGANIZATION_READ.and(&[ManageOrganization]);
const SERVICE_LEVELS_READ: PermissionSet = PermissionSet::of(&[ReadServiceLevels]);
const SERVICE_LEVELS_WRITE: PermissionSet = SERVICE_LEVELS_READ.and(&[ManageServiceLevels]);
const AUDIT_READ: PermissionSet = PermissionSet::of(&[ReadAudit]);

/// A scope, what it gives, and the same in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeRow {
    /// Its name on the wire.
    pub name: &'static str,
    /// What a key with it may do.
    pub permissions: PermissionSet,
    /// The same for people.
    pub gives: &'static str,
}

const fn scope(name: &'static str, permissions: PermissionSet, gives: &'static str) -> ScopeRow {
    ScopeRow {
        name,
        permissions,
        gives,
    }
}

/// Every scope.
#[rustfmt::skip]
pub const SCOPES: &[ScopeRow] = &[
    scope("tickets:read",       TICKETS_READ,       "tickets of every customer with messages, notes and history"),
    scope("tickets:write",      TICKETS_WRITE,      "also open, answer, change, assign, move and tag them"),
    scope("tickets:admin",      TICKETS_ADMIN,      "also redact messages"),
    scope("people:read",        PEOPLE_READ,        "everybody's profile"),
    scope("people:write",       PEOPLE_WRITE,       "also make, change, invite and deactivate people"),
    scope("people:admin",       PEOPLE_ADMIN,       "also export and erase people, and end their sessions"),
    scope("teams:read",         TEAMS_READ,         "teams"),
    scope("teams:write",        TEAMS_WRITE,        "also make and change them"),
    scope("companies:read",     COMPANIES_READ,     "companies"),
    scope("companies:write",    COMPANIES_WRITE,    "also make and change them, and group customers into them"),
    scope("organization:read",  ORGANIZATION_READ,  "name and settings of the organization"),
    scope("organization:write", ORGANIZATION_WRITE, "also change them"),
    scope("service_levels:read", SERVICE_LEVELS_READ, "calendars and service level policies"),
    scope("service_levels:write", SERVICE_LEVELS_WRITE, "also make and change them"),
    scope("audit:read",         AUDIT_READ,         "the record of security events"),
];

/// What all of these scopes give; none when one of them is unknown.
pub fn of_scopes<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<PermissionSet> {
    let known = |name: &str| SCOPES.iter().find(|scope| scope.name == name);
    names
        .into_iter()
        .try_fold(PermissionSet::EMPTY, |permissions, name| {
            Some(permissions.or(known(name)?.permissions))
        })
}

/// The role that rules see which know no permissions: the first of agent, lead and admin of which a role could be made that
/// has all of them.
#[must_use]
pub fn least_role(permissions: PermissionSet) -> Role {
    let has_all = |role: &Role| within_base(*role).has_all(permissions);
    [Role::Agent, Role::Lead]
        .into_iter()
        .find(has_all)
        .unwrap_or(Role::Admin)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::permission::Permission::{ManageApiKeys, ManageRoles, ManageSignOn};
    use crate::permission::of_role;

    #[test]
    fn no_scope_gives_more_than_an_admin_has_and_none_gives_keys_or_roles() {
        for scope in SCOPES {
            assert!(
                of_role(Role::Admin).has_all(scope.permissions),
                "{}",
                scope.name
            );
            for permission in [ManageApiKeys, ManageRoles, ManageSignOn] {
                assert!(!scope.permissions.has(permission), "{}", scope.name);
            }
        }
    }

    #[test]
    fn a_level_gives_what_the_one_before_it_in_its_area_gives() {
        for pair in SCOPES.windows(2) {
            let area = |name: &'static str| name.split_once(':').unwrap().0;
            if area(pair[0].name) == area(pair[1].name) {
                assert!(pair[1].permissions.has_all(pair[0].permissions));
                assert_ne!(pair[1].permissions, pair[0].permissions);
            }
        }
    }

    #[test]
    fn an_area_gives_nothing_of_another() {
        for one in SCOPES {
            for other in SCOPES {
                let area = |name: &'static str| name.split_once(':').unwrap().0;
                let common = one.permissions.within(other.permissions);
                let is_shared = common != PermissionSet::EMPTY;
                assert_eq!(is_shared, area(one.name) == area(other.name));
            }
        }
    }

    #[test]
    fn an_unknown_scope_is_none() {
        assert_eq!(of_scopes(["tickets:read", "tickets:all"]), None);
        assert_eq!(of_scopes([]), Some(PermissionSet::EMPTY));
    }

    #[test]
    fn a_key_counts_as_the_least_role_that_may_do_as_much() {
        for (scopes, role) in [
            (
                &["tickets:admin", "people:read", "teams:read"][..],
                Role::Agent,
            ),
            (&["tickets:read", "audit:read"], Role::Lead),
            (&["teams:write"], Role::Lead),
            (&["companies:read"], Role::Agent),
            (&["companies:write"], Role::Lead),
            (&["people:write"], Role::Admin),
            (&["organization:write"], Role::Admin),
        ] {
            let permissions = of_scopes(scopes.iter().copied()).unwrap();
            assert_eq!(least_role(permissions), role, "{scopes:?}");
        }
    }
}
