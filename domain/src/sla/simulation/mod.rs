//! What would have happened under other policies and calendars: the events of tickets replayed beside drafts.
//!
//! What people did stays as it was: replies, moves, changes. What the service levels did of themselves is left out and
//! derived anew from the drafts, at every point where it was derived really: what is promised, what is missed. Both sides
//! are then counted by [`super::measure`].
//!
//! Never here: a log, a clock, a table. Whoever runs a simulation reads the events and keeps the results.

mod replay;
mod rules;
mod tally;

pub use replay::{Replay, Waits};
pub use rules::{Draft, RuleEvent, Rules, Timeline};
pub use tally::{Difference, Numbers, Range, Tally};
