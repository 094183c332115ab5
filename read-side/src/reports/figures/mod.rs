//! Reports of tickets: how many were opened, answered, done, and how long that took; and the tickets behind each number.
//!
//! The definitions are those of docs/METRICS.md. They stand in SQL in one place, [`rules`], over the facts of each ticket
//! (`ticket_facts`); lists, counts and narrow reports select by them. Wide reports read sums (`report_cells`) that the
//! projector keeps of the same facts, where these are cut as the question is.

mod filter;
mod hours;
mod list;
mod periods;
#[cfg(test)]
mod plans;
mod report;
mod rules;
mod statement;
mod tally;

pub use filter::{DayRange, FigureFilter, FigureQuery, Split};
pub use hours::{HourOfWeek, Hours};
pub use list::{FactsList, FactsQuery, counted_at};
pub use periods::{Frame, Period};
pub use report::{FigureReport, Group, Key, Numbers, Reported};
pub(crate) use report::{PARTS_MAX, Told};
pub(in crate::reports) use rules::{FACTS, push_open};
pub(in crate::reports) use statement::EACH_TAG;
pub(in crate::reports) use tally::percentiles;
