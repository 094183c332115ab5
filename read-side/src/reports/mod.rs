//! Attainment: how many waits were met and missed, by group, and the waits behind each number.
//!
//! One definition for all of it: a wait is a row of the read models, made by [`domain::sla::measure`]. Report, list and count
//! select the same rows by the same conditions, so that the groups of a report sum up to its total (but for tags, of which a
//! ticket has several), and a group's number is the length of its list.

mod attainment;
pub mod figures;
mod filter;
mod list;
pub mod messages;
mod parts;
mod periods;
#[cfg(test)]
mod plans;
mod question;
mod statement;
mod sums;
mod tickets_now;
pub mod workload;

pub use attainment::{Attainment, AttainmentReport, Counts, Group, Named};
pub use filter::{Grouping, MeasureFilter, RangeError, ReportRange};
pub use list::{MeasureList, MeasureQuery};
pub use periods::{Periods, PeriodsError, Span};
pub use question::AttainmentQuestion;
pub use tickets_now::TicketsNow;
