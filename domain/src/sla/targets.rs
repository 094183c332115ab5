//! How long each priority may take.

use crate::ticket::state::Priority;
use serde::{Deserialize, Serialize};

/// The targets that hold for one ticket, in minutes of calendar time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// From the opening to the first public reply of an agent.
    pub first_response_minutes: u32,
    /// From the opening to resolved, less the time pending or on hold.
    pub resolution_minutes: u32,
}

impl Targets {
    /// The longest target: ten years.
    pub const MAX_MINUTES: u32 = 5_256_000;
}

/// The targets of each priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetTable {
    /// For urgent tickets.
    pub urgent: Targets,
    /// For tickets of high priority.
    pub high: Targets,
    /// For normal tickets.
    pub normal: Targets,
    /// For tickets of low priority.
    pub low: Targets,
}

impl TargetTable {
    /// The targets of a priority.
    #[must_use]
    pub fn of(&self, priority: Priority) -> Targets {
        match priority {
            Priority::Urgent => self.urgent,
            Priority::High => self.high,
            Priority::Normal => self.normal,
            Priority::Low => self.low,
        }
    }
}

impl Default for TargetTable {
    fn default() -> Self {
        let targets = |first_response_minutes, resolution_minutes| Targets {
            first_response_minutes,
            resolution_minutes,
        };
        Self {
            urgent: targets(60, 480),
            high: targets(240, 1_440),
            normal: targets(480, 4_320),
            low: targets(1_440, 10_080),
        }
    }
}
