//! What a policy promises.

use super::bounds::PolicyError;
use crate::ids::CalendarId;
use crate::sla::Metric;
use crate::sla::warning::{Threshold, Warning};
use crate::ticket::state::Priority;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A promise to the tickets of one priority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// To which tickets.
    pub priority: Priority,
    /// What is measured.
    pub metric: Metric,
    /// How long it may take, in seconds.
    pub seconds: u32,
    /// The calendar whose working time counts; calendar time without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar_id: Option<CalendarId>,
    /// What is done before it is missed, or when it is: at most [`Warning::MAX`], each threshold once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

impl Target {
    /// The shortest.
    pub const MIN_SECONDS: u32 = 15;
    /// The longest: ten years.
    pub const MAX_SECONDS: u32 = 315_360_000;
}

/// Why the targets of a policy were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetError {
    /// Nothing is promised.
    None,
    /// Too short or too long.
    Seconds,
    /// The same metric and priority stands there before.
    Twice,
    /// Too many warnings.
    TooManyWarnings,
    /// A warning that cannot be.
    Warning {
        /// Which.
        index: usize,
        /// What is wrong with it.
        error: WarningError,
    },
}

/// Why a warning was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningError {
    /// The target has no such point.
    Threshold,
    /// The same threshold stands there before.
    Twice,
    /// Too many actions.
    TooManyActions,
}

/// Whether a list of targets can be that of a policy.
///
/// # Errors
/// The first target that cannot.
pub(super) fn check(targets: &[Target]) -> Result<(), PolicyError> {
    if targets.is_empty() {
        return Err(PolicyError::Target {
            index: None,
            error: TargetError::None,
        });
    }
    let mut seen = BTreeSet::new();
    for (index, target) in targets.iter().enumerate() {
        let refused = |error| PolicyError::Target {
            index: Some(index),
            error,
        };
        if !(Target::MIN_SECONDS..=Target::MAX_SECONDS).contains(&target.seconds) {
            return Err(refused(TargetError::Seconds));
        }
        if !seen.insert((target.priority, target.metric)) {
            return Err(refused(TargetError::Twice));
        }
        check_warnings(target).map_err(refused)?;
    }
    Ok(())
}

fn check_warnings(target: &Target) -> Result<(), TargetError> {
    if target.warnings.len() > Warning::MAX {
        return Err(TargetError::TooManyWarnings);
    }
    let mut seen: BTreeSet<Threshold> = BTreeSet::new();
    for (index, warning) in target.warnings.iter().enumerate() {
        let refused = |error| Err(TargetError::Warning { index, error });
        if !warning.threshold.fits(target.seconds) {
            return refused(WarningError::Threshold);
        }
        if !seen.insert(warning.threshold) {
            return refused(WarningError::Twice);
        }
        if warning.actions.len() > Warning::MAX_ACTIONS {
            return refused(WarningError::TooManyActions);
        }
    }
    Ok(())
}
