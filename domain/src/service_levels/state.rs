//! The service levels of an organization as its events tell them.

use crate::ids::{CalendarId, PolicyId};
use crate::sla::policy::{self, Policy, PolicyDefinition, TicketFacts};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The state of the stream. Before its first event there are no policies and no calendars.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServiceLevels {
    /// The policies, the first to match first: at most [`ServiceLevels::MAX_POLICIES`].
    pub policies: Vec<Policy>,
    /// The calendars that policies may count by: at most [`ServiceLevels::MAX_CALENDARS`].
    pub calendars: BTreeSet<CalendarId>,
}

impl ServiceLevels {
    /// The most policies of an organization.
    pub const MAX_POLICIES: usize = 100;
    /// The most calendars of an organization that are not retired.
    pub const MAX_CALENDARS: usize = 100;
    /// The most bytes of all policies together: they are kept in memory while the organization is at work.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// The policy that a ticket is under.
    #[must_use]
    pub fn matching(&self, facts: &TicketFacts<'_>) -> Option<&Policy> {
        policy::matching(&self.policies, facts)
    }

    /// A policy of the list.
    #[must_use]
    pub fn policy(&self, id: PolicyId) -> Option<&Policy> {
        self.policies
            .iter()
            .find(|policy| policy.reference.id == id)
    }

    /// The bytes that the policies take, roughly.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let definitions = self.policies.iter().map(|policy| &policy.definition);
        definitions.map(PolicyDefinition::bytes).sum()
    }
}
