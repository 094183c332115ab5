//! Who may do what: the permissions, the roles as sets of them, and one table of every operation of the API.
//!
//! Invariants:
//! - An operation without a row in [`TABLE`] is not served: see [`crate::http::gate`].
//! - A refusal by this table tells nothing of what there is: it comes before anything is looked up.
//!
//! Never in here: rules that need the thing itself (one's own ticket, one's own message). Those are the aggregates', and
//! the statements' that read.

mod custom;
mod roles;
mod scopes;
mod set;
mod table;

pub use custom::{CustomRoles, MissingPermission, check_custom, parse, within_base};
pub use roles::{ROLES, of_role};
pub use scopes::{SCOPES, ScopeRow, least_role, of_scopes};
pub use set::PermissionSet;
pub use table::{Access, Row, TABLE, row};

use crate::auth::Principal;

macro_rules! permissions {
    ($($(#[$doc:meta])* $permission:ident = $word:literal,)+) => {
        /// Something that a person or a key may or may not do in their organization.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Permission {
            $($(#[$doc])* $permission,)+
        }

        impl Permission {
            /// Every permission.
            pub const ALL: &'static [Self] = &[$(Self::$permission),+];

            /// Its name on the wire and on the disk.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$permission => $word,)+ }
            }
        }
    };
}

permissions! {
    /// Read tickets with their public messages and history: their own, or everybody's with [`Permission::WorkOnTickets`].
    ReadTickets = "read_tickets",
    /// Open tickets.
    OpenTickets = "open_tickets",
    /// Write public messages.
    ReplyToTickets = "reply_to_tickets",
    /// Change one's own messages.
    EditOwnMessages = "edit_own_messages",
    /// See the tickets of every customer with what is internal: notes, tags, custom fields, teams, deadlines.
    WorkOnTickets = "work_on_tickets",
    /// Write internal notes.
    WriteNotes = "write_notes",
    /// Change subject, priority and custom fields of a ticket.
    ChangeTickets = "change_tickets",
    /// Say who works on a ticket.
    AssignTickets = "assign_tickets",
    /// Set, resolve, close and reopen tickets.
    MoveTickets = "move_tickets",
    /// Tag tickets.
    TagTickets = "tag_tickets",
    /// Take a message's words out of every view.
    RedactMessages = "redact_messages",
    /// Read one's own profile and change one's own name.
    OwnProfile = "own_profile",
    /// Read everybody's profile.
    ReadUsers = "read_users",
    /// Make users, change their address and role, deactivate them.
    ManageUsers = "manage_users",
    /// Export what is held about a person.
    ExportUsers = "export_users",
    /// Erase a person.
    EraseUsers = "erase_users",
    /// Read teams.
    ReadTeams = "read_teams",
    /// Make and change teams.
    ManageTeams = "manage_teams",
    /// Read companies.
    ReadCompanies = "read_companies",
    /// Make and change companies, and group customers into them.
    ManageCompanies = "manage_companies",
    /// Read the organization: its name, or all of it with [`Permission::WorkOnTickets`].
    ReadOrganization = "read_organization",
    /// Change the organization's name and settings.
    ManageOrganization = "manage_organization",
    /// Read the record of security events.
    ReadAudit = "read_audit",
    /// Make, change and revoke API keys.
    ManageApiKeys = "manage_api_keys",
    /// Set up the sites that people sign on by. Who does may let anybody in as anybody, so no key has it, and no role
    /// of an organization's own.
    ManageSignOn = "manage_sign_on",
    /// Make, change and delete roles of the organization's own.
    ManageRoles = "manage_roles",
    /// See and end the sessions of others.
    ManageSessions = "manage_sessions",
    /// Read calendars and service level policies.
    ReadServiceLevels = "read_service_levels",
    /// Make and change calendars and service level policies.
    ManageServiceLevels = "manage_service_levels",
}

impl Principal {
    /// Whether they have the permission.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.has(permission)
    }
}
