//! What happened to people's ways in: sign-ins and their failures, credentials, invitations, API keys, exports.
//!
//! A fact that was noticed, not a decision: each stream holds one event, and its id is that of the occurrence. Recording an
//! occurrence a second time conflicts with the first, so that it is in the log once.

pub mod event;
pub mod evolve;
pub mod state;
pub mod words;

/// The type of an occurrence's stream.
pub const STREAM_TYPE: &str = "security";
