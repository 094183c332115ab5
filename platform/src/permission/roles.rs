//! The roles as sets of permissions: each has what the one before it has, and more.

use domain::actor::Role;

use super::Permission::{
    AssignTickets, ChangeTickets, EditOwnMessages, EraseUsers, ExportUsers, ManageApiKeys,
    ManageCompanies, ManageOrganization, ManageRoles, ManageServiceLevels, ManageSessions,
    ManageSignOn, ManageTeams, ManageUsers, MoveTickets, OpenTickets, OwnProfile, ReadAudit,
    ReadCompanies, ReadOrganization, ReadServiceLevels, ReadTeams, ReadTickets, ReadUsers,
    RedactMessages, ReplyToTickets, TagTickets, WorkOnTickets, WriteNotes,
};
use super::PermissionSet;

/// Opens tickets and answers on their own.
const CUSTOMER: PermissionSet = PermissionSet::of(&[
    ReadTickets,
    OpenTickets,
    ReplyToTickets,
    EditOwnMessages,
    OwnProfile,
    ReadOrganization,
]);

/// Works on the tickets of every customer.
const AGENT: PermissionSet = CUSTOMER.and(&[
    WorkOnTickets,
    WriteNotes,
    ChangeTickets,
    AssignTickets,
    MoveTickets,
    TagTickets,
    RedactMessages,
    ReadUsers,
    ReadTeams,
    ReadCompanies,
    ReadServiceLevels,
]);

/// An agent who also sets teams and exports what is held about people.
const LEAD: PermissionSet = AGENT.and(&[ManageTeams, ManageCompanies, ExportUsers]);

/// A lead who also sets users and policies, erases people and reads the record of security events.
const ADMIN: PermissionSet = LEAD.and(&[
    ManageUsers,
    EraseUsers,
    ReadAudit,
    ManageOrganization,
    ManageApiKeys,
    ManageSignOn,
    ManageRoles,
    ManageSessions,
    ManageServiceLevels,
]);

/// Every role, the one with the fewest permissions first.
pub const ROLES: [Role; 4] = [Role::Customer, Role::Agent, Role::Lead, Role::Admin];

/// What a role may do.
#[must_use]
pub const fn of_role(role: Role) -> PermissionSet {
    match role {
        Role::Customer => CUSTOMER,
        Role::Agent => AGENT,
        Role::Lead => LEAD,
        Role::Admin => ADMIN,
    }
}
