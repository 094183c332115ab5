//! Tells people by mail what happened to tickets.
//!
//! The saga finds a notice in the log and keeps it in the transaction of its checkpoint. The [`Notifier`] of the process that
//! leads a partition turns each notice into letters of the outbox, and then takes its row away.
//!
//! Invariants:
//! - An event is told of once: its row is written once, however often the log is folded, and a letter's id follows from the
//!   event and whom it goes to, so that a letter which is in the outbox already is not put there again.
//! - A process that dies at any point leaves either the row, or the letters, or both.
//! - What is personal is looked up when the letters are written: who was erased by then is not written to, and a subject whose
//!   owner was erased is blank.

mod letters;
mod notice;
mod notifier;
mod tables;

pub(crate) use notice::Notice;
pub use notifier::Notifier;
