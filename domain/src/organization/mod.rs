//! The organization: the tenant, and its settings.

pub mod command;
pub mod decide;
pub mod error;
pub mod event;
pub mod evolve;
pub mod language;
pub mod role;
pub mod settings;
pub mod state;
pub mod waiting;

/// The type of an organization's stream.
pub const STREAM_TYPE: &str = "organization";
