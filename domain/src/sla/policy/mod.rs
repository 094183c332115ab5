//! Service level policies: which tickets a policy is for, and what it promises them.
//!
//! An organization has an ordered list of them, and the first one that matches a ticket holds. A policy gets the next version
//! number with each change of what it says; its place in the list is no part of it.

mod bounds;
pub mod condition;
pub mod definition;
pub mod target;

pub use bounds::PolicyError;
pub use condition::{Choice, Condition, FieldTest, FieldWord, Presence, TicketFacts};
pub use definition::{Conditions, PolicyDefinition};
pub use target::{Target, TargetError, WarningError};

use crate::ids::PolicyId;
use serde::{Deserialize, Serialize};

/// Names what a policy said at a time, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PolicyRef {
    /// The policy.
    pub id: PolicyId,
    /// Which version of it, from 1.
    pub version: u32,
}

/// A policy of an organization's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its id and version.
    #[serde(flatten)]
    pub reference: PolicyRef,
    /// What it says.
    #[serde(flatten)]
    pub definition: PolicyDefinition,
}

/// The first policy of an ordered list that matches a ticket.
#[must_use]
pub fn matching<'a>(policies: &'a [Policy], facts: &TicketFacts<'_>) -> Option<&'a Policy> {
    policies
        .iter()
        .find(|policy| policy.definition.conditions.hold(facts))
}
