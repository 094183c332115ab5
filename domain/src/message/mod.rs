//! A message of a ticket: a public reply or an internal note. It has a stream of its own, so that a ticket's stays short.

pub mod command;
pub mod decide;
pub mod error;
pub mod event;
pub mod evolve;
pub mod state;

/// The type of a message's stream.
pub const STREAM_TYPE: &str = "message";
