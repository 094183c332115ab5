//! What-if: the log of an organization replayed beside draft policies and calendars.
//!
//! Two walks, both in bounded pages and in no transaction: one along the partition, which finds the organization's tickets and
//! the rules that held at each place of the log; one along the stream of each ticket that may be counted in the time asked
//! for. What is kept in memory is an id and two times a ticket, the rules, and the times used that percentiles need.
//!
//! Invariants:
//! - Writes nothing: no event, no read model, no timer.
//! - Both sides are counted by [`domain::sla::measure`], as reports are.

mod history;
mod run;

pub use run::{Finished, Found, Progress, Simulation, Watch, run};
