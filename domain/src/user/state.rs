//! A user as their events tell it.

use crate::actor::Role;
use crate::ids::{CompanyId, UserId};
use crate::text::{Email, Name};

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
