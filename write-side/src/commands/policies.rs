//! The organization's service level policies are made, changed, deleted and ordered.

use crate::dispatch::{CommandError, Refusal, StoredAnswer, UseCase, Work};
use domain::company::state::Company;
use domain::ids::PolicyId;
use domain::service_levels;
use domain::service_levels::command::ServiceLevelsCommand;
use domain::service_levels::state::ServiceLevels;
use domain::sla::policy::{Condition, Conditions, Policy, PolicyDefinition, Target};
use domain::sla::warning::Action;
use domain::team::state::Team;
use domain::text::Name;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const NOT_FOUND: Refusal = Refusal::NotFound { what: "policy" };

/// A policy after a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyAnswer {
    /// The version of the stream of the organization's service levels.
    pub version: i64,
    /// The policy.
    pub policy: Policy,
}

impl StoredAnswer for PolicyAnswer {}

impl PolicyAnswer {
    async fn of(work: &mut Work<'_>, id: PolicyId) -> Result<Self, CommandError> {
        let stream = stream(work);
        let version = work.version(stream).get();
        let state = work.state::<ServiceLevels>(stream).await?;
        let policy = state.policy(id).ok_or(NOT_FOUND)?.clone();
        Ok(Self { version, policy })
    }
}

/// All policies after a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoliciesAnswer {
    /// The version of the stream of the organization's service levels.
    pub version: i64,
    /// The policies, the first to match first.
    pub policies: Vec<Policy>,
}

impl StoredAnswer for PoliciesAnswer {}

impl PoliciesAnswer {
    async fn of(work: &mut Work<'_>) -> Result<Self, CommandError> {
        let stream = stream(work);
        let version = work.version(stream).get();
        let state = work.state::<ServiceLevels>(stream).await?;
        let policies = state.policies.clone();
        Ok(Self { version, policies })
    }
}

/// Adds a policy at the end of the list.
#[derive(Debug, Clone)]
pub struct CreatePolicy {
    /// Its id, fresh.
    pub policy_id: PolicyId,
    /// What it says.
    pub definition: PolicyDefinition,
}

impl UseCase for CreatePolicy {
    type Answer = PolicyAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<PolicyAnswer, CommandError> {
        let stream = stream(work);
        work.address(stream);
        check_conditions(work, &self.definition.conditions).await?;
        check_targets(work, &self.definition.targets).await?;
        let command = ServiceLevelsCommand::CreatePolicy {
            policy_id: self.policy_id,
            definition: self.definition.clone(),
        };
        work.issue::<ServiceLevels>(stream, command).await?;
        PolicyAnswer::of(work, self.policy_id).await
    }
}

/// Changes what is given of a policy.
#[derive(Debug, Clone)]
pub struct ChangePolicy {
    /// The policy.
    pub policy_id: PolicyId,
    /// The new name.
    pub name: Option<Name>,
    /// For which tickets it is from now on.
    pub conditions: Option<Conditions>,
    /// What it promises from now on.
    pub targets: Option<Vec<Target>>,
}

impl UseCase for ChangePolicy {
    type Answer = PolicyAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<PolicyAnswer, CommandError> {
        let stream = stream(work);
        work.address(stream);
        let state = work.state::<ServiceLevels>(stream).await?;
        let present = state.policy(self.policy_id).ok_or(NOT_FOUND)?;
        let definition = self.applied_to(&present.definition);
        // What the policy says already may name what is gone by now.
        if let Some(conditions) = &self.conditions {
            check_conditions(work, conditions).await?;
        }
        if let Some(targets) = &self.targets {
            check_targets(work, targets).await?;
        }
        let command = ServiceLevelsCommand::ChangePolicy {
            policy_id: self.policy_id,
            definition,
        };
        work.issue::<ServiceLevels>(stream, command).await?;
        PolicyAnswer::of(work, self.policy_id).await
    }
}

impl ChangePolicy {
    fn applied_to(&self, present: &PolicyDefinition) -> PolicyDefinition {
        let given = self.clone();
        PolicyDefinition {
            name: given.name.unwrap_or_else(|| present.name.clone()),
            conditions: given
                .conditions
                .unwrap_or_else(|| present.conditions.clone()),
            targets: given.targets.unwrap_or_else(|| present.targets.clone()),
        }
    }
}

