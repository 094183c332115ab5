//! What is promised to one ticket: a policy's targets for its priority, or those of the organization's settings.

use super::Metric;
use super::policy::{PolicyRef, TicketFacts};
use super::targets::{TargetTable, Targets};
use super::terms::Terms;
use super::warning::AppliedWarning;
use crate::calendar::definition::CalendarRef;
use serde::{Deserialize, Serialize};

/// How much time a metric may use, and which time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedTarget {
    /// What is measured.
    pub metric: Metric,
    /// What may be used, in milliseconds.
    pub target_ms: i64,
    /// Whose working time counts; all time without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarRef>,
}

/// What is promised to a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The policy that holds; none where it is the organization's settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// What it promises, one at most for each metric.
    pub targets: Vec<AppliedTarget>,
    /// What is done before they are missed, those of one metric in the order of the policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<AppliedWarning>,
}

impl Rule {
    /// What the organization's settings promise: the first reply and the agents' work, by all time.
    #[must_use]
    pub fn of_settings(targets: Targets) -> Self {
        let target = |metric, minutes: u32| AppliedTarget {
            metric,
            target_ms: i64::from(minutes) * 60_000,
            calendar: None,
        };
        Self {
            policy: None,
            targets: vec![
                target(Metric::FirstReply, targets.first_response_minutes),
                target(Metric::AgentWork, targets.resolution_minutes),
            ],
            warnings: Vec::new(),
        }
    }

    /// What holds for a ticket now: the first policy that matches it, by the newest versions of its calendars, else the
    /// organization's settings.
    #[must_use]
    pub fn holding(terms: &Terms, settings: &TargetTable, facts: &TicketFacts<'_>) -> Self {
        let priority = facts.priority;
        let Some(policy) = terms.levels.matching(facts) else {
            return Self::of_settings(settings.of(priority));
        };
        let promised = || policy.definition.targets_of(priority);
        let mut targets: Vec<AppliedTarget> = promised()
            .map(|target| AppliedTarget {
                metric: target.metric,
                target_ms: i64::from(target.seconds) * 1_000,
                calendar: target.calendar_id.and_then(|id| terms.calendars.newest(id)),
            })
            .collect();
        targets.sort_unstable_by_key(|target| target.metric);
        let warnings = promised().flat_map(|target| {
            let warnings = target.warnings.iter();
            warnings.map(|warning| AppliedWarning {
                metric: target.metric,
                warning: warning.clone(),
            })
        });
        let mut warnings: Vec<AppliedWarning> = warnings.collect();
        warnings.sort_by_key(|warning| warning.metric);
        Self {
            policy: Some(policy.reference),
            targets,
            warnings,
        }
    }

    /// The target of a metric.
    #[must_use]
    pub fn target(&self, metric: Metric) -> Option<AppliedTarget> {
        let mut targets = self.targets.iter();
        targets.find(|target| target.metric == metric).copied()
    }
}
