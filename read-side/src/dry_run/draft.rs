//! A draft of a policy among the policies of an organization.

use domain::ids::PolicyId;
use domain::service_levels::state::ServiceLevels;
use domain::sla::policy::{
    Conditions, Policy, PolicyDefinition, PolicyError, PolicyRef, Target, TicketFacts,
};
use domain::text::Name;
use std::sync::Arc;
use thiserror::Error;

/// What is to be tried out: a new policy, or another form or place of one that there is.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Draft {
    /// The policy that there is; none for a new one.
    pub policy_id: Option<PolicyId>,
    /// For which tickets it would be; what the policy says already when left out, every ticket for a new one.
    pub conditions: Option<Conditions>,
    /// What it would promise; what the policy says already when left out.
    pub targets: Option<Vec<Target>>,
    /// Its place in the list, from 1; where the policy is when left out, the end for a new one.
    pub position: Option<usize>,
}

/// Why a draft cannot be tried out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DraftError {
    /// There is no such policy.
    #[error("there is no such policy")]
    NoPolicy,
    /// A new policy has to promise something.
    #[error("a policy that is new needs targets")]
    NoTargets,
    /// It is out of the limits of a policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A target counts by a calendar that is not there.
    #[error("there is no such calendar, or it is retired")]
    NoCalendar {
        /// The target.
        target: usize,
    },
}

/// The policies with the draft among them.
#[derive(Debug, Clone)]
pub(super) struct Drafted {
    /// As they are.
    pub(super) now: Arc<ServiceLevels>,
    /// As they would be.
    pub(super) then: Arc<ServiceLevels>,
    pub(super) policy_id: PolicyId,
}

impl Drafted {
    pub(super) fn new(now: ServiceLevels, draft: &Draft) -> Result<Self, DraftError> {
        let present = draft.policy_id.map(|id| {
            let mut policies = now.policies.iter();
            policies.position(|policy| policy.reference.id == id)
        });
        let (policy, place) = match present {
            Some(None) => return Err(DraftError::NoPolicy),
            Some(Some(place)) => (changed(&now.policies[place], draft), place),
            None => (created(draft)?, now.policies.len()),
        };
        policy.definition.check()?;
        let mut targets = policy.definition.targets.iter();
        let unknown = targets.position(|target| {
            let calendar_id = target.calendar_id;
            calendar_id.is_some_and(|id| !now.calendars.contains(&id))
        });
        if let Some(target) = unknown {
            return Err(DraftError::NoCalendar { target });
        }
        let policy_id = policy.reference.id;
        let mut then = now.clone();
        then.policies.retain(|it| it.reference.id != policy_id);
        let wanted = draft
            .position
            .map_or(place, |from_one| from_one.saturating_sub(1));
        let place = wanted.min(then.policies.len());
        then.policies.insert(place, policy);
        Ok(Self {
            now: Arc::new(now),
            then: Arc::new(then),
            policy_id,
        })
    }

    /// Whether a ticket would be under the draft.
    pub(super) fn matches(&self, facts: &TicketFacts<'_>) -> bool {
        let policy = self.then.matching(facts);
        policy.is_some_and(|policy| policy.reference.id == self.policy_id)
    }
}

fn changed(present: &Policy, draft: &Draft) -> Policy {
    let PolicyDefinition {
        name,
        conditions,
        targets,
    } = present.definition.clone();
    Policy {
        reference: PolicyRef {
            version: present.reference.version.saturating_add(1),
            ..present.reference
        },
        definition: PolicyDefinition {
            name,
            conditions: draft.conditions.clone().unwrap_or(conditions),
            targets: draft.targets.clone().unwrap_or(targets),
        },
    }
}

fn created(draft: &Draft) -> Result<Policy, DraftError> {
    // Nobody reads the name of what is only tried out; a fixed text is a name.
    let name = Name::parse("Draft").map_err(|_| DraftError::NoTargets)?;
    Ok(Policy {
        // The nil id is that of no policy.
        reference: PolicyRef {
            id: PolicyId(uuid::Uuid::nil()),
            version: 1,
        },
        definition: PolicyDefinition {
            name,
            conditions: draft.conditions.clone().unwrap_or_default(),
            targets: draft.targets.clone().ok_or(DraftError::NoTargets)?,
        },
    })
}
