//! What may be asked of an organization.

use super::role::RoleCommand;
use super::settings::Settings;
use crate::text::{Name, Slug};

/// A command to an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrganizationCommand {
    /// Make it. Only the operator may.
    Create {
        /// What people read.
        name: Name,
        /// Its short name.
        slug: Slug,
    },
    /// Change what is given, leave the rest. Only an admin may.
    Update {
        /// The new name.
        name: Option<Name>,
        /// The new settings, whole.
        settings: Option<Settings>,
    },
    /// Change its own roles. Only an admin may.
    Role(RoleCommand),
    /// Shut its people out, for the time being. Only the operator may.
    Suspend,
    /// Let its people in again. Only the operator may.
    Resume,
    /// Shut it for ever. Only the operator may, and only once it is suspended.
    Delete,
}
