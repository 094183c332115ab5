//! What the events of an organization's service levels mean.

use super::event::ServiceLevelsEvent;
use super::state::ServiceLevels;
use crate::sla::policy::{Policy, PolicyRef};
use chrono::{DateTime, Utc};

/// The state after an event.
#[must_use]
pub fn evolve(
    mut state: ServiceLevels,
    event: &ServiceLevelsEvent,
    _at: DateTime<Utc>,
) -> ServiceLevels {
    match event {
        ServiceLevelsEvent::PolicyCreated(e) => state.policies.push(Policy {
            reference: PolicyRef {
                id: e.policy_id,
                version: 1,
            },
            definition: e.definition.clone(),
        }),
        ServiceLevelsEvent::PolicyChanged(e) => {
            let mut policies = state.policies.iter_mut();
            if let Some(policy) = policies.find(|policy| policy.reference.id == e.policy_id) {
                policy.reference.version = e.version;
                policy.definition = e.definition.clone();
            }
        }
        ServiceLevelsEvent::PolicyDeleted(e) => {
            state
                .policies
                .retain(|policy| policy.reference.id != e.policy_id);
        }
        ServiceLevelsEvent::Reordered(e) => {
            // Those that the event does not name, which no command leaves out, come last.
            let place = |policy: &Policy| {
                let mut order = e.order.iter();
                order
                    .position(|id| *id == policy.reference.id)
                    .unwrap_or(usize::MAX)
            };
            state.policies.sort_by_key(place);
        }
        ServiceLevelsEvent::CalendarAdded(e) => {
            state.calendars.insert(e.calendar_id);
        }
        ServiceLevelsEvent::CalendarRetired(e) => {
            state.calendars.remove(&e.calendar_id);
        }
    }
    state
}
