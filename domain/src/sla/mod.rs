//! Service levels: what is promised to a ticket, and the clocks that measure it.
//!
//! Which [`rule`] holds for a ticket is decided by its commands, from the organization's [`policy`] list or its settings,
//! and travels in the events that apply it: a later change of policies, calendars or settings never rewrites what was
//! promised. The [`clocks`] are a pure fold of a ticket's events; a deadline follows from them and the calendars.

pub mod clock;
pub mod clocks;
mod course;
pub mod measure;
mod metric;
pub mod policy;
pub mod rule;
pub mod simulation;
pub mod steps;
pub mod targets;
pub mod terms;
pub mod warning;

pub use metric::Metric;
