//! Who may do what: the permissions, the roles as sets of them, and one table of every operation of the API.
//!
//! Invariants:
//! - An operation without a row in [`TABLE`] is not served: see [`crate::http::gate`].
//! - A refusal by this table tells nothing of what there is: it comes before anything is looked up.
//!
//! Never in here: rules that need the thing itself (one's own ticket, one's own message). Those are the aggregates', and
//! the statements' that read.

mod roles;
mod scopes;
mod set;
mod table;

pub use roles::{ROLES, of_role};
pub use scopes::{SCOPES, ScopeRow, least_role, of_scopes};
pub use set::PermissionSet;
pub use table::{Access, Row, TABLE, row};

use crate::auth::Principal;

/// Something that a person or a key may or may not do in their organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Permission {
    /// Read tickets with their public messages and history: their own, or everybody's with [`Permission::WorkOnTickets`].
    ReadTickets,
    /// Open tickets.
    OpenTickets,
    /// Write public messages.
    ReplyToTickets,
    /// Change one's own messages.
    EditOwnMessages,
    /// See the tickets of every customer with what is internal: notes, tags, custom fields, teams, deadlines.
    WorkOnTickets,
    /// Write internal notes.
    WriteNotes,
    /// Change subject, priority and custom fields of a ticket.
    ChangeTickets,
    /// Say who works on a ticket.
    AssignTickets,
    /// Set, resolve, close and reopen tickets.
    MoveTickets,
    /// Tag tickets.
    TagTickets,
    /// Take a message's words out of every view.
    RedactMessages,
    /// Read one's own profile and change one's own name.
    OwnProfile,
    /// Read everybody's profile.
    ReadUsers,
    /// Make users, change their address and role, deactivate them.
    ManageUsers,
    /// Export what is held about a person.
    ExportUsers,
    /// Erase a person.
    EraseUsers,
    /// Read teams.
    ReadTeams,
    /// Make and change teams.
    ManageTeams,
    /// Read companies.
    ReadCompanies,
    /// Make and change companies, and group customers into them.
    ManageCompanies,
    /// Read the organization: its name, or all of it with [`Permission::WorkOnTickets`].
    ReadOrganization,
    /// Change the organization's name and settings.
    ManageOrganization,
    /// Read the record of security events.
    ReadAudit,
    /// Make and revoke API keys.
    ManageApiKeys,
    /// Set up the sites that people sign on by. Who does may let anybody in as anybody, so no key has it.
    ManageSignOn,
    /// See and end the sessions of others.
    ManageSessions,
}

impl Principal {
    /// Whether they have the permission.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.has(permission)
    }
}
