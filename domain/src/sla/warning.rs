//! Warnings: what is done before a deadline is missed, or when it is.
//!
//! A clock warns of each threshold at most once each time that it is begun, whatever is promised meanwhile: a threshold is
//! known by its value, so that the same one of another policy is the same.

use super::Metric;
use super::policy::PolicyRef;
use crate::ids::{TeamId, UserId};
use crate::text::{Email, EventName, Tag};
use crate::ticket::state::Priority;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// When a clock warns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// Once so much of the target is used, in percent: from 1 to 100, which is the deadline.
    Percent(u8),
    /// Once no more than so many seconds are left, of the time that the clock counts; 0 is the deadline.
    SecondsBefore(u32),
}

impl Threshold {
    /// What a clock has used when it comes to the threshold, in milliseconds. Rounded up: a warning is never early.
    #[must_use]
    pub fn used_ms(self, target_ms: i64) -> i64 {
        match self {
            Self::Percent(percent) => {
                let (whole, rest) = (target_ms / 100, target_ms % 100);
                let percent = i64::from(percent);
                whole * percent + (rest * percent + 99) / 100
            }
            Self::SecondsBefore(seconds) => (target_ms - i64::from(seconds) * 1_000).max(0),
        }
    }

    /// Whether a target of so many seconds can have it.
    #[must_use]
    pub fn fits(self, target_s: u32) -> bool {
        match self {
            Self::Percent(percent) => (1..=100).contains(&percent),
            Self::SecondsBefore(seconds) => seconds < target_s,
        }
    }
}

/// What is done at a threshold. That it was reached is an event in any case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Write to the agent who has the ticket before the other actions.
    NotifyAssignee,
    /// Write to the members of the team that has the ticket after the other actions.
    NotifyTeam,
    /// Write to an address.
    NotifyAddress {
        /// Whose mail it is, the organization knows.
        address: Email,
    },
    /// Make it more urgent; what is as urgent already stays as it is.
    RaisePriority {
        /// How urgent; the next priority without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Priority>,
    },
    /// Give it to a team, and to nobody of it yet. A ticket that the team has already stays with its agent.
    AssignTeam {
        /// Which.
        team_id: TeamId,
    },
    /// Add a tag, if there is room for it.
    AddTag {
        /// Which.
        tag: Tag,
    },
    /// Tell programs: the event of the warning carries a name.
    EmitEvent {
        /// The name, which the organization chose.
        event: EventName,
    },
}

/// A threshold of a target, and what is done at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// When.
    pub threshold: Threshold,
    /// What, each kind in the order of the list. Without any, the event alone tells of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
}

impl Warning {
    /// The most warnings of a target.
    pub const MAX: usize = 10;
    /// The most actions of a warning.
    pub const MAX_ACTIONS: usize = 10;

    /// The bytes of the words in it.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        let words = self.actions.iter().map(|action| match action {
            Action::NotifyAddress { address } => address.as_str().len(),
            Action::AddTag { tag } => tag.as_str().len(),
            Action::EmitEvent { event } => event.as_str().len(),
            Action::NotifyAssignee
            | Action::NotifyTeam
            | Action::RaisePriority { .. }
            | Action::AssignTeam { .. } => 0,
        });
        words.sum()
    }
}

/// A warning that a ticket's rule holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedWarning {
    /// Which clock warns.
    pub metric: Metric,
    /// When, and what is done.
    #[serde(flatten)]
    pub warning: Warning,
}

/// A threshold that a clock came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warned {
    /// Which.
    pub threshold: Threshold,
    /// When it was due.
    pub due_at: DateTime<Utc>,
    /// When the warning was given.
    pub at: DateTime<Utc>,
}

/// A warning that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueWarning {
    /// Of which clock.
    pub metric: Metric,
    /// What is done.
    pub warning: Warning,
    /// When it was due.
    pub due_at: DateTime<Utc>,
    /// The deadline that it warns of.
    pub deadline_at: DateTime<Utc>,
    /// By which policy.
    pub policy: Option<PolicyRef>,
}

/// To whom a warning is written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Recipients {
    /// The agent who had the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<UserId>,
    /// The team that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    /// Addresses that the policy names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Email>,
}

impl Recipients {
    /// True when it is written to nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a warning changed: each is an event that follows it in the same append.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The priority.
    PriorityRaised,
    /// The team.
    TeamAssigned,
    /// A tag.
    Tagged,
}
