//! Events of a team's stream.

use crate::event::events;
use crate::ids::UserId;
use crate::text::Name;
use serde::{Deserialize, Serialize};

events! {
    /// What happened to a team.
    TeamEvent {
        /// It was made.
        Created(TeamCreated) = "team.created" v 1,
        /// It got another name.
        Renamed(TeamRenamed) = "team.renamed" v 1,
        /// It became private, or ceased to be.
        PrivacySet(TeamPrivacySet) = "team.privacy_set" v 1,
        /// An agent joined it.
        MemberAdded(TeamMemberAdded) = "team.member_added" v 1,
        /// An agent left it.
        MemberRemoved(TeamMemberRemoved) = "team.member_removed" v 1,
    }
}

/// A team was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamCreated {
    /// What people read.
    pub name: Name,
}

/// A team got another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamRenamed {
    /// The old name.
    pub from: Name,
    /// The new name.
    pub to: Name,
}

/// A team became private, or ceased to be. A team of which this was never told is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamPrivacySet {
    /// Whether only its members see it and its tickets.
    pub private: bool,
}

/// An agent joined a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamMemberAdded {
    /// The agent.
    pub user_id: UserId,
}

/// An agent left a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamMemberRemoved {
    /// The agent.
    pub user_id: UserId,
}
