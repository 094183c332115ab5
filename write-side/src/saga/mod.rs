//! The SLA saga: turns what was promised into timers, and due timers into commands.
//!
//! A process manager per partition. It folds the partition's events in order into clocks and timers (`fold`), writes
//! them in the transaction of its checkpoint (`tables`), and when a timer is due by the injected clock it sends a
//! command (`firing`). The aggregate has the last word: the command becomes an event only if the clock that set the
//! timer still runs. The timer's row goes when the log says so, never before, so a crash at any point repeats a command
//! that the aggregate then refuses. When policies, calendars or settings change, it carries that to the tickets that are
//! open (`recompute`), after whatever is due.
//!
//! Invariants:
//! - Nothing fires early: a timer is sent when `clock.now() >= due_at`, in microseconds, and the aggregate checks again.
//! - A deadline yields at most one event, because the aggregate's expected version and state decide, not the saga.
//! - A timer fires only after everything that the log held when the saga last looked was folded.
//! - Overdue timers fire in the order of their deadlines, the timers of one ticket strictly so. Across tickets, those of
//!   one batch are in flight together.
//! - Only the holder of a partition's lease writes its rows (`lease`): each transaction checks holder and fence.
//!
//! An instance takes every partition that is free, and those of a dead instance within [`Options::lease_duration`] and
//! one [`Options::lease_renewal_interval`]. Instances that start later stand by: partitions are not moved between living
//! ones.
//!
//! Never here: decisions about tickets, reads of projections, PostgreSQL's clock (but for leases, which compare it with
//! itself).

mod calendars;
mod commands;
mod error;
mod firing;
mod fold;
mod leader;
mod lease;
mod options;
mod recompute;
mod runner;
mod status;
mod tables;
mod timer;

#[cfg(test)]
mod tests;

pub use error::{SagaError, StartError};
pub use options::Options;
pub use recompute::{Reapplied, TouchedTicket};
pub use runner::{Saga, Statuses};
pub use status::PartitionStatus;
pub use timer::{Outcome, Timer, TimerCommands, TimerKind};
