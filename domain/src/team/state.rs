//! A team as its events tell it.

use crate::actor::{Actor, Role};
use crate::ids::UserId;
use crate::text::Name;
use std::collections::BTreeSet;

/// The state of a team's stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Team {
    /// No event yet.
    #[default]
    Absent,
    /// It exists.
    Present(PresentTeam),
}

/// A team that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentTeam {
    /// What people read.
    pub name: Name,
    /// Whether only its members, and admins, see it and its tickets.
    pub private: bool,
    /// Who is in it, at most [`PresentTeam::MAX_MEMBERS`].
    pub members: BTreeSet<UserId>,
}

impl PresentTeam {
    /// The most members of a team.
    pub const MAX_MEMBERS: usize = 1_000;

    /// True for an agent or lead who is no member of a private team: for them there is neither the team nor a ticket of it.
    /// Customers see no teams, and their own tickets whoever works on them.
    #[must_use]
    pub fn is_hidden_from(&self, actor: &Actor) -> bool {
        match actor {
            Actor::User {
                id,
                role: Role::Agent | Role::Lead,
            } => self.private && !self.members.contains(id),
            Actor::User {
                role: Role::Customer | Role::Admin,
                ..
            }
            | Actor::Timer
            | Actor::Import { .. }
            | Actor::Operator
            | Actor::Identity => false,
        }
    }
}
