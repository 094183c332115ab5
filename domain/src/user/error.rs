//! Why a command to a user was refused.

use crate::error::Kind;
use thiserror::Error;

/// A refusal. The message is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UserError {
    /// They never joined.
    #[error("there is no such user")]
    NotFound,
    /// They joined before.
    #[error("this user exists already")]
    AlreadyExists,
    /// Only an admin sets users; everybody may change their own name.
    #[error("only an admin may set users; you may change your own name")]
    AdminOnly,
    /// An admin may not take their own admin role, so that an organization cannot lock itself out.
    #[error("you may not give up your own admin role; ask another admin")]
    OwnRole,
    /// An admin may not deactivate themself, so that an organization cannot lock itself out.
    #[error("you may not deactivate yourself; ask another admin")]
    OwnDeactivation,
    /// Only an admin erases.
    #[error("only an admin may erase a person's data")]
    EraseByAdminOnly,
    /// An admin may not erase themself, so that an organization cannot lock itself out.
    #[error("you may not erase yourself; ask another admin")]
    OwnErasure,
    /// A machine is made, changed and retired with its API key, by admins alone.
    #[error("only an admin may make, change and revoke API keys")]
    MachineByAdminOnly,
    /// It is not a person.
    #[error("this user is the machine of an API key: change or revoke the key")]
    Machine,
    /// It is not a machine.
    #[error("this user is a person, and has no API key")]
    NoMachine,
    /// Only leads and admins group customers.
    #[error("only a lead or an admin may group customers into companies")]
    GroupingNotAllowed,
    /// Staff belong to no company.
    #[error("only customers belong to companies")]
    NoCustomer,
    /// Their data is forgotten.
    #[error("this person's data was erased; nothing about them can change any more")]
    Erased,
    /// Another user of the organization has the address.
    #[error("another user has this e-mail address")]
    EmailTaken,
}

impl UserError {
    /// What kind of refusal it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::AdminOnly
            | Self::OwnRole
            | Self::OwnDeactivation
            | Self::EraseByAdminOnly
            | Self::MachineByAdminOnly
            | Self::GroupingNotAllowed
            | Self::OwnErasure => Kind::Forbidden,
            Self::AlreadyExists
            | Self::EmailTaken
            | Self::NoCustomer
            | Self::Erased
            | Self::Machine
            | Self::NoMachine => Kind::Conflict,
        }
    }
}
