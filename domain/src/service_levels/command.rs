//! What may be asked of an organization's service levels.

use crate::ids::{CalendarId, PolicyId};
use crate::sla::policy::PolicyDefinition;

/// A command to the service levels. Only admins and the operator may issue one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceLevelsCommand {
    /// Add a policy at the end of the list.
    CreatePolicy {
        /// Its id, fresh.
        policy_id: PolicyId,
        /// What it says.
        definition: PolicyDefinition,
    },
    /// Make a policy say something else. Its place stays.
    ChangePolicy {
        /// Which.
        policy_id: PolicyId,
        /// What it says from now on, whole.
        definition: PolicyDefinition,
    },
    /// Take a policy out of the list.
    DeletePolicy {
        /// Which.
        policy_id: PolicyId,
    },
    /// Put the list into another order.
    ReorderPolicies {
        /// Every policy, each once.
        order: Vec<PolicyId>,
    },
    /// Let policies count by a calendar that is made in the same moment.
    AddCalendar {
        /// Which.
        calendar_id: CalendarId,
    },
    /// Let no policy count by a calendar any more, which is retired in the same moment.
    RetireCalendar {
        /// Which.
        calendar_id: CalendarId,
    },
}
