//! What the commands to an organization's service levels may do.

use super::command::ServiceLevelsCommand;
use super::error::ServiceLevelsError;
use super::event::{
    ServiceLevelsCalendarAdded, ServiceLevelsCalendarRetired, ServiceLevelsEvent,
    SlaPoliciesReordered, SlaPolicyChanged, SlaPolicyCreated, SlaPolicyDeleted,
};
use super::state::ServiceLevels;
use crate::command::Issued;
use crate::ids::{CalendarId, PolicyId};
use crate::sla::policy::PolicyDefinition;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The events that a command yields; none when it changes nothing.
///
/// # Errors
/// When the command is refused. Permission comes first, so that a refusal does not tell what there is.
pub fn decide(
    state: &ServiceLevels,
    _id: Uuid,
    issued: &Issued<ServiceLevelsCommand>,
) -> Result<Vec<ServiceLevelsEvent>, ServiceLevelsError> {
    if !issued.actor.is_admin() {
        return Err(ServiceLevelsError::AdminOnly);
    }
    match &issued.command {
        ServiceLevelsCommand::CreatePolicy {
            policy_id,
            definition,
        } => create(state, *policy_id, definition),
        ServiceLevelsCommand::ChangePolicy {
            policy_id,
            definition,
        } => change(state, *policy_id, definition),
        ServiceLevelsCommand::DeletePolicy { policy_id } => delete(state, *policy_id),
        ServiceLevelsCommand::ReorderPolicies { order } => reorder(state, order),
        ServiceLevelsCommand::AddCalendar { calendar_id } => add_calendar(state, *calendar_id),
        ServiceLevelsCommand::RetireCalendar { calendar_id } => {
            retire_calendar(state, *calendar_id)
        }
    }
}

fn create(
    state: &ServiceLevels,
    policy_id: PolicyId,
    definition: &PolicyDefinition,
) -> Result<Vec<ServiceLevelsEvent>, ServiceLevelsError> {
    if state.policy(policy_id).is_some() {
        return Err(ServiceLevelsError::PolicyExists);
    }
    check(state, policy_id, definition)?;
    if state.policies.len() >= ServiceLevels::MAX_POLICIES {
        return Err(ServiceLevelsError::TooManyPolicies);
    }
    let definition = definition.clone();
    Ok(vec![
        SlaPolicyCreated {
            policy_id,
            definition,
        }
        .into(),
    ])
}

fn change(
    state: &ServiceLevels,
    policy_id: PolicyId,
    definition: &PolicyDefinition,
) -> Result<Vec<ServiceLevelsEvent>, ServiceLevelsError> {
    let present = state.policy(policy_id);
    let present = present.ok_or(ServiceLevelsError::PolicyNotFound)?;
    if present.definition == *definition {
        return Ok(Vec::new());
    }
    check(state, policy_id, definition)?;
    Ok(vec![
        SlaPolicyChanged {
            policy_id,
            version: present.reference.version.saturating_add(1),
            definition: definition.clone(),
        }
        .into(),
    ])
}

/// Whether a policy may say this, beside the others of the list.
fn check(
    state: &ServiceLevels,
    policy_id: PolicyId,
    definition: &PolicyDefinition,
) -> Result<(), ServiceLevelsError> {
    definition.check()?;
    let others = || {
        let policies = state.policies.iter();
        policies.filter(move |policy| policy.reference.id != policy_id)
    };
    if others().any(|policy| policy.definition.name == definition.name) {
        return Err(ServiceLevelsError::NameTaken);
    }
    let mut targets = definition.targets.iter();
    let unknown = targets.position(|target| {
        target
            .calendar_id
            .is_some_and(|id| !state.calendars.contains(&id))
    });
    if let Some(target) = unknown {
        return Err(ServiceLevelsError::CalendarNotFound { target });
    }
    let of_others: usize = others().map(|policy| policy.definition.bytes()).sum();
    if of_others + definition.bytes() > ServiceLevels::MAX_BYTES {
        return Err(ServiceLevelsError::TooLarge);
    }
    Ok(())
}

fn delete(
    state: &ServiceLevels,
    policy_id: PolicyId,
) -> Result<Vec<ServiceLevelsEvent>, ServiceLevelsError> {
    let policy = state.policy(policy_id);
    let policy = policy.ok_or(ServiceLevelsError::PolicyNotFound)?;
    let name = policy.definition.name.clone();
    Ok(vec![SlaPolicyDeleted { policy_id, name }.into()])
}

fn reorder(
    state: &ServiceLevels,
    order: &[PolicyId],
) -> Result<Vec<ServiceLevelsEvent>, ServiceLevelsError> {
    let present: Vec<_> = state
        .policies
        .iter()
        .map(|policy| policy.reference.id)
        .collect();
    if present == order {
        return Ok(Vec::new());
    }
    let named: BTreeSet<_> = order.iter().collect();
    if order.len() != present.len() || named != present.iter().collect() {
        return Err(ServiceLevelsError::NoPermutation);
    }
    let order = order.to_vec();
    Ok(vec![SlaPoliciesReordered { order }.into()])
}

fn add_calendar(
    state: &ServiceLevels,
    calendar_id: CalendarId,
) -> Result<Vec<ServiceLevelsEvent>, ServiceLevelsError> {
    if state.calendars.contains(&calendar_id) {
        return Err(ServiceLevelsError::CalendarExists);
    }
    if state.calendars.len() >= ServiceLevels::MAX_CALENDARS {
        return Err(ServiceLevelsError::TooManyCalendars);
    }
    Ok(vec![ServiceLevelsCalendarAdded { calendar_id }.into()])
}

/// A second time changes nothing.
fn retire_calendar(
    state: &ServiceLevels,
    calendar_id: CalendarId,
) -> Result<Vec<ServiceLevelsEvent>, ServiceLevelsError> {
    if !state.calendars.contains(&calendar_id) {
        return Ok(Vec::new());
    }
    let mut policies = state.policies.iter();
    if let Some(user) = policies.find(|it| it.definition.calendars().contains(&calendar_id)) {
        let policy = user.definition.name.to_string();
        return Err(ServiceLevelsError::CalendarInUse { policy });
    }
    Ok(vec![ServiceLevelsCalendarRetired { calendar_id }.into()])
}
