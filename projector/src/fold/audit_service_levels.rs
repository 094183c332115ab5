//! What the audit tells of calendars and policies.

use domain::calendar::definition::CalendarDefinition;
use domain::calendar::event::CalendarEvent;
use domain::ids::{CalendarId, OrganizationId, PolicyId};
use domain::service_levels::event::ServiceLevelsEvent;
use domain::sla::policy::PolicyDefinition;
use platform::rows::{ACTOR, FROM, TO};
use serde::Serialize;
use serde_json::{Map, Value};

use super::audit::Fact;
use crate::event::Event;
use crate::state::State;

/// What happened to a calendar.
pub(super) fn of_calendar(state: &State, event: &Event, change: &CalendarEvent) -> Fact {
    let id = event.stream_id;
    let row = state.calendars.get((event.org_id, CalendarId(id)));
    let told = |summary: String| Fact::new("calendar", id, summary);
    match change {
        CalendarEvent::Created(e) => {
            let fact = told(format!("{ACTOR} made the calendar {TO}"));
            let fact = fact.changing("name", Value::Null, e.name.as_str());
            with_fields(fact, None::<&CalendarDefinition>, Some(&e.definition))
        }
        CalendarEvent::Changed(e) => {
            let name = row.map(|row| row.name.clone());
            let fact = told(format!("{ACTOR} changed the calendar {TO}"));
            let fact = fact.changing("name", name, e.name.as_str());
            with_fields(fact, row.map(|row| &row.definition.0), Some(&e.definition))
        }
        CalendarEvent::Retired(_) => {
            let name = row.map(|row| row.name.clone());
            told(format!("{ACTOR} retired the calendar {FROM}")).changing("name", name, Value::Null)
        }
    }
}

/// What happened to the policies. That policies may count by a calendar is told of the calendar.
pub(super) fn of_change(state: &State, event: &Event, change: &ServiceLevelsEvent) -> Option<Fact> {
    let org = event.org_id;
    let told = |id: PolicyId, summary: String| Fact::new("policy", id.0, summary);
    let fact = match change {
        ServiceLevelsEvent::PolicyCreated(e) => {
            let fact = told(e.policy_id, format!("{ACTOR} made the policy {TO}"));
            let fact = fact.changing("name", Value::Null, e.definition.name.as_str());
            with_fields(fact, None, Some(&e.definition))
        }
        ServiceLevelsEvent::PolicyChanged(e) => {
            let before = definition(state, org, e.policy_id);
            let name = before.map(|before| before.name.to_string());
            let fact = told(e.policy_id, format!("{ACTOR} changed the policy {TO}"));
            let fact = fact.changing("name", name, e.definition.name.as_str());
            with_fields(fact, before, Some(&e.definition))
        }
        ServiceLevelsEvent::PolicyDeleted(e) => {
            let before = definition(state, org, e.policy_id);
            let fact = told(e.policy_id, format!("{ACTOR} deleted the policy {FROM}"));
            let fact = fact.changing("name", e.name.as_str(), Value::Null);
            with_fields(fact, before, None)
        }
        ServiceLevelsEvent::Reordered(e) => {
            let name = |id: &PolicyId| definition(state, org, *id).map(|it| it.name.to_string());
            let order: Vec<_> = e.order.iter().filter_map(name).collect();
            let row = state.service_levels.get(org);
            let policies = row.map(|row| row.state.0.policies.as_slice());
            let names = policies.unwrap_or_default().iter();
            let before: Vec<_> = names.map(|it| it.definition.name.to_string()).collect();
            Fact::new(
                "organization",
                org.0,
                format!("{ACTOR} put the policies into another order"),
            )
            .changing("policies", before, order)
        }
        ServiceLevelsEvent::CalendarAdded(_) | ServiceLevelsEvent::CalendarRetired(_) => {
            return None;
        }
    };
    Some(fact)
}

fn definition(state: &State, org: OrganizationId, id: PolicyId) -> Option<&PolicyDefinition> {
    let row = state.service_levels.get(org)?;
    Some(&row.state.0.policy(id)?.definition)
}

/// The fields that differ, but for the name, one a top-level field.
fn with_fields<T: Serialize>(fact: Fact, before: Option<&T>, after: Option<&T>) -> Fact {
    let (before, after) = (fields(before), fields(after));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let names = names.into_iter().filter(|name| *name != "name");
    names.fold(fact, |fact, name| {
        let side = |fields: &Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
        let (from, to) = (side(&before), side(&after));
        if from == to {
            return fact;
        }
        fact.changing(name.as_str(), from, to)
    })
}

fn fields<T: Serialize>(definition: Option<&T>) -> Map<String, Value> {
    // Definitions have a JSON form: they are recorded in it.
    match definition.map(serde_json::to_value) {
        Some(Ok(Value::Object(fields))) => fields,
        _ => Map::new(),
    }
}
