//! Teams of agents, to which tickets are assigned.

pub mod command;
pub mod decide;
pub mod error;
pub mod event;
pub mod evolve;
pub mod state;

/// The type of a team's stream.
pub const STREAM_TYPE: &str = "team";
