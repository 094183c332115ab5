//! A user as their events tell it.

use crate::actor::Role;
use crate::ids::{CompanyId, RoleId, UserId};
use crate::text::{Email, Name};
use serde::{Deserialize, Serialize};

/// What a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// Somebody who signs in.
    #[default]
    Person,
    /// A program with an API key, of the same id. It is made, changed and retired with the key, and by
    /// nothing else but the end of the organization, which erases it.
    Machine,
}

impl UserKind {
    /// Whether it is somebody who signs in.
    #[must_use]
    pub fn is_person(&self) -> bool {
        *self == Self::Person
    }

    /// The name on the wire and on the disk.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Machine => "machine",
        }
    }
}

/// The state of a user's stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum User {
    /// No event yet.
    #[default]
    Absent,
    /// They exist.
    Present(PresentUser),
}

/// A user that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentUser {
    /// What people read.
    pub name: Name,
    /// Where mail reaches them.
    pub email: Option<Email>,
    /// What they may do.
    pub role: Role,
    /// The role of the organization's own that they have within it, if they have one.
    pub role_id: Option<RoleId>,
    /// Whether a person or a machine.
    pub kind: UserKind,
    /// The company that a customer belongs to. Nobody of staff belongs to one.
    pub company_id: Option<CompanyId>,
    /// Whether they may act.
    pub active: bool,
    /// Whether their data is forgotten. It never comes back.
    pub erased: bool,
}

/// The state of the stream that reserves an address: who holds it, if anybody does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EmailClaim {
    /// The holder.
    pub held_by: Option<UserId>,
}
