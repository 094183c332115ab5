//! Events of a user's stream, and of the stream that reserves an e-mail address.

use super::state::UserKind;
use crate::actor::Role;
use crate::event::events;
use crate::ids::{CompanyId, RoleId, UserId};
use crate::text::{Email, Name, Reason};
use serde::{Deserialize, Serialize};

events! {
    /// What happened to a user.
    UserEvent {
        /// They joined.
        Created(UserCreated) = "user.created" v 1,
        /// They got another name.
        Renamed(UserRenamed) = "user.renamed" v 1,
        /// They got another address.
        EmailChanged(UserEmailChanged) = "user.email_changed" v 1,
        /// They got another role.
        RoleChanged(UserRoleChanged) = "user.role_changed" v 1,
        /// They belong to another company, or to none.
        CompanySet(UserCompanySet) = "user.company_set" v 1,
        /// They may no longer act.
        Deactivated(UserDeactivated) = "user.deactivated" v 1,
        /// They may act again.
        Reactivated(UserReactivated) = "user.reactivated" v 1,
        /// Everything that identifies them is forgotten.
        Erased(SubjectErased) = "subject.erased" v 1,
    }
}

events! {
    /// What happened to an e-mail address of an organization.
    EmailClaimEvent {
        /// A user took it.
        Claimed(EmailClaimed) = "email.claimed" v 1,
        /// It is free again.
        Released(EmailReleased) = "email.released" v 1,
    }
}

/// A user joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserCreated {
    /// What people read.
    pub name: Name,
    /// Where mail reaches them, if known. Imported people have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// What they may do.
    pub role: Role,
    /// Whether a person or a machine.
    #[serde(default, skip_serializing_if = "UserKind::is_person")]
    pub kind: UserKind,
}

/// A user got another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRenamed {
    /// The old name.
    pub from: Name,
    /// The new name.
    pub to: Name,
}

/// A user got another address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserEmailChanged {
    /// The old address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Email>,
    /// The new address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Email>,
}

/// A user got another role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRoleChanged {
    /// The old role.
    pub from: Role,
    /// The new role.
    pub to: Role,
    /// The role of the organization's own that they had within the old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_role_id: Option<RoleId>,
    /// The role of the organization's own that they have within the new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_role_id: Option<RoleId>,
}

/// A customer belongs to another company, or to none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserCompanySet {
    /// The company before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<CompanyId>,
    /// The company from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<CompanyId>,
}

/// A user may no longer act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserDeactivated {}

/// A user may act again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserReactivated {}

/// A person's data is forgotten: the key that their texts were sealed with is destroyed. They may no longer act, and nothing
/// about them changes any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectErased {
    /// Why.
    pub reason: Reason,
}

/// An address was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailClaimed {
    /// By whom.
    pub user_id: UserId,
}

/// An address is free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailReleased {
    /// Who had it.
    pub user_id: UserId,
}
