//! The ticket: its status, who works on it, and what is known about it.

pub mod command;
pub mod decide;
pub mod error;
pub mod event;
pub mod evolve;
pub mod field;
pub mod origin;
mod public;
pub mod query;
pub mod reminders;
pub mod state;

/// The type of a ticket's stream.
pub const STREAM_TYPE: &str = "ticket";
