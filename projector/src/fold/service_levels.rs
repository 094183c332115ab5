//! The policies of an organization as they are now, and what each said before.

use domain::ids::PolicyId;
use domain::service_levels::event::ServiceLevelsEvent;
use domain::service_levels::evolve::evolve;
use domain::service_levels::state::ServiceLevels;
use domain::sla::policy::PolicyDefinition;
use platform::rows::{PolicyVersionRow, ServiceLevelsRow};
use tokio_postgres::types::Json;

use crate::event::Event;
use crate::state::State;

/// Applies an event of the stream of an organization's service levels.
pub fn apply(state: &mut State, event: &Event, change: &ServiceLevelsEvent) {
    match change {
        ServiceLevelsEvent::PolicyCreated(e) => {
            add_version(state, event, e.policy_id, 1, &e.definition);
        }
        ServiceLevelsEvent::PolicyChanged(e) => {
            add_version(state, event, e.policy_id, e.version, &e.definition);
        }
        ServiceLevelsEvent::PolicyDeleted(_)
        | ServiceLevelsEvent::Reordered(_)
        | ServiceLevelsEvent::CalendarAdded(_)
        | ServiceLevelsEvent::CalendarRetired(_) => {}
    }
    let org = event.org_id;
    match state.service_levels.change(org) {
        Some(row) => {
            let before = std::mem::take(&mut row.state.0);
            row.state = Json(evolve(before, change, event.occurred_at));
            row.version = event.version;
            row.updated_at = row.updated_at.max(event.occurred_at);
        }
        None => {
            let first = evolve(ServiceLevels::default(), change, event.occurred_at);
            let row = ServiceLevelsRow {
                org_id: org,
                state: Json(first),
                version: event.version,
                updated_at: event.occurred_at,
            };
            state.service_levels.insert(org, row);
        }
    }
}

fn add_version(
    state: &mut State,
    event: &Event,
    policy_id: PolicyId,
    version: u32,
    definition: &PolicyDefinition,
) {
    state.policy_versions.push(PolicyVersionRow {
        org_id: event.org_id,
        policy_id,
        // Counted one by one from 1.
        policy_version: i32::try_from(version).unwrap_or(i32::MAX),
        definition: Json(definition.clone()),
        valid_from: event.occurred_at,
    });
}
