//! A team as its events tell it.

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
    /// Who is in it, at most [`PresentTeam::MAX_MEMBERS`].
    pub members: BTreeSet<UserId>,
}

impl PresentTeam {
    /// The most members of a team.
    pub const MAX_MEMBERS: usize = 1_000;
}
