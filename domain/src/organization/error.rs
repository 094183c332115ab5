//! Why a command to an organization was refused.

use super::role::CustomRole;
use super::settings::SettingsError;
use crate::error::Kind;
use thiserror::Error;

/// A refusal. The message is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OrganizationError {
    /// It was never made.
    #[error("there is no such organization")]
    NotFound,
    /// It was made before.
    #[error("this organization exists already")]
    AlreadyExists,
    /// Only the operator makes organizations.
    #[error("only the operator of the installation may make, suspend or delete an organization")]
    OperatorOnly,
    /// Its people may still be at work.
    #[error("the organization is not suspended: suspend it first")]
    NotSuspended,
    /// It is shut for ever.
    #[error("the organization is deleted; nothing about it can change any more")]
    Deleted,
    /// Only an admin changes them.
    #[error("only an admin may change the organization")]
    AdminOnly,
    /// A role of its own is for staff.
    #[error("customers have one role: choose agent, lead or admin")]
    RoleOfCustomer,
    /// It was made before.
    #[error("this role exists already")]
    RoleExists,
    /// Another role has the name.
    #[error("another role has this name")]
    RoleNameTaken,
    /// Too many roles.
    #[error("an organization has at most {max} roles of its own", max = CustomRole::MAX_ROLES)]
    TooManyRoles,
    /// There is no such role.
    #[error("there is no such role")]
    RoleNotFound,
    /// Somebody has it.
    #[error("somebody has this role: give them another one first")]
    RoleInUse,
    /// A setting is out of its limits.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

impl OrganizationError {
    /// What kind of refusal it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound | Self::RoleNotFound => Kind::NotFound,
            Self::RoleOfCustomer => Kind::invalid("base"),
            Self::RoleExists | Self::RoleNameTaken | Self::TooManyRoles | Self::RoleInUse => {
                Kind::Conflict
            }
            Self::AlreadyExists | Self::NotSuspended | Self::Deleted => Kind::Conflict,
            Self::OperatorOnly | Self::AdminOnly => Kind::Forbidden,
            Self::Settings(error) => Kind::invalid(format!("settings/{}", error.field)),
        }
    }
}
