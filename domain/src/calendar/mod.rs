//! Business calendars: when an organization works, and the arithmetic of its working time.
//!
//! A [`definition::CalendarDefinition`] says a zone, the hours of a week and the holidays. [`arithmetic::Calendar`] is the same
//! made ready for questions: how much working time lies between two instants, which instant lies so much working time after
//! another, when it opens and closes next. "Around the clock" is no calendar at all.
//!
//! A calendar is a stream; each version of it is a definition that stays, so that what counted by one can always be counted
//! again.
//!
//! Invariants:
//! - An open window lasts from the first instant at which the local clock has reached its start to the last instant before
//!   the local clock reads its end. A start or an end that a zone's clock skips is therefore the instant of the skip; one that
//!   it reads twice counts from the first reading, or up to the second. What is measured in between is elapsed time.
//! - A holiday closes its local day from midnight to midnight, whatever reaches into it.
//! - A definition of a version never changes, so a [`definition::CalendarRef`] means the same for ever.

pub mod arithmetic;
pub mod command;
pub mod decide;
pub mod definition;
pub mod error;
pub mod event;
pub mod evolve;
mod segment;
pub mod state;
mod week;
pub mod zone;

/// The type of a calendar's stream.
pub const STREAM_TYPE: &str = "calendar";

#[cfg(test)]
mod tests;
