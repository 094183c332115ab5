//! What admins ask of the past, by other rules.

use crate::ids::{SimulationId, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Somebody asked what other service levels would have made of the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulationRequested {
    /// Who.
    pub user_id: UserId,
    /// The simulation.
    pub simulation_id: SimulationId,
    /// Of what ended at this time or later.
    pub from: DateTime<Utc>,
    /// Of what ended before this time.
    pub to: DateTime<Utc>,
    /// By how many draft policies; none where those that held stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<usize>,
    /// By how many draft calendars.
    pub calendars: usize,
    /// Whether imported tickets are promised something, too.
    pub imported: bool,
}

/// Somebody deleted a simulation with what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulationDeleted {
    /// Who.
    pub user_id: UserId,
    /// The simulation.
    pub simulation_id: SimulationId,
}
