//! The limits of a policy.

use super::definition::{Conditions, PolicyDefinition};
use super::target::{Target, TargetError, WarningError};
use crate::sla::warning::Warning;
use thiserror::Error;

/// What an id, a fixed word or a number takes.
const VALUE_BYTES: usize = 16;
/// What a condition or a target takes beside its values.
const ENTRY_BYTES: usize = 64;

/// Why a policy was refused. The message is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// Too many conditions.
    #[error("a policy has at most {max} conditions", max = PolicyDefinition::MAX_CONDITIONS)]
    TooManyConditions,
    /// A condition names no value, or too many.
    #[error("a condition names from 1 to {max} values", max = PolicyDefinition::MAX_VALUES)]
    Values {
        /// Where.
        path: String,
    },
    /// A target that cannot be.
    #[error("{}", target_problem(*error))]
    Target {
        /// Which; none when there is none at all.
        index: Option<usize>,
        /// What is wrong with it.
        error: TargetError,
    },
    /// Too much to be kept in memory.
    #[error("a policy takes at most {max} bytes: name fewer values", max = PolicyDefinition::MAX_BYTES)]
    TooLarge,
}

fn target_problem(error: TargetError) -> String {
    match error {
        TargetError::None => "a policy promises something: name a target".to_owned(),
        TargetError::Seconds => format!(
            "a target is from {} to {} seconds",
            Target::MIN_SECONDS,
            Target::MAX_SECONDS
        ),
        TargetError::Twice => "this metric and priority has a target already".to_owned(),
        TargetError::TooManyWarnings => {
            format!("a target has at most {} warnings", Warning::MAX)
        }
        TargetError::Warning { error, .. } => match error {
            WarningError::Threshold => {
                "a warning is from 1 to 100 percent, or fewer seconds before than the target has"
                    .to_owned()
            }
            WarningError::Twice => "this target warns there already".to_owned(),
            WarningError::TooManyActions => {
                format!("a warning has at most {} actions", Warning::MAX_ACTIONS)
            }
        },
    }
}

impl PolicyError {
    /// The path of the field at fault, without a leading slash: `conditions/all/0/values`.
    #[must_use]
    pub fn field(&self) -> String {
        match self {
            Self::TooManyConditions | Self::TooLarge => "conditions".to_owned(),
            Self::Values { path } => format!("{path}/values"),
            Self::Target { index: None, .. } => "targets".to_owned(),
            Self::Target {
                index: Some(index),
                error: TargetError::Seconds,
            } => format!("targets/{index}/seconds"),
            Self::Target {
                index: Some(index),
                error: TargetError::TooManyWarnings,
            } => format!("targets/{index}/warnings"),
            Self::Target {
                index: Some(target),
                error: TargetError::Warning { index, error },
            } => match error {
                WarningError::TooManyActions => {
                    format!("targets/{target}/warnings/{index}/actions")
                }
                WarningError::Threshold | WarningError::Twice => {
                    format!("targets/{target}/warnings/{index}")
                }
            },
            Self::Target {
                index: Some(index),
                error: TargetError::None | TargetError::Twice,
            } => format!("targets/{index}"),
        }
    }
}

pub(super) fn check_conditions(conditions: &Conditions) -> Result<(), PolicyError> {
    if conditions.all.len() + conditions.any.len() > PolicyDefinition::MAX_CONDITIONS {
        return Err(PolicyError::TooManyConditions);
    }
    let wrong = conditions.paths().find(|(_, condition)| {
        let count = condition.values_len();
        count.is_some_and(|count| !(1..=PolicyDefinition::MAX_VALUES).contains(&count))
    });
    match wrong {
        Some((path, _)) => Err(PolicyError::Values { path }),
        None => Ok(()),
    }
}

pub(super) fn check_size(definition: &PolicyDefinition) -> Result<(), PolicyError> {
    if bytes(definition) > PolicyDefinition::MAX_BYTES {
        return Err(PolicyError::TooLarge);
    }
    Ok(())
}

pub(super) fn bytes(definition: &PolicyDefinition) -> usize {
    let conditions = definition.conditions.paths();
    let of_conditions: usize = conditions
        .map(|(_, condition)| {
            let values = condition.values_len().unwrap_or_default();
            ENTRY_BYTES + VALUE_BYTES * values + condition.text_bytes()
        })
        .sum();
    let of_targets: usize = definition.targets.iter().map(target_bytes).sum();
    definition.name.as_str().len() + of_conditions + of_targets
}

fn target_bytes(target: &Target) -> usize {
    let warnings = target.warnings.iter();
    let of_warnings = |warning: &Warning| {
        ENTRY_BYTES + VALUE_BYTES * warning.actions.len() + warning.text_bytes()
    };
    ENTRY_BYTES + warnings.map(of_warnings).sum::<usize>()
}
