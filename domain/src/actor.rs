//! Who did something, and in which role.

use crate::ids::UserId;
use serde::{Deserialize, Serialize};

/// What a person may do in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Opens tickets and answers on their own.
    Customer,
    /// Works on the tickets of every customer.
    Agent,
    /// An agent who also sets teams and exports what is held about people.
    Lead,
    /// A lead who also sets users and policies, and erases people.
    Admin,
}

impl Role {
    /// True for those who work on tickets: agents, leads and admins.
    #[must_use]
    pub fn is_staff(self) -> bool {
        match self {
            Self::Customer => false,
            Self::Agent | Self::Lead | Self::Admin => true,
        }
    }

    /// The name on the wire and on the disk.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Agent => "agent",
            Self::Lead => "lead",
            Self::Admin => "admin",
        }
    }
}

/// The originator of a command, recorded with every event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A person, in the role that their token carried.
    User {
        /// The person.
        id: UserId,
        /// The role at that moment.
        role: Role,
    },
    /// A timer of InsightDesk itself (SLA deadline, auto-close).
    Timer,
    /// History taken over from another system. It may make moves that a person may not.
    Import {
        /// The system or file format it came from, for example `servicenow-log`.
        source: String,
        /// Who did it there, in that system's words.
        by: Option<String>,
    },
    /// The operator of the installation, through the command line.
    Operator,
    /// The part of InsightDesk that lets people in: what it sees and does before anybody is known to act, and when it ends
    /// what they may no longer use.
    Identity,
}

impl Actor {
    /// The person behind the command, if a person was.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::User { id, .. } => Some(*id),
            Self::Timer | Self::Import { .. } | Self::Operator | Self::Identity => None,
        }
    }

    /// True for those who work on tickets: agents, leads, admins, and the operator, who may do what an admin may.
    #[must_use]
    pub fn is_staff(&self) -> bool {
        match self {
            Self::User { role, .. } => role.is_staff(),
            Self::Operator => true,
            Self::Timer | Self::Import { .. } | Self::Identity => false,
        }
    }

    /// True for those who set teams: leads, admins and the operator.
    #[must_use]
    pub fn sets_teams(&self) -> bool {
        match self {
            Self::User { role, .. } => matches!(role, Role::Lead | Role::Admin),
            Self::Operator => true,
            Self::Timer | Self::Import { .. } | Self::Identity => false,
        }
    }

    /// True for those who set users and policies: admins and the operator.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        match self {
            Self::User { role, .. } => *role == Role::Admin,
            Self::Operator => true,
            Self::Timer | Self::Import { .. } | Self::Identity => false,
        }
    }

    /// True when history is taken over.
    #[must_use]
    pub fn is_import(&self) -> bool {
        matches!(self, Self::Import { .. })
    }
}
