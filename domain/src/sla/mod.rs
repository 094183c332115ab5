//! Service levels, first form: per priority a target for the first response and for the resolution, in calendar time.
//!
//! A deadline is a pure function of a ticket's events. The targets travel in the events that apply them, so a later
//! change of settings never rewrites what was promised.

pub mod clocks;
pub mod policy;
pub mod targets;

use serde::{Deserialize, Serialize};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// From the opening to the first public reply of an agent. Never pauses.
    FirstResponse,
    /// From the opening to resolved. Pauses while pending or on hold.
    Resolution,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 2] = [Self::FirstResponse, Self::Resolution];

    /// The name on the wire and on the disk.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstResponse => "first_response",
            Self::Resolution => "resolution",
        }
    }
}