/// Takes a policy out of the list.
#[derive(Debug, Clone, Copy)]
pub struct DeletePolicy {
    /// The policy.
    pub policy_id: PolicyId,
}

impl UseCase for DeletePolicy {
    type Answer = PoliciesAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<PoliciesAnswer, CommandError> {
        let stream = stream(work);
        work.address(stream);
        let policy_id = self.policy_id;
        let command = ServiceLevelsCommand::DeletePolicy { policy_id };
        work.issue::<ServiceLevels>(stream, command).await?;
        PoliciesAnswer::of(work).await
    }
}

/// Puts the list into another order.
#[derive(Debug, Clone)]
pub struct ReorderPolicies {
    /// Every policy, each once, the first to match first.
    pub order: Vec<PolicyId>,
}

impl UseCase for ReorderPolicies {
    type Answer = PoliciesAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<PoliciesAnswer, CommandError> {
        let stream = stream(work);
        work.address(stream);
        let order = self.order.clone();
        let command = ServiceLevelsCommand::ReorderPolicies { order };
        work.issue::<ServiceLevels>(stream, command).await?;
        PoliciesAnswer::of(work).await
    }
}

fn stream(work: &Work<'_>) -> Uuid {
    service_levels::stream_id(work.organization_id())
}

/// Refuses conditions that name what the organization does not have.
async fn check_conditions(work: &Work<'_>, conditions: &Conditions) -> Result<(), CommandError> {
    let lists = [("all", &conditions.all), ("any", &conditions.any)];
    for (list, conditions) in lists {
        for (index, condition) in conditions.iter().enumerate() {
            let pointer = format!("/conditions/{list}/{index}");
            check_condition(work, condition, &pointer).await?;
        }
    }
    Ok(())
}

/// Refuses warnings that name a team which the organization does not have.
async fn check_targets(work: &Work<'_>, targets: &[Target]) -> Result<(), CommandError> {
    for (target, promised) in targets.iter().enumerate() {
        for (warning, warned) in promised.warnings.iter().enumerate() {
            for (action, done) in warned.actions.iter().enumerate() {
                let Action::AssignTeam { team_id } = done else {
                    continue;
                };
                let known = work.reference::<Team>(team_id.0).await?;
                if known.state == Team::Absent {
                    let pointer =
                        format!("/targets/{target}/warnings/{warning}/actions/{action}/team_id");
                    return Err(
                        Refusal::invalid(pointer, "must be a team of this organization").into(),
                    );
                }
            }
        }
    }
    Ok(())
}

async fn check_condition(
    work: &Work<'_>,
    condition: &Condition,
    pointer: &str,
) -> Result<(), CommandError> {
    match condition {
        Condition::Priority(_) | Condition::Channel(_) | Condition::Tag(_) => Ok(()),
        Condition::Team(test) => {
            for (index, id) in test.values().unwrap_or_default().iter().enumerate() {
                let known = work.reference::<Team>(id.0).await?;
                let is_there = known.state != Team::Absent;
                check(is_there, pointer, index, "a team of this organization")?;
            }
            Ok(())
        }
        Condition::Company(test) => {
            for (index, id) in test.values().unwrap_or_default().iter().enumerate() {
                let known = work.reference::<Company>(id.0).await?;
                let is_there = known.state != Company::Absent;
                check(is_there, pointer, index, "a company of this organization")?;
            }
            Ok(())
        }
        Condition::CustomField(field) => {
            let Some(definition) = work.settings().custom_fields.get(&field.key) else {
                let detail = "is not a custom field of this organization";
                return Err(Refusal::invalid(format!("{pointer}/key"), detail).into());
            };
            let words = field.test.values().unwrap_or_default().iter();
            for (index, word) in words.enumerate() {
                let fits = word.fits(&definition.kind);
                check(fits, pointer, index, definition.kind.expected())?;
            }
            Ok(())
        }
    }
}

fn check(holds: bool, pointer: &str, index: usize, wanted: &str) -> Result<(), CommandError> {
    if holds {
        return Ok(());
    }
    let pointer = format!("{pointer}/values/{index}");
    Err(Refusal::invalid(pointer, format!("must be {wanted}")).into())
}
