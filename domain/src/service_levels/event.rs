//! Events of the stream of an organization's service levels.

use crate::event::events;
use crate::ids::{CalendarId, PolicyId};
use crate::sla::policy::PolicyDefinition;
use crate::text::Name;
use serde::{Deserialize, Serialize};

events! {
    /// What happened to an organization's service levels.
    ServiceLevelsEvent {
        /// A policy was added at the end of the list.
        PolicyCreated(SlaPolicyCreated) = "sla_policy.created" v 1,
        /// A policy says something else. Carries all of it, so that each version stands alone.
        PolicyChanged(SlaPolicyChanged) = "sla_policy.changed" v 1,
        /// A policy is gone.
        PolicyDeleted(SlaPolicyDeleted) = "sla_policy.deleted" v 1,
        /// The list is in another order.
        Reordered(SlaPoliciesReordered) = "sla_policies.reordered" v 1,
        /// Policies may count by a calendar.
        CalendarAdded(ServiceLevelsCalendarAdded) = "service_levels.calendar_added" v 1,
        /// No policy may count by a calendar any more.
        CalendarRetired(ServiceLevelsCalendarRetired) = "service_levels.calendar_retired" v 1,
    }
}

/// A policy was added at the end of the list. It is at version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaPolicyCreated {
    /// The policy.
    pub policy_id: PolicyId,
    /// What it says.
    #[serde(flatten)]
    pub definition: PolicyDefinition,
}

/// A policy says something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaPolicyChanged {
    /// The policy.
    pub policy_id: PolicyId,
    /// Its version from now on.
    pub version: u32,
    /// What it says from now on.
    #[serde(flatten)]
    pub definition: PolicyDefinition,
}

/// A policy is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaPolicyDeleted {
    /// The policy.
    pub policy_id: PolicyId,
    /// What people read.
    pub name: Name,
}

/// The list is in another order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaPoliciesReordered {
    /// Every policy, the first to match first.
    pub order: Vec<PolicyId>,
}

/// Policies may count by a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceLevelsCalendarAdded {
    /// Which.
    pub calendar_id: CalendarId,
}

/// No policy may count by a calendar any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceLevelsCalendarRetired {
    /// Which.
    pub calendar_id: CalendarId,
}
